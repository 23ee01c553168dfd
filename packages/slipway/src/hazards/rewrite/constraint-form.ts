import { columnNamed, constraintName, keyOf, tableNamed } from '../../schema/index.ts'
import {
  type AlterTableText,
  type ConstraintDefinition,
  isKeyword,
  type ObjectName,
  tokensOf,
} from '../../statements/index.ts'
import { fits, type Form, none, type Site, written } from './form.ts'

/** A constraint to add, with its name or the name that PostgreSQL will choose. */
interface Added {
  readonly table: ObjectName
  readonly constraint: ConstraintDefinition
  readonly alter: AlterTableText & { readonly part: string }
  /** As SQL. */
  readonly name: string
}

/** The same constraint, without holding a strong lock while rows are checked or an index is built. */
export function addedConstraint(
  table: ObjectName,
  constraint: ConstraintDefinition,
  site: Site,
): Form {
  const { schema, alter } = site
  if (!alter || !isKeyword(tokensOf(alter.part)[0], 'ADD')) return none(byHand(constraint))
  if (tableNamed(schema, table)?.partitioned) {
    return none('PostgreSQL refuses NOT VALID and USING INDEX on a table with partitions.')
  }
  if (constraint.kind === 'check' && constraint.name === undefined) {
    return none(
      'The check has no name, and the name that PostgreSQL would choose is unknown. Name it.',
    )
  }
  const name = constraintName(table, constraint)
  if (constraint.name === undefined && (!fits(name) || isTaken(table, name, site))) {
    return none(
      'The constraint has no name, and the name that PostgreSQL would choose is unknown. Name it.',
    )
  }
  const added = { table, constraint, alter, name: written(name, alter.part) }
  switch (constraint.kind) {
    case 'foreign-key':
    case 'check':
    case 'not-null':
      return validatedLater(added)
    case 'unique':
    case 'primary-key':
      return takenOver(added, site)
    case 'exclusion':
      return none(byHand(constraint))
  }
}

function byHand({ kind }: ConstraintDefinition): string {
  return kind === 'exclusion'
    ? 'PostgreSQL has no other way to add an exclusion constraint.'
    : 'The constraint is written together with its column. Add the column first, then the constraint.'
}

function isTaken(table: ObjectName, name: string, { schema }: Site): boolean {
  const constraints = tableNamed(schema, table)?.constraints ?? []
  return (
    constraints.some((one) => one.name === name) ||
    schema.indexes.has(keyOf(schema, { ...table, name }))
  )
}

function validatedLater({ constraint, alter, name }: Added): Form {
  const adding =
    constraint.name === undefined ? `ADD CONSTRAINT ${name}${alter.part.slice(3)}` : alter.part
  const before = constraint.kind === 'foreign-key' ? 'SHARE ROW EXCLUSIVE' : 'ACCESS EXCLUSIVE'
  return {
    kind: 'steps',
    steps: [`${alter.head} ${adding} NOT VALID`, `${alter.head} VALIDATE CONSTRAINT ${name}`],
    separateTransactions: true,
    done: `Added NOT VALID, which takes ${before} for a moment, and validated separately: the rows are read under SHARE UPDATE EXCLUSIVE.`,
  }
}

function takenOver({ table, constraint, alter, name }: Added, { schema }: Site): Form {
  const { kind, columns, nullsEqual } = constraint
  const tokens = tokensOf(alter.part)
  const list = tokens.findIndex(({ text }) => text === ')')
  if (list === -1 || list < tokens.length - 1) {
    return none('The constraint contains more than columns, and cannot use an existing index.')
  }
  const open = columns.find((column) => columnNamed(schema, table, column)?.notNull !== true)
  if (kind === 'primary-key' && open !== undefined) {
    return none(
      `The column ${open} allows NULL, so PostgreSQL reads all rows to check it. Make it NOT NULL first.`,
    )
  }
  const names = columns.map((column) => written(column, alter.part)).join(', ')
  const distinct = nullsEqual ? ' NULLS NOT DISTINCT' : ''
  const as = kind === 'unique' ? 'UNIQUE' : 'PRIMARY KEY'
  return {
    kind: 'steps',
    steps: [
      `CREATE UNIQUE INDEX CONCURRENTLY ${name} ON ${alter.table} (${names})${distinct}`,
      `${alter.head} ADD CONSTRAINT ${name} ${as} USING INDEX ${name}`,
    ],
    separateTransactions: true,
    done: 'The index is built CONCURRENTLY under SHARE UPDATE EXCLUSIVE; the constraint then uses it, which takes ACCESS EXCLUSIVE for a moment.',
  }
}
