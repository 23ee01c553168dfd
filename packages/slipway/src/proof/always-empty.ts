import type { ShapeTable } from '../shadow/index.ts'
import { isRequired, objectKey } from '../statements/index.ts'
import type { EmptyTables } from './test-run.ts'

/**
 * The tables that cannot have rows on any target where the migration runs: those to which it adds a required
 * column, and those whose rows must refer to a row of such a table.
 */
export function necessarilyEmptyTables(
  unfilledTables: readonly EmptyTables[],
  tables: readonly ShapeTable[],
): readonly ShapeTable[] {
  const named = new Set(
    unfilledTables
      .filter(({ stop }) =>
        stop.statement.actions.some(
          (action) => action.kind === 'add-column' && isRequired(action.column),
        ),
      )
      .flatMap((one) => one.tables.map(objectKey)),
  )
  const empty = new Set(tables.filter(({ ref }) => named.has(objectKey(ref))).map(({ id }) => id))
  for (let known = -1; known < empty.size;) {
    known = empty.size
    for (const table of tables) if (refersTo(table, empty)) empty.add(table.id)
  }
  return tables.filter(({ id }) => empty.has(id))
}

/** Whether each row must refer to a row of one of `others`. */
function refersTo({ columns, references }: ShapeTable, others: ReadonlySet<string>): boolean {
  const required = new Set(columns.filter(({ notNull }) => notNull).map(({ name }) => name))
  return references.some(
    ({ table, columns: own }) => others.has(table) && own.every((name) => required.has(name)),
  )
}
