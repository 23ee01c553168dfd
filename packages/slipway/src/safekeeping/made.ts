import type { ObjectName, Statement } from '../statements/index.ts'

/** Objects that a migration itself created: they hold no earlier data. */
export interface Made {
  /** By `nameKey`. */
  readonly tables: ReadonlySet<string>
  /** `nameKey` of the table, a dot, the column. */
  readonly columns: ReadonlySet<string>
}

/** A name as it is written, as a key. */
export function nameKey({ schema, name }: ObjectName): string {
  return JSON.stringify([schema ?? null, name])
}

/** What is made before each statement of a file. */
export function madeBefore(statements: readonly Statement[]): Made[] {
  const tables = new Set<string>()
  const columns = new Set<string>()
  return statements.map(({ actions }) => {
    const before = { tables: new Set(tables), columns: new Set(columns) }
    for (const action of actions) {
      if (action.kind === 'create-table' && !action.ifNotExists) tables.add(nameKey(action.table))
      if (action.kind === 'drop' && action.of === 'table') tables.delete(nameKey(action.object))
      if (action.kind === 'add-column' && !action.ifNotExists)
        columns.add(`${nameKey(action.table)}.${action.column.name}`)
      if (action.kind === 'drop-column') columns.delete(`${nameKey(action.table)}.${action.column}`)
      if (action.kind === 'rename' && action.of === 'table') renameTable(action, tables)
    }
    return before
  })
}

function renameTable(
  { schema, from, to }: { readonly schema?: string; readonly from: string; readonly to: string },
  tables: Set<string>,
): void {
  const where = schema === undefined ? {} : { schema }
  const wasMade = tables.delete(nameKey({ ...where, name: from }))
  if (wasMade) tables.add(nameKey({ ...where, name: to }))
}
