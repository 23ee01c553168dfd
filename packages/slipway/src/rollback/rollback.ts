import type { Session } from '../database/index.ts'
import {
  type Consent,
  CLEAN_FAILURES,
  createHistoryTables,
  readLossyCasts,
  readSchemaNow,
  refuseForeignObjects,
  requireConsent,
  reviewsOf,
  toConsentTo,
  type Verification,
  tryVerifyAndRecord,
  unverifiedFailure,
  withTarget,
  type WorkRequest,
} from '../deploy/index.ts'
import {
  readFromTarget,
  type Receipt,
  runMigrations,
  type TargetSession,
} from '../execution/index.ts'
import {
  compareHistory,
  findInterruption,
  type Comparison,
  type History,
  obstacle,
  readHistory,
  readJournal,
} from '../history/index.ts'
import { attempt, command, type Failure, failureFrom, rethrow } from '../kernel/index.ts'
import { type KnownSchema, projectScope, readKnownSchema } from '../plan/index.ts'
import { type Fill, type Kept, readUnrestored, type Unrestored } from '../safekeeping/index.ts'
import { difference, readCatalog } from '../schema/index.ts'
import { shadowLike, type ShadowOptions, withShadowServer } from '../shadow/index.ts'
import { type Migration, tableRef } from '../statements/index.ts'
import { withoutSettledChoices } from './announced.ts'
import { explainFailure } from './explain-failure.ts'
import { recallProof, rememberProof, type TestedFiles } from './known-proof.ts'
import {
  appliedFiles,
  nameChanges,
  nothingLeft,
  refuseSquashed,
  refuseUnproven,
  refuseUnrecorded,
} from './preconditions.ts'
import {
  type DownVerdict,
  type ExpectedSchema,
  type PreparedDown,
  prepareDown,
  type Reversible,
  type TestedDown,
  testDownMigrations,
} from './prepared-down.ts'
import { withKeptData, prepareRestoring } from './restore.ts'
import { type Extent, selectMigrations } from './select.ts'
import { stillKeptFailure } from './still-kept.ts'

/** A rollback: the work on the target, how far, and what the person has accepted beforehand. */
export interface RollbackRequest extends WorkRequest {
  readonly migrations: readonly Reversible[]
  readonly extent: Extent
  readonly consent: Consent
  /** Run down migrations that could not be proven on a shadow database. */
  readonly acceptUnproven: boolean
  /** Destroy data although no statement of a down migration shows it; false if absent. */
  readonly acceptUnannounced?: boolean
  /** Values for rows that were written since the deploy and lack one. */
  readonly fills?: readonly Fill[]
  /** Receives the down migrations and what they cannot promise, before anything runs. */
  readonly announce: (downs: readonly PreparedDown[], testRun: DownVerdict) => void
}

/** The outcome of a rollback. `failure` is present if the rollback is incomplete. */
export interface RollbackOutcome {
  readonly database: string
  readonly downs: readonly PreparedDown[]
  readonly testRun: DownVerdict
  readonly receipts: readonly Receipt[]
  /** The data that the migrations destroyed: restored, or still kept. */
  readonly kept: readonly Kept[]
  /** Properties of objects that could not be restored: owners, privileges, comments, settings, positions. */
  readonly unrestored: readonly Unrestored[]
  readonly verification?: Verification
  /** Whether the target's schema equals that of the remaining history; absent if they were not compared. */
  readonly schemaMatches?: boolean
  readonly failure?: Failure
}

/**
 * Rolls back the last migrations: tests their down migrations on a shadow database, runs them on the target,
 * each in one transaction with its history row, and compares the catalog with that of the remaining history.
 * Prisma then sees them as pending.
 */
export async function rollback(asked: RollbackRequest): Promise<RollbackOutcome> {
  return await withTarget(asked, async (session, target) => {
    const request = shadowLike(asked, session)
    const history = await readHistory(session)
    const comparison = compareHistory(history, request.migrations)
    const resuming = await findInterruptedRollback(session, comparison, history)
    refuseUnrecorded(comparison)
    const applied = appliedFiles(history, request, resuming)
    const names = selectMigrations(
      applied.map(({ name }) => name),
      request.extent,
    )
    if (names.length === 0) return nothingLeft(session)
    refuseSquashed(names, comparison)
    const prepared = await prepareDownMigrations(session, { applied, names, request })
    const { testRun, expected } = prepared
    const downs = await withKeptData(session, prepared.downs)
    request.announce(downs, testRun)
    refuseUnproven(testRun, downs, request)
    const { database, alias } = session.server
    const plans = downs.map(({ plan }) => plan)
    const destroys = request.protected
      ? [
          ...toConsentTo(plans, session.server.schema),
          ...(await readLossyCasts(session, plans, { cuts: true })),
        ]
      : []
    const question = { database, alias, destroys, command: ['rollback'] }
    if (destroys.length > 0) await requireConsent(question, request.consent)
    await createHistoryTables(session, request)
    const known = await readFromTarget(target, () => readKnownSchema(session, history))
    const ran = await run(target, { downs, expected, known }, request)
    return { database, downs: withoutSettledChoices(downs, ran.receipts), testRun, ...ran }
  })
}

