import { constants } from 'node:sqlite'

/** D1's error message for BEGIN and SAVEPOINT. */
export const NO_TRANSACTION =
  "To execute a transaction, please use the state.storage.transaction() or state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT statements. The JavaScript API is safer because it will automatically roll back on exceptions, and because it interacts correctly with Durable Objects' automatic atomic write coalescing."

/** Set by the authorizer. It decides the message of the next error. */
export const refused = { transaction: false }

const { SQLITE_OK, SQLITE_DENY } = constants

/** Allows what workerd allows a Worker. Source: its src/workerd/util/sqlite.c++, and d1-facts.test.ts. */
export function authorize(action: number, first: string | null, second: string | null): number {
  refused.transaction = false
  switch (action) {
    case constants.SQLITE_TRANSACTION:
    case constants.SQLITE_SAVEPOINT:
      refused.transaction = true
      return SQLITE_DENY
    case constants.SQLITE_ATTACH:
    case constants.SQLITE_DETACH:
    case constants.SQLITE_CREATE_TEMP_INDEX:
    case constants.SQLITE_CREATE_TEMP_TABLE:
    case constants.SQLITE_CREATE_TEMP_TRIGGER:
    case constants.SQLITE_CREATE_TEMP_VIEW:
      return SQLITE_DENY
    case constants.SQLITE_PRAGMA:
      return isAllowedPragma(first ?? '', second) ? SQLITE_OK : SQLITE_DENY
    case constants.SQLITE_FUNCTION:
      return REFUSED_FUNCTIONS.has((second ?? '').toLowerCase()) ? SQLITE_DENY : SQLITE_OK
    case constants.SQLITE_CREATE_VTABLE:
      return MODULES.has((second ?? '').toLowerCase()) ? SQLITE_OK : SQLITE_DENY
    case constants.SQLITE_ALTER_TABLE:
      return isReserved(second) ? SQLITE_DENY : SQLITE_OK
    case constants.SQLITE_CREATE_TABLE:
    case constants.SQLITE_DROP_TABLE:
    case constants.SQLITE_INSERT:
    case constants.SQLITE_UPDATE:
    case constants.SQLITE_DELETE:
    case constants.SQLITE_READ:
      return isReserved(first) ? SQLITE_DENY : SQLITE_OK
    default:
      return SQLITE_OK
  }
}

function isReserved(name: string | null): boolean {
  return (name ?? '').toLowerCase().startsWith('_cf_')
}

function isAllowedPragma(name: string, argument: string | null): boolean {
  return PRAGMAS.has(name.toLowerCase()) && !isReserved(argument)
}

const PRAGMAS = new Set(
  `case_sensitive_like data_version defer_foreign_keys foreign_key_check foreign_key_list foreign_keys ignore_check_constraints
  index_info index_list index_xinfo legacy_alter_table optimize page_size quick_check recursive_triggers
  reverse_unordered_selects table_info table_list table_xinfo`.split(/\s+/),
)

const MODULES = new Set(['fts5', 'fts5vocab', 'rtree'])

const REFUSED_FUNCTIONS = new Set(
  `ceiling fts5 fts5_get_locale fts5_insttoken fts5_locale fts5_source_id if json_array_insert json_error_position json_pretty
  jsonb_array_insert load_extension log10 power rtreedepth rtreenode sqlite_compileoption_get sqlite_compileoption_used
  sqlite_drop_constraint sqlite_fail sqlite_log sqlite_source_id sqlite_version subtype unistr unistr_quote`.split(
    /\s+/,
  ),
)
