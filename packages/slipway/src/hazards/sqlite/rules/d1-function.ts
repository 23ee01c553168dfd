import { keyOfName } from '../../../schema/index.ts'
import { sqliteNames } from '../../../statements/index.ts'
import { isD1 } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** Some functions of a local SQLite fail on D1. */
export const d1Function: SqliteRule = {
  id: 'd1-function',
  title: 'A function that Cloudflare D1 does not have',
  judge(_detail, context) {
    if (!isD1(context)) return undefined
    const names = sqliteNames(context.statement).functions.map(({ name }) => keyOfName(name))
    const refused = [...new Set(names)].filter((name) => REFUSED.has(name) || MISSING.has(name))
    return refused.map((name) => ({
      severity: 'error' as const,
      message: `D1 ${MISSING.has(name) ? 'does not have' : 'refuses'} the function ${name}${INSTEAD[name] ? `: use ${INSTEAD[name]}` : ''}. If a default, check, index, view or trigger uses it, the error occurs when that object is used.`,
    }))
  },
}

/**
 * SQLite functions that D1 refuses. Observed on wrangler's local D1, for all
 * functions of SQLite 3.53 in Node.js.
 */
const REFUSED: ReadonlySet<string> = new Set([
  'ceiling',
  'fts5',
  'fts5_get_locale',
  'fts5_insttoken',
  'fts5_locale',
  'fts5_source_id',
  'if',
  'json_array_insert',
  'json_error_position',
  'json_pretty',
  'jsonb_array_insert',
  'log10',
  'power',
  'rtreedepth',
  'rtreenode',
  'sqlite_compileoption_get',
  'sqlite_compileoption_used',
  'sqlite_log',
  'sqlite_source_id',
  'sqlite_version',
  'subtype',
  'unistr',
  'unistr_quote',
])

/** Functions that other builds of SQLite have, and D1 does not. */
const MISSING: ReadonlySet<string> = new Set([
  'base64',
  'base85',
  'decimal',
  'fts3_tokenizer',
  'geopoly_area',
  'geopoly_contains_point',
  'geopoly_json',
  'geopoly_overlap',
  'geopoly_within',
  'matchinfo',
  'median',
  'offsets',
  'percentile',
  'percentile_cont',
  'percentile_disc',
  'regexp',
  'sha1',
  'sha3',
  'soundex',
  'sqlite_offset',
  'uuid',
])

/** The D1 function with the same effect. */
export const INSTEAD: Readonly<Record<string, string>> = {
  ceiling: 'ceil',
  if: 'iif',
  log10: 'log',
  power: 'pow',
}
