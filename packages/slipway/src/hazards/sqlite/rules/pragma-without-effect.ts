import { SQLITE_TRANSACTION_PRAGMAS } from '../../../statements/index.ts'
import { isD1 } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** SQLite ignores or refuses these PRAGMAs in a transaction. */
export const pragmaWithoutEffect: SqliteRule = {
  id: 'pragma-without-effect',
  title: 'A PRAGMA has no effect in a migration',
  judge(detail, context) {
    if (detail.kind !== 'pragma' || detail.value === undefined || isD1(context)) return undefined
    const { name } = detail
    if (name === 'foreign_keys' || SQLITE_TRANSACTION_PRAGMAS.has(name)) return undefined
    return {
      severity: 'warning',
      message: `PRAGMA ${name} has no effect within a transaction. A deploy runs the file in a transaction, so it skips the PRAGMA. Set it where the application opens the database.`,
    }
  },
}
