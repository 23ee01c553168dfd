import { quoteIdentifier } from '../../database/index.ts'
import { assertNever } from '../../kernel/index.ts'
import { constraintName, indexName, keyOf, objectNameOf } from '../../schema/index.ts'
import {
  type Action,
  type ConstraintDefinition,
  type ObjectName,
  type ObjectRef,
  partRef,
} from '../../statements/index.ts'
import {
  offendingRowsQuestion,
  type QuestionContext,
  type PreCheckQuestion,
  undecided,
} from '../question.ts'
import { exclusionQuestion } from './exclusion-question.ts'
import { foreignKeyQuestion } from './foreign-key-question.ts'
import { columnOf, columnsRead } from './offending-rows.ts'

/**
 * Asks for rows that a new constraint would refuse. A NOT VALID constraint checks no
 * rows, so it gives no question.
 */
export function constraintQuestions(
  asking: QuestionContext,
  constraint: ConstraintDefinition,
): PreCheckQuestion[] {
  const { table } = asking
  if (constraint.notValid) return []
  const { columns, kind } = constraint
  const name = constraintName(objectNameOf(table), constraint)
  const object = partRef('constraint', table, name)
  if (constraint.compares !== undefined)
    return [undecided({ kind: kind === 'primary-key' ? 'unique' : kind, object }, NOT_SIMPLE)]
  switch (kind) {
    case 'not-null':
      return columns.flatMap((column) => notNullQuestion(asking, column))
    case 'check':
      return checkQuestion(asking, constraint, object)
    case 'unique':
      return constraint.usingIndex === undefined
        ? uniqueQuestion(asking, object, {
            ...constraint,
            nullsEqual: constraint.nullsEqual === true,
          })
        : []
    case 'primary-key':
      return primaryKeyQuestions(asking, constraint, object)
    case 'foreign-key':
      return foreignKeyQuestion(asking, constraint, object)
    case 'exclusion':
      return exclusionQuestion(asking, constraint, object)
    default:
      return assertNever(kind)
  }
}

const NOT_SIMPLE = 'Slipway cannot write SQL that tests what this constraint compares'

/** Asks for rows with NULL in a column. */
export function notNullQuestion(asking: QuestionContext, column: string): PreCheckQuestion[] {
  const { table } = asking
  const known = table.columns.get(column)
  if (known === undefined && table.target !== undefined) return []
  if (known?.source?.notNull) return []
  const where = known?.empty ? 'true' : `${columnOf(table, column)} IS NULL`
  return offendingRowsQuestion(
    asking,
    { kind: 'not-null', object: partRef('column', table, column) },
    { columns: [column], where },
  )
}

/** Asks for rows that a new unique index would refuse. */
export function uniqueIndexQuestion(
  asking: QuestionContext,
  index: Extract<Action, { kind: 'create-index' }>,
): PreCheckQuestion[] {
  const { schema } = asking.table
  const name = index.name ?? indexName(index.table, index.columns)
  const object: ObjectRef = { kind: 'index', schema, name }
  const named = { ...index.table, name: index.name ?? '' }
  const existing = index.ifNotExists && asking.before.indexes.get(keyOf(asking.before, named))
  return existing && keyOf(asking.before, existing.table) === keyOf(asking.before, index.table)
    ? []
    : uniqueQuestion(asking, object, index)
}

interface UniqueKey {
  /** The columns in order; an expression is an empty string here, and its SQL is in `keys`. */
  readonly columns: readonly string[]
  readonly keys?: readonly string[]
  readonly collations?: readonly ObjectName[]
  readonly where?: string
  readonly nullsEqual: boolean
}

function uniqueQuestion(
  asking: QuestionContext,
  object: ObjectRef,
  key: UniqueKey,
): PreCheckQuestion[] {
  const { table } = asking
  const { columns, keys = [], collations = [], where } = key
  const sharing = columns.map((column, at) =>
    column === '' ? `(${keys[at] ?? ''}\n)` : columnOf(table, column) + collate(collations[at]),
  )
  const named = columns.filter((column) => column !== '')
  const filled = key.nullsEqual ? [] : sharing.map((one) => `${one} IS NOT NULL`)
  const conditions = [...(where === undefined ? [] : [`(${where}\n)`]), ...filled]
  return offendingRowsQuestion(
    asking,
    { kind: 'unique', object },
    {
      columns: columnsRead(table, named, where, ...keys),
      where: conditions.join(' AND ') || 'true',
      sharing,
      only: true,
    },
  )
}

/** COLLATE for the values of an index key: with another collation, other values are equal. */
function collate(collation: ObjectName | undefined): string {
  const { schema, name } = collation ?? { name: '' }
  if (name === '') return ''
  const parts = schema === undefined ? [name] : [schema, name]
  return ` COLLATE ${parts.map(quoteIdentifier).join('.')}`
}

function primaryKeyQuestions(
  asking: QuestionContext,
  { columns, usingIndex }: ConstraintDefinition,
  object: ObjectRef,
): PreCheckQuestion[] {
  if (usingIndex !== undefined)
    return [undecided({ kind: 'not-null', object }, `the columns are those of index ${usingIndex}`)]
  return [
    ...columns.flatMap((column) => notNullQuestion(asking, column)),
    ...uniqueQuestion(asking, object, { columns, nullsEqual: false }),
  ]
}

function checkQuestion(
  asking: QuestionContext,
  { columns, expression, noInherit }: ConstraintDefinition,
  object: ObjectRef,
): PreCheckQuestion[] {
  if (expression === undefined) return []
  const read = columnsRead(asking.table, columns, expression)
  // A CHECK that evaluates to NULL passes, and NOT of NULL is NULL, so such rows are not found.
  return offendingRowsQuestion(
    asking,
    { kind: 'check', object },
    { columns: read, where: `NOT (${expression}\n)`, only: noInherit === true },
  )
}
