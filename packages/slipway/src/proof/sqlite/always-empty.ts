import { isRequired } from '../../statements/index.ts'
import type { SqliteTestRun, RowRefusal } from './test-run.ts'

/**
 * The tables that cannot have rows on any target where the migration runs: those to which it adds a required
 * column, and those whose rows must refer to a row of such a table.
 */
export function necessarilyEmptyTables({
  start,
  shapes,
}: Pick<SqliteTestRun, 'start' | 'shapes'>): readonly string[] {
  const vacant = new Set(
    start.unfilledTables
      .filter(({ stop }) => needsEmptyTable(stop))
      .flatMap(({ tables }) => tables),
  )
  for (let known = -1; known < vacant.size;) {
    known = vacant.size
    for (const { name, columns, references } of shapes) {
      const required = new Set(columns.filter(({ notNull }) => notNull).map((one) => one.name))
      const needs = references.some(
        (one) => vacant.has(one.table) && one.columns.every((column) => required.has(column)),
      )
      if (needs) vacant.add(name)
    }
  }
  return [...vacant]
}

/** Whether the statement adds a required column, or rebuilds a table with one that it does not fill. */
function needsEmptyTable({ statement, said }: RowRefusal): boolean {
  const [, column = ''] = /^NOT NULL constraint failed: .+\.(.+)$/.exec(said) ?? []
  return (statement?.actions ?? []).some((action) => {
    if (action.kind === 'add-column') return isRequired(action.column)
    if (action.kind !== 'insert' || column === '') return false
    return action.copies?.to?.includes(column) === false
  })
}