/**
 * The migration whose rollback a crash interrupted: its journal shows where to continue. It counts as the
 * first step of this rollback, so that the same command ends where the first would have ended.
 */
async function findInterruptedRollback(
  session: Session,
  comparison: Comparison,
  history: History,
): Promise<string | undefined> {
  if (comparison.failed.length > 0) {
    const interrupted = findInterruption(comparison, history, await readJournal(session))
    if (interrupted?.direction === 'down') return interrupted.migration
  }
  const found = obstacle(comparison)
  return found ? rethrow(found) : undefined
}

interface AskedDowns {
  /** All applied migrations; those to be rolled back come last. */
  readonly applied: readonly Reversible[]
  /** The migrations to be rolled back, the last one first. */
  readonly names: readonly string[]
  readonly request: RollbackRequest
}

/**
 * Prepares and tests the down migrations. One private server runs all shadow databases; it is not started if
 * none is needed.
 */
async function prepareDownMigrations(
  session: Session,
  asked: AskedDowns,
): Promise<TestedDown & { downs: PreparedDown[] }> {
  const { applied, names, request } = asked
  request.emit({ kind: 'phase', phase: 'test', detail: names.join(', ') })
  const known = request.acceptUnproven ? undefined : recallProof(session, filesOf(asked))
  const written = applied.slice(-names.length).every(({ down }) => down !== undefined)
  const prepare = async (shadow: ShadowOptions) => {
    const onServer = { ...asked, request: { ...request, shadow } }
    const downs = await readDownMigrations(session, onServer)
    return { downs, ...(await testOrRecall(session, downs, { ...onServer, known })) }
  }
  return written && (request.acceptUnproven || known !== undefined)
    ? await prepare(request.shadow)
    : await withShadowServer(request.shadow, prepare)
}

function filesOf({ applied, names, request }: AskedDowns): TestedFiles {
  const { migrations: project, shadow } = request
  return { applied, steps: names.length, project, shadow }
}

async function readDownMigrations(
  session: Session,
  { applied, names, request }: AskedDowns,
): Promise<PreparedDown[]> {
  const downs: PreparedDown[] = []
  for (const migration of applied.slice(-names.length).toReversed()) {
    const before = applied.slice(0, applied.indexOf(migration))
    downs.push(await prepareDown(migration, before, request.shadow))
  }
  await refuseForeignObjects(
    session,
    downs.flatMap(({ plan, origin }) => (origin === 'file' ? [plan] : [])),
    request,
  )
  return downs
}

/** Runs up and down, unless this machine has proven exactly these files before. */
async function testOrRecall(
  session: Session,
  downs: readonly PreparedDown[],
  asked: AskedDowns & { readonly known: string | undefined },
): Promise<TestedDown> {
  const { applied, request, known } = asked
  if (request.acceptUnproven) {
    return { testRun: { kind: 'not-tested', reason: 'accepted unproven' } }
  }
  const { migrations: project, shadow } = request
  const test = () => testDownMigrations(downs, { applied, project, shadow })
  if (known !== undefined) {
    const catalog = async () => await (await test()).expected?.catalog()
    return { testRun: { kind: 'proven' }, expected: { fingerprint: known, catalog } }
  }
  const tested = await test()
  if (tested.testRun.kind === 'proven' && tested.expected) {
    rememberProof(session, filesOf(asked), tested.expected.fingerprint)
  }
  return tested
}

interface PreparedWork {
  readonly downs: readonly PreparedDown[]
  readonly expected: ExpectedSchema | undefined
  /** The schema before the rollback, if the ledger has it. */
  readonly known: KnownSchema | undefined
}

