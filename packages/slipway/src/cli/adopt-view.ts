import type { AdoptResult } from '../app/index.ts'
import { placeOf } from './present-outcome.ts'
import { type Block, sql, status } from './view.ts'

/** The migration that was written from the schema of a target. */
export function adoptView(result: AdoptResult): Block[] {
  const { name, path, sql: text } = result.migration
  const done = `Wrote ${name} and marked it as applied on ${placeOf(result)}`
  const notWritten = result.notWritten.map((what) => status('warning', `Not written: ${what}`))
  return [status('done', done, path), sql(text), ...notWritten]
}
