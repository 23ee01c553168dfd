import {
  columnNamed,
  type Constraint,
  type DatabaseSchema,
  objectNameOf,
  tableNamed as schemaTable,
} from '../schema/index.ts'
import type {
  Action,
  ConstraintDefinition,
  Statement,
  TableAction,
  Migration,
} from '../statements/index.ts'
import {
  followAction,
  type PendingRows,
  type PendingTable,
  rowsOfTarget,
  tableNamed,
} from './pending-rows.ts'
import {
  constraintQuestions,
  notNullQuestion,
  uniqueIndexQuestion,
} from './postgres/constraint-questions.ts'
import { typeChangeQuestion } from './postgres/type-change.ts'
import type { PreCheck } from './pre-check.ts'
import type { Asking, Question } from './question.ts'
import { followRows } from './row-changes.ts'

/** What pre-checks need to know of a target besides the migrations. */
export interface TargetFacts {
  readonly target: DatabaseSchema
  readonly versionNumber: number
}

/**
 * What pending migrations ask of the rows of a target, in their order. Pure: what is known of the
 * target comes in as facts. Names that an earlier statement gives are mapped to those of the target.
 */
export function preChecksOf(
  plans: readonly Migration[],
  { target, versionNumber }: TargetFacts,
): PreCheck[] {
  const rows = rowsOfTarget(target, versionNumber)
  return plans.flatMap((plan) =>
    plan.statements.flatMap((statement) => statementChecks(rows, plan.name, statement)),
  )
}

/** Whether a statement of these asks anything: what says no needs no facts of the target. */
export function asksRows(plans: readonly Migration[]): boolean {
  return plans.some(({ statements }) => statements.some(({ actions }) => actions.some(mayAsk)))
}

/** Columns that may be empty and indexes that are not unique are the most common, and ask nothing. */
function mayAsk(action: Action): boolean {
  switch (action.kind) {
    case 'add-column':
      return action.column.notNull || action.column.constraints.length > 0
    case 'create-index':
      return action.unique
    default:
      return ASKING.has(action.kind)
  }
}

const ASKING = new Set<Action['kind']>([
  'add-column',
  'set-not-null',
  'add-constraint',
  'validate-constraint',
  'change-type',
  'create-index',
])

function statementChecks(rows: PendingRows, migration: string, statement: Statement): PreCheck[] {
  const { number, line } = statement
  const by = `statement ${number} of ${migration}`
  const questions = inOrder(statement.actions).flatMap((action) => {
    const before = rows.schema
    const table = ASKING.has(action.kind) ? tableOf(rows, action) : undefined
    // Values in their old type are asked before they are changed.
    const old =
      table && action.kind === 'change-type'
        ? typeChangeQuestion({ rows, table, before }, action)
        : []
    followAction(rows, action, by)
    const changed = table && tableOf(rows, action)
    return changed ? [...old, ...actionQuestions({ rows, table: changed, before }, action)] : old
  })
  followRows(rows, statement, by)
  return questions.map((question) => ({ migration, statement: number, line, ...question }))
}

function tableOf(rows: PendingRows, action: Action): PendingTable | undefined {
  return 'table' in action && action.table ? tableNamed(rows, action.table) : undefined
}

/** Whether ADD COLUMN IF NOT EXISTS did add one. */
function isAdded(
  { before }: Asking,
  { table, column, ifNotExists }: Extract<TableAction, { kind: 'add-column' }>,
): boolean {
  return !ifNotExists || columnNamed(before, table, column.name) === undefined
}

/** Asks what an action wants to know, once it is followed. */
function actionQuestions(asking: Asking, action: Action): Question[] {
  switch (action.kind) {
    case 'add-column':
      return isAdded(asking, action) ? newColumnQuestions(asking, action) : []
    case 'set-not-null':
      return notNullQuestion(asking, action.column)
    case 'add-constraint':
      return constraintQuestions(asking, action.constraint)
    case 'validate-constraint': {
      const constraint = schemaTable(asking.before, action.table)?.constraints.find(
        ({ name, valid }) => name === action.name && !valid,
      )
      return constraint ? constraintQuestions(asking, definitionOf(constraint)) : []
    }
    case 'create-index':
      return action.unique ? uniqueIndexQuestion(asking, action) : []
    default:
      return []
  }
}

/** A constraint as a statement would add it, to look at all rows. */
function definitionOf({
  valid: _valid,
  references,
  ...constraint
}: Constraint): ConstraintDefinition {
  const pointed = references && { ...references, table: objectNameOf(references.table) }
  return { ...constraint, notValid: false, ...(pointed ? { references: pointed } : {}) }
}

function newColumnQuestions(
  asking: Asking,
  { column }: Extract<TableAction, { kind: 'add-column' }>,
): Question[] {
  const known = asking.table.columns.get(column.name)
  const missing = column.notNull && known?.empty ? notNullQuestion(asking, column.name) : []
  const constraints = column.constraints.flatMap((constraint) =>
    // A primary key wants a value in each row, and that is asked already.
    constraint.kind === 'primary-key' && known?.empty
      ? []
      : constraintQuestions(asking, constraint),
  )
  return [...missing, ...constraints]
}

/** The actions of an ALTER TABLE in the order in which PostgreSQL does them: `ATPrepCmd` in tablecmds.c. */
function inOrder(actions: readonly Action[]): Action[] {
  return actions.toSorted((one, other) => passOf(one) - passOf(other))
}

function passOf({ kind }: Action): number {
  switch (kind) {
    case 'drop-column':
    case 'drop-constraint':
      return 0
    case 'change-type':
      return 1
    case 'add-column':
      return 2
    default:
      return 3
  }
}