async function run(
  target: TargetSession,
  { downs, expected, known }: PreparedWork,
  request: RollbackRequest,
): Promise<Omit<RollbackOutcome, 'database' | 'downs' | 'testRun'>> {
  const { session } = target
  const plans = downs.map(({ plan }) => plan)
  const { executions, kept, keptNow } = await prepareRestoring(session, plans, {
    fills: request.fills,
  })
  const review = reviewOfRollback(session, { plans, kept }, request)
  const reviewed = executions.map((one) => ({ ...one, review: review?.(one.migration) }))
  const ran = await runMigrations(target, reviewed, await readJournal(session))
  const explained = ran.failure && { failure: explainFailure(ran.failure, request.fills ?? []) }
  const unrestored = await attempt(() => readUnrestoredBy(session, ran.receipts))
  const outcome = {
    ...ran,
    ...explained,
    kept: await keptNow(),
    unrestored: unrestored.ok ? unrestored.value : [],
  }
  if (ran.failure && !CLEAN_FAILURES.has(ran.failure.code)) return outcome
  target.emit({ kind: 'phase', phase: 'verify' })
  const reading = await attempt(() =>
    readFromTarget(target, () => readSchemaNow(session, request.migrations, known)),
  )
  if (!outcome.failure && expected && reading.ok) {
    const restored = reading.value.fingerprint.hash === expected.fingerprint
    const differing = restored ? '' : await findDifferingObjects(target, expected, request)
    if (differing !== '')
      return { ...outcome, schemaMatches: false, failure: notRestored(differing) }
  }
  // A schema that was not compared must not be recorded as the result of the history.
  const compared = !outcome.failure && expected !== undefined && reading.ok
  const verified = await tryVerifyAndRecord(
    target,
    request.migrations,
    compared ? reading.value : 'forget',
  )
  const schemaMatches = compared ? { schemaMatches: true } : {}
  const verification = verified.ok ? { verification: verified.value } : {}
  const unread = [unrestored, reading].find(({ ok }) => !ok)
  const failure =
    outcome.failure ??
    (verified.ok ? undefined : verified.failure) ??
    (unread === undefined || unread.ok ? undefined : unverifiedFailure(unread.failure)) ??
    stillKeptFailure(outcome.kept, { plans, receipts: ran.receipts, session })
  return { ...outcome, ...schemaMatches, ...verification, ...(failure ? { failure } : {}) }
}

/** The attributes that the completed rollbacks could not restore. */
async function readUnrestoredBy(
  session: Session,
  receipts: readonly Receipt[],
): Promise<readonly Unrestored[]> {
  const done = receipts.filter(({ status }) => status === 'done')
  const names = new Set(done.map(({ migration }) => migration))
  return (await readUnrestored(session)).filter(({ migration }) => names.has(migration))
}

/**
 * Reviews the down migrations by their effects; undefined on an unprotected target. They may overwrite values
 * in tables to which they restore data.
 */
function reviewOfRollback(
  { server: { database, schema: defaultSchema } }: Session,
  { plans, kept }: { readonly plans: readonly Migration[]; readonly kept: readonly Kept[] },
  request: RollbackRequest,
): ReturnType<typeof reviewsOf> | undefined {
  const { protected: isProtected, acceptUnannounced, acceptUnproven } = request
  if (!isProtected) return undefined
  const restored = [
    ...kept.map(({ table }) => table),
    ...(request.fills ?? []).map(({ table }) => tableRef({ defaultSchema }, table)),
  ]
  const accepted = [
    ...(acceptUnannounced ? ['unannounced'] : []),
    ...(acceptUnproven ? ['unproven'] : []),
  ]
  // Migrations before a refused one remain rolled back, so the next command must not count them again.
  return (migration) => {
    const left = plans.length - plans.findIndex(({ name }) => name === migration.name)
    const again = ['rollback', '--steps', String(left)]
    const permitted = { database, defaultSchema, restored, command: again, accepted }
    return reviewsOf(plans, permitted)(migration)
  }
}

/**
 * The names of the objects that differ on a target with another fingerprint; empty if only the fingerprint
 * differs.
 */
async function findDifferingObjects(
  target: TargetSession,
  expected: ExpectedSchema,
  { migrations }: RollbackRequest,
): Promise<string> {
  const { session } = target
  const changes = await attempt(async () => {
    const catalog = await expected.catalog()
    const scope = await projectScope(session, migrations)
    const actual = await readFromTarget(target, () => readCatalog(session, scope))
    return catalog && difference(catalog, actual)
  })
  return changes.ok && changes.value ? nameChanges(changes.value) : 'objects that cannot be named'
}

function notRestored(objects: string): Failure {
  return failureFrom('ROLLBACK.NOT_RESTORED', {
    message: `The migrations were rolled back, but the database differs from its history in ${objects}.`,
    why: 'It differed before, or the result of the down migration depended on rows.',
    nextActions: [command(['drift'], 'show the differences, with the SQL that corrects them')],
  })
}
