import type { Session } from '../database/index.ts'
import {
  type Comparison,
  compareHistory,
  findInterruption,
  type History,
  historyFailures,
  obstacle,
  readHistory,
  readJournal,
} from '../history/index.ts'
import { attempt, command, type Failure, failureFrom, raiserOf, rethrow } from '../kernel/index.ts'
import {
  detectDrift,
  type Drift,
  type MigrationPlan,
  planMigrations,
  type PreCheckResult,
} from '../plan/index.ts'
import { scratchLike } from '../rehearsal/index.ts'
import type { Kept } from '../safekeeping/index.ts'
import { applying } from './bookkeeping.ts'
import { type Consent, destroyedBy, requireConsent } from './consent.ts'
import { raise } from './failures.ts'
import { companionsOf, prepareKeeping } from './keep.ts'
import { askRows, preCheckFailure } from './pre-checks.ts'
import { notRun, type Receipt } from './receipt.ts'
import { runMigrations } from './run.ts'
import { reading, type Supervision } from './supervision.ts'
import { prepareBooks, withTarget, type WorkRequest } from './target.ts'
import { type Verification, verified } from './verify.ts'

/** A deploy: the work on the target, and what the person has accepted beforehand. */
export interface DeployRequest extends WorkRequest {
  readonly consent: Consent
  /** Deploy although the target has drifted. */
  readonly acceptDrift: boolean
  /** Deploy although rows would make a statement fail; no where absent. */
  readonly acceptPreChecks?: boolean
  /** Destroy without keeping first. */
  readonly noKeep?: boolean
}

/** What a deploy did. `failure` is there when it could not do all. */
export interface DeployOutcome {
  readonly database: string
  /** How the target stood before. */
  readonly before: Comparison
  readonly receipts: readonly Receipt[]
  /** What was kept of what the statements destroyed, and what could not be. */
  readonly kept: readonly Kept[]
  /** Known before it ran: what no way of keeping reaches. */
  readonly notKept: readonly string[]
  /** Nothing where nothing was run. */
  readonly verification?: Verification
  /** Why the catalog could not be compared before, where it could not. */
  readonly driftUnknown?: string
  /** What the rows answered before, for each statement that asks something of them. */
  readonly preChecks: readonly PreCheckResult[]
  readonly failure?: Failure
}

/**
 * Deploys the pending migrations to a target: the steps of DESIGN.md, "How a deploy runs". Never throws
 * for a failed statement; raises what stops it before the first one.
 */
export async function deploy(request: DeployRequest): Promise<DeployOutcome> {
  return await withTarget(request, async (session, supervision) => {
    const history = await readHistory(session)
    const before = compareHistory(history, request.migrations)
    const { database } = session.server
    const resuming = await refuseObstacle(session, before, history)
    const names = new Set([...before.pending, ...resuming])
    const nothing = { receipts: [], preChecks: [], kept: [], notKept: [] }
    if (names.size === 0) return { database, before, ...nothing }
    const files = request.migrations.filter(({ name }) => names.has(name))
    const plans = await planMigrations(
      files.map(({ name, sql, path = name }) => ({ name, sql, path })),
    )
    const driftUnknown =
      resuming.length > 0 ? undefined : await gate(supervision, { history, plans, before }, request)
    // Of a deploy that goes on after a crash, some statements have been run already.
    const preChecks = resuming.length > 0 ? [] : await askRows(supervision, plans)
    const refused = request.acceptPreChecks
      ? undefined
      : preCheckFailure(database, plans, preChecks)
    const found = { database, before, preChecks, ...(driftUnknown ? { driftUnknown } : {}) }
    if (refused) {
      return { ...found, receipts: plans.map(notRun), kept: [], notKept: [], failure: refused }
    }
    await prepareBooks(session)
    return { ...found, ...(await run(supervision, plans, request)) }
  })
}

/**
 * Raises what stands in the way. A migration that we ourselves began, and that a crash cut off, does
 * not: its journal says where to go on. Returns such migrations by name.
 */
async function refuseObstacle(
  session: Session,
  before: Comparison,
  history: History,
): Promise<readonly string[]> {
  if (before.failed.length > 0) {
    const interrupted = findInterruption(before, history, await readJournal(session))
    if (interrupted?.direction === 'up') return [interrupted.migration]
  }
  const found = obstacle(before)
  return found ? rethrow(found) : []
}

