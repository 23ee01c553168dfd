import { quoteIdentifier } from '../database/index.ts'
import { must } from '../kernel/index.ts'
import { foreignKeyOf } from './references.ts'
import {
  columnOf,
  parentOf,
  type TargetColumn,
  type TargetTable,
  type TargetTables,
} from './target-tables.ts'

/** A field to read, with the column at the end of its path. */
export interface ReadField {
  readonly field: string
  readonly column: TargetColumn
}

/** A query for fields of a table; the table is `t`. */
export interface Selection {
  readonly fields: readonly ReadField[]
  /** SQL of each field. */
  readonly values: readonly string[]
  /** `FROM` with the joins along the paths. */
  readonly from: string
}

/** Finds the columns of fields, following foreign keys; undefined if a field leads to no column. */
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
    const steps = field.split('.')
    const last = must(steps.pop(), 'a field has a name')
    let passed = ''
    for (const step of steps) {
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
