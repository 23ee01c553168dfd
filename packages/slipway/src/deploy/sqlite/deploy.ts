import { type AtomicSession, d1Bookmark, type Session } from '../../database/index.ts'
import { notRun } from '../../execution/index.ts'
import type { Hazard } from '../../hazards/index.ts'
import {
  historyFailures,
  recordEnvironmentSql,
  recordSchemaSql,
  recordsOf,
  sqliteReceiptSql,
} from '../../history/index.ts'
import { command, createRaise, type Failure, failureFrom } from '../../kernel/index.ts'
import { restorableAfter, readSqliteKept } from '../../safekeeping/index.ts'
import {
  type Fingerprint,
  readDefinitions,
  readFingerprint,
  withSchemaCopy,
} from '../../schema/index.ts'
import { requireConsent } from '../consent.ts'
import type { DeployOutcome, DeployRequest } from '../deploy.ts'
import { refuseDrift } from '../drift.ts'
import { hazardsFailure } from '../hazards.ts'
import { type PendingWork, readPending } from '../pending.ts'
import { refuseChangedPlan } from '../plan-file.ts'
import { appliedWith, detectSqliteDrift, recordedSchema } from './drift.ts'
import {
  comparedTables,
  endangeredBy,
  lossesIn,
  triggeredTables,
  wholeTable,
} from './endangered.ts'
import { sqlitePlan } from './plan.ts'
import { runAccepting, runInTurn } from './run-tested.ts'
import type { GuardedOutcome } from './run.ts'
import { sqliteHazardsToAccept, surveySqlite } from './survey.ts'
import { type SqliteTarget, withSqliteTarget } from './target.ts'
import { type CopyRun, type TestedMigration, testOnCopy } from './test-on-copy.ts'

/** How often a deploy starts again if another one has changed the history in the meantime. */
const MOST_TURNS = 5

/**
 * Deploys the pending migrations to a SQLite or D1 database. Each is one transaction with its history row, what it keeps
 * and the guards that undo it: nothing of it remains if rows are lost that it does not name.
 */
export async function deploySqlite(request: DeployRequest): Promise<DeployOutcome> {
  return await withSqliteTarget(request, async (target) => {
    const pending = await readPending(target.session, request.migrations)
    const nothing = nothingDone(target, pending)
    if (pending.plans.length === 0) {
      const drift = request.acceptDrift ? undefined : await driftOf(target, pending, request)
      if (drift?.kind === 'drifted') return { ...nothing, drift: drift.changes }
      return drift?.kind === 'unknown' ? { ...nothing, driftUnknown: drift.reason } : nothing
    }
    const driftUnknown = await gate(target, pending, request)
    const copyRun = await withSchemaCopy(target.session, (copy) => testOnCopy(copy, pending.plans))
    const { tested } = copyRun
    const hazards = await lookAhead(target, pending, { ...request, tested })
    await consentToLosses(target, tested, request)
    const unaccepted = hazardsFailure(nothing.database, hazards, request)
    const found = { ...nothing, hazards, ...(driftUnknown ? { driftUnknown } : {}) }
    if (unaccepted) return { ...found, receipts: pending.plans.map(notRun), failure: unaccepted }
    const names = pending.plans.map(({ name }) => name)
    await request.backup?.(names, pending.before.applied.at(-1) ?? null)
    const bookmark = await bookmarkOf(request)
    const ran = await runAll(target, { pending, bookmark, ...copyRun }, request)
    return {
      ...found,
      ...(bookmark === undefined ? {} : { bookmark }),
      ...ran,
    }
  })
}

