import { type Catalog, difference, readCatalog } from '../catalog/index.ts'
import type { Session } from '../database/index.ts'
import {
  type Consent,
  destroyedBy,
  prepareBooks,
  reading,
  type Receipt,
  requireConsent,
  runMigrations,
  type Supervision,
  type Verification,
  verified,
  withTarget,
  type WorkRequest,
} from '../deploy/index.ts'
import {
  compareHistory,
  findInterruption,
  type Comparison,
  type History,
  obstacle,
  readHistory,
  readJournal,
} from '../history/index.ts'
import { advice, attempt, command, type Failure, failureFrom, rethrow } from '../kernel/index.ts'
import { appliedRows, projectScope } from '../plan/index.ts'
import { scratchLike } from '../rehearsal/index.ts'
import type { Kept } from '../safekeeping/index.ts'
import { decided } from './announced.ts'
import { raise } from './failures.ts'
import { knowingKept, prepareRestoring } from './restore.ts'
import { type Extent, selectMigrations } from './select.ts'
import {
  correctionOf,
  type Rehearsal,
  type Rehearsed,
  rehearseWaysBack,
  type Reversible,
  type WayBack,
  wayBackOf,
} from './way-back.ts'

/** A rollback: the work on the target, how far, and what the person has accepted beforehand. */
export interface RollbackRequest extends WorkRequest {
  readonly migrations: readonly Reversible[]
  readonly extent: Extent
  readonly consent: Consent
  /** Run ways back that could not be proven on a scratch. */
  readonly acceptUnproven: boolean
  /** Hears the ways back and what they cannot promise, before anything runs. */
  readonly announce: (ways: readonly WayBack[], rehearsal: Rehearsal) => void
}

/** What a rollback did. `failure` is there when it could not do all. */
export interface RollbackOutcome {
  readonly database: string
  readonly ways: readonly WayBack[]
  readonly rehearsal: Rehearsal
  readonly receipts: readonly Receipt[]
  /** What the migrations had destroyed: put back, or still kept. */
  readonly kept: readonly Kept[]
  readonly verification?: Verification
  readonly failure?: Failure
}

/**
 * Takes the last migrations back: rehearses their ways back on a scratch, runs them on the target, each
 * in one transaction with its history row, and compares the catalog with that of the history that
 * stays. Prisma then sees them as pending.
 */
export async function rollback(asked: RollbackRequest): Promise<RollbackOutcome> {
  return await withTarget(asked, async (session, supervision) => {
    const request = scratchLike(asked, session)
    const history = await readHistory(session)
    const comparison = compareHistory(history, request.migrations)
    const resuming = await resumable(session, comparison, history)
    refuseUnrecorded(comparison)
    const applied = appliedFiles(history, request, resuming)
    const names = selectMigrations(
      applied.map(({ name }) => name),
      request.extent,
    )
    refuseSquashed(names, comparison)
    const prepared = await prepareWaysBack(applied, names, request)
    const { rehearsal, expected } = prepared
    const ways = await knowingKept(session, prepared.ways)
    request.announce(ways, rehearsal)
    refuseUnproven(rehearsal, ways, request)
    const { database } = session.server
    const destroys = destroyedBy(ways.map(({ plan }) => plan))
    if (request.protected && destroys.length > 0)
      await requireConsent({ database, destroys }, request.consent)
    await prepareBooks(session)
    const ran = await run(supervision, { ways, expected }, request)
    return { database, ways: decided(ways, ran.receipts), rehearsal, ...ran }
  })
}

/**
 * A rollback that a crash cut off: its journal says where to go on. It counts as the first step of this
 * one, so that the same command ends where the first would have.
 */
