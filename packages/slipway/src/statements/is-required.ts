import type { ColumnDefinition } from './action.ts'

/** Whether a column is NOT NULL and has no default, so that it cannot be added to a table with rows. */
export function isRequired({ notNull, default: value, filledBy }: ColumnDefinition): boolean {
  return notNull && value === undefined && filledBy === undefined
}
