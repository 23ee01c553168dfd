import { keyOfName, type SqliteDefinitions } from '../../../schema/index.ts'
import {
  type SqliteColumn,
  type SqliteDetail,
  type SqliteNames,
  sqliteNames,
} from '../../../statements/index.ts'
import type { SqliteContext, SqliteRule } from '../rule.ts'
import { list } from '../words.ts'

/** Double quotes are for names. */
export const doubleQuotedText: SqliteRule = {
  id: 'double-quoted-text',
  title: 'A text is in double quotes',
  judge(detail, context) {
    const quotedTexts = textsIn(detail, context)
    if (quotedTexts.length === 0) return undefined
    return {
      severity: 'warning',
      message: `${list(quotedTexts.map((one) => `"${one}"`))} ${quotedTexts.length === 1 ? 'is' : 'are'} in double quotes, which are for names. Some builds of SQLite read ${quotedTexts.length === 1 ? 'it' : 'them'} as text, others refuse it (no such column). Use single quotes.`,
    }
  },
}

function textsIn(detail: SqliteDetail, { definitions, statement }: SqliteContext): string[] {
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

function textOfDefault({ default: value }: SqliteColumn): string[] {
  return value?.kind === 'quoted' ? [value.text.replaceAll(/^\(*"|"\)*$/g, '')] : []
}

/** Names in double quotes that no table of the statement has, where all its tables are known. */
function unknownColumns(
  { tables, columns }: SqliteNames,
  definitions: SqliteDefinitions,
): string[] {
  const known = tables.map((name) => definitions.tables.get(keyOfName(name)))
  if (known.some((table) => table === undefined || table.columns.length === 0)) return []
  const all = new Set(
    known.flatMap((table) => table?.columns.map(({ name }) => keyOfName(name)) ?? []),
  )
  return columns
    .filter(({ quoted, table, name }) => quoted && table === undefined && !all.has(keyOfName(name)))
    .filter(({ name }) => !ROWIDS.includes(keyOfName(name)))
    .map(({ name }) => name)
}

const ROWIDS = ['rowid', 'oid', '_rowid_']
