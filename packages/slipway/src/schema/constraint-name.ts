import { chosenName, type ConstraintDefinition, type ObjectName } from '../statements/index.ts'

const LABELS: Readonly<Record<ConstraintDefinition['kind'], string>> = {
  'primary-key': 'pkey',
  unique: 'key',
  'foreign-key': 'fkey',
  check: 'check',
  exclusion: 'excl',
  'not-null': 'not_null',
}

/** The name of a constraint: its own, or the one that PostgreSQL chooses (`users_email_key`). */
export function constraintName(
  table: ObjectName,
  { name, kind, columns }: ConstraintDefinition,
): string {
  return name ?? chosenName(table.name, kind === 'primary-key' ? [] : columns, LABELS[kind])
}

/** The name that PostgreSQL gives to an index that has none. */
export function indexName(table: ObjectName, columns: readonly string[]): string {
  return chosenName(
    table.name,
    columns.map((column) => column || 'expr'),
    'idx',
  )
}
