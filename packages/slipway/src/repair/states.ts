import { ownPinSql, type Session } from '../database/index.ts'
import { resetSessionSql, runShadowGroup } from '../execution/index.ts'
import {
  type Catalog,
  type Fingerprint,
  fingerprint,
  readCatalog,
  type Scope,
} from '../schema/index.ts'
import {
  changesRowsOnly,
  type Statement,
  tokensOf,
  type TransactionGroup,
  type Migration,
} from '../statements/index.ts'

/** A state that a migration passes through: the catalog after its first `done` statements. */
export interface State {
  readonly done: number
  readonly catalog: Catalog
  readonly print: Fingerprint
}

/** The states of a migration on a shadow database, up to a statement that fails there. */
export interface StateSequence {
  readonly states: readonly State[]
  /** The statement that fails on the shadow database. */
  readonly failure?: { readonly statement: number; readonly message: string }
}

/** What is run between two reads of the catalog. */
interface Step {
  /** Undefined if it has no lasting effect. */
  readonly group: TransactionGroup | undefined
  readonly first: number
  /** The number of statements that are applied after it. */
  readonly done: number
  /** Whether it changes only rows. */
  readonly rowsOnly: boolean
}

/**
 * Runs a migration on a shadow database that is in the state before it, and reads the catalog wherever a run can have
 * stopped: between its transaction groups, because it commits only there.
 */
export async function statesByGroup(
  session: Session,
  plan: Migration,
  scope: Scope,
): Promise<StateSequence> {
  const steps = plan.groups.map((group): Step => ({
    group: group.rolledBack ? undefined : group,
    first: group.statements[0]?.number ?? 1,
    done: doneAfter(plan, group),
    rowsOnly: group.statements.every(changesRowsOnly),
  }))
  return await walk(session, plan, { steps, scope })
}

/** The same after each statement, for a file that was run by hand. */
export async function statesByStatement(
  session: Session,
  plan: Migration,
  scope: Scope,
): Promise<StateSequence> {
  const undone = new Set(plan.groups.flatMap((group) => (group.rolledBack ? group.statements : [])))
  const steps = plan.groups.flatMap((group) =>
    group.statements.map((statement): Step => ({
      group: undone.has(statement) || ofTransactionOnly(statement) ? undefined : groupOf(statement),
      first: statement.number,
      done: statement === group.statements.at(-1) ? doneAfter(plan, group) : statement.number,
      rowsOnly: changesRowsOnly(statement),
    })),
  )
  return await walk(session, plan, { steps, scope })
}

/** How many statements are applied once a transaction group commits, including a COMMIT after it and the next BEGIN. */
export function doneAfter(plan: Migration, group: TransactionGroup): number {
  const next = plan.groups.find(({ number }) => number === group.number + 1)?.statements[0]
  return next ? next.number - 1 : plan.statements.length
}

/** A statement as a transaction group of its own. */
function groupOf(statement: Statement): TransactionGroup {
  const { number, text: sql, start: offset, role } = statement
  const kind = role.kind === 'alone' ? 'alone' : 'transaction'
  return { number, kind, statements: [statement], sql, offset, rolledBack: false }
}

async function walk(
  session: Session,
  plan: Migration,
  { steps, scope }: { readonly steps: readonly Step[]; readonly scope: Scope },
): Promise<StateSequence> {
  let state = await stateOf(session, 0, scope)
  const states = [state]
  // The catalog is read between the statements, so they run with our own settings.
  await session.execute(resetSessionSql(session, ownPinSql(session)).sql)
  for (const { group, first, done, rowsOnly } of steps) {
    const refusal = group && (await runShadowGroup(session, group))
    // A statement that changes only rows may fail because the shadow database lacks rows; the catalog is the same.
    if (refusal && !rowsOnly) {
      const { server, message } = refusal.failure
      return { states, failure: { statement: first, message: server?.message ?? message } }
    }
    state = rowsOnly || !group ? { ...state, done } : await stateOf(session, done, scope)
    states.push(state)
  }
  return { states }
}

async function stateOf(session: Session, done: number, scope: Scope): Promise<State> {
  const catalog = await readCatalog(session, scope)
  return { done, catalog, print: fingerprint(catalog) }
}

/**
 * The states that a target can be in: those with exactly its catalog, or else those that match the target in all
 * objects that change from state to state. The migration did not cause other differences.
 */
export function fittingStates(states: readonly State[], actual: Fingerprint): State[] {
  const equal = states.filter(({ print }) => print.hash === actual.hash)
  if (equal.length > 0) return equal
  const names = new Set(states.flatMap(({ print }) => Object.keys(print.objects)))
  const touched = [...names].filter(
    (name) => new Set(states.map(({ print }) => print.objects[name])).size > 1,
  )
  if (touched.length === 0) return []
  return states.filter(({ print }) =>
    touched.every((name) => print.objects[name] === actual.objects[name]),
  )
}

/** Whether a statement has a meaning only within its transaction; some of these fail outside one. */
function ofTransactionOnly(statement: Statement): boolean {
  const [first = '', second = ''] = tokensOf(statement.text).map(({ text }) => text.toUpperCase())
  if (first === 'SET') return second === 'LOCAL' || second === 'CONSTRAINTS'
  return ['LOCK', 'SAVEPOINT', 'RELEASE'].includes(first)
}
