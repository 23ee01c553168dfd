import type { Session } from '../database/index.ts'
import {
  type Execution,
  type Hooks,
  type Journal,
  rollbackJournal,
  type StatementHooks,
} from '../execution/index.ts'
import { attempt } from '../kernel/index.ts'
import {
  prepareKeepingFunctions,
  type Fill,
  type Kept,
  keepHooksOf,
  keptByRollback,
  readAllKept,
  restoreHooksOf,
} from '../safekeeping/index.ts'
import type { Migration } from '../statements/index.ts'
import { announcedOn } from './announced.ts'
import type { PreparedDown } from './prepared-down.ts'

/** Down migrations that restore the kept data of their migrations. */
export interface RestoringPlan {
  readonly executions: readonly Execution[]
  /** Kept data of these migrations that is to be restored. */
  readonly kept: readonly Kept[]
  /** Reads the current state of that data. */
  readonly keptNow: () => Promise<readonly Kept[]>
}

/** Options for the execution of plans that restore data. */
export interface RestoringOptions {
  readonly fills?: readonly Fill[] | undefined
  /** The journal of a migration, with SQL for the end of its last transaction; that of a rollback if absent. */
  readonly journalOf?: ((session: Session, migration: string, end: string) => Journal) | undefined
}

/**
 * Prepares the target for restoring data that deploys kept, and for keeping data that the rollback destroys.
 * The ledger must exist.
 */
export async function prepareRestoring(
  session: Session,
  plans: readonly Migration[],
  { fills = [], journalOf = rollbackJournal }: RestoringOptions = {},
): Promise<RestoringPlan> {
  // Existing functions may be from another version of Slipway.
  await prepareKeepingFunctions(session)
  const all = await readOfDeploys(session)
  const names = new Set(plans.map(({ name }) => name))
  const kept = all.filter(({ migration, state }) => names.has(migration) && state === 'kept')
  const ids = new Set(kept.map(({ id }) => id))
  const keptNow = async () => {
    const now = await attempt(() => readOfDeploys(session))
    return (now.ok ? now.value : kept).filter(({ id, inserted }) => ids.has(id) && !inserted)
  }
  const executions = plans.map((plan) =>
    restoreExecution(session, plan, { kept, fills, journalOf }),
  )
  return { executions, kept, keptNow }
}

/** The data that deploys kept, and the rows that they inserted. */
async function readOfDeploys(session: Session): Promise<Kept[]> {
  return (await readAllKept(session)).filter(({ byRollback }) => !byRollback)
}

/** Down migrations with their announcements, given the kept data. */
export async function withKeptData(
  session: Session,
  downs: readonly PreparedDown[],
): Promise<readonly PreparedDown[]> {
  const all = await readOfDeploys(session)
  const { schema } = session.server
  return downs.map((down) => {
    const kept = all.filter(({ migration }) => migration === down.plan.name)
    return { ...down, announced: announcedOn(down, { kept, schema }) }
  })
}

function restoreExecution(
  session: Session,
  migration: Migration,
  {
    kept: all,
    fills,
    journalOf,
  }: {
    readonly kept: readonly Kept[]
    readonly fills: readonly Fill[]
    readonly journalOf: NonNullable<RestoringOptions['journalOf']>
  },
): Execution {
  const { schema } = session.server
  const { name, statements } = migration
  const kept = all.filter((one) => one.migration === name)
  const restoring = restoreHooksOf(statements, {
    migration: name,
    schema,
    ledger: session.ledger,
    kept,
    fills,
  })
  const keeping = keepHooksOf(statements, {
    history: schema,
    ledger: session.ledger,
    migration: keptByRollback(name),
    rollsBack: { restores: kept.map(({ table }) => table) },
  })
  const end = restoring.end === '' ? '' : keeping.beginSql + restoring.end
  return {
    migration,
    journal: journalOf(session, name, end),
    hooks: joined(keeping.hooks, restoring.hooks),
    keeper: keeping.keeper,
  }
}

/** Combines the hooks of each statement: destroyed data is kept before anything is restored. */
function joined(keeping: Hooks, restoring: Hooks): Hooks {
  const all = new Map<number, StatementHooks>(keeping)
  for (const [number, own] of restoring) {
    const { before = [], after = [] } = all.get(number) ?? {}
    all.set(number, {
      ...own,
      before: [...before, ...(own.before ?? [])],
      after: [...(own.after ?? []), ...after],
    })
  }
  return all
}