function nothingDone({ session }: SqliteTarget, { before }: PendingWork) {
  return {
    database: session.server.database,
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
}

async function driftOf(
  { session, ledger }: SqliteTarget,
  { history }: PendingWork,
  { migrations }: DeployRequest,
) {
  return await detectSqliteDrift(session, { history, migrations }, ledger)
}

/** Requires the schema to match the history. Returns why that is unknown. */
async function gate(
  target: SqliteTarget,
  pending: PendingWork,
  request: DeployRequest,
): Promise<string | undefined> {
  if (pending.before.applied.length === 0) {
    await refuseFilled(target.session)
    return undefined
  }
  if (request.acceptDrift) return undefined
  request.emit({ kind: 'phase', phase: 'compare the schema with the history' })
  const drift = await driftOf(target, pending, request)
  return drift.kind === 'none' ? undefined : refuseDrift(drift)
}

const raiseHistory = createRaise(historyFailures)

/** Fails with HISTORY.NOT_EMPTY if a database without history contains anything. */
export async function refuseFilled(session: Session): Promise<void> {
  const { length } = await readDefinitions(session)
  if (length === 0) return
  raiseHistory('HISTORY.NOT_EMPTY', {
    message: `The database ${session.server.database} contains ${length} tables, indexes or views, and no migration is recorded.`,
    why: 'The migrations would collide with the existing tables.',
    nextActions: [command(['baseline'], 'record the migrations that the database already has')],
  })
}

/**
 * Fails if the pending migrations differ from the given plan. Returns the hazards that need acceptance: only
 * on a protected target, and none for a first deploy, which finds no rows.
 */
async function lookAhead(
  { session }: SqliteTarget,
  pending: PendingWork,
  request: DeployRequest & Pick<CopyRun, 'tested'>,
): Promise<readonly Hazard[]> {
  const { plan, protected: isProtected, tested } = request
  if (!isProtected || pending.before.applied.length === 0) {
    if (plan) refuseChangedPlan(plan, sqlitePlan(session, pending.history, tested))
    return []
  }
  const ahead = await surveySqlite(session, pending, request)
  if (plan) refuseChangedPlan(plan, ahead.plan)
  return sqliteHazardsToAccept(ahead)
}

async function consentToLosses(
  { session }: SqliteTarget,
  tested: readonly TestedMigration[],
  request: DeployRequest,
): Promise<void> {
  if (!request.protected) return
  const destroys = tested.flatMap(({ migration, changes }) =>
    lossesIn(migration.name, endangeredBy(migration, changes)),
  )
  if (destroys.length === 0) return
  const { database } = session.server
  await requireConsent({ database, destroys, command: ['deploy'] }, request.consent)
}

interface Work extends CopyRun {
  readonly pending: PendingWork
  readonly bookmark: string | undefined
}

/** The Time Travel bookmark of the state before. Only a remote D1 database has one. */
async function bookmarkOf({ address }: DeployRequest): Promise<string | undefined> {
  return address.kind === 'd1' ? await d1Bookmark(address) : undefined
}

async function runAll(
  target: SqliteTarget,
  work: Work,
  request: DeployRequest,
): Promise<Pick<DeployOutcome, 'receipts' | 'kept' | 'offered' | 'verification' | 'failure'>> {
  const { session } = target
  const { tested, fingerprint } = work
  const keptBefore = new Set((await readSqliteKept(session)).map(({ id }) => id))
  const { receipts, done, failure } = await runInTurn(tested, request, (one, before) =>
    runOne(target, { one, done: before, work }, request),
  )
  const all = await readSqliteKept(session)
  const names = new Set(done.map(({ migration }) => migration.name))
  const verification = failure ? undefined : await verify(session, fingerprint)
  return {
    receipts,
    kept: all.filter(({ id, inserted }) => !inserted && !keptBefore.has(id)),
    offered: restorableAfter(all, names),
    ...(verification ? { verification } : {}),
    ...((failure ?? verification?.verified === false)
      ? { failure: failure ?? unverified(session) }
      : {}),
  }
}

interface Turn {
  readonly one: TestedMigration
  readonly done: readonly TestedMigration[]
  readonly work: Work
}

async function runOne(
  { session }: SqliteTarget,
  turn: Turn,
  request: DeployRequest,
): Promise<GuardedOutcome> {
  const { migration, changes } = turn.one
  const announced = endangeredBy(migration, changes)
  const triggered = triggeredTables(turn.one, announced)
  const named = [
    ...announced.filter(({ change }) => triggered.every((one) => one.change !== change)),
    ...triggered,
  ]
  for (let again = 1; ; again++) {
    const outcome = await runAccepting(session, turn.one, request, (accepted) => {
      const endangered = [
        ...named.filter(({ change }) => !accepted.includes(change)),
        ...accepted.map((change) => wholeTable(turn.one, change, named)),
      ]
      return {
        direction: 'up',
        endangered,
        compared: comparedTables(turn.one, endangered),
        noKeep: request.noKeep,
        behind: recordSql(session, turn, request),
      }
    })
    if (outcome.violation?.guard !== 'history' || again === MOST_TURNS) return outcome
    // Another deploy came first: the migrations that it applied are done.
    const { before } = await readPending(session, request.migrations)
    if (before.applied.includes(migration.name)) return { ms: outcome.ms }
  }
}

/** SQL of the history and the ledger for a migration that is applied. */
function recordSql(
  session: AtomicSession,
  { one, done, work: { pending, tested, fingerprint, bookmark } }: Turn,
  request: DeployRequest,
): string {
  const { name, checksum } = one.migration
  const migrations = [...done, one].map(({ migration }) => migration)
  // The schema is recorded only after the last migration.
  const isLast = one === tested.at(-1) && !request.acceptDrift
  const applied = appliedWith(pending.history, migrations)
  return [
    recordsOf(session).applied(name, checksum),
    sqliteReceiptSql({ command: 'deploy', migration: name, checksum, bookmark }),
    recordSchemaSql(isLast ? recordedSchema(applied, fingerprint) : undefined),
    request.protected ? recordEnvironmentSql(request.environment, request.confirm) : '',
  ].join('')
}

/** Whether the database has the schema that the copy has after all migrations. */
async function verify(session: AtomicSession, expected: Fingerprint) {
  const { hash } = await readFingerprint(session)
  return { verified: hash === expected.hash, by: 'schema' as const, invalidIndexes: [] }
}

function unverified({ server: { database } }: AtomicSession): Failure {
  return failureFrom('DEPLOY.VERIFY_FAILED', {
    message: `All migrations were applied, but the schema of ${database} does not match them.`,
    why: 'Another client changed the database in the meantime, or the database executed a statement differently from the in-memory SQLite.',
    nextActions: [command(['drift'], 'show the differences')],
  })
}
