import { executeLocked, ownPinSql } from '../database/index.ts'
import type { JournalEntry } from '../history/index.ts'
import { journalBeginSql, journalClearSql, journalFinishSql } from '../history/index.ts'
import { command, type Failure, failureOf, sha256 } from '../kernel/index.ts'
import type { Action, Migration, TransactionGroup } from '../statements/index.ts'
import { executeGroup, type Refusal } from './execute-group.ts'
import type { Execution } from './execution.ts'
import { NO_HOOKS } from './hooks.ts'
import { type Attempts, type Retried, retryOnLockTimeout } from './lock-retry.ts'
import { dropInvalidIndex, indexState } from './postgres/index-state.ts'
import {
  sessionTimeoutsSql,
  targetSettingsSql,
  type TargetSession,
  timeoutsNow,
} from './postgres/limits.ts'
import {
  changesSettings,
  OWN_ROLE_SQL,
  resetSessionSql,
  settingsBeforeSql,
  type Sql,
} from './postgres/session-reset.ts'
import { doneReceipt, type MigrationOutcome, type Receipt, statementReceipts } from './receipt.ts'
import { raise } from './run-failures.ts'
import { isSessionLost, statementFailure, refusalCode } from './statement-failure.ts'

/** What the steps of one migration share. */
interface Steps {
  readonly target: TargetSession
  readonly execution: Execution
  readonly entries: readonly JournalEntry[]
  attempts: number
  lockWaitMs: number
}

/**
 * Runs a migration group by group. Each transaction group is journalled in its own transaction, so that after a crash
 * the migration resumes at the group where it stopped. A statement that runs outside any transaction is journalled as
 * begun before it runs and as finished afterwards; in between, the catalog shows whether it was done. If the first
 * group fails, the migration leaves nothing behind; if a later one fails, the groups before it are committed
 * (DEPLOY.INCOMPLETE).
 */
export async function runSteps(
  target: TargetSession,
  execution: Execution,
  entries: readonly JournalEntry[],
): Promise<MigrationOutcome> {
  const began = performance.now()
  const { migration, journal } = execution
  const steps: Steps = { target, execution, entries, attempts: 1, lockWaitMs: 0 }
  const done = finishedGroups(migration, entries)
  const [next] = migration.groups.slice(done)
  refuseUnknown(migration, entries)
  const begun = entries.length === 0 ? journal.begunSql() + beginSql(steps, next) : ''
  await executeLocked(target.session, resetSql(steps).sql + begun + earlierSettings(steps, next))
  for (const group of migration.groups.slice(done)) {
    const [first] = group.statements
    target.emit({
      kind: 'statement-started',
      migration: migration.name,
      statement: first?.number ?? 0,
      total: migration.statements.length,
    })
    const { refusal, attempts, lockWaitMs } = await runGroup(steps, group)
    steps.attempts += attempts - 1
    steps.lockWaitMs += lockWaitMs
    if (refusal) return await failedAt(steps, group, { refusal, began })
  }
  if (!next) await executeLocked(target.session, finishSql(steps))
  const { attempts, lockWaitMs } = steps
  return { receipt: doneReceipt(migration, { attempts, lockWaitMs }, began) }
}

/** How many transaction groups the journal has as finished. Their text must not have changed since. */
export function finishedGroups(
  { name, groups }: Pick<Migration, 'name' | 'groups'>,
  entries: readonly JournalEntry[],
): number {
  let done = 0
  for (const group of groups) {
    const entry = entries.find(({ group: number, finished }) => finished && number === group.number)
    if (!entry) break
    if (entry.checksum !== sha256(group.sql)) {
      raise('DEPLOY.JOURNAL_MISMATCH', {
        message: `${name} was edited in statements that this database has already run.`,
        why: 'Resuming it would produce a schema that no file describes.',
        nextActions: [command(['repair'], 'undo the migration, or mark it')],
      })
    }
    done++
  }
  return done
}

/**
 * The group that a crash interrupted and that may or may not have run: code with its own COMMIT (CALL, a DO with
 * COMMIT).
 */
