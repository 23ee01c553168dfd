import { quoteIdentifier, type Session } from '../../database/index.ts'
import { attempt, must, rethrow } from '../../kernel/index.ts'
import { foreignKeyOf } from '../references.ts'
import type { SeedRow } from '../set.ts'
import {
  columnOf,
  parentOf,
  type TargetColumn,
  type TargetTable,
  type TargetTables,
} from '../target-tables.ts'

/** A field of rows that are read, with the column at the end of its way. */
export interface ReadField {
  readonly field: string
  readonly column: TargetColumn
}

/** A query for fields of a table; the table is `t`. */
export interface Selection {
  readonly fields: readonly ReadField[]
  /** SQL of each field. */
  readonly values: readonly string[]
  /** `FROM` with the joins along the ways. */
  readonly from: string
}

/** How values are written must not depend on the server or the role: set for the transaction. */
const SAME_TEXT = `SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = 'iso_8601'; SET LOCAL TimeZone = 'UTC';
SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1;\n`

const ROWS_A_FETCH = 1000

/** Runs work on one snapshot of a database that it cannot write to. */
export async function withSnapshot<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.execute(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n${SAME_TEXT}`)
  const done = await attempt(work).catch(async (error: unknown) => {
    await session.execute('ROLLBACK')
    throw error
  })
  await attempt(() => session.execute('ROLLBACK'))
  return done.ok ? done.value : rethrow(done.failure)
}

/** Finds the columns of fields, along foreign keys; nothing if one of them leads nowhere. */
export function selectionOf(
  tables: TargetTables,
  table: TargetTable,
  fields: readonly string[],
): Selection | undefined {
  const joins = new Map<string, { readonly alias: string; readonly sql: string }>()
  const found: ReadField[] = []
  const values: string[] = []
  for (const field of fields) {
    let at = { table, alias: 't' }
    const way = field.split('.')
    const last = must(way.pop(), 'a field has a name')
    let passed = ''
    for (const step of way) {
      passed += `${step}.`
      const next = stepAlong(tables, at, step)
      if (!next) return undefined
      const join = joins.get(passed) ?? { alias: `j${joins.size}`, sql: next.sql(`j${joins.size}`) }
      joins.set(passed, join)
      at = { table: next.parent, alias: join.alias }
    }
    const column = columnOf(at.table, last)
    if (!column) return undefined
    found.push({ field, column })
    values.push(`${at.alias}.${quoteIdentifier(column.name)}`)
  }
  const from = [`FROM ${table.id} t`, ...[...joins.values()].map(({ sql }) => sql)].join(' ')
  return { fields: found, values, from }
}

function stepAlong(
  tables: TargetTables,
  { table, alias }: { readonly table: TargetTable; readonly alias: string },
  field: string,
) {
  const column = columnOf(table, field)
  const key = column && foreignKeyOf(table, column.name)
  const parent = parentOf(tables, key)
  if (!column || !key || !parent) return undefined
  const own = `${alias}.${quoteIdentifier(column.name)}`
  const referred = quoteIdentifier(key.referenced[0] ?? '')
  return {
    parent,
    sql: (to: string) => `LEFT JOIN ${parent.id} ${to} ON ${to}.${referred} = ${own}`,
  }
}

/** The order of rows by their first fields, the same under every collation. */
function orderOf({ fields, values }: Selection, keys: number): string {
  const sorted = values.slice(0, keys).map((value, at) => {
    const type = fields[at]?.column.type ?? ''
    return BY_VALUE.test(type) ? value : `${value}::text COLLATE "C"`
  })
  return sorted.join(', ')
}

const BY_VALUE =
  /^(?:smallint|integer|bigint|numeric|real|double|date|time|uuid|boolean|bytea|inet)/

/**
 * Streams the rows of a selection in the order of their first `keys` fields; values are in the server's text form.
 * Must run in `withSnapshot`, one at a time.
 */
export async function* readRows(
  session: Session,
  selection: Selection,
  keys: number,
): AsyncGenerator<SeedRow> {
  const { fields, values, from } = selection
  await session.execute(
    `DECLARE slipway_rows NO SCROLL CURSOR FOR SELECT ${values.join(', ')} ${from} ORDER BY ${orderOf(selection, keys)}`,
  )
  for (;;) {
    const { rows } = await session.queryRaw(`FETCH ${ROWS_A_FETCH} FROM slipway_rows`)
    for (const row of rows) {
      yield Object.fromEntries(fields.map(({ field }, at) => [field, row[at] ?? null]))
    }
    if (rows.length < ROWS_A_FETCH) break
  }
  await session.execute('CLOSE slipway_rows')
}
