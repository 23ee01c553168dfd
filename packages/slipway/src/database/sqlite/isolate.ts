import type { DatabaseSync } from 'node:sqlite'
import { loadSqlite } from './load.ts'

/** Settings that SQL under test may change: those that stay within the database and its session. */
const SETTINGS: ReadonlySet<string> = new Set([
  'application_id',
  'case_sensitive_like',
  'defer_foreign_keys',
  'foreign_keys',
  'ignore_check_constraints',
  'legacy_alter_table',
  'recursive_triggers',
  'reverse_unordered_selects',
  'user_version',
])

/** Pragmas that only read; their argument names the object to read. */
const QUESTIONS: ReadonlySet<string> = new Set([
  'foreign_key_check',
  'foreign_key_list',
  'index_info',
  'index_list',
  'index_xinfo',
  'integrity_check',
  'quick_check',
  'table_info',
  'table_list',
  'table_xinfo',
])

/**
 * Keeps SQL under test within its database: no other file, no extension, no setting that reaches further.
 * SQLite refuses such a statement as "not authorized". Node before 24.10 cannot set an authorizer; there,
 * too, extensions are off, and `VACUUM INTO` and `ATTACH` are refused before they run.
 */
export function isolate(database: DatabaseSync): void {
  if (typeof database.setAuthorizer !== 'function') return
  const { constants } = loadSqlite()
  database.setAuthorizer((action, first, second) => {
    switch (action) {
      case constants.SQLITE_ATTACH:
        return first === '' || first === ':memory:' ? constants.SQLITE_OK : constants.SQLITE_DENY
      case constants.SQLITE_FUNCTION:
        return second === 'load_extension' ? constants.SQLITE_DENY : constants.SQLITE_OK
      case constants.SQLITE_PRAGMA:
        return mayUse(first?.toLowerCase() ?? '', second)
          ? constants.SQLITE_OK
          : constants.SQLITE_DENY
      default:
        return constants.SQLITE_OK
    }
  })
}

function mayUse(pragma: string, value: string | null): boolean {
  return value === null || SETTINGS.has(pragma) || QUESTIONS.has(pragma)
}