export function unknownGroup(
  { groups }: Pick<Migration, 'groups'>,
  entries: readonly JournalEntry[],
): TransactionGroup | undefined {
  return groups.find(
    (group) =>
      commitsItself(group) &&
      entries.some(({ group: number, finished }) => number === group.number && !finished),
  )
}

/** Nothing runs twice: only the user can decide whether such code has run. */
function refuseUnknown({ name, groups, statements }: Migration, entries: readonly JournalEntry[]) {
  const number = unknownGroup({ groups }, entries)?.statements[0]?.number
  if (number === undefined) return
  raise('DEPLOY.OUTCOME_UNKNOWN', {
    message: `It is unknown whether statement ${number} of ${statements.length} of ${name} ran: it issues its own COMMIT and was interrupted.`,
    why: 'If it ran, fully or in part, running it again would repeat its work.',
    nextActions: [
      command(['repair'], 'see what the database has, and decide whether it runs again'),
    ],
  })
}

/** The result of a transaction group, including failures between its statements. */
async function runGroup(steps: Steps, group: TransactionGroup): Promise<Retried<Refusal>> {
  try {
    return group.kind === 'alone'
      ? await runAlone(steps, group)
      : await runTransaction(steps, group)
  } catch (error) {
    const failure = failureOf(error)
    if (!failure) throw error
    return { attempts: 1, lockWaitMs: 0, refusal: { failure, error } }
  }
}

async function runTransaction(steps: Steps, group: TransactionGroup): Promise<Retried<Refusal>> {
  const { target, execution } = steps
  const { migration, hooks = NO_HOOKS, observer, review, existing, keeper } = execution
  return await retryOnLockTimeout(
    target,
    migration.name,
    async (lockTimeoutMs) =>
      await executeGroup({
        session: target.session,
        group,
        hooks,
        observer,
        review,
        existing,
        keeper,
        timeouts: timeoutsNow(target, lockTimeoutMs),
        record: finishedSql(steps, group),
      }),
  )
}

async function runAlone(steps: Steps, group: TransactionGroup): Promise<Retried<Refusal>> {
  const { target, entries } = steps
  const { session } = target
  const resumed = entries.some((entry) => entry.group === group.number)
  if (!resumed && group.number > 1) await executeLocked(session, beginSql(steps, group))
  let retried: Retried<Refusal> = { attempts: 1, lockWaitMs: 0 }
  if (!(resumed && (await isDone(steps, group)))) retried = await buildAlone(steps, group)
  if (!retried.refusal) await executeLocked(session, finishedSql(steps, group))
  return retried
}

async function buildAlone(steps: Steps, group: TransactionGroup): Promise<Retried<Refusal>> {
  const { target, execution } = steps
  const { session, limits } = target
  // A concurrent build waits for older transactions and blocks no session in the meantime: it may wait.
  const patient = group.statements.some(({ actions }) => actions.some(isConcurrent))
  const timeouts = timeoutsNow(target, patient ? 0 : limits.lockTimeoutMs)
  await executeLocked(session, sessionTimeoutsSql(timeouts))
  try {
    return await retryOnLockTimeout(target, execution.migration.name, () =>
      executeBuilding(steps, group),
    )
  } finally {
    await executeLocked(session, targetSettingsSql(target)).catch(() => {})
  }
}

function isConcurrent(action: Action): boolean {
  return 'concurrently' in action && action.concurrently
}

async function executeBuilding(
  { target: { session }, execution: { observer } }: Steps,
  group: TransactionGroup,
): Promise<Refusal | undefined> {
  const role = group.statements[0]?.role
  const builds = role?.kind === 'alone' ? role.builds : undefined
  if (builds) await dropInvalidIndex(session, builds)
  const refusal = await executeGroup({ session, group, hooks: NO_HOOKS, observer })
  // The leftover of a failed build slows writes, and IF NOT EXISTS would mistake it for the index.
  if (refusal && builds) await dropInvalidIndex(session, builds).catch(() => {})
  return refusal
}

/** Whether a statement that was begun before a crash has taken effect. */
async function isDone({ target: { session } }: Steps, group: TransactionGroup): Promise<boolean> {
  const role = group.statements[0]?.role
  if (role?.kind !== 'alone') return false
  if (role.builds) return (await indexState(session, role.builds)) === 'valid'
  if (role.drops) return (await indexState(session, role.drops)) === 'absent'
  return false
}

