import type { ConstraintDefinition, ObjectName } from '../statements/index.ts'

/** The name of a constraint: its own, or the one that PostgreSQL chooses (`users_email_key`). */
export function constraintName(table: ObjectName, constraint: ConstraintDefinition): string {
  if (constraint.name !== undefined) return constraint.name
  const columns = constraint.columns.map((column) => `_${column}`).join('')
  switch (constraint.kind) {
    case 'primary-key':
      return `${table.name}_pkey`
    case 'unique':
      return `${table.name}${columns}_key`
    case 'foreign-key':
      return `${table.name}${columns}_fkey`
    case 'check':
      return `${table.name}${columns}_check`
    case 'exclusion':
      return `${table.name}${columns}_excl`
    case 'not-null':
      return `${table.name}${columns}_not_null`
  }
}

/** The name that PostgreSQL gives to an index that has none. */
export function indexName(table: ObjectName, columns: readonly string[]): string {
  return [table.name, ...columns.map((column) => column || 'expr'), 'idx'].join('_')
}
