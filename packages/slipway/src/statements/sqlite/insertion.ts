import type { InsertStmt, ResultColumn, Select, SelectFrom, ValuesRow } from 'sqlite3-parser'
import { textOf } from './definition.ts'
import type {
  SqliteConflict,
  SqliteDetail,
  SqliteResultColumn,
  SqliteRow,
  SqliteSelect,
  SqliteSource,
} from './detail.ts'
import { isNeverNull, namesIn, plainColumn } from './names.ts'
import { sqliteParser } from './parser.ts'

/** What an INSERT inserts, and where. */
export function insertion(node: InsertStmt, sql: string): SqliteDetail {
  const { body, columns, orConflict } = node
  return {
    kind: 'insert',
    table: node.tblName.objName.text,
    ...(columns === undefined ? {} : { columns: columns.map(({ text }) => text) }),
    ...(orConflict === undefined ? {} : { conflict: conflictOf(orConflict) }),
    source: sourceOf(node, sql),
    upsert: body.type === 'SelectInsertBody' && body.upsert !== undefined,
  }
}

/** How a row that breaks a constraint is treated. */
export function conflictOf(word: string): SqliteConflict {
  return word.toLowerCase() as SqliteConflict
}

function sourceOf({ body }: InsertStmt, sql: string): SqliteSource {
  if (body.type === 'DefaultValuesInsertBody') return { kind: 'defaults' }
  const { select, compounds, with: own } = body.select
  if (select.type === 'SelectFrom' || compounds !== undefined || own !== undefined) {
    return { kind: 'select', select: selectOf(body.select, sql) }
  }
  return { kind: 'values', rows: rowsOf(select.values, sql) }
}

/**
 * The parser gives all rows the start of the first one. A row begins at the first parenthesis after the
 * previous row.
 */
function rowsOf(rows: readonly ValuesRow[], sql: string): SqliteRow[] {
  let last = rows[0]?.span.offset ?? 0
  return rows.map(({ span, values }) => {
    const start = firstParenthesis(sql, last)
    last = span.offset + span.length
    return { start, end: last, values: values.length }
  })
}

/** The first parenthesis from an index on, ignoring comments and strings. */
function firstParenthesis(sql: string, from: number): number {
  for (const { text, span } of sqliteParser().tokenize(sql.slice(from))) {
    if (text === '(') return from + span.offset
  }
  return from
}

/** A query that fills a table. */
export function selectOf(node: Select, sql: string): SqliteSelect {
  const { select, compounds, limit } = node
  const names = namesIn([node], sql)
  if (select.type === 'SelectValues') return { columns: [], limits: ['VALUES'], names }
  const { from } = select
  const table = from?.select
  const isOne = table?.type === 'TableSelectTable' && (from?.joins?.length ?? 0) === 0
  return {
    columns: select.columns.map((column) => resultColumn(column, sql)),
    ...(isOne && compounds === undefined ? { from: table.tblName.objName.text } : {}),
    limits: [
      ...limitsOf(select),
      ...(compounds === undefined ? [] : ['UNION']),
      ...(limit === undefined ? [] : ['LIMIT']),
    ],
    names,
  }
}

function limitsOf(select: SelectFrom): string[] {
  const { distinctness, from, whereClause, groupBy, having } = select
  const found: readonly (readonly [string, boolean])[] = [
    ['DISTINCT', distinctness === 'Distinct'],
    ['JOIN', (from?.joins?.length ?? 0) > 0],
    ['WHERE', whereClause !== undefined],
    ['GROUP BY', groupBy !== undefined],
    ['HAVING', having !== undefined],
  ]
  return found.filter(([, isUsed]) => isUsed).map(([word]) => word)
}

function resultColumn(column: ResultColumn, sql: string): SqliteResultColumn {
  if (column.type !== 'ExprResultColumn') return { kind: 'star' }
  const { expr } = column
  const plain = plainColumn(expr)
  return {
    kind: 'value',
    text: textOf(sql, expr),
    names: namesIn([expr], sql),
    ...(plain === undefined ? {} : { column: plain }),
    neverNull: isNeverNull(expr),
  }
}
