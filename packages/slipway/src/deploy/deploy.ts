import type { Session } from '../database/index.ts'
import {
  deployJournal,
  notRun,
  readFromTarget,
  type Receipt,
  runMigrations,
  type TargetSession,
} from '../execution/index.ts'
import type { Hazard } from '../hazards/index.ts'
import { type Comparison, type History, readJournal, writeChangeToken } from '../history/index.ts'
import {
  attempt,
  command,
  type Failure,
  failureFrom,
  otherCommand,
  rethrow,
} from '../kernel/index.ts'
import {
  detectChange,
  detectDrift,
  type Drift,
  type KnownSchema,
  looksHarmless,
  type PreCheckResult,
  survey,
} from '../plan/index.ts'
import type { Kept } from '../safekeeping/index.ts'
import type { Change } from '../schema/index.ts'
import { objectText, type Migration } from '../statements/index.ts'
import { type Consent, requireConsent, toConsentTo } from './consent.ts'
import { raise } from './failures.ts'
import { type Accepted, acceptedNames, hazardsFailure, hazardsToAccept } from './hazards.ts'
import { hooksOf, keptStatements, prepareKeeping } from './keep.ts'
import { type PendingWork, readPending } from './pending.ts'
import { refuseChangedPlan, type SavedPlan } from './plan-file.ts'
import { refuseFilledDatabase } from './postgres/filled.ts'
import { askRows, preCheckFailure } from './pre-checks.ts'
import { LEAVES_NOTHING, reviewsOf } from './review.ts'
import { type Recorded, recordSquashes } from './squashes.ts'
import { prepareBooks, withTarget, type WorkRequest } from './target.ts'
import { type Verification, verified, verifyAndRecord } from './verify.ts'

/** A deploy: the work on the target, and what the person has accepted beforehand. */
export interface DeployRequest extends WorkRequest, Accepted {
  readonly consent: Consent
  /** Run this plan or nothing. */
  readonly plan?: SavedPlan
  /** Destroy without keeping first. */
  readonly noKeep?: boolean
}

/** What a deploy did. `failure` is there when it could not do all. */
export interface DeployOutcome {
  readonly database: string
  /** The state of the target before. */
  readonly before: Comparison
  readonly receipts: readonly Receipt[]
  /** Squashes that were recorded without running, because the target has the migrations that they replace. */
  readonly recorded: readonly Recorded[]
  /** Nothing if nothing was run. */
  readonly verification?: Verification
  /** Why the catalog could not be compared before, where it could not. */
  readonly driftUnknown?: string
  /** How the schema differs from its history, where nothing was pending that the difference could have stopped. */
  readonly drift: readonly Change[]
  /** The results of the pre-checks. */
  readonly preChecks: readonly PreCheckResult[]
  /** Hazards of severity error that concern tables with rows. */
  readonly hazards: readonly Hazard[]
  /** What was kept of what the statements destroyed, and what could not be. */
  readonly kept: readonly Kept[]
  readonly notKept: readonly string[]
  readonly failure?: Failure
}

/**
 * Deploys the pending migrations to a target: the steps of ARCHITECTURE.md, "How a deploy runs". Never throws
 * for a failed statement; raises what stops it before the first one.
 */
export async function deploy(request: DeployRequest): Promise<DeployOutcome> {
  return await withTarget(request, async (session, target) => {
    const pending = await readPending(session, request.migrations)
    const { before, plans, squashes, resuming } = pending
    const { database } = session.server
    const nothing = {
      database,
      before,
      receipts: [],
      recorded: [],
      preChecks: [],
      hazards: [],
      kept: [],
      notKept: [],
      drift: [],
    }
    if (plans.length === 0 && squashes.length === 0) {
      return request.acceptDrift
        ? nothing
        : { ...nothing, ...(await lookForChange(target, pending, request)) }
    }
    const hazards = plans.length > 0 ? await lookAhead(target, pending, request) : []
    // In a deploy that continues after a crash, some statements have already run.
    const goesOn = resuming.length > 0
    const { driftUnknown, known } = goesOn ? {} : await gate(target, pending, request)
    const found = { ...nothing, hazards, ...(driftUnknown ? { driftUnknown } : {}) }
    const receipts = plans.map(notRun)
    const unaccepted = request.protected ? hazardsFailure(database, hazards, request) : undefined
    if (unaccepted) return { ...found, receipts, failure: unaccepted }
    const preChecks = goesOn ? [] : await askRows(target, plans)
    const refused = request.acceptPreChecks
      ? undefined
      : preCheckFailure(database, plans, preChecks)
    if (refused) return { ...found, preChecks, receipts, failure: refused }
    await prepareBooks(session, request)
    const recorded = await recordSquashes(session, squashes, request.migrations)
    const review = reviewOfDeploy(session, pending, request)
    const ran = await run(target, { plans, review, known }, request)
    return { ...found, recorded, preChecks, ...ran }
  })
}

