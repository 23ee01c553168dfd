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
import type { QuestionContext, PreCheckQuestion } from './question.ts'
import { recordRowChanges } from './row-changes.ts'

/** What pre-checks need to know about a target, in addition to the migrations. */
export interface TargetFacts {
  readonly target: DatabaseSchema
  readonly versionNumber: number
}

/**
 * The pre-checks of pending migrations, in statement order. Pure: the facts of the target are passed in.
 * Names that an earlier statement introduces are mapped to those on the target.
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

/** Whether any statement needs a pre-check. If not, the facts of the target need not be read. */
export function needsPreChecks(plans: readonly Migration[]): boolean {
  return plans.some(({ statements }) =>
    statements.some(({ actions }) => actions.some(mayNeedPreCheck)),
  )
}

/** Nullable columns and non-unique indexes are the most common cases, and need no pre-check. */
function mayNeedPreCheck(action: Action): boolean {
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
    // The values are checked in their old type, before the change is applied.
    const old =
      table && action.kind === 'change-type'
        ? typeChangeQuestion({ rows, table, before }, action)
        : []
    followAction(rows, action, by)
    const changed = table && tableOf(rows, action)
    return changed ? [...old, ...actionQuestions({ rows, table: changed, before }, action)] : old
  })
  recordRowChanges(rows, statement, by)
  return questions.map((question) => ({ migration, statement: number, line, ...question }))
}

function tableOf(rows: PendingRows, action: Action): PendingTable | undefined {
  return 'table' in action && action.table ? tableNamed(rows, action.table) : undefined
}

/** Whether ADD COLUMN IF NOT EXISTS really adds the column. */
function isAdded(
  { before }: QuestionContext,
  { table, column, ifNotExists }: Extract<TableAction, { kind: 'add-column' }>,
): boolean {
  return !ifNotExists || columnNamed(before, table, column.name) === undefined
}

/** The questions of an action, after its effect was applied. */
function actionQuestions(asking: QuestionContext, action: Action): PreCheckQuestion[] {
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

/** The definition that would add a constraint and check all rows. */
function definitionOf({
  valid: _valid,
  references,
  ...constraint
}: Constraint): ConstraintDefinition {
  const pointed = references && { ...references, table: objectNameOf(references.table) }
  return { ...constraint, notValid: false, ...(pointed ? { references: pointed } : {}) }
}

function newColumnQuestions(
  asking: QuestionContext,
  { column }: Extract<TableAction, { kind: 'add-column' }>,
): PreCheckQuestion[] {
  const known = asking.table.columns.get(column.name)
  const missing = column.notNull && known?.empty ? notNullQuestion(asking, column.name) : []
  const constraints = column.constraints.flatMap((constraint) =>
    // A primary key needs a value in each row, which `missing` already checks.
    constraint.kind === 'primary-key' && known?.empty
      ? []
      : constraintQuestions(asking, constraint),
  )
  return [...missing, ...constraints]
}

/** The actions of an ALTER TABLE in the order in which PostgreSQL runs them: `ATPrepCmd` in tablecmds.c. */
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
