import type { ColumnDefinition } from './action.ts'

/** Whether a column is required and has no default: then it cannot be added to a table with rows. */
export function isRequired({ notNull, default: value, filledBy }: ColumnDefinition): boolean {
  return notNull && value === undefined && filledBy === undefined
}
