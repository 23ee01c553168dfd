import { applyAction, applyStatement, emptySchema, type DatabaseSchema } from '../schema/index.ts'
import { markersIn, type Statement, transactionGroupsOf } from '../statements/index.ts'
import { acceptancesIn } from './accept.ts'
import { withoutAccepted } from './accepted.ts'
import type { Facts } from './facts.ts'
import { type Found, foundBy, withoutRepeats, withStatementLock } from './found.ts'
import type { Context, Hazard, HeldLock, JudgedMigration, Rule } from './hazard.ts'
import type { JudgeInput } from './judge-input.ts'
import { locksOf } from './locks.ts'
import { type ActionContext, type Observed, observedHazards, observedIn } from './observed.ts'
import { rules as builtInRules } from './rules.ts'

/** The hazards of PostgreSQL migrations. */
export function judgePostgres({ history, ...pending }: JudgeInput): Hazard[] {
  return judgeFrom(schemaAfter(history, pending.facts), pending)
}

/** The hazards of migrations that start from a known schema. */
export function judgeFrom(
  before: DatabaseSchema,
  { migrations, facts, rules: more = [], observed }: Omit<JudgeInput, 'history'>,
): Hazard[] {
  const rules = [...builtInRules, ...more]
  let schema = before
  const hazards: Hazard[] = []
  for (const migration of migrations) {
    const seen = observed?.get(migration.name)
    const judged = judgeMigration(schema, { migration, facts, rules, observed: seen })
    hazards.push(...judged.hazards)
    schema = judged.schema
  }
  return hazards
}

/** The schema of a target after its history. */
export function schemaAfter(history: readonly JudgedMigration[], facts: Facts): DatabaseSchema {
  return asTarget(history.reduce(schemaAfterMigration, emptySchema(facts.defaultSchema)))
}

/** The schema after a migration. */
export function schemaAfterMigration(
  schema: DatabaseSchema,
  { name, statements }: JudgedMigration,
): DatabaseSchema {
  return statements.reduce((all, statement) => applyStatement(all, statement, name), schema)
}

/** The same schema, with each table remembering its name on the target. */
function asTarget(schema: DatabaseSchema): DatabaseSchema {
  const tables = new Map(
    [...schema.tables].map(([key, table]) => {
      return [key, { ...table, onTarget: { schema: table.schema, name: table.name } }]
    }),
  )
  return { ...schema, tables }
}

/** The input that all statements of a migration share. */
interface MigrationInput {
  readonly migration: JudgedMigration
  readonly facts: Facts
  readonly rules: readonly Rule[]
  /** Absent if the migration was not run. */
  readonly observed: Observed | undefined
}

/** The state after the preceding statements. */
interface JudgeState {
  readonly schema: DatabaseSchema
  /** The number of the open transaction. */
  readonly transaction?: number | undefined
  readonly held: readonly HeldLock[]
  readonly inBlock: boolean
}

function judgeMigration(
  before: DatabaseSchema,
  given: MigrationInput,
): { readonly schema: DatabaseSchema; readonly hazards: readonly Hazard[] } {
  const transactions = transactionsOf(given.migration)
  const found: Found[] = []
  let state: JudgeState = { schema: before, held: [], inBlock: false }
  for (const statement of given.migration.statements) {
    const judged = judgeStatement(
      stateAtStatement(state, statement, transactions),
      statement,
      given,
    )
    found.push(...judged.found, ...foundInTestRun(before, judged, given))
    state = judged.state
  }
  return { schema: state.schema, hazards: accepted(given, found) }
}

/** The state in which a statement starts: a new transaction holds no lock yet. */
function stateAtStatement(
  state: JudgeState,
  { number, role }: Statement,
  transactions: ReadonlyMap<number, number>,
): JudgeState {
  const transaction = transactions.get(number) ?? state.transaction
  const held = transaction === state.transaction ? state.held : []
  const ended = role.kind === 'commit' || role.kind === 'rollback'
  return { ...state, transaction, held, inBlock: state.inBlock && !ended }
}

interface JudgedStatement {
  readonly state: JudgeState
  readonly found: readonly Found[]
  /** One for each action. */
  readonly contexts: readonly ActionContext[]
}

function judgeStatement(
  before: JudgeState,
  statement: Statement,
  { migration, facts, rules }: MigrationInput,
): JudgedStatement {
  const found: Found[] = []
  const contexts: ActionContext[] = []
  let { schema, held } = before
  for (const action of statement.actions) {
    const context: Context = { ...before, schema, held, facts, migration, statement }
    contexts.push({ ...context, action })
    for (const rule of rules) {
      const findings = [rule.judge(action, context) ?? []].flat()
      found.push(...findings.map((finding) => foundBy(rule, finding, context)))
    }
    held = [...held, ...locksOf(action, schema).map((lock) => ({ ...lock, statement }))]
    schema = applyAction(schema, action, migration.name)
  }
  const inBlock = before.inBlock || statement.role.kind === 'begin'
  return {
    state: { ...before, schema, held, inBlock },
    found: withoutRepeats(withStatementLock(found, { held, schema, statement })),
    contexts,
  }
}

/** The effects that the test run observed and neither the statement's text nor a rule's finding shows. */
function foundInTestRun(
  start: DatabaseSchema,
  { found, contexts }: JudgedStatement,
  { observed }: MigrationInput,
): Found[] {
  const [context] = contexts
  if (observed === undefined || context === undefined) return []
  return observedIn(observed, { start, contexts, found }).map(({ id, finding }) =>
    foundBy({ id }, finding, context),
  )
}

function accepted(
  { migration, rules, observed }: MigrationInput,
  found: readonly Found[],
): Hazard[] {
  const acceptances = acceptancesIn(migration, markersIn)
  const fromRuns: readonly string[] = observedHazards.map(({ id }) => id)
  const ids = [...rules.map(({ id }) => id), ...fromRuns]
  // Only a test run shows whether such an acceptance is needed.
  const judged = observed ? acceptances : acceptances.filter(({ id }) => !fromRuns.includes(id))
  return withoutAccepted(found, { migration, acceptances, judged, ids })
}

/** The number of the transaction of each statement; BEGIN and COMMIT have none. */
function transactionsOf({ sql, statements }: JudgedMigration): ReadonlyMap<number, number> {
  return new Map(
    transactionGroupsOf(sql, statements).flatMap((group) =>
      group.statements.map((statement): [number, number] => [statement.number, group.number]),
    ),
  )
}
