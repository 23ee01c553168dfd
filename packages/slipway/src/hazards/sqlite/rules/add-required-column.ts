import { columnObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** A required column without a default has no value for existing rows. */
export const addRequiredColumn: SqliteRule = {
  id: 'add-required-column',
  title: 'A required column without a default is added in SQLite',
  judge(detail) {
    if (detail.kind !== 'add-column') return undefined
    const { table, column } = detail
    const value = column.default?.kind
    const isGiven = (value !== undefined && value !== 'null') || column.generated !== undefined
    if (!column.notNull || isGiven) return undefined
    return {
      severity: 'error',
      object: columnObject(table, column.name),
      table,
      message: `The required column ${column.name} of ${table} has no default: SQLite refuses to add it to a table with rows. Give it a default, or rebuild the table with a value for existing rows.`,
    }
  },
}
