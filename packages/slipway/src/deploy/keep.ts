import type { Session } from '../database/index.ts'
import { type Execution, NO_HOOKS } from '../execution/index.ts'
import {
  aroundHooks,
  prepareKeepingFunctions,
  type Kept,
  keepingOf,
  readKept,
  recordingOf,
} from '../safekeeping/index.ts'
import { destructionsBy, type Migration } from '../statements/index.ts'

/** What keeps what the statements of a migration destroy. */
type Keeping = Pick<Execution, 'hooks' | 'keeper'>

/** What keeps what the statements of migrations destroy. */
export interface KeepingPlan {
  readonly keepings: ReadonlyMap<string, Keeping>
  /** What will not be kept, with its migration. */
  readonly notKept: readonly string[]
  /** What was kept since. */
  readonly keptSince: () => Promise<readonly Kept[]>
}

/** Keeps nothing. */
const KEEPS_NOTHING: KeepingPlan = {
  keepings: new Map(),
  notKept: [],
  keptSince: async () => [],
}

/** Prepares the target for keeping, where a plan has something to keep. The ledger must be there. */
export async function prepareKeeping(
  session: Session,
  plans: readonly Migration[],
  { wanted, unannounced }: { readonly wanted: boolean; readonly unannounced?: boolean | undefined },
): Promise<KeepingPlan> {
  if (!wanted) return KEEPS_NOTHING
  const keepings = plans.map(({ name, statements, groups }) => {
    const options = { history: session.server.schema, ledger: session.ledger, migration: name }
    const { hooks, keeper, notKept } = keepingOf(statements, options)
    return { name, notKept, keeper, hooks: aroundHooks(recordingOf(groups, options), hooks) }
  })
  const notKept = keepings.flatMap((one) => one.notKept.map((text) => `${one.name}, ${text}`))
  // What was accepted unannounced may be done by a statement that shows nothing of it.
  if (!unannounced && keepings.every(({ hooks }) => hooks.size === 0))
    return { ...KEEPS_NOTHING, notKept }
  await prepareKeepingFunctions(session)
  const before = new Set((await readKept(session)).map(({ id }) => id))
  return {
    keepings: new Map(keepings.map(({ name, hooks, keeper }) => [name, { hooks, keeper }])),
    notKept,
    keptSince: async () => (await readKept(session)).filter(({ id }) => !before.has(id)),
  }
}

/** The statements of a migration, by number, that destroy something and keep it aside first. */
export function keptStatements({ name, statements }: Migration): ReadonlySet<number> {
  // Of which history it is, and where it is kept, makes no difference to what is kept.
  const { hooks } = keepingOf(statements, { history: '', ledger: '', migration: name })
  const kept = statements.filter(
    ({ number, actions }) =>
      hooks.has(number) &&
      actions
        .flatMap((action) => destructionsBy(action, ''))
        .some(({ object }) => object.kind !== 'materialized-view'),
  )
  return new Set(kept.map(({ number }) => number))
}

/** What keeps for one migration. */
export function keepingFor({ keepings }: KeepingPlan, { name }: Migration): Keeping {
  return keepings.get(name) ?? { hooks: NO_HOOKS }
}
