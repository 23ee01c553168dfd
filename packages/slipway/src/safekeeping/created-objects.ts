import { objectKey, type ObjectName, type Statement, tableRef } from '../statements/index.ts'

/** Objects that a migration itself created: they hold no earlier data. */
export interface CreatedObjects {
  /** By `tableKey`; materialized views by the key of their reference. */
  readonly tables: ReadonlySet<string>
  /** `tableKey` of the table, a dot, the column. */
  readonly columns: ReadonlySet<string>
}

/** A table as a key, however its name is written: an unqualified name belongs to the default schema. */
export function tableKey(table: ObjectName, defaultSchema: string): string {
  return objectKey(tableRef({ defaultSchema }, table))
}

function viewKey(view: ObjectName, defaultSchema: string): string {
  return objectKey({ ...tableRef({ defaultSchema }, view), kind: 'materialized-view' })
}

/** The objects that the earlier statements of a file created, for each statement. */
export function createdBefore(
  statements: readonly Statement[],
  defaultSchema: string,
): CreatedObjects[] {
  const keyOf = (table: ObjectName) => tableKey(table, defaultSchema)
  const created = { tables: new Set<string>(), columns: new Set<string>() }
  const { tables, columns } = created
  return statements.map(({ actions }) => {
    const before = { tables: new Set(tables), columns: new Set(columns) }
    for (const action of actions) {
      if (action.kind === 'create-table' && !action.ifNotExists) tables.add(keyOf(action.table))
      if (action.kind === 'create-view' && action.materialized && !action.ifNotExists)
        tables.add(viewKey(action.view, defaultSchema))
      if (action.kind === 'drop' && action.of === 'table') moveTable(created, keyOf(action.object))
      if (action.kind === 'add-column' && !action.ifNotExists)
        columns.add(`${keyOf(action.table)}.${action.column.name}`)
      if (action.kind === 'drop-column') columns.delete(`${keyOf(action.table)}.${action.column}`)
      if (action.kind === 'rename' && action.of === 'table') {
        const where = action.schema === undefined ? {} : { schema: action.schema }
        const [from, to] = [action.from, action.to].map((name) => keyOf({ ...where, name }))
        if (from !== undefined) moveTable(created, from, to)
      }
      if (action.kind === 'set-schema' && action.of === 'table')
        moveTable(created, keyOf(action.object), keyOf({ ...action.object, schema: action.to }))
      if (action.kind === 'rename' && action.of === 'column') {
        const [from, to] = [action.from, action.to].map((name) => `${keyOf(action.table)}.${name}`)
        if (from !== undefined && to !== undefined && columns.delete(from)) columns.add(to)
      }
    }
    return before
  })
}

/** Gives a table and its columns a new key; removes them without one, because the table is dropped. */
function moveTable(
  { tables, columns }: { readonly tables: Set<string>; readonly columns: Set<string> },
  from: string,
  to?: string,
): void {
  if (tables.delete(from) && to !== undefined) tables.add(to)
  for (const column of [...columns].filter((key) => key.startsWith(`${from}.`))) {
    columns.delete(column)
    if (to !== undefined) columns.add(to + column.slice(from.length))
  }
}
