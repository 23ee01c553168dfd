import type { Action, Statement, TableAction } from '../statements/index.ts'
import {
  constraintQuestions,
  notNullQuestion,
  uniqueIndexQuestion,
} from './constraint-questions.ts'
import type { MigrationPlan } from './migration-plan.ts'
import { followColumns } from './pending-columns.ts'
import { followNames, type PendingSchema, standingSchema, tableNamed } from './pending-schema.ts'
import type { PreCheck } from './pre-check.ts'
import type { Asking, Question } from './question.ts'
import { followRows } from './row-changes.ts'
import type { TargetFacts } from './target-facts.ts'
import { typeChangeQuestion } from './type-change.ts'

/**
 * What pending migrations ask of the rows that are there, in their order. Pure: what is known of the
 * target comes in as facts. Names that an earlier statement gives are followed back to the target's.
 */
export function preChecksOf(plans: readonly MigrationPlan[], facts: TargetFacts): PreCheck[] {
  const schema = standingSchema(facts)
  return plans.flatMap((plan) =>
    plan.statements.flatMap((statement) => statementChecks(schema, plan.name, statement)),
  )
}

/** Whether a statement of these asks anything: what says no needs no facts of the target. */
export function asksRows(plans: readonly MigrationPlan[]): boolean {
  return plans.some(({ statements }) =>
    statements.some(({ actions }) => actions.some(({ kind }) => ASKING.has(kind))),
  )
}

const ASKING = new Set<Action['kind']>([
  'add-column',
  'set-not-null',
  'add-constraint',
  'validate-constraint',
  'change-type',
  'create-index',
])

function statementChecks(
  schema: PendingSchema,
  migration: string,
  statement: Statement,
): PreCheck[] {
  const { number, line, text } = statement
  const by = `statement ${number} of ${migration}`
  const questions = inOrder(statement.actions).flatMap((action) => {
    if (followNames(schema, action)) return []
    const table = 'table' in action && action.table ? tableNamed(schema, action.table) : undefined
    return table === undefined ? [] : actionQuestions({ schema, table, by, text }, action)
  })
  followRows(schema, statement, by)
  return questions.map((question) => ({ migration, statement: number, line, ...question }))
}

/** Asks what an action wants to know, and follows what it does to the columns. */
function actionQuestions(asking: Asking, action: Action): Question[] {
  const before = action.kind === 'change-type' ? typeChangeQuestion(asking, action) : []
  const added = followColumns(asking, action)
  switch (action.kind) {
    case 'add-column':
      return added ? newColumnQuestions(asking, action) : []
    case 'set-not-null':
      return notNullQuestion(asking, action.column)
    case 'add-constraint':
      return constraintQuestions(asking, action.constraint)
    case 'validate-constraint': {
      const constraint = asking.table.notValid.get(action.name)
      asking.table.notValid.delete(action.name)
      return constraint ? constraintQuestions(asking, { ...constraint, notValid: false }) : []
    }
    case 'create-index':
      return action.unique ? uniqueIndexQuestion(asking, action) : []
    default:
      return before
  }
}

function newColumnQuestions(
  asking: Asking,
  { column }: Extract<TableAction, { kind: 'add-column' }>,
): Question[] {
  const standing = asking.table.columns.get(column.name)
  const missing = column.notNull && standing?.empty ? notNullQuestion(asking, column.name) : []
  const constraints = column.constraints.flatMap((constraint) =>
    // A primary key wants a value in each row, and that is asked already.
    constraint.kind === 'primary-key' && standing?.empty
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