/**
 * Looks for drift where nothing is pending. Only a change since the schema was recorded is looked for: a replay of the
 * history would take seconds. A deploy of nothing does not fail where the schema cannot be read.
 */
async function lookForChange(
  target: TargetSession,
  { history }: PendingWork,
  request: DeployRequest,
): Promise<Pick<DeployOutcome, 'driftUnknown'> & Partial<Pick<DeployOutcome, 'drift'>>> {
  const { session } = target
  const { migrations } = request
  const looked = await attempt(() =>
    readFromTarget(target, () => detectChange(session, { history, migrations })),
  )
  if (!looked.ok) {
    if (looked.failure.code === 'DEPLOY.STOPPED') rethrow(looked.failure)
    return { driftUnknown: looked.failure.message }
  }
  const drift = looked.value
  if (!drift) return { driftUnknown: 'The ledger has no record of the schema for this history.' }
  if (drift.kind === 'drifted') return await confirmChange(target, history, request)
  // The next command need not read the catalog again.
  if (drift.kind === 'none' && drift.changeToken !== undefined) {
    await writeChangeToken(session, drift.changeToken)
  }
  return {}
}

/**
 * A target that differs from its record need not have drifted: the record also has what others changed while a deploy
 * ran. The replay of the history decides, and a schema that is right is recorded.
 */
async function confirmChange(
  target: TargetSession,
  history: History,
  request: DeployRequest,
): Promise<Pick<DeployOutcome, 'driftUnknown'> & Partial<Pick<DeployOutcome, 'drift'>>> {
  const { session } = target
  const drift = await compareWithHistory(target, history, request)
  if (drift.kind === 'unknown') return { driftUnknown: drift.reason }
  if (drift.kind === 'drifted') return { drift: drift.changes }
  await verifyAndRecord(session, request.migrations)
  return {}
}

async function compareWithHistory(
  target: TargetSession,
  history: History,
  request: DeployRequest,
): Promise<Drift> {
  const { session } = target
  // Loaded here: a deploy that finds nothing to do must not pay for it.
  const { shadowLike } = await import('../shadow/index.ts')
  const { migrations, shadow } = shadowLike(request, session)
  return await readFromTarget(target, () => detectDrift(session, { history, migrations }, shadow))
}

/**
 * Surveys the pending migrations; fails if they are not those of the given plan. Returns the hazards that
 * need acceptance. A first deploy meets no rows, and one that continues after a crash was accepted before.
 */
async function lookAhead(
  target: TargetSession,
  { history, before, plans, resuming }: PendingWork,
  { migrations, plan, ...request }: DeployRequest,
): Promise<readonly Hazard[]> {
  const { session } = target
  const mayWeigh = before.applied.length > 0 && resuming.length === 0
  if (!mayWeigh && plan === undefined) return []
  const rules = (await request.rules?.()) ?? []
  const judged = mayWeigh && (rules.length > 0 || !(await looksHarmless(session, plans)))
  if (!judged && plan === undefined) return []
  const keeps = request.noKeep ? keepsNothing : keptStatements
  const pending = { history, migrations, plans, rules, keeps }
  const ahead = await readFromTarget(target, () => survey(session, pending))
  if (plan) refuseChangedPlan(plan, ahead.plan)
  return judged ? hazardsToAccept(ahead, request.protected) : []
}

function keepsNothing(): ReadonlySet<number> {
  return new Set()
}

/** What a look at the schema before the work has found. */
interface SchemaBefore {
  readonly driftUnknown?: string | undefined
  readonly known?: KnownSchema | undefined
}