interface Facts {
  readonly history: History
  readonly before: Comparison
  readonly plans: readonly MigrationPlan[]
}

/** Steps 3 and 7 of a deploy: the catalog is what the history says, and what is destroyed has consent. */
async function gate(
  supervision: Supervision,
  facts: Facts,
  request: DeployRequest,
): Promise<string | undefined> {
  const { history, before, plans } = facts
  const { session } = supervision
  if (before.applied.length === 0) {
    await refuseFilledDatabase(session)
    return undefined
  }
  const destroys = destroyedBy(plans)
  if (request.protected && destroys.length > 0) {
    await requireConsent({ database: session.server.database, destroys }, request.consent)
  }
  if (request.acceptDrift) return undefined
  request.emit({ kind: 'phase', phase: 'compare the catalog with the history' })
  const { migrations, scratch } = scratchLike(request, session)
  const drift = await reading(supervision, () =>
    detectDrift(session, { history, migrations }, scratch),
  )
  return refuseDrift(drift)
}

function refuseDrift(drift: Drift): string | undefined {
  if (drift.kind === 'unknown') return drift.reason
  if (drift.kind === 'none') return undefined
  const named = drift.changes.slice(0, 5).map(({ change, object }) => `${object} (${change})`)
  const more = drift.changes.length - named.length
  return raise('DEPLOY.DRIFT', {
    message: `The database is not what its history should have produced: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`,
    why: 'Somebody changed it beside the migrations; a deploy on top of it may fail or overwrite that.',
    nextActions: [
      command('slipway drift', 'see it, with the SQL both ways'),
      command('slipway deploy --accept drift', 'deploy all the same'),
    ],
  })
}

const raiseHistory = raiserOf(historyFailures)

async function refuseFilledDatabase(session: Session): Promise<void> {
  const result = await session.queryRaw(
    `SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname <> '_prisma_migrations'
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`,
    [session.server.schema],
  )
  const tables = Number(result.rows[0]?.[0])
  if (tables === 0) return
  raiseHistory('HISTORY.NOT_EMPTY', {
    message: `The schema ${session.server.schema} holds ${tables} tables or views, and no migration is recorded.`,
    why: 'The migrations would collide with what stands there.',
    nextActions: [
      command('slipway baseline', 'record the migrations that the database already has'),
    ],
  })
}

async function run(
  supervision: Supervision,
  plans: readonly MigrationPlan[],
  request: DeployRequest,
): Promise<Omit<DeployOutcome, 'database' | 'before' | 'preChecks'>> {
  const { session } = supervision
  const keeping = await prepareKeeping(session, plans, request.noKeep !== true)
  for (const message of keeping.notKept) request.emit({ kind: 'notice', message })
  const steps = plans.map((step) => ({
    plan: step,
    books: applying(session, step.name, step.checksum),
    companions: companionsOf(keeping, step),
  }))
  const ran = await runMigrations(supervision, steps, await readJournal(session))
  const kept = await attempt(keeping.keptSince)
  const outcome = { ...ran, kept: kept.ok ? kept.value : [], notKept: keeping.notKept }
  const { failure } = outcome
  if (failure && failure.code !== 'DEPLOY.STATEMENT_FAILED') return outcome
  supervision.emit({ kind: 'phase', phase: 'verify' })
  const record = request.acceptDrift ? 'forget' : 'record'
  const looked = await verified(supervision, request.migrations, record)
  if (!looked.ok) return { ...outcome, failure: failure ?? looked.failure }
  const verification = looked.value
  if (failure || verification.verified) return { ...outcome, verification }
  return { ...outcome, verification, failure: verifyFailure(verification) }
}

function verifyFailure({ invalidIndexes }: Verification): Failure {
  return failureFrom('DEPLOY.VERIFY_FAILED', {
    message: `All migrations were applied, but not every index is valid: ${invalidIndexes.join(', ')}.`,
    why: 'An index build that broke off leaves an index that is maintained and never used.',
    nextActions: invalidIndexes.map((name) =>
      command(`REINDEX INDEX CONCURRENTLY ${name}`, 'build it again, in psql'),
    ),
  })
}
