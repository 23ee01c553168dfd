/**
 * PRAGMAs that take effect within a transaction and that its statements depend on: a deploy keeps them.
 * Source: https://www.sqlite.org/pragma.html
 */
export const SQLITE_TRANSACTION_PRAGMAS: ReadonlySet<string> = new Set([
  'application_id',
  'case_sensitive_like',
  'defer_foreign_keys',
  'ignore_check_constraints',
  'legacy_alter_table',
  'recursive_triggers',
  'reverse_unordered_selects',
  'user_version',
  'writable_schema',
])
