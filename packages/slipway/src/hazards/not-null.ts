import { columnNamed, type DatabaseSchema, tableNamed } from '../schema/index.ts'
import { type Action, conditionsOf, type ObjectName } from '../statements/index.ts'

/** The column of SET NOT NULL, or of a new NOT NULL constraint (since PostgreSQL 18), unless it is NOT VALID. */
export function requiredColumnOf(action: Action): string | undefined {
  if (action.kind === 'set-not-null') return action.column
  if (action.kind !== 'add-constraint') return undefined
  const { kind, notValid, columns } = action.constraint
  return kind === 'not-null' && !notValid ? columns[0] : undefined
}

/**
 * Whether the server can tell without reading rows that a column contains no NULL: the column is already
 * NOT NULL, or a valid CHECK proves it (since PostgreSQL 12).
 */
export function knownNotNull(schema: DatabaseSchema, table: ObjectName, column: string): boolean {
  if (columnNamed(schema, table, column)?.notNull === true) return true
  const constraints = tableNamed(schema, table)?.constraints ?? []
  return constraints.some(({ kind, valid, expression = '' }) => {
    return kind === 'check' && valid && saysNotNull(expression, column)
  })
}

function saysNotNull(expression: string, column: string): boolean {
  return conditionsOf(expression).some((test) => test?.is === 'not-null' && test.column === column)
}
