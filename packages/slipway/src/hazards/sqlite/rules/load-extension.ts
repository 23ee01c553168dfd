import { keyOfName } from '../../../schema/index.ts'
import { sqliteNames } from '../../../statements/index.ts'
import type { SqliteRule } from '../rule.ts'

/** A loaded extension can run any code. */
export const loadExtension: SqliteRule = {
  id: 'load-extension',
  title: 'A migration loads a SQLite extension',
  judge(_detail, { statement }) {
    const calls = sqliteNames(statement).functions
    if (!calls.some(({ name }) => keyOfName(name) === 'load_extension')) return undefined
    return {
      severity: 'error',
      message:
        'load_extension loads a program from a file into the database. SQLite in Node.js and D1 refuse it.',
    }
  },
}