/** Steps 3 and 7 of a deploy: the catalog is what the history says, and what is destroyed has consent. */
async function gate(
  target: TargetSession,
  { history, before, plans, squashes }: PendingWork,
  request: DeployRequest,
): Promise<SchemaBefore> {
  const { session } = target
  if (before.applied.length === 0) {
    await refuseFilledDatabase(session)
    return {}
  }
  const { database, alias, schema } = session.server
  const destroys = toConsentTo(plans, schema)
  if (request.protected && destroys.length > 0) {
    await requireConsent({ database, alias, destroys }, request.consent)
  }
  if (request.acceptDrift) return {}
  request.emit({ kind: 'phase', phase: 'compare the schema with the history' })
  const drift = await compareWithHistory(target, history, request)
  if (drift.kind === 'unknown') refuseUnproven(drift.reason, squashes)
  if (drift.kind === 'none') return { known: drift.known }
  return { driftUnknown: refuseDrift(drift) }
}

/** Recording a squash claims that the target has its schema, so the schema must have been compared. */
function refuseUnproven(reason: string, squashes: PendingWork['squashes']): void {
  const squash = squashes.find(({ kind }) => kind === 'whole')
  if (!squash) return
  raise('DEPLOY.DRIFT', {
    message: `${squash.migration} replaces migrations that are applied here, and the database could not be compared with it: ${reason}`,
    why: 'Slipway records it without running it, so the database must match it.',
    nextActions: [
      command(['doctor'], 'show which server shadow databases use'),
      command(['deploy', '--accept', 'drift'], 'record it anyway'),
    ],
  })
}

function refuseDrift(drift: Exclude<Drift, { kind: 'none' }>): string {
  if (drift.kind === 'unknown') return drift.reason
  const named = drift.changes
    .slice(0, 5)
    .map(({ change, object }) => `${objectText(object)} (${change})`)
  const more = drift.changes.length - named.length
  return raise('DEPLOY.DRIFT', {
    message: `The schema of the database differs from its history: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`,
    why: 'Somebody changed the database without a migration. A deploy may fail on the change or overwrite it.',
    nextActions: [
      command(['drift'], 'show the differences, with SQL for both directions'),
      command(['deploy', '--accept', 'drift'], 'deploy anyway'),
    ],
  })
}

/** What judges the migrations by their effects: on a protected target, unless it is the first deploy. */
function reviewOfDeploy(
  { server: { database, schema: defaultSchema } }: Session,
  { before, plans }: PendingWork,
  request: DeployRequest,
): ReturnType<typeof reviewsOf> | undefined {
  if (!request.protected || request.acceptUnannounced || before.applied.length === 0)
    return undefined
  const accepted = acceptedNames(request)
  return reviewsOf(plans, { database, defaultSchema, command: ['deploy'], accepted })
}

interface PlannedWork extends Pick<SchemaBefore, 'known'> {
  readonly plans: readonly Migration[]
  readonly review: ReturnType<typeof reviewOfDeploy>
}

async function run(
  target: TargetSession,
  { plans, review, known }: PlannedWork,
  request: DeployRequest,
): Promise<Pick<DeployOutcome, 'receipts' | 'verification' | 'kept' | 'notKept' | 'failure'>> {
  const { session } = target
  const keeping = await prepareKeeping(session, plans, request.noKeep !== true)
  for (const message of keeping.notKept) request.emit({ kind: 'notice', message })
  const executions = plans.map((migration) => ({
    migration,
    journal: deployJournal(session, migration.name, migration.checksum),
    hooks: hooksOf(keeping, migration),
    review: review?.(migration),
  }))
  const ran = await runMigrations(target, executions, await readJournal(session))
  const kept = await attempt(keeping.keptSince)
  const outcome = { ...ran, kept: kept.ok ? kept.value : [], notKept: keeping.notKept }
  const { failure } = outcome
  if (failure && !LEAVES_NOTHING.has(failure.code)) return outcome
  target.emit({ kind: 'phase', phase: 'verify' })
  const record = request.acceptDrift ? 'forget' : (known ?? 'record')
  const looked = await verified(target, request.migrations, record)
  if (!looked.ok) return { ...outcome, failure: failure ?? looked.failure }
  const verification = looked.value
  if (failure || verification.verified) return { ...outcome, verification }
  return { ...outcome, verification, failure: verifyFailure(verification) }
}

function verifyFailure({ invalidIndexes }: Verification): Failure {
  return failureFrom('DEPLOY.VERIFY_FAILED', {
    message: `All migrations were applied, but not every index is valid: ${invalidIndexes.join(', ')}.`,
    why: 'An interrupted build leaves an index that the server maintains but never uses.',
    nextActions: invalidIndexes.map((name) =>
      otherCommand(`REINDEX INDEX CONCURRENTLY ${name}`, 'build it again, in psql'),
    ),
  })
}
