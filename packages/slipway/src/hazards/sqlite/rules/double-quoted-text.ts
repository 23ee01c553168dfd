import { keyOfName, type SqliteDefinitions } from '../../../schema/index.ts'
import {
  type SqliteColumn,
  type SqliteDetail,
  type SqliteNames,
  sqliteNames,
} from '../../../statements/index.ts'
import { list } from '../names-and-sizes.ts'
import type { SqliteContext, SqliteRule } from '../rule.ts'

/** In SQL, double quotes are for names. */
export const doubleQuotedText: SqliteRule = {
  id: 'double-quoted-text',
  title: 'A string is in double quotes',
  judge(detail, context) {
    const texts = textsInDoubleQuotes(detail, context)
    if (texts.length === 0) return undefined
    const [is, them] = texts.length === 1 ? ['is', 'it'] : ['are', 'them']
    return {
      severity: 'warning',
      message: `${list(texts.map(({ name }) => `"${name}"`))} ${is} in double quotes, which are for names. Some builds of SQLite read ${them} as text, others refuse the statement (no such column). Use single quotes.`,
    }
  },
}

/** A string in double quotes: its text, and the position of its first quote. */
export interface QuotedText {
  readonly name: string
  readonly at: number
}

/** The strings of a statement that are in double quotes. */
export function textsInDoubleQuotes(
  detail: SqliteDetail,
  { definitions, statement }: Pick<SqliteContext, 'definitions' | 'statement'>,
): QuotedText[] {
  switch (detail.kind) {
    case 'create-table':
      return detail.table.columns.flatMap(textOfDefault)
    case 'add-column':
      return textOfDefault(detail.column)
    case 'insert':
    case 'update':
    case 'delete':
    case 'select':
      return unknownColumns(sqliteNames(statement), definitions)
    default:
      return []
  }
}

/** The double-quoted string of a default, with or without parentheses around it. */
function textOfDefault({ default: value }: SqliteColumn): QuotedText[] {
  if (value?.kind !== 'quoted') return []
  const start = value.text.indexOf('"')
  const name = value.text.slice(start + 1, value.text.lastIndexOf('"')).replaceAll('""', '"')
  return [{ name, at: value.at + start }]
}

/**
 * Names in double quotes that match no column or alias of the statement. Empty
 * unless all its tables are known.
 */
function unknownColumns(
  { tables, columns, aliases }: SqliteNames,
  { tables: defined }: SqliteDefinitions,
): QuotedText[] {
  const known = tables.map((name) => defined.get(keyOfName(name)))
  if (known.some((table) => table === undefined || table.columns.length === 0)) return []
  const own = known.flatMap((table) => table?.columns.map(({ name }) => keyOfName(name)) ?? [])
  const all = new Set([...own, ...aliases.map(keyOfName), ...ROWIDS])
  return columns.flatMap(({ quotedAt, table, name }) => {
    if (quotedAt === undefined || table !== undefined || all.has(keyOfName(name))) return []
    return [{ name, at: quotedAt }]
  })
}

const ROWIDS = ['rowid', 'oid', '_rowid_']
