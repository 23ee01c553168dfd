import type { JournalEntry } from '../history/index.ts'
import { journalBeginSql, journalClearSql, journalFinishSql } from '../history/index.ts'
import { command, type Failure, failureOf, sha256 } from '../kernel/index.ts'
import type { MigrationPlan } from '../plan/index.ts'
import { type Companions, NO_COMPANIONS } from '../safekeeping/index.ts'
import { type Message, messageText, NO_MESSAGE, groupMessage } from '../safekeeping/index.ts'
import type { TransactionGroup } from '../statements/index.ts'
import type { Bookkeeping } from './bookkeeping.ts'
import { raise } from './failures.ts'
import { dropInvalidIndex, indexState } from './index-state.ts'
import { type MigrationRun, type Receipt, statementReceipts } from './receipt.ts'
import { doneReceipt, opening } from './run-atomic.ts'
import { statementFailure } from './statement-failure.ts'
import type { MigrationStep } from './step.ts'
import {
  type Attempts,
  restingLimits,
  statementTimeout,
  type Supervision,
  untilLocked,
} from './supervision.ts'

/** What the steps of one migration share. */
interface Steps {
  readonly supervision: Supervision
  readonly plan: MigrationPlan
  readonly books: Bookkeeping
  readonly entries: readonly JournalEntry[]
  readonly companions: Companions
  attempts: number
  lockWaitMs: number
  /** What was sent last. */
  message: Message
}

/**
 * Runs a migration transaction group by transaction group, each journalled with the transaction that does it, so that after a
 * crash it resumes at the transaction group where it stopped. A statement that runs outside any transaction is
 * journalled as begun before and as finished after; between the two, the catalog says whether it was
 * done. When the first transaction group fails the migration leaves nothing; when a later one does, those before it
 * stand (DEPLOY.INCOMPLETE).
 */
export async function runStepwise(
  supervision: Supervision,
  { plan, books, companions = NO_COMPANIONS }: MigrationStep,
  entries: readonly JournalEntry[],
): Promise<MigrationRun> {
  const began = performance.now()
  const steps: Steps = {
    supervision,
    plan,
    books,
    entries,
    companions,
    attempts: 1,
    lockWaitMs: 0,
    message: NO_MESSAGE,
  }
  const done = finishedGroups(plan, entries)
  if (entries.length === 0)
    await supervision.session.execute(books.begun() + beginSql(steps, plan.groups[0]))
  for (const group of plan.groups.slice(done)) {
    const [first] = group.statements
    supervision.emit({
      kind: 'statement-started',
      migration: plan.name,
      statement: first?.number ?? 0,
      total: plan.statements.length,
    })
    try {
      const attempts = await runGroup(steps, group)
      steps.attempts += attempts.attempts - 1
      steps.lockWaitMs += attempts.lockWaitMs
    } catch (error) {
      const failure = failureOf(error)
      if (!failure) throw error
      return await failedAt(steps, group, failure, began)
    }
  }
  if (done === plan.groups.length) await supervision.session.execute(finishSql(steps))
  return {
    receipt: doneReceipt(plan, { attempts: steps.attempts, lockWaitMs: steps.lockWaitMs }, began),
  }
}

/** How many transaction groups the journal holds as finished. Their text must not have changed since. */
export function finishedGroups(plan: MigrationPlan, entries: readonly JournalEntry[]): number {
  let done = 0
  for (const group of plan.groups) {
    const entry = entries.find(({ group: number, finished }) => finished && number === group.number)
    if (!entry) break
    if (entry.checksum !== sha256(group.sql)) {
      raise('DEPLOY.JOURNAL_MISMATCH', {
        message: `${plan.name} was edited in statements that this database has already run.`,
        why: 'Resuming it would give a schema that no file describes.',
        nextActions: [command(['repair'], 'undo it, or mark it')],
      })
    }
    done++
  }
  return done
}

async function runGroup(steps: Steps, group: TransactionGroup): Promise<Attempts> {
  return group.kind === 'alone' ? await runAlone(steps, group) : await runTransaction(steps, group)
}

async function runTransaction(steps: Steps, group: TransactionGroup): Promise<Attempts> {
  const { supervision, plan } = steps
  const { session } = supervision
  return await untilLocked(supervision, plan.name, async (lockTimeoutMs) => {
    const work = groupMessage(group, group.rolledBack ? NO_COMPANIONS : steps.companions)
    steps.message = [...opening(supervision, lockTimeoutMs), ...work]
    const sql = messageText(steps.message)
    const books = finishedSql(steps, group)
    if (!group.rolledBack) return await session.execute(`${sql}${books}COMMIT;`)
    await session.execute(`${sql}ROLLBACK;`)
    await session.execute(books)
  })
}

