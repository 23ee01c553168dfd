import type { ResultFinding } from './outcome.ts'

/** The state before a restore, of which only Time Travel has what was written since. */
export function bookmarkFinding(database: string, bookmark: string): ResultFinding {
  const message = `Bookmark ${bookmark} holds the previous state of the database: wrangler d1 time-travel restore ${database} --bookmark ${bookmark} returns to it.`
  return { id: 'time-travel', severity: 'notice', message }
}
