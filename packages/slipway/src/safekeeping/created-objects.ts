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
  const tables = new Set<string>()
  const columns = new Set<string>()
  return statements.map(({ actions }) => {
    const before = { tables: new Set(tables), columns: new Set(columns) }
    for (const action of actions) {
      if (action.kind === 'create-table' && !action.ifNotExists) tables.add(keyOf(action.table))
      if (action.kind === 'create-view' && action.materialized && !action.ifNotExists)
        tables.add(viewKey(action.view, defaultSchema))
      if (action.kind === 'drop' && action.of === 'table') tables.delete(keyOf(action.object))
      if (action.kind === 'add-column' && !action.ifNotExists)
        columns.add(`${keyOf(action.table)}.${action.column.name}`)
      if (action.kind === 'drop-column') columns.delete(`${keyOf(action.table)}.${action.column}`)
      if (action.kind === 'rename' && action.of === 'table') renameTable(action, tables, keyOf)
      if (action.kind === 'rename' && action.of === 'column') {
        const [from, to] = [action.from, action.to].map((name) => `${keyOf(action.table)}.${name}`)
        if (from !== undefined && to !== undefined && columns.delete(from)) columns.add(to)
      }
    }
    return before
  })
}

function renameTable(
  { schema, from, to }: { readonly schema?: string; readonly from: string; readonly to: string },
  tables: Set<string>,
  keyOf: (table: ObjectName) => string,
): void {
  const where = schema === undefined ? {} : { schema }
  const wasMade = tables.delete(keyOf({ ...where, name: from }))
  if (wasMade) tables.add(keyOf({ ...where, name: to }))
}
