/**
 * PRAGMAs that Cloudflare D1 allows. It refuses all others, even reading them.
 * Observed on wrangler's local D1.
 */
export const ON_D1: ReadonlySet<string> = new Set([
  'case_sensitive_like',
  'data_version',
  'defer_foreign_keys',
  'foreign_key_check',
  'foreign_key_list',
  'foreign_keys',
  'ignore_check_constraints',
  'index_info',
  'index_list',
  'index_xinfo',
  'legacy_alter_table',
  'optimize',
  'page_size',
  'quick_check',
  'recursive_triggers',
  'reverse_unordered_selects',
  'table_info',
  'table_list',
  'table_xinfo',
])
