import type { AtomicSession } from '../../database/index.ts'
import type { Receipt, Violation } from '../../execution/index.ts'
import {
  advice,
  attempt,
  command,
  type Failure,
  failureFrom,
  formatRows,
  must,
} from '../../kernel/index.ts'
import { REFERRED_GUARD, referredFailure } from '../../safekeeping/index.ts'
import type { TableChange } from '../../schema/index.ts'
import type { Migration } from '../../statements/index.ts'
import { requireConsent } from '../consent.ts'
import type { DeployRequest } from '../deploy.ts'
import { type Accepted, acceptedNames } from '../hazards.ts'
import { atomicReceipt, type GuardedOutcome, type GuardedRun, runGuarded } from './run.ts'
import type { TestedMigration } from './test-on-copy.ts'

/** The request of a command that runs tested migrations, up or down. */
export type GuardedRequest = Pick<DeployRequest, 'protected' | 'consent' | 'emit'> &
  Accepted & {
    /** The words of the command; `deploy` if absent. */
    readonly command?: readonly string[]
  }

/** Tested migrations that ran, and the failure of the one after them. */
export interface RunInTurn {
  /** Of all migrations. */
  readonly receipts: readonly Receipt[]
  readonly done: readonly TestedMigration[]
  readonly failure?: Failure | undefined
}

/** Runs migrations one after the other until one fails. `run` gets those that are done. */
export async function runInTurn(
  tested: readonly TestedMigration[],
  { emit }: Pick<GuardedRequest, 'emit'>,
  run: (one: TestedMigration, done: readonly TestedMigration[]) => Promise<GuardedOutcome>,
): Promise<RunInTurn> {
  const receipts: Receipt[] = []
  const done: TestedMigration[] = []
  for (const [index, one] of tested.entries()) {
    const { name } = one.migration
    emit({ kind: 'migration-started', migration: name, index, total: tested.length })
    const { failure, ms } = await run(one, done)
    receipts.push(atomicReceipt(one.migration, failure ? 'failed' : 'done', ms))
    if (failure) {
      emit({ kind: 'migration-failed', migration: name, code: failure.code })
      const left = tested.slice(index + 1)
      receipts.push(...left.map(({ migration }) => atomicReceipt(migration, 'not-run', 0)))
      return { receipts, done, failure }
    }
    done.push(one)
    emit({ kind: 'migration-done', migration: name, ms, attempts: 1 })
  }
  return { receipts, done }
}

/** What runs with a tested migration. */
type Surroundings = Omit<GuardedRun, keyof TestedMigration>

/**
 * Runs a migration. If a guard finds a loss that no statement announces, and such losses are accepted, runs it again and
 * keeps the table: `surroundings` gets the tables so far. Returns the failure that a guard causes.
 */
export async function runAccepting(
  session: AtomicSession,
  one: TestedMigration,
  request: GuardedRequest,
  surroundings: (accepted: readonly TableChange[]) => Surroundings,
): Promise<GuardedOutcome> {
  const { migration, drops, changes, written, unchecked } = one
  const accepted: TableChange[] = []
  for (;;) {
    const run = { ...surroundings(accepted), migration, drops, changes, written, unchecked }
    const outcome = await runGuarded(session, run)
    const { violation } = outcome
    if (violation === undefined) return outcome
    const lost = changes.find(({ before }) => before?.name === violation.facts['table'])
    const isNew = lost !== undefined && !accepted.includes(lost)
    if (!(violation.guard === 'rows' && request.acceptUnannounced && isNew))
      return { ...outcome, failure: violationFailure(migration, outcome, { session, request }) }
    const refused = await refusedConsent(session, migration, violation, request)
    if (refused) return { ...outcome, failure: refused }
    accepted.push(lost)
  }
}

/**
 * On a protected target, losses that no statement names also need consent by name. Returns the failure if it
 * is missing.
 */
async function refusedConsent(
  { server: { database } }: AtomicSession,
  { name }: Migration,
  { facts }: Violation,
  { protected: isProtected, consent, command: words = ['deploy'] }: GuardedRequest,
): Promise<Failure | undefined> {
  if (!isProtected) return undefined
  const text = `rows or values of ${String(facts['table'])} (${name})`
  const destroys = [{ what: 'table-data' as const, text }]
  const asked = await attempt(() => requireConsent({ database, destroys, command: words }, consent))
  return asked.ok ? undefined : asked.failure
}

/** The failure of a migration that a guard undid. */
function violationFailure(
  { name }: Migration,
  { violation, failure }: GuardedOutcome,
  { session, request }: { readonly session: AtomicSession; readonly request: GuardedRequest },
): Failure {
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
