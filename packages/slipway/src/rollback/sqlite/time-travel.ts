import { d1Bookmark, d1Restore, type RemoteD1, withSession } from '../../database/index.ts'
import {
  type Consent,
  requireConsent,
  withSqliteTarget,
  type WorkRequest,
} from '../../deploy/index.ts'
import { compareHistory, readDeployBookmark, readHistory } from '../../history/index.ts'
import { attempt, command, type Failure, failureFrom, rethrow } from '../../kernel/index.ts'
import { raise } from '../failures.ts'

/** A restore to the bookmark of a deploy, and how consent to it is given. */
export interface BookmarkRequest extends WorkRequest {
  readonly consent: Consent
}

/** The outcome of a restore by Time Travel. */
export interface BookmarkOutcome {
  readonly database: string
  /** The restored state, from before a deploy. */
  readonly bookmark: string
  /** The state before the restore: `wrangler d1 time-travel restore` undoes it with this. */
  readonly undo: string
  /** The migrations that the deploy had applied and that are undone. */
  readonly undone: readonly string[]
  /** Whether the history equals that before the deploy. */
  readonly verified: boolean
  readonly failure?: Failure
}

const OPTIONS = { applicationName: 'slipway rollback' }

/**
 * Restores a remote D1 database to its state before the deploy that applied the last migration. All
 * migrations of that deploy are undone, and later writes remain only in the bookmark `undo`. Fails with
 * ROLLBACK.NO_BOOKMARK, and on a protected target with DEPLOY.CONSENT_NEEDED.
 */
export async function restoreDeployBookmark(request: BookmarkRequest): Promise<BookmarkOutcome> {
  const { address, migrations, consent } = request
  if (address.kind !== 'd1') return raiseNoTimeTravel()
  return await withSqliteTarget(request, async ({ session, ledger }) => {
    const { database } = session.server
    const { applied } = compareHistory(await readHistory(session), migrations)
    const last = applied.at(-1)
    const isKnown = last !== undefined && ledger.revision > 0
    const deploy = isKnown ? await readDeployBookmark(session, last) : undefined
    if (deploy === undefined) return raiseNoBookmark(last)
    const destroys = [{ what: 'later-writes' as const, since: deploy.at }]
    const question = { database, destroys, command: ['rollback', '--from-bookmark'] }
    if (request.protected) await requireConsent(question, consent)
    const { bookmark, migrations: undone } = deploy
    request.emit({
      kind: 'phase',
      phase: 'restore',
      detail: `the state before ${undone.join(', ')}`,
    })
    const undo = await d1Bookmark(address, OPTIONS)
    await restore(address, bookmark)
    const left = await appliedNow(request)
    const verified = !undone.some((name) => left.includes(name))
    const outcome = { database, bookmark, undo, undone, verified }
    return verified ? outcome : { ...outcome, failure: notRestored(database) }
  })
}

/** A restore is idempotent, so one whose response was lost is repeated. */
async function restore(address: RemoteD1, bookmark: string): Promise<void> {
  const restored = await attempt(() => d1Restore(address, bookmark, OPTIONS))
  if (restored.ok) return
  if (restored.failure.code !== 'DATABASE.OUTCOME_UNKNOWN') rethrow(restored.failure)
  await d1Restore(address, bookmark, OPTIONS)
}

/** Uses a new session, because a restore ends open ones. */
async function appliedNow({ address, migrations }: WorkRequest): Promise<readonly string[]> {
  return await withSession(address, OPTIONS, async (session) => {
    return compareHistory(await readHistory(session), migrations).applied
  })
}

function raiseNoTimeTravel(): never {
  return raise('ROLLBACK.NO_BOOKMARK', {
    message: 'This database has no Time Travel; only remote D1 databases have it.',
    nextActions: [command(['rollback'], 'roll back the last migration with its down migration')],
  })
}

function raiseNoBookmark(last: string | undefined): never {
  return raise('ROLLBACK.NO_BOOKMARK', {
    message:
      last === undefined
        ? 'No migration is applied, so there is nothing to roll back.'
        : `No bookmark was recorded before ${last} was applied.`,
    why: 'Only Slipway deploys to a remote D1 database record one.',
    nextActions: [command(['status'], 'see what is applied')],
  })
}

function notRestored(database: string): Failure {
  return failureFrom('ROLLBACK.NOT_RESTORED', {
    message: `Cloudflare reports that ${database} was restored, but its history still has the migrations.`,
    nextActions: [command(['status'], 'see what is applied')],
  })
}
