import { type AtomicSession, d1Bookmark, type Session } from '../../database/index.ts'
import { notRun, type Receipt, type Violation } from '../../execution/index.ts'
import type { Hazard } from '../../hazards/index.ts'
import {
  historyFailures,
  recordEnvironmentSql,
  recordSchemaSql,
  recordsOf,
  sqliteReceiptSql,
} from '../../history/index.ts'
import {
  advice,
  attempt,
  command,
  createRaise,
  type Failure,
  failureFrom,
  formatRows,
  must,
} from '../../kernel/index.ts'
import {
  restorableAfter,
  readSqliteKept,
  REFERRED_GUARD,
  referredFailure,
} from '../../safekeeping/index.ts'
import {
  type Fingerprint,
  readDefinitions,
  readFingerprint,
  withSchemaCopy,
} from '../../schema/index.ts'
import type { Migration } from '../../statements/index.ts'
import { requireConsent } from '../consent.ts'
import type { DeployOutcome, DeployRequest } from '../deploy.ts'
import { refuseDrift } from '../drift.ts'
import { type Accepted, acceptedNames, hazardsFailure } from '../hazards.ts'
import { type PendingWork, readPending } from '../pending.ts'
import { refuseChangedPlan } from '../plan-file.ts'
import { appliedWith, detectSqliteDrift, recordedSchema } from './drift.ts'
import { assignedIn, comparedTables, endangeredBy, lossesIn } from './endangered.ts'
import { sqlitePlan } from './plan.ts'
import { atomicReceipt, type GuardedOutcome, runGuarded } from './run.ts'
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
  await requireConsent({ database: session.server.database, destroys }, request.consent)
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
  const receipts: Receipt[] = []
  let failure: Failure | undefined
  const done: TestedMigration[] = []
  for (const [index, one] of tested.entries()) {
    const { name } = one.migration
    if (failure) {
      receipts.push(atomicReceipt(one.migration, 'not-run', 0))
      continue
    }
    request.emit({ kind: 'migration-started', migration: name, index, total: tested.length })
    const outcome = await runOne(target, { one, done, work }, request)
    receipts.push(atomicReceipt(one.migration, outcome.failure ? 'failed' : 'done', outcome.ms))
    if (outcome.failure) {
      failure = outcome.failure
      request.emit({ kind: 'migration-failed', migration: name, code: failure.code })
    } else {
      done.push(one)
      request.emit({ kind: 'migration-done', migration: name, ms: outcome.ms, attempts: 1 })
    }
  }
  const all = await readSqliteKept(session)
  const names = new Set(done.map(({ migration }) => migration.name))
  const verification = failure ? undefined : await verify(session, fingerprint)
  return {
    receipts,
    kept: all.filter(({ id }) => !keptBefore.has(id)),
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
  target: SqliteTarget,
  turn: Turn,
  request: DeployRequest,
): Promise<GuardedOutcome> {
  const { session } = target
  const { migration, drops, changes, written } = turn.one
  const endangered = endangeredBy(migration, changes)
  for (let again = 1; ; again++) {
    const compared = comparedTables(turn.one, endangered)
    const outcome = await runGuarded(session, {
      migration,
      direction: 'up',
      drops,
      changes,
      written,
      endangered,
      noKeep: request.noKeep,
      compared,
      behind: recordSql(session, turn, request),
    })
    const { violation } = outcome
    if (violation === undefined) return outcome
    if (violation.guard === 'rows' && request.acceptUnannounced) {
      const lost = changes.find(({ before }) => before?.name === violation.facts['table'])
      const known = endangered.findIndex(({ change }) => change === lost)
      const own = endangered[known]
      const columns = lost?.columns.flatMap(({ before }) => before ?? []) ?? []
      if (lost && !(own?.rows && own.columns.length === columns.length)) {
        const refused = await refusedConsent(session, migration, violation, request)
        if (refused) return { ...outcome, failure: refused }
        const statement = migration.statements.at(-1)?.number ?? 1
        const grows = compared.some((one) => one.grows && one.before.name === lost.before?.name)
        const { movesRowids = grows } = own ?? {}
        const assigned = assignedIn(turn.one, lost, own)
        if (known !== -1) endangered.splice(known, 1)
        endangered.push({ change: lost, rows: true, columns, assigned, movesRowids, statement })
        continue
      }
    }
    if (violation.guard === 'history' && again < MOST_TURNS) {
      // Another deploy came first: the migrations that it applied are done.
      const { before } = await readPending(session, request.migrations)
      if (before.applied.includes(migration.name)) return { ms: outcome.ms }
      continue
    }
    return {
      ...outcome,
      failure: violationFailure(turn.one.migration, outcome, { session, request }),
    }
  }
}

