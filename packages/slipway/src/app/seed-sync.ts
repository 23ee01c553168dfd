import { withSession } from '../database/index.ts'
import { requireConsent, withTarget } from '../deploy/index.ts'
import { attempt, type Failure, formatRows } from '../kernel/index.ts'
import {
  belongs,
  projectSeedSets,
  refuseSameDatabase,
  runSeeds,
  type Side,
  syncTables,
  type TableDiff,
  verifySeeds,
  withSnapshot,
  projectNames,
} from '../seeds/index.ts'
import { consentFrom, requireConsentByName, requirePolicyConsent } from './consent.ts'
import type { AppContext, ConsentOptions } from './context.ts'
import type { UseCaseReturn } from './outcome.ts'
import {
  filesResult,
  NO_FILES,
  planRows,
  prepareRowFiles,
  rowWords,
  type RowOptions,
  type SeedFilesResult,
  sideOf,
} from './seed-files.ts'
import { environmentSeeds, loadLimits, seedAuthor } from './seed.ts'
import { directAddress, readWork, type Work, workRequest } from './work.ts'

/** Which rows a sync copies, from which source to which target. */
export interface SeedSyncOptions extends ConsentOptions, RowOptions {
  /** The source of the rows: an environment, or a connection string. */
  readonly from: string
  /** The database to write to; default: the target of the project. */
  readonly to?: string | undefined
  /** Delete rows that exist only in the target. */
  readonly delete?: boolean | undefined
  /** Also write the rows to the data files. */
  readonly write?: boolean | undefined
}

/** What a sync copied, or would copy. */
export interface SeedSyncResult extends SeedFilesResult {
  readonly from: string
  readonly to: string
  readonly database: string
  readonly dryRun: boolean
  readonly tables: readonly TableDiff[]
  /** Sets whose new version was recorded in the ledger of the target. */
  readonly recorded: readonly string[]
}

interface Sync {
  readonly context: AppContext
  readonly asked: SeedSyncOptions
  /** The work on the target. */
  readonly work: Work
  readonly dryRun: boolean
}

interface Sides {
  readonly source: Side
  readonly target: Side
}

/** Makes the rows of tables in one environment equal to those of another. */
export async function syncRows(
  context: AppContext,
  asked: SeedSyncOptions,
): Promise<UseCaseReturn<SeedSyncResult>> {
  const { from, to, dryRun = false } = asked
  const source = await sideWork(context, from)
  const work = to === undefined ? await readWork(context) : await sideWork(context, to)
  if (!dryRun) await requirePolicyConsent(context, work, { ...asked, words: wordsOf(asked) })
  const [address, request] = [await directAddress(source), await workRequest(context, work)]
  if (address.kind === 'embedded' && request.address.kind === 'embedded')
    refuseSameDatabase(source.target.environment, work.target.environment)
  const options = { applicationName: 'slipway seed' }
  return await withSession(address, options, async (theirs) =>
    withTarget(request, async (destination) => {
      const sides = {
        source: await sideOf(theirs, source, from),
        target: await sideOf(destination, work, to),
      }
      return await withSnapshot(theirs, () => sync({ context, asked, work, dryRun }, sides))
    }),
  )
}

/**
 * The work on one of the two databases: an environment by name, or a connection string. Ignores the flags and
 * the variables (`SLIPWAY_ENV`, `SLIPWAY_URL`) that select the usual target.
 */
async function sideWork(context: AppContext, named: string): Promise<Work> {
  const { env: _env, url: _url, location: _location, ...names } = context.names
  const { SLIPWAY_ENV: _name, SLIPWAY_URL: _string, ...env } = context.env
  const side = isUrl(named) ? { url: named } : { env: named }
  return await readWork({ ...context, env, names: { ...names, ...side } })
}

function isUrl(named: string): boolean {
  return /^(?:\w[\w+.-]*:\/\/|file:)/.test(named)
}

/** The command of a sync; undefined if it contains a connection string, which must not be printed. */
function wordsOf({ from, to, ...asked }: SeedSyncOptions): string[] | undefined {
  if (isUrl(from) || (to !== undefined && isUrl(to))) return undefined
  return [
    'seed',
    'sync',
    '--from',
    from,
    ...(to === undefined ? [] : ['--to', to]),
    ...rowWords(asked),
    ...(asked.delete ? ['--delete'] : []),
    ...(asked.write ? ['--write'] : []),
  ]
}

