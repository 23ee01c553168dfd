import type { ResultFinding } from './outcome.ts'

/** Names the bookmark of the state before a restore: only Time Travel still has the newer changes. */
export function bookmarkFinding(database: string, bookmark: string): ResultFinding {
  const message = `Bookmark ${bookmark} holds the previous state of the database: wrangler d1 time-travel restore ${database} --bookmark ${bookmark} returns to it.`
  return { id: 'time-travel', severity: 'notice', message }
}