async function resumable(
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

/** Rows of migrations that a squash stands for have no file: first the squash takes their place. */
function refuseUnrecorded({ squashed }: Comparison): void {
  const squash = squashed.find(({ kind }) => kind === 'whole' || kind === 'left-over')
  if (!squash) return
  raise('ROLLBACK.SQUASHED', {
    message: `${squash.migration} stands for ${squash.replaces.length} migrations that are applied here, and is not recorded yet.`,
    nextActions: [
      command('slipway deploy', 'record it'),
      advice('Or check out the commit before the squash, and roll back there.'),
    ],
  })
}

/** To take a squash back is to take back all that it stands for, which may have been applied over years. */
function refuseSquashed(names: readonly string[], { squashed }: Comparison): void {
  const squash = squashed.find(
    ({ kind, migration }) => kind === 'recorded' && names.includes(migration),
  )
  if (!squash) return
  raise('ROLLBACK.SQUASHED', {
    message: `${squash.migration} was not run here: it stands for ${squash.replaces.length} migrations that ran one by one.`,
    why: 'Its way back would take all of them back at once, with their tables.',
    nextActions: [
      command(`slipway rollback --to ${squash.migration}`, 'take back what came after it'),
      advice('To undo a part of it, write a migration that does so.'),
    ],
  })
}

function appliedFiles(
  history: History,
  request: RollbackRequest,
  resuming: string | undefined,
): Reversible[] {
  const files = new Map(request.migrations.map((migration) => [migration.name, migration]))
  const names = appliedRows(history).map(({ name }) => name)
  return [...names, ...(resuming === undefined ? [] : [resuming])].map((name) => {
    const file = files.get(name)
    if (file) return file
    return raise('ROLLBACK.NOT_APPLIED_HERE', {
      message: `${name} is applied, and the project does not have it.`,
      nextActions: [advice('Check out the branch that has it.')],
    })
  })
}

async function prepareWaysBack(
  applied: readonly Reversible[],
  names: readonly string[],
  request: RollbackRequest,
): Promise<Rehearsed & { ways: WayBack[] }> {
  request.emit({ kind: 'phase', phase: 'rehearse', detail: names.join(', ') })
  const ways: WayBack[] = []
  for (const [index] of names.entries()) {
    const at = applied.length - 1 - index
    const migration = applied[at]
    if (migration) ways.push(await wayBackOf(migration, applied.slice(0, at), request.scratch))
  }
  return { ways, ...(await rehearse(ways, applied, request)) }
}

async function rehearse(
  ways: readonly WayBack[],
  applied: readonly Reversible[],
  request: RollbackRequest,
): Promise<Rehearsed> {
  if (!request.acceptUnproven) return await rehearseWaysBack(ways, applied, request.scratch)
  return { rehearsal: { kind: 'not-rehearsed', reason: 'accepted unproven' } }
}

function refuseUnproven(
  rehearsal: Rehearsal,
  ways: readonly WayBack[],
  request: RollbackRequest,
): void {
  if (rehearsal.kind !== 'incomplete' || request.acceptUnproven) return
  const [only] = ways
  raise('ROLLBACK.WAY_BACK_INCOMPLETE', {
    message: `The way back does not bring back ${nameChanges(rehearsal.changes)}.`,
    why: 'It was run on a scratch, and the schema there differs from the one before; the database was not touched.',
    nextActions: [
      only && ways.length === 1
        ? correctionOf(only, 'complete it')
        : advice('Complete the down.sql that is at fault.'),
      command('slipway rollback --accept unproven', 'run it all the same'),
    ],
  })
}

function nameChanges(changes: readonly { object: string }[]): string {
  const names = changes.slice(0, 5).map(({ object }) => object)
  return changes.length > names.length
    ? `${names.join(', ')} and ${changes.length - names.length} more`
    : names.join(', ')
}

async function run(
  supervision: Supervision,
  { ways, expected }: { readonly ways: readonly WayBack[]; readonly expected: Catalog | undefined },
  request: RollbackRequest,
): Promise<Pick<RollbackOutcome, 'receipts' | 'kept' | 'verification' | 'failure'>> {
  const { session } = supervision
  const plans = ways.map(({ plan }) => plan)
  const { steps, keptNow } = await prepareRestoring(session, plans)
  const ran = await runMigrations(supervision, steps, await readJournal(session))
  const outcome = { ...ran, kept: await keptNow() }
  if (outcome.failure && outcome.failure.code !== 'DEPLOY.STATEMENT_FAILED') return outcome
  supervision.emit({ kind: 'phase', phase: 'verify' })
  if (!outcome.failure && expected) {
    const catalog = await attempt(() =>
      reading(supervision, async () =>
        readCatalog(session, await projectScope(session, request.migrations)),
      ),
    )
    const changes = catalog.ok ? difference(expected, catalog.value) : []
    if (changes.length > 0) return { ...outcome, failure: notRestored(nameChanges(changes)) }
  }
  const looked = await verified(supervision, request.migrations)
  if (looked.ok) return { ...outcome, verification: looked.value }
  return { ...outcome, failure: outcome.failure ?? looked.failure }
}

function notRestored(objects: string): Failure {
  return failureFrom('ROLLBACK.NOT_RESTORED', {
    message: `The migrations were taken back, but the database differs from its history in ${objects}.`,
    why: 'It differed before, or rows of the migration decided otherwise.',
    nextActions: [command('slipway drift', 'see it, with the SQL that corrects it')],
  })
}