async function sync(
  { context, asked, work, dryRun }: Sync,
  sides: Sides,
): Promise<UseCaseReturn<SeedSyncResult>> {
  const { source, target } = sides
  const known = await planRows(sides, { work, context }, asked)
  const { database, alias } = target.session.server
  const request = {
    plan: known.plan,
    deletes: asked.delete ?? false,
    file: work.project.schema.datasourceFile,
    emit: context.emit,
  }
  // No lock is held during the prompt. If the changes differ afterwards, the user is prompted again.
  let answered: string | undefined
  const beforeCommit = async (diffs: readonly TableDiff[]) => {
    if (dryRun || !work.target.protected || JSON.stringify(diffs) === answered) return
    await requireSyncConsent(context, asked, { database, alias, diffs })
    answered = JSON.stringify(diffs)
  }
  if (!dryRun && work.target.protected)
    await beforeCommit(await syncTables(source, target, { ...request, dryRun: true }))
  const files = asked.write
    ? await prepareRowFiles(context, { work, asked, source }, known)
    : undefined
  try {
    const owners = files?.owners
    const given = { ...request, ...(owners ? { owners } : {}), dryRun, beforeCommit }
    const tables = await syncTables(source, target, given)
    const base = { from: source.name, to: target.name, database, dryRun, tables, recorded: [] }
    const written = files ? filesResult(files) : NO_FILES
    if (dryRun || !files) return { result: { ...base, ...written } }
    // The rows are committed: a failure must not hide them.
    const put = await attempt(() => files.put())
    if (!put.ok) return committed({ ...base, ...NO_FILES }, put.failure)
    const changed = files.sets.filter(({ state }) => state !== 'unchanged')
    const names = changed.map(({ set }) => set)
    const recorded = await attempt(() => recordSets(context, { work, target }, names))
    if (!recorded.ok) return committed({ ...base, ...written }, recorded.failure)
    return { result: { ...base, ...written, recorded: recorded.value } }
  } finally {
    await files?.discard()
  }
}

/** The result of a sync that failed after its rows were committed. */
function committed(result: SeedSyncResult, failure: Failure): UseCaseReturn<SeedSyncResult> {
  const message = `The rows were copied to ${result.database} and committed before the failure.`
  return { result, failure, findings: [{ id: 'sync-committed', severity: 'warning', message }] }
}

/** Requires consent by name for a protected database, even if rows are only added. */
async function requireSyncConsent(
  context: AppContext,
  asked: SeedSyncOptions,
  {
    database,
    alias,
    diffs,
  }: {
    readonly database: string
    readonly alias: string | undefined
    readonly diffs: readonly TableDiff[]
  },
): Promise<void> {
  const texts = diffs.flatMap(({ table, updated, deleted }) => [
    ...(updated > 0 ? [`values of ${formatRows(updated)} of ${table}`] : []),
    ...(deleted > 0 ? [`${formatRows(deleted)} of ${table}`] : []),
  ])
  const destroys = texts.map((text) => ({ what: 'table-data' as const, text }))
  if (destroys.length > 0)
    return await requireConsent(
      { database, alias, destroys, command: wordsOf(asked) },
      consentFrom(context, asked),
    )
  const added = diffs.filter(({ inserted }) => inserted > 0)
  if (added.length === 0) return
  const rows = added.map(({ table, inserted }) => `${formatRows(inserted)} of ${table}`).join(', ')
  const message = `This adds ${rows} to ${database}, which is protected.`
  const command = wordsOf(asked)
  await requireConsentByName(context, asked, { database, alias, message, command })
}

/**
 * Records the new version of sets whose files were written from these rows in the ledger of the target, if
 * the target has all their rows. Returns their names.
 */
async function recordSets(
  context: AppContext,
  { work, target }: { readonly work: Work; readonly target: Side },
  names: readonly string[],
): Promise<readonly string[]> {
  const of = environmentSeeds(work)
  const sets = (await projectSeedSets(work.project, loadLimits(context, work))).filter(
    (set) => names.includes(set.name) && belongs(set, of),
  )
  if (sets.length === 0 || target.pending.length > 0) return []
  const namesIn = projectNames(work.project)
  const { session } = target
  const found = await verifySeeds(session, { sets, names: namesIn, emit: context.emit })
  const whole = sets.filter(
    ({ name }) =>
      !found.some(
        ({ set, kind }) => set === name && !['edited', 'never', 'altered'].includes(kind),
      ),
  )
  await runSeeds(session, {
    sets: whole,
    names: namesIn,
    pending: [],
    author: await seedAuthor(work, session),
    dryRun: false,
    // They were just verified under the lock: there is nothing to write.
    consent: async () => {},
    emit: context.emit,
  })
  return whole.map(({ name }) => name)
}