async function runAlone(steps: Steps, group: TransactionGroup): Promise<Attempts> {
  const { supervision, plan, entries } = steps
  const { session } = supervision
  steps.message = groupMessage(group, NO_COMPANIONS)
  const resumed = entries.some((entry) => entry.group === group.number)
  if (!resumed && group.number > 1) await session.execute(beginSql(steps, group))
  let attempts: Attempts = { attempts: 1, lockWaitMs: 0 }
  if (!(resumed && (await stands(steps, group)))) {
    // A concurrent build waits for older transactions and hinders nobody meanwhile: it may wait.
    const patient = /\bCONCURRENTLY\b/i.test(group.sql)
    const lockTimeout = patient ? 0 : supervision.limits.lockTimeoutMs
    await session.execute(
      `SET lock_timeout = ${lockTimeout}; SET statement_timeout = ${statementTimeout(supervision)}`,
    )
    try {
      attempts = await untilLocked(supervision, plan.name, () => runOnce(steps, group), false)
    } finally {
      await session.execute(restingLimits(supervision.deadline)).catch(() => {})
    }
  }
  await session.execute(finishedSql(steps, group))
  return attempts
}

async function runOnce(steps: Steps, group: TransactionGroup): Promise<void> {
  const { session } = steps.supervision
  const role = group.statements[0]?.role
  const builds = role?.kind === 'alone' ? role.builds : undefined
  if (builds) await dropInvalidIndex(session, builds)
  try {
    await session.execute(group.sql)
  } catch (error) {
    // What a broken build leaves would be taken for the index by IF NOT EXISTS, and slows writes.
    if (builds) await dropInvalidIndex(session, builds).catch(() => {})
    throw error
  }
}

/** Whether a statement that was begun before a crash has had its effect. */
async function stands(steps: Steps, group: TransactionGroup): Promise<boolean> {
  const { session } = steps.supervision
  const role = group.statements[0]?.role
  if (role?.kind !== 'alone') return false
  if (role.builds) return (await indexState(session, role.builds)) === 'valid'
  if (role.drops) return (await indexState(session, role.drops)) === 'absent'
  return false
}

function keyOf(steps: Steps, group: TransactionGroup) {
  const { plan, books } = steps
  return {
    migration: plan.name,
    direction: books.direction,
    group: group.number,
    checksum: sha256(group.sql),
  }
}

function beginSql(steps: Steps, group: TransactionGroup | undefined): string {
  return group ? journalBeginSql(steps.supervision.session, keyOf(steps, group)) : ''
}

function finishedSql(steps: Steps, group: TransactionGroup): string {
  const last = group.number === steps.plan.groups.length
  return last ? finishSql(steps) : journalFinishSql(steps.supervision.session, keyOf(steps, group))
}

function finishSql({ supervision, books, plan, attempts }: Steps): string {
  return books.finished(attempts) + journalClearSql(supervision.session, plan.name)
}

async function failedAt(
  steps: Steps,
  group: TransactionGroup,
  failure: Failure,
  began: number,
): Promise<MigrationRun> {
  const { supervision, plan, books } = steps
  const { session } = supervision
  const before = (group.statements[0]?.number ?? 1) - 1
  const receipt: Receipt = {
    migration: plan.name,
    status: 'failed',
    ms: Math.round(performance.now() - began),
    attempts: steps.attempts,
    lockWaitMs: steps.lockWaitMs,
    statements: statementReceipts(plan, before, 'failed'),
  }
  const { server } = failure
  if (failure.code !== 'DATABASE.STATEMENT' || !server) {
    if (failure.code === 'DATABASE.CONNECTION_LOST') return { receipt, failure }
    if (group.number > 1) return { receipt, failure: resumable(plan, group, failure) }
    await session.execute(books.undone() + journalClearSql(session, plan.name))
    return { receipt, failure }
  }
  const at = { server, message: steps.message }
  if (group.number === 1) {
    await session.execute(books.undone() + journalClearSql(session, plan.name))
    const code =
      server.sqlstate === '57014' ? 'DEPLOY.STATEMENT_TIMEOUT' : 'DEPLOY.STATEMENT_FAILED'
    return { receipt, failure: statementFailure(code, plan, at) }
  }
  await session.execute(books.failed(server.message))
  return { receipt, failure: statementFailure('DEPLOY.INCOMPLETE', plan, at) }
}

/** Stopped between transaction groups, by a lock or a signal: no statement is at fault, and a deploy goes on from here. */
function resumable(plan: MigrationPlan, group: TransactionGroup, failure: Failure): Failure {
  const number = group.statements[0]?.number ?? 1
  if (failure.code === 'DEPLOY.STOPPED') return failure
  return {
    ...failure,
    code: 'DEPLOY.INCOMPLETE',
    message: `${plan.name} stopped before statement ${number} of ${plan.statements.length}. ${failure.message}`,
    nextActions: [command(['deploy'], `go on at statement ${number}`), ...failure.nextActions],
  }
}
