import { withSession } from '../database/index.ts'
import { requireConsent, withTarget } from '../deploy/index.ts'
import { refuseNewerLedger } from '../history/index.ts'
import { durationWord, formatDuration } from '../kernel/index.ts'
import {
  expired,
  isLeft,
  type Kept,
  keptData,
  pruneKept,
  readClock,
  readKept,
  restoreKept,
} from '../safekeeping/index.ts'
import { consentFrom, requirePolicyConsent } from './consent.ts'
import type { AppContext, ConsentOptions } from './context.ts'
import { type KeptResult, keptResult, restoredFindings } from './kept-result.ts'
import type { UseCaseReturn, ResultFinding } from './outcome.ts'
import {
  directAddress,
  readWork,
  type TargetResult,
  targetResult,
  type Work,
  workRequest,
} from './work.ts'

/** The smallest clock difference that is reported. */
const SKEW_MS = 60_000
const HOUR_MS = 3_600_000

/** Kept data with the end of its retention: UTC, to the second. */
export interface KeptItem extends KeptResult {
  readonly expiresAt: string
}

/** Data that is kept, was restored, or was dropped. */
export interface KeptListResult extends TargetResult {
  readonly kept: readonly KeptItem[]
}

/** Data that was pruned. */
export interface KeptPruneResult extends KeptListResult {
  /** Only older data was dropped: milliseconds. */
  readonly olderThanMs: number
  /** The number of entries that are still kept. */
  readonly remaining: number
}

/** Options of a prune. */
export interface PruneOptions extends ConsentOptions {
  /** Older than this, in milliseconds; the retention of the environment if absent. */
  readonly olderThanMs?: number | undefined
  readonly all?: boolean | undefined
}

/** Lists kept data, including that of which only a part was restored. Changes nothing. */
export async function listKept(context: AppContext): Promise<UseCaseReturn<KeptListResult>> {
  const work = await readWork(context)
  const options = { applicationName: 'slipway kept' }
  return await withSession(await directAddress(work), options, async (session) => {
    await refuseNewerLedger(session)
    const found = (await readKept(session)).filter(isLeft)
    return resultOf(work, session.server.database, found)
  })
}

/** Restores one piece of kept data into its existing table or column; existing rows stay. */
export async function restoreOne(
  context: AppContext,
  id: number,
  asked: ConsentOptions,
): Promise<UseCaseReturn<KeptListResult>> {
  const work = await readWork(context)
  await requirePolicyConsent(context, work, { ...asked, words: ['kept', 'restore', String(id)] })
  return await withTarget(await workRequest(context, work), async (session, target) => {
    const isRestored = (kept: Kept) => kept.id === id && kept.state === 'restored'
    const before = (await readKept(session)).find(isRestored)
    const one = await restoreKept(target, id)
    const message = `Entry ${id} was already restored. Nothing was changed.`
    const isUnchanged = before !== undefined && before.restored?.rows === one.restored?.rows
    const findings = isUnchanged
      ? [{ id: 'restored-before', severity: 'notice' as const, message }]
      : []
    return {
      ...resultOf(work, session.server.database, [one]),
      findings: [...findings, ...restoredFindings(one)],
    }
  })
}

/** Drops older kept data. On a protected target, data within its retention is dropped only with consent. */
export async function pruneOld(
  context: AppContext,
  asked: PruneOptions,
): Promise<UseCaseReturn<KeptPruneResult>> {
  const work = await readWork(context)
  const words = pruneWords(asked)
  await requirePolicyConsent(context, work, { ...asked, words })
  const { keepMs } = work.target.policy
  const olderThan = asked.all ? 0 : (asked.olderThanMs ?? keepMs)
  return await withTarget(await workRequest(context, work), async (session, target) => {
    const { database, alias } = session.server
    const serverNow = await readClock(session)
    // Records of inserted rows only serve rollbacks, so those of old deploys are pruned, too.
    const all = await readKept(session, { inserted: true })
    const old = expired(all, olderThan, serverNow)
    const found = old.filter(({ inserted }) => !inserted)
    const destroys = found.filter(isLeft).map((one) => {
      return { what: 'kept-data' as const, data: keptData(one) }
    })
    const question = { database, alias, destroys, command: words }
    if (work.target.protected && olderThan < keepMs && destroys.length > 0)
      await requireConsent(question, consentFrom(context, asked))
    await pruneKept(target, old)
    const remaining = all.filter((one) => isLeft(one) && !old.includes(one)).length
    const { result } = resultOf(work, database, found)
    const findings = skewFindings(context.now() - serverNow)
    return { result: { ...result, olderThanMs: olderThan, remaining }, findings }
  })
}

function pruneWords({ all, olderThanMs }: PruneOptions): string[] {
  const age = olderThanMs === undefined ? [] : ['--older-than', durationWord(olderThanMs)]
  return ['kept', 'prune', ...(all ? ['--all'] : []), ...age]
}

/** Rounds to hours, from two hours on. */
function rounded(ms: number): number {
  return ms < 2 * HOUR_MS ? ms : Math.round(ms / HOUR_MS) * HOUR_MS
}

/** A user who relies on the clock of this machine may expect other data to be pruned. */
function skewFindings(skewMs: number): ResultFinding[] {
  if (Math.abs(skewMs) < SKEW_MS) return []
  const direction = skewMs > 0 ? 'ahead of' : 'behind'
  const message = `The clock of this machine is ${formatDuration(rounded(Math.abs(skewMs)))} ${direction} the server's. Ages are measured with the server's clock.`
  return [{ id: 'clock-skew', severity: 'warning', message }]
}

function resultOf(
  work: Work,
  database: string,
  found: readonly Kept[],
): UseCaseReturn<KeptListResult> {
  const { keepMs } = work.target.policy
  const kept = found.map((one) => ({ ...keptResult(one), expiresAt: expiryOf(one, keepMs) }))
  return { result: { ...targetResult(work, database), kept } }
}

function expiryOf({ keptAt }: Kept, keepMs: number): string {
  return new Date(Date.parse(keptAt) + keepMs).toISOString().replace(/\.\d+Z$/, 'Z')
}