function resetSql({ target }: Steps): Sql {
  return resetSessionSql(target.session, targetSettingsSql(target))
}

/** A run that continues after a crash has a new session, which lacks the earlier settings of the file. */
function earlierSettings({ execution }: Steps, next: TransactionGroup | undefined): string {
  return next ? settingsBeforeSql(execution.migration, next) : ''
}

function journalKey({ execution: { migration, journal } }: Steps, group: TransactionGroup) {
  return {
    migration: migration.name,
    direction: journal.direction,
    group: group.number,
    checksum: sha256(group.sql),
  }
}

function beginSql(steps: Steps, group: TransactionGroup | undefined): string {
  return group
    ? ownRole(steps) + journalBeginSql(steps.target.session, journalKey(steps, group))
    : ''
}

/** Settings of the file stay in force after a group, and end with the file. */
function finishedSql(steps: Steps, group: TransactionGroup): string {
  const last = group.number === steps.execution.migration.groups.length
  return last
    ? finishSql(steps)
    : ownRole(steps) + journalFinishSql(steps.target.session, journalKey(steps, group))
}

function ownRole({ execution }: Steps): string {
  return changesSettings(execution.migration) ? OWN_ROLE_SQL : ''
}

function finishSql(steps: Steps): string {
  const { migration, journal } = steps.execution
  return (
    ownSession(steps) +
    journal.finishedSql(steps.attempts) +
    journalClearSql(steps.target.session, migration.name)
  )
}

function ownSession(steps: Steps): string {
  const reset = changesSettings(steps.execution.migration) ? resetSql(steps).sql : ''
  return reset + ownPinSql(steps.target.session)
}

async function failedAt(
  steps: Steps,
  group: TransactionGroup,
  { refusal, began }: { readonly refusal: Refusal | { failure: Failure }; readonly began: number },
): Promise<MigrationOutcome> {
  const { target, execution } = steps
  const { migration, journal } = execution
  const { failure } = refusal
  const before = (group.statements[0]?.number ?? 1) - 1
  const receipt: Receipt = {
    migration: migration.name,
    status: 'failed',
    ms: Math.round(performance.now() - began),
    ...attemptsOf(steps),
    statements: statementReceipts(migration, before, 'failed'),
  }
  const record = (sql: string) => executeLocked(target.session, ownSession(steps) + sql)
  const { server } = failure
  if (isSessionLost(failure)) return { receipt, failure }
  // Code with its own COMMIT leaves what it committed, even as the first statement.
  const first = group.number === 1 && !commitsItself(group)
  if (first) await record(journal.undoneSql() + journalClearSql(target.session, migration.name))
  if (failure.code !== 'DATABASE.STATEMENT' || !server)
    return { receipt, failure: first ? failure : resumable(migration, group, failure) }
  const at = { ...('error' in refusal ? refusal : {}), server }
  if (first) return { receipt, failure: statementFailure(refusalCode(server), migration, at) }
  await record(journal.failedSql(server.message))
  return { receipt, failure: statementFailure('DEPLOY.INCOMPLETE', migration, at) }
}

function commitsItself({ kind, statements }: TransactionGroup): boolean {
  const runsCode = statements.some(({ actions }) => actions.some((one) => one.kind === 'opaque'))
  return kind === 'alone' && runsCode
}

function attemptsOf({ attempts, lockWaitMs }: Steps): Attempts {
  return { attempts, lockWaitMs }
}

/** A lock or a signal stopped the run between transaction groups: no statement is at fault, and a deploy continues here. */
function resumable(migration: Migration, group: TransactionGroup, failure: Failure): Failure {
  const number = group.statements[0]?.number ?? 1
  if (failure.code === 'DEPLOY.STOPPED') return failure
  return {
    ...failure,
    code: 'DEPLOY.INCOMPLETE',
    message: `${migration.name} stopped before statement ${number} of ${migration.statements.length}. ${failure.message}`,
    nextActions: [command(['deploy'], `continue at statement ${number}`), ...failure.nextActions],
  }
}
