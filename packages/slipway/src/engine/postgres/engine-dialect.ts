import { quoteIdentifier } from '../../database/index.ts'
import type { EngineDialect } from '../engine-dialect.ts'
import { columnOf } from './column-type.ts'

export const postgresEngine: EngineDialect = {
  provider: 'postgres',
  lockProvider: 'postgresql',
  adapterName: 'slipway',
  async prepare(session, schema) {
    await session.execute('SET DateStyle TO ISO')
    // The engine reads `schemaName`, but never sets the search_path for unqualified names in migrations.
    if (schema !== 'public') await session.execute(`SET search_path TO ${quoteIdentifier(schema)}`)
  },
  columnOf: ({ oid }) => columnOf(oid),
  argument: (value) => value,
  errorOf({ server }) {
    if (server === undefined) return undefined
    const { sqlstate, message, detail, hint } = server
    return {
      kind: 'postgres',
      code: sqlstate,
      severity: 'ERROR',
      message,
      ...(detail === undefined ? {} : { detail }),
      ...(hint === undefined ? {} : { hint }),
    }
  },
  isWithoutHistory: () => false,
  // Reads only statements of the engine itself, which writes them in one form; it sends migrations as scripts.
  createsSchema: (sql) => /^\s*CREATE SCHEMA\b/i.test(sql),
}
