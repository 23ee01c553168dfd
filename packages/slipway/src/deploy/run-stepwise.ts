import type { JournalEntry } from '../history/index.ts'
import { journalBeginSql, journalClearSql, journalFinishSql } from '../history/index.ts'
import { command, type Failure, failureOf, sha256 } from '../kernel/index.ts'
import type { Unit } from '../migration/index.ts'
import type { MigrationPlan } from '../plan/index.ts'
import { type Companions, NO_COMPANIONS } from '../safekeeping/index.ts'
import { type Message, messageText, NO_MESSAGE, unitMessage } from '../safekeeping/index.ts'
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
 * Runs a migration unit by unit, each journalled with the transaction that does it, so that after a
 * crash it resumes at the unit where it stopped. A statement that runs outside any transaction is
 * journalled as begun before and as finished after; between the two, the catalog says whether it was
 * done. When the first unit fails the migration leaves nothing; when a later one does, those before it
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
  const done = finishedUnits(plan, entries)
  if (entries.length === 0)
    await supervision.session.execute(books.begun() + beginSql(steps, plan.units[0]))
  for (const unit of plan.units.slice(done)) {
    const [first] = unit.statements
    supervision.emit({
      kind: 'statement-started',
      migration: plan.name,
      statement: first?.number ?? 0,
      total: plan.statements.length,
    })
    try {
      const attempts = await runUnit(steps, unit)
      steps.attempts += attempts.attempts - 1
      steps.lockWaitMs += attempts.lockWaitMs
    } catch (error) {
      const failure = failureOf(error)
      if (!failure) throw error
      return await failedAt(steps, unit, failure, began)
    }
  }
  if (done === plan.units.length) await supervision.session.execute(finishSql(steps))
  return {
    receipt: doneReceipt(plan, { attempts: steps.attempts, lockWaitMs: steps.lockWaitMs }, began),
  }
}

/** How many units the journal holds as finished. Their text must not have changed since. */
export function finishedUnits(plan: MigrationPlan, entries: readonly JournalEntry[]): number {
  let done = 0
  for (const unit of plan.units) {
    const entry = entries.find(({ unit: number, finished }) => finished && number === unit.number)
    if (!entry) break
    if (entry.checksum !== sha256(unit.sql)) {
      raise('DEPLOY.JOURNAL_MISMATCH', {
        message: `${plan.name} was edited in statements that this database has already run.`,
        why: 'Resuming it would give a schema that no file describes.',
        nextActions: [command('slipway repair', 'undo it, or mark it')],
      })
    }
    done++
  }
  return done
}

async function runUnit(steps: Steps, unit: Unit): Promise<Attempts> {
  return unit.kind === 'alone' ? await runAlone(steps, unit) : await runTransaction(steps, unit)
}

async function runTransaction(steps: Steps, unit: Unit): Promise<Attempts> {
  const { supervision, plan } = steps
  const { session } = supervision
  return await untilLocked(supervision, plan.name, async (lockTimeoutMs) => {
    const work = unitMessage(unit, unit.rolledBack ? NO_COMPANIONS : steps.companions)
    steps.message = [...opening(supervision, lockTimeoutMs), ...work]
    const sql = messageText(steps.message)
    const books = finishedSql(steps, unit)
    if (!unit.rolledBack) return await session.execute(`${sql}${books}COMMIT;`)
    await session.execute(`${sql}ROLLBACK;`)
    await session.execute(books)
  })
}

