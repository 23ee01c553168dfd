import { type ByDialect, dialectOf, type Session } from '../database/index.ts'
import type { EngineDialect } from './engine-dialect.ts'
import { postgresEngine } from './postgres/engine-dialect.ts'
import { sqliteEngine } from './sqlite/engine-dialect.ts'

const DIALECTS: ByDialect<EngineDialect> = { postgres: postgresEngine, sqlite: sqliteEngine }

/** How the engine talks to the database of a session. */
export function engineDialectOf(session: Pick<Session, 'kind'>): EngineDialect {
  return DIALECTS[dialectOf(session)]
}
