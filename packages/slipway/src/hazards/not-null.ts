import { columnNamed, type DatabaseSchema, tableNamed } from '../schema/index.ts'
import type { ObjectName } from '../statements/index.ts'

/**
 * Whether the server knows without a look at the rows that a column has no NULL: it is NOT NULL already,
 * or a valid CHECK says so (from PostgreSQL 12).
 */
export function knownNotNull(schema: DatabaseSchema, table: ObjectName, column: string): boolean {
  if (columnNamed(schema, table, column)?.notNull === true) return true
  const constraints = tableNamed(schema, table)?.constraints ?? []
  return constraints.some(({ kind, valid, expression = '' }) => {
    return kind === 'check' && valid && saysNotNull(expression, column)
  })
}

function saysNotNull(expression: string, column: string): boolean {
  // With an OR in it, it says less.
  if (/\bOR\b/i.test(expression)) return false
  const plain = column.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  const named = `(?:"${plain.replaceAll('"', '""')}"|${plain})`
  const test = new RegExp(`^[\\s(]*${named}\\s+is\\s+not\\s+null[\\s)]*$`, 'i')
  return expression.split(/\bAND\b/i).some((part) => test.test(part))
}
