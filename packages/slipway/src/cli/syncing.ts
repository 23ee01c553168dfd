import { existsSync } from 'node:fs'
import type { Session } from '../database/index.ts'
import { locate } from '../database/index.ts'
import { requireConsent } from '../deploy/index.ts'
import { compareHistory, readHistory } from '../history/index.ts'
import { schemaNames } from '../project/index.ts'
import {
  belongs,
  type DataFormat,
  type NamedRules,
  planSync,
  type PreparedFiles,
  prepareFiles,
  projectSeedSets,
  runSeeds,
  seedFolders,
  type SeedSet,
  type Side,
  type SyncPlan,
  type TableDiff,
  verifySeeds,
} from '../seeds/index.ts'
import type { Context, Input } from './command.ts'
import { raise } from './failures.ts'
import { environmentSeeds, seedAuthor } from './seeding.ts'
import { consentOf, readWork, type Work } from './work.ts'

/**
 * The work on one of two databases: an environment by name, or a connection string. What the shell says of the
 * target (`SLIPWAY_ENV`, `SLIPWAY_URL`) says nothing of it.
 */
export async function sideWork(context: Context, named: string): Promise<Work> {
  const { env: _env, url: _url, ...flags } = context.target
  const { SLIPWAY_ENV: _name, SLIPWAY_URL: _string, ...env } = context.env
  const isUrl = /^\w[\w+.-]*:\/\//.test(named)
  return await readWork({
    ...context,
    env,
    target: { ...flags, ...(isUrl ? { url: named } : { env: named }) },
  })
}

/** A database as one side of a sync; one that was given by connection string goes by the name of its database. */
export async function sideOf(session: Session, work: Work, named?: string): Promise<Side> {
  const { pending } = compareHistory(await readHistory(session), work.migrations)
  const { address, environment } = work.target
  const byName = named === undefined || named === environment || address.kind !== 'postgres'
  return byName
    ? { session, name: environment, environment, pending }
    : { session, name: locate(address.url).database, pending }
}

/** The tables of `--tables`; CLI.FLAG_VALUE where there are none. */
function tablesAsked({ flags }: Input): readonly string[] {
  const tables = flags.list('tables')
  if (tables.length > 0) return tables
  return raise('CLI.FLAG_VALUE', { message: '`--tables <table>[,…]` says which tables are meant.' })
}

/** The set of `--set`, of which there can be one; CLI.FLAG_VALUE where there are more. */
function setAsked({ flags }: Input): string | undefined {
  const [name, ...others] = flags.list('set')
  if (others.length === 0) return name
  return raise('CLI.FLAG_VALUE', { message: 'Rows are written to one set: give `--set` once.' })
}

/** What flags say of keys and columns. Fails with CLI.FLAG_VALUE. */
function rulesAsked({ flags }: Input): NamedRules {
  const keys = new Map<string, string[]>()
  let table: string | undefined
  // A list is split at its commas, and so is a key of several columns: what has no `=` goes on with the one before.
  for (const part of flags.list('key')) {
    const [before = '', ...after] = part.split('=')
    table = after.length > 0 ? before : table
    const column = after.length > 0 ? after.join('=') : part
    if (table === undefined || column === '')
      raise('CLI.FLAG_VALUE', {
        message: '`--key` takes a table and its columns: `table=column,…`.',
      })
    keys.set(table, [...(keys.get(table) ?? []), column])
  }
  return { keys, sensitive: flags.list('sensitive'), omitted: flags.list('omit') }
}

/** What a sync or an export is about: a plan, and the sets of the project. */
export interface Planned {
  readonly plan: SyncPlan
  readonly sets: readonly SeedSet[]
}

/** Plans from what the flags say; the sets of the environment say more of a table than others. */
export async function planned(
  { source, target }: { readonly source: Side; readonly target: Side },
  work: Work,
  input: Input,
): Promise<Planned> {
  const sets = await projectSeedSets(work.project)
  const of = environmentSeeds(work)
  const rank = (set: SeedSet) => (set.name === setAsked(input) ? 0 : belongs(set, of) ? 1 : 2)
  const plan = await planSync(source, target, {
    names: tablesAsked(input),
    schema: schemaNames(work.project.schema.files),
    sets: sets.toSorted((a, b) => rank(a) - rank(b)),
    rules: rulesAsked(input),
  })
  return { plan, sets }
}

/** Writes the rows of the source beside the data files that they belong in. */
export async function filesOf(
  context: Context,
  { work, input, source }: { readonly work: Work; readonly input: Input; readonly source: Side },
  { plan, sets, fallback }: Planned & { readonly fallback?: string },
): Promise<PreparedFiles> {
  const folders = seedFolders(work.project)
  return await prepareFiles(source, {
    plan,
    homes: {
      folder: folders.find((one) => existsSync(one)) ?? folders[0],
      sets,
      named: setAsked(input),
      fallback,
      of: environmentSeeds(work),
      as: (input.flags.text('as') ?? 'csv') as DataFormat,
    },
    strict: fallback !== undefined,
    emit: context.emit,
  })
}

/** Never into a protected database without consent by name, be it that rows are only added. */
export async function requireSyncConsent(
  context: Context,
  work: Work,
  { database, diffs }: { readonly database: string; readonly diffs: readonly TableDiff[] },
): Promise<void> {
  if (!work.target.protected) return
  const destroys = diffs.flatMap(({ table, updated, deleted }) => [
    ...(updated > 0 ? [`values of ${updated} rows of ${table}`] : []),
    ...(deleted > 0 ? [`${deleted} rows of ${table}`] : []),
  ])
  if (destroys.length > 0) return await requireConsent({ database, destroys }, consentOf(context))
  const added = diffs.filter(({ inserted }) => inserted > 0)
  if (added.length === 0) return
  const rows = added.map(({ table, inserted }) => `${inserted} rows of ${table}`).join(', ')
  const message = `This adds ${rows} to ${database}, which is protected.`
  await context.prompt.consent({ database, message })
}

/**
 * Sets whose files were written from these rows: where all their rows are on the target, its ledger is told that it
 * has the new version. Gives their names.
 */
export async function recordSets(
  context: Context,
  { work, target }: { readonly work: Work; readonly target: Side },
  names: readonly string[],
): Promise<readonly string[]> {
  const of = environmentSeeds(work)
  const sets = (await projectSeedSets(work.project)).filter(
    (set) => names.includes(set.name) && belongs(set, of),
  )
  if (sets.length === 0 || target.pending.length > 0) return []
  const schema = schemaNames(work.project.schema.files)
  const { session } = target
  const found = await verifySeeds(session, { sets, names: schema, emit: context.emit })
  const whole = sets.filter(
    ({ name }) =>
      !found.some(({ set, kind }) => set === name && kind !== 'edited' && kind !== 'never'),
  )
  await runSeeds(session, {
    sets: whole,
    names: schema,
    pending: [],
    author: await seedAuthor(work, session),
    dryRun: false,
    // They were verified a moment ago under the lock: there is nothing to write.
    consent: async () => {},
    emit: context.emit,
  })
  return whole.map(({ name }) => name)
}
