import { withSession } from '../../database/index.ts'
import { withTarget } from '../../deploy/index.ts'
import {
  type PreparedFiles,
  refuseSameDatabase,
  type Side,
  syncTables,
  type TableDiff,
  withSnapshot,
} from '../../seeds/index.ts'
import { type Context, type Handler, type Input, report, type Report } from '../command.ts'
import { raise } from '../failures.ts'
import { fileBlocks, fileResults, syncBlocks } from '../sync-view.ts'
import { filesOf, planned, recordSets, requireSyncConsent, sideOf, sideWork } from '../syncing.ts'
import { directAddress, readWork, requirePolicyConsent, type Work, workRequest } from '../work.ts'

interface Sync {
  readonly context: Context
  readonly input: Input
  /** The work on the target. */
  readonly work: Work
  readonly dryRun: boolean
}

export const seedSync: Handler = async (context, input) => {
  const { from, to } = sidesAsked(context, input)
  const source = await sideWork(context, from)
  const work = to === undefined ? await readWork(context) : await sideWork(context, to)
  const dryRun = input.flags.on('dry-run')
  if (!dryRun) await requirePolicyConsent(context, work)
  const [address, request] = [await directAddress(source), await workRequest(context, work)]
  if (address.kind === 'embedded' && request.address.kind === 'embedded')
    refuseSameDatabase(source.target.environment, work.target.environment)
  const options = { applicationName: 'slipway seed' }
  return await withSession(address, options, async (theirs) =>
    withTarget(request, async (ours) => {
      const sides = {
        source: await sideOf(theirs, source, from),
        target: await sideOf(ours, work, to),
      }
      return await withSnapshot(theirs, () => sync({ context, input, work, dryRun }, sides))
    }),
  )
}

function sidesAsked({ target }: Context, { flags }: Input) {
  const [from, to] = [flags.text('from'), flags.text('to')]
  if (from === undefined)
    return raise('CLI.FLAG_VALUE', { message: '`--from <env>` says where the rows come from.' })
  const other = target.env === undefined ? 'url' : 'env'
  if (to !== undefined && target[other] !== undefined)
    raise('CLI.FLAG_CONFLICT', { message: `\`--to\` and \`--${other}\` contradict each other.` })
  return { from, to }
}

interface Sides {
  readonly source: Side
  readonly target: Side
}

async function sync({ context, input, work, dryRun }: Sync, sides: Sides): Promise<Report> {
  const { source, target } = sides
  const known = await planned(sides, work, input)
  const { database } = target.session.server
  const request = {
    plan: known.plan,
    deletes: input.flags.on('delete'),
    file: work.project.schema.datasourceFile,
    emit: context.emit,
  }
  // What a person is asked about holds no locks meanwhile; where it has changed since, it is asked about again.
  let asked: string | undefined
  const beforeCommit = async (diffs: readonly TableDiff[]) => {
    if (dryRun || !work.target.protected || JSON.stringify(diffs) === asked) return
    await requireSyncConsent(context, work, { database, diffs })
    asked = JSON.stringify(diffs)
  }
  if (!dryRun && work.target.protected)
    await beforeCommit(await syncTables(source, target, { ...request, dryRun: true }))
  const files = input.flags.on('write')
    ? await filesOf(context, { work, input, source }, known)
    : undefined
  try {
    const owners = files?.owners
    const given = { ...request, ...(owners ? { owners } : {}), dryRun, beforeCommit }
    const diffs = await syncTables(source, target, given)
    if (!dryRun) await files?.put()
    const changed = files?.sets.filter(({ state }) => state !== 'unchanged') ?? []
    const names = changed.map(({ set }) => set)
    const recorded = dryRun ? [] : await recordSets(context, { work, target }, names)
    return presented({ sides, database, dryRun, diffs, files, recorded })
  } finally {
    await files?.discard()
  }
}

interface Synced {
  readonly sides: Sides
  readonly database: string
  readonly dryRun: boolean
  readonly diffs: readonly TableDiff[]
  readonly files: PreparedFiles | undefined
  readonly recorded: readonly string[]
}

function presented({ sides, database, dryRun, diffs, files, recorded }: Synced): Report {
  const [from, to] = [sides.source.name, sides.target.name]
  const written = files ? fileResults(files) : { files: [], sets: [], notes: [] }
  const result = { from, to, database, dryRun, tables: diffs, ...written, recorded }
  const blocks = [
    ...syncBlocks(diffs, { from, to, dryRun }),
    ...(files ? fileBlocks(files, { dryRun }) : []),
  ]
  return report(result, blocks)
}
