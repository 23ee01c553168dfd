import type { Session } from '../database/index.ts'
import { type Execution, NO_HOOKS } from '../execution/index.ts'
import {
  aroundHooks,
  prepareKeepingFunctions,
  type Kept,
  keepHooksOf,
  readKept,
  attributeHooksOf,
} from '../safekeeping/index.ts'
import { destructionsBy, type Migration } from '../statements/index.ts'

/** The hooks and the keeper that keep the data that a migration destroys. */
type MigrationKeepHooks = Pick<Execution, 'hooks' | 'keeper'>

/** How the data that migrations destroy is kept. */
export interface KeepingPlan {
  readonly hooksByMigration: ReadonlyMap<string, MigrationKeepHooks>
  /** Data that will not be kept, with its migration. */
  readonly notKept: readonly string[]
  /** Reads the data that was kept since this was prepared. */
  readonly keptSince: () => Promise<readonly Kept[]>
}

const KEEPS_NOTHING: KeepingPlan = {
  hooksByMigration: new Map(),
  notKept: [],
  keptSince: async () => [],
}

/** Prepares the target for keeping data, if a migration destroys data to be kept. The ledger must exist. */
export async function prepareKeeping(
  session: Session,
  migrations: readonly Migration[],
  { wanted, unannounced }: { readonly wanted: boolean; readonly unannounced?: boolean | undefined },
): Promise<KeepingPlan> {
  if (!wanted) return KEEPS_NOTHING
  const keepings = migrations.map(({ name, statements, groups }) => {
    const options = { history: session.server.schema, ledger: session.ledger, migration: name }
    const { hooks, keeper, notKept } = keepHooksOf(statements, options)
    return { name, notKept, keeper, hooks: aroundHooks(attributeHooksOf(groups, options), hooks) }
  })
  const notKept = keepings.flatMap((one) => one.notKept.map((text) => `${one.name}, ${text}`))
  // If unannounced losses were accepted, statements that show none may also destroy data.
  if (!unannounced && keepings.every(({ hooks }) => hooks.size === 0))
    return { ...KEEPS_NOTHING, notKept }
  await prepareKeepingFunctions(session)
  const before = new Set((await readKept(session)).map(({ id }) => id))
  return {
    hooksByMigration: new Map(keepings.map(({ name, hooks, keeper }) => [name, { hooks, keeper }])),
    notKept,
    keptSince: async () => (await readKept(session)).filter(({ id }) => !before.has(id)),
  }
}

/** The numbers of the statements of a migration that destroy data that is kept first. */
export function keptStatements({ name, statements }: Migration): ReadonlySet<number> {
  // The schemas of the history and of the ledger do not affect what is kept.
  const { hooks } = keepHooksOf(statements, { history: '', ledger: '', migration: name })
  const kept = statements.filter(
    ({ number, actions }) =>
      hooks.has(number) &&
      actions
        .flatMap((action) => destructionsBy(action, ''))
        .some(({ object }) => object.kind !== 'materialized-view'),
  )
  return new Set(kept.map(({ number }) => number))
}

/** How the data of one migration is kept. */
export function keepHooksFor(
  { hooksByMigration }: KeepingPlan,
  { name }: Migration,
): MigrationKeepHooks {
  return hooksByMigration.get(name) ?? { hooks: NO_HOOKS }
}