/**
 * On a protected target, losses that no statement names also need consent by name. Returns the failure if it
 * is missing.
 */
export async function refusedConsent(
  { server: { database } }: AtomicSession,
  { name }: Migration,
  { facts }: Violation,
  { protected: isProtected, consent }: Pick<DeployRequest, 'protected' | 'consent'>,
): Promise<Failure | undefined> {
  if (!isProtected) return undefined
  const destroys = [`rows or values of ${String(facts['table'])} (${name})`]
  const asked = await attempt(() => requireConsent({ database, destroys }, consent))
  return asked.ok ? undefined : asked.failure
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

/** The request of a command whose migrations are guarded. */
export type GuardedRequest = Pick<DeployRequest, 'protected'> &
  Accepted & {
    /** The words of the command; `deploy` if absent. */
    readonly command?: readonly string[]
  }

/** The failure of a migration that a guard undid. */
export function violationFailure(
  { name }: Migration,
  { violation, failure }: GuardedOutcome,
  at: { readonly session: AtomicSession; readonly request: GuardedRequest },
): Failure {
  const { session, request } = at
  const words = request.command ?? ['deploy']
  const { database } = session.server
  const facts = violation?.facts ?? {}
  const text = (key: string) => String(facts[key] ?? '')
  switch (violation?.guard) {
    case 'rows': {
      const lost = Number(facts['before']) - Number(facts['after'])
      const what =
        lost > 0 ? `lose ${lost} of ${formatRows(Number(facts['before']))}` : 'get different values'
      const accept = [...acceptedNames(request), 'unannounced'].join(',')
      const confirm = request.protected ? ['--confirm', database] : []
      return failureFrom('DEPLOY.UNANNOUNCED', {
        message: `${name} was undone on ${database}: the table ${text('table')} would ${what}, which no statement of the migration announces.`,
        why: 'A foreign key with CASCADE or SET NULL, REPLACE, a view or a trigger extends the effect of a statement.',
        nextActions: [
          command(['check', name], 'see what the migration does on a database in memory'),
          command([...words, '--accept', accept, ...confirm], 'run it anyway and keep those rows'),
        ],
      })
    }
    case 'keys':
      return failureFrom('DEPLOY.STATEMENT_FAILED', {
        message: `${name} was undone on ${database}: ${formatRows(Number(facts['rows']))} of ${text('table')} would refer to rows that do not exist.`,
        why: 'It runs without foreign keys, and Slipway checks them at its end.',
        nextActions: [
          advice(`Let these rows of ${text('table')} refer to existing rows, then try again.`),
          command(['check', name], 'see what the migration does'),
        ],
      })
    case 'history':
      return failureFrom('DEPLOY.LOCKED', {
        message: `Another command is changing ${database} at the same time.`,
        why: `The history changed each time before ${name} could run.`,
        nextActions: [command(['status'], 'see what is applied'), command(words, 'try again')],
      })
    case REFERRED_GUARD:
      return referredFailure(violation)
    default:
      return must(failure, 'a failure of what a guard undid')
  }
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
