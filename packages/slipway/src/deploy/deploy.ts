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
import { type Comparison, readJournal } from '../history/index.ts'
import { attempt, type Failure, failureFrom, otherCommand } from '../kernel/index.ts'
import {
  type KnownSchema,
  looksHarmless,
  type PreCheckResult,
  surveyDeploy,
} from '../plan/index.ts'
import { type Kept, restorableAfter, readKept } from '../safekeeping/index.ts'
import type { Change } from '../schema/index.ts'
import type { Migration } from '../statements/index.ts'
import { type Consent, requireConsent, toConsentTo } from './consent.ts'
import { compareWithHistory, checkDrift, refuseDrift, refuseUnproven } from './drift.ts'
import { type Accepted, acceptedNames, hazardsFailure, hazardsToAccept } from './hazards.ts'
import { keepHooksFor, keptStatements, prepareKeeping } from './keep.ts'
import { readLossyCasts } from './lossy-casts.ts'
import { type PendingWork, readPending } from './pending.ts'
import { refuseChangedPlan, type SavedPlan } from './plan-file.ts'
import { refuseFilledDatabase } from './postgres/filled.ts'
import { runPreChecks, preCheckFailure } from './pre-checks.ts'
import { CLEAN_FAILURES, reviewsOf } from './review.ts'
import { type Recorded, recordSquashes } from './squashes.ts'
import { createHistoryTables, withTarget, type WorkRequest } from './target.ts'
import { readUnobservableBuilds } from './unobservable-builds.ts'
import { type Verification, tryVerifyAndRecord } from './verify.ts'

/** A deploy: the work on the target, and what the person has accepted beforehand. */
export interface DeployRequest extends WorkRequest, Accepted {
  readonly consent: Consent
  /** Run this plan or nothing. */
  readonly plan?: SavedPlan
  /** Destroy data without keeping it first. */
  readonly noKeep?: boolean
  /**
   * Creates a backup before the first change, for the named migrations, which follow `last` (null: none). Its
   * failure stops the deploy.
   */
  readonly backup?:
    | ((migrations: readonly string[], last: string | null) => Promise<void>)
    | undefined
}

/** The outcome of a deploy. `failure` is present if the deploy is incomplete. */
export interface DeployOutcome {
  readonly database: string
  /** The state of the target before the deploy. */
  readonly before: Comparison
  readonly receipts: readonly Receipt[]
  /** Squashes that were recorded without running, because the target has the migrations that they replace. */
  readonly recorded: readonly Recorded[]
  /** Absent if nothing was run. */
  readonly verification?: Verification
  /** Why the catalog could not be compared before the deploy; absent if it was. */
  readonly driftUnknown?: string
  /** How the schema differs from its history, if nothing was pending that drift could have stopped. */
  readonly drift: readonly Change[]
  /** The results of the pre-checks. */
  readonly preChecks: readonly PreCheckResult[]
  /** Hazards of severity error that concern tables with rows. */
  readonly hazards: readonly Hazard[]
  /** The destroyed data that was kept, and what could not be kept. */
  readonly kept: readonly Kept[]
  readonly notKept: readonly string[]
  /** Data that rollbacks of these migrations kept and that can be restored now. */
  readonly offered: readonly Kept[]
  /** The Time Travel bookmark of a remote D1 database before the deploy. */
  readonly bookmark?: string
  readonly failure?: Failure
}

/**
 * Deploys the pending migrations to a target: the steps of ARCHITECTURE.md, "How a deploy runs". Never throws
 * for a failed statement, but fails if something stops it before the first one.
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
      offered: [],
      drift: [],
    }
    if (plans.length === 0 && squashes.length === 0) {
      return request.acceptDrift
        ? nothing
        : { ...nothing, ...(await checkDrift(target, pending, request)) }
    }
    const hazards = plans.length > 0 ? await surveyHazards(target, pending, request) : []
    // In a deploy that continues after a crash, some statements have already run.
    const goesOn = resuming.length > 0
    const { driftUnknown, known } = goesOn
      ? {}
      : await requireMatchAndConsent(target, pending, request)
    const found = { ...nothing, hazards, ...(driftUnknown ? { driftUnknown } : {}) }
    const receipts = plans.map(notRun)
    const unaccepted = request.protected ? hazardsFailure(database, hazards, request) : undefined
    if (unaccepted) return { ...found, receipts, failure: unaccepted }
    const preChecks = goesOn ? [] : await runPreChecks(target, plans)
    const refused = request.acceptPreChecks
      ? undefined
      : preCheckFailure(database, plans, preChecks)
    if (refused) return { ...found, preChecks, receipts, failure: refused }
    const names = plans.map(({ name }) => name)
    if (plans.length > 0) await request.backup?.(names, before.applied.at(-1) ?? null)
    await createHistoryTables(session, request)
    const recorded = await recordSquashes(session, squashes, request.migrations)
    const review = reviewOfDeploy(session, pending, request)
    const ran = await run(target, { plans, review, known }, request)
    return { ...found, recorded, preChecks, ...ran }
  })
}

/**
 * Surveys the pending migrations; fails if they differ from the given plan. Returns the hazards that need
 * acceptance: none in a first deploy, which finds no rows, and none in one that continues after a crash,
 * because it was accepted before.
 */
