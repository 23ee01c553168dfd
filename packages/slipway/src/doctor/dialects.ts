import type { ByDialect, Dialect } from '../database/index.ts'
import type { Examine } from './examine.ts'
import { examinePostgres } from './postgres/examine.ts'

const EXAMINERS: ByDialect<() => Promise<Examine>> = {
  postgres: async () => examinePostgres,
  sqlite: async () => (await import('./sqlite/examine.ts')).examineSqlite,
}

/** Returns the function that examines databases of a dialect. */
export async function examinerOf(dialect: Dialect): Promise<Examine> {
  return await EXAMINERS[dialect]()
}