async function runAlone(steps: Steps, unit: Unit): Promise<Attempts> {
  const { supervision, plan, entries } = steps
  const { session } = supervision
  steps.message = unitMessage(unit, NO_COMPANIONS)
  const resumed = entries.some((entry) => entry.unit === unit.number)
  if (!resumed && unit.number > 1) await session.execute(beginSql(steps, unit))
  let attempts: Attempts = { attempts: 1, lockWaitMs: 0 }
  if (!(resumed && (await stands(steps, unit)))) {
    // A concurrent build waits for older transactions and hinders nobody meanwhile: it may wait.
    const patient = /\bCONCURRENTLY\b/i.test(unit.sql)
    const lockTimeout = patient ? 0 : supervision.limits.lockTimeoutMs
    await session.execute(
      `SET lock_timeout = ${lockTimeout}; SET statement_timeout = ${statementTimeout(supervision)}`,
    )
    try {
      attempts = await untilLocked(supervision, plan.name, () => runOnce(steps, unit), false)
    } finally {
      await session.execute(restingLimits(supervision.deadline)).catch(() => {})
    }
  }
  await session.execute(finishedSql(steps, unit))
  return attempts
}

async function runOnce(steps: Steps, unit: Unit): Promise<void> {
  const { session } = steps.supervision
  const role = unit.statements[0]?.role
  const builds = role?.kind === 'alone' ? role.builds : undefined
  if (builds) await dropInvalidIndex(session, builds)
  try {
    await session.execute(unit.sql)
  } catch (error) {
    // What a broken build leaves would be taken for the index by IF NOT EXISTS, and slows writes.
    if (builds) await dropInvalidIndex(session, builds).catch(() => {})
    throw error
  }
}

/** Whether a statement that was begun before a crash has had its effect. */
async function stands(steps: Steps, unit: Unit): Promise<boolean> {
  const { session } = steps.supervision
  const role = unit.statements[0]?.role
  if (role?.kind !== 'alone') return false
  if (role.builds) return (await indexState(session, role.builds)) === 'valid'
  if (role.drops) return (await indexState(session, role.drops)) === 'absent'
  return false
}

function keyOf(steps: Steps, unit: Unit) {
  const { plan, books } = steps
  return {
    migration: plan.name,
    direction: books.direction,
    unit: unit.number,
    checksum: sha256(unit.sql),
  }
}

function beginSql(steps: Steps, unit: Unit | undefined): string {
  return unit ? journalBeginSql(keyOf(steps, unit)) : ''
}

function finishedSql(steps: Steps, unit: Unit): string {
  const last = unit.number === steps.plan.units.length
  return last ? finishSql(steps) : journalFinishSql(keyOf(steps, unit))
}

function finishSql({ books, plan, attempts }: Steps): string {
  return books.finished(attempts) + journalClearSql(plan.name)
}

async function failedAt(
  steps: Steps,
  unit: Unit,
  failure: Failure,
  began: number,
): Promise<MigrationRun> {
  const { supervision, plan, books } = steps
  const { session } = supervision
  const before = (unit.statements[0]?.number ?? 1) - 1
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
    if (unit.number > 1) return { receipt, failure: resumable(plan, unit, failure) }
    await session.execute(books.undone() + journalClearSql(plan.name))
    return { receipt, failure }
  }
  const at = { server, message: steps.message }
  if (unit.number === 1) {
    await session.execute(books.undone() + journalClearSql(plan.name))
    const code =
      server.sqlstate === '57014' ? 'DEPLOY.STATEMENT_TIMEOUT' : 'DEPLOY.STATEMENT_FAILED'
    return { receipt, failure: statementFailure(code, plan, at) }
  }
  await session.execute(books.failed(server.message))
  return { receipt, failure: statementFailure('DEPLOY.INCOMPLETE', plan, at) }
}

/** Stopped between units, by a lock or a signal: no statement is at fault, and a deploy goes on from here. */
function resumable(plan: MigrationPlan, unit: Unit, failure: Failure): Failure {
  const number = unit.statements[0]?.number ?? 1
  if (failure.code === 'DEPLOY.STOPPED') return failure
  return {
    ...failure,
    code: 'DEPLOY.INCOMPLETE',
    message: `${plan.name} stopped before statement ${number} of ${plan.statements.length}. ${failure.message}`,
    nextActions: [
      command('slipway deploy', `go on at statement ${number}`),
      ...failure.nextActions,
    ],
  }
}
