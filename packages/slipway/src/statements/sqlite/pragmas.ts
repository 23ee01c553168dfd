/**
 * PRAGMAs that work within a transaction, and on which its work depends: a deploy keeps them. Source:
 * https://www.sqlite.org/pragma.html
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