async function surveyHazards(
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
  const ahead = await readFromTarget(target, () => surveyDeploy(session, pending))
  if (plan) refuseChangedPlan(plan, ahead.plan)
  return judged ? hazardsToAccept(ahead, request.protected) : []
}

function keepsNothing(): ReadonlySet<number> {
  return new Set()
}

/** The result of comparing the schema before the deploy. */
interface SchemaBefore {
  readonly driftUnknown?: string | undefined
  readonly known?: KnownSchema | undefined
}

/** Steps 3 and 7 of a deploy: the catalog must match the history, and destroying data must have consent. */
async function requireMatchAndConsent(
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
  if (request.protected) {
    const destroys = [
      ...toConsentTo(plans, schema),
      ...(await readLossyCasts(session, plans)),
      ...(await readUnobservableBuilds(session, plans)),
    ]
    const question = { database, alias, destroys, command: ['deploy'] }
    if (destroys.length > 0) await requireConsent(question, request.consent)
  }
  if (request.acceptDrift) return {}
  request.emit({ kind: 'phase', phase: 'compare the schema with the history' })
  const applied = { history, migrations: request.migrations }
  const drift = await compareWithHistory(target, applied, request)
  if (drift.kind === 'unknown') refuseUnproven(drift.reason, squashes)
  if (drift.kind === 'none') return { known: drift.known }
  return { driftUnknown: refuseDrift(drift) }
}

/** Reviews the migrations by their effects; undefined on an unprotected target and for a first deploy. */
function reviewOfDeploy(
  { server: { database, schema: defaultSchema } }: Session,
  { before, plans }: PendingWork,
  request: DeployRequest,
): ReturnType<typeof reviewsOf> | undefined {
  if (!request.protected || before.applied.length === 0) return undefined
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
): Promise<
  Omit<DeployOutcome, 'database' | 'before' | 'recorded' | 'preChecks' | 'hazards' | 'drift'>
> {
  const { session } = target
  const keeping = await prepareKeeping(session, plans, {
    wanted: request.noKeep !== true,
    unannounced: request.acceptUnannounced,
  })
  for (const message of keeping.notKept) request.emit({ kind: 'notice', message })
  const executions = plans.map((migration) => ({
    migration,
    journal: deployJournal(session, migration.name, migration.checksum),
    ...keepHooksFor(keeping, migration),
    review: review?.(migration),
  }))
  const ran = await runMigrations(target, executions, await readJournal(session))
  const kept = await attempt(keeping.keptSince)
  const offered = await findRestorableData(session, ran.receipts)
  const outcome = { ...ran, kept: kept.ok ? kept.value : [], notKept: keeping.notKept, offered }
  const { failure } = outcome
  if (failure && !CLEAN_FAILURES.has(failure.code)) return outcome
  target.emit({ kind: 'phase', phase: 'verify' })
  const record = request.acceptDrift ? 'forget' : (known ?? 'record')
  const looked = await tryVerifyAndRecord(target, request.migrations, record)
  if (!looked.ok) return { ...outcome, failure: failure ?? looked.failure }
  const verification = looked.value
  if (failure || verification.verified) return { ...outcome, verification }
  return { ...outcome, verification, failure: verifyFailure(verification) }
}

async function findRestorableData(session: Session, receipts: readonly Receipt[]): Promise<Kept[]> {
  const done = receipts.flatMap(({ status, migration }) => (status === 'done' ? [migration] : []))
  if (done.length === 0) return []
  const all = await attempt(() => readKept(session))
  return all.ok ? restorableAfter(all.value, new Set(done)) : []
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
