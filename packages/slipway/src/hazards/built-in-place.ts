import { constraintName } from '../schema/index.ts'
import type { ConstraintDefinition, ObjectName } from '../statements/index.ts'
import type { Context, Finding } from './hazard.ts'
import { full, tableObject } from './names.ts'
import { takenOver } from './safe-sql.ts'

const WORDS = {
  'primary-key': { what: 'primary key', as: 'PRIMARY KEY' },
  unique: { what: 'unique constraint', as: 'UNIQUE' },
} as const

/**
 * The finding for a constraint of the given kind that builds its index under ACCESS EXCLUSIVE; undefined if
 * it builds none.
 */
export function builtInPlace(
  table: ObjectName,
  constraint: ConstraintDefinition | undefined,
  { kind, context }: { readonly kind: keyof typeof WORDS; readonly context: Context },
): Finding | undefined {
  if (constraint?.kind !== kind || constraint.usingIndex !== undefined) return undefined
  const name = constraintName(table, constraint)
  const { what, as } = WORDS[kind]
  return {
    severity: 'error',
    object: tableObject(context, table),
    table,
    lock: 'ACCESS EXCLUSIVE',
    message: `The ${what} ${name} builds its index over all rows of ${full(context, table)}, and blocks all reads and writes until it finishes.`,
    safeSql: takenOver(context.statement, { table, name, columns: constraint.columns, as }),
  }
}
