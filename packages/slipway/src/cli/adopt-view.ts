import type { AdoptResult } from '../app/index.ts'
import { type Block, sql, status } from './view.ts'

/** The migration that was made of what a target has. */
export function adoptView({ database, migration }: AdoptResult): Block[] {
  const { name, path, sql: text } = migration
  return [status('done', `Wrote ${name} and marked it as applied on ${database}`, path), sql(text)]
}
