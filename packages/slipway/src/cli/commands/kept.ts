import { withSession } from '../../database/index.ts'
import { requireConsent, withTarget } from '../../deploy/index.ts'
import { parseDuration } from '../../kernel/index.ts'
import {
  describeKept,
  expired,
  type Kept,
  pruneKept,
  readKept,
  restoreKept,
} from '../../safekeeping/index.ts'
import { type Context, type Handler, type Input, report, type Report } from '../command.ts'
import { raise } from '../failures.ts'
import { keptResult, restoredLines, sizeOf } from '../kept-view.ts'
import { type Block, paragraph, status } from '../view.ts'
import { consentOf, directAddress, placeOf, readWork, type Work, workRequest } from '../work.ts'

export const keptList: Handler = async (context) => await list(await readWork(context))

export const keptRestore: Handler = async (context, input) =>
  await restore(context, await readWork(context), input)

export const keptPrune: Handler = async (context, input) =>
  await prune(context, await readWork(context), input)

async function list(work: Work): Promise<Report> {
  const options = { applicationName: 'slipway kept' }
  return await withSession(await directAddress(work), options, async (session) => {
    const found = (await readKept(session)).filter(({ state }) => state === 'kept')
    const { database } = session.server
    return reportOf(
      work,
      database,
      found,
      table(found, placeOf(work, database), work.target.policy.keepMs),
    )
  })
}

function table(found: readonly Kept[], place: string, keepMs: number): Block[] {
  if (found.length === 0) return [paragraph(`Nothing is kept on ${place}.`)]
  const columns = [
    { title: 'id', align: 'right' as const },
    { title: 'migration' },
    { title: 'object' },
    { title: 'rows', align: 'right' as const },
    { title: 'size', align: 'right' as const },
    { title: 'kept at' },
    { title: 'pruned after' },
  ]
  const rows = found.map((one) => [
    String(one.id),
    one.migration,
    describeKept(one),
    one.rows === undefined ? '' : String(one.rows),
    sizeOf(one.bytes),
    one.keptAt,
    expiryOf(one, keepMs),
  ])
  return [{ kind: 'table', columns, rows }]
}

/** When the retention of the environment ends; in UTC, to the second. */
function expiryOf({ keptAt }: Kept, keepMs: number): string {
  return new Date(Date.parse(keptAt) + keepMs).toISOString().replace(/\.\d+Z$/, 'Z')
}

async function restore(context: Context, work: Work, { args }: Input): Promise<Report> {
  const id = Number(args[0])
  if (!Number.isInteger(id)) {
    raise('CLI.ARGUMENT_MISSING', {
      message: 'slipway kept restore needs the number of what is kept.',
    })
  }
  return await withTarget(await workRequest(context, work), async (session, target) => {
    const one = await restoreKept(target, id)
    return reportOf(work, session.server.database, [one], restoredLines([one]))
  })
}

async function prune(context: Context, work: Work, { flags }: Input): Promise<Report> {
  const asked = flags.text('older-than')
  const olderThan = flags.on('all') ? 0 : durationOf(asked, work.target.policy.keepMs)
  return await withTarget(await workRequest(context, work), async (session, target) => {
    const { database } = session.server
    const found = expired(await readKept(session), olderThan, context.now())
    const destroys = found
      .filter(({ state }) => state === 'kept')
      .map((one) => `what is kept of ${describeKept(one)}`)
    // What is past its retention goes by the policy of the environment; anything else needs a person's word.
    if (work.target.protected && olderThan < work.target.policy.keepMs && destroys.length > 0)
      await requireConsent({ database, destroys }, consentOf(context))
    await pruneKept(target, found)
    const lines = found.map((one) => status('done', `Dropped ${describeKept(one)}`, one.migration))
    const summary = paragraph(`${found.length} pruned on ${placeOf(work, database)}.`)
    return reportOf(work, database, found, [...lines, summary])
  })
}

function durationOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  return raise('CLI.FLAG_VALUE', {
    message: `--older-than ${text} is no duration.`,
    why: "It wants a number and a transaction group: '12h' or '7d'.",
  })
}

function reportOf(
  { target }: Work,
  database: string,
  found: readonly Kept[],
  view: readonly Block[],
): Report {
  const { environment, policy } = target
  const listed = found.map((one) => ({
    ...keptResult(one),
    expiresAt: expiryOf(one, policy.keepMs),
  }))
  return report({ environment, database, kept: listed }, view)
}
