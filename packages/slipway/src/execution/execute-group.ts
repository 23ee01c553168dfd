import { executeLocked, type Session } from '../database/index.ts'
import { type Failure, failureOf } from '../kernel/index.ts'
import type { Statement, TransactionGroup } from '../statements/index.ts'
import type { Effect, Review } from './effects.ts'
import type { Hooks } from './hooks.ts'
import { type Message, messageText, statementMessages, stopPlace } from './message.ts'
import type { Observer } from './observer.ts'
import { readDataObjects, readEffects } from './postgres/effects.ts'
import { localTimeoutsSql, type Timeouts } from './postgres/limits.ts'
import type { Sql } from './postgres/session-reset.ts'

/** One transaction group, and what is sent with it. */
export interface GroupExecution {
  readonly session: Session
  /** Absent for a file without statements, of which there is only something to record. */
  readonly group: TransactionGroup | undefined
  readonly hooks: Hooks
  /** Sent first: it resets the session before the first group of a file. */
  readonly reset?: Sql | undefined
  /** Absent on a shadow database, where nobody else is. */
  readonly timeouts?: Timeouts | undefined
  /** SQL in the same transaction, behind the statements: what is recorded of them. */
  readonly record?: string | undefined
  readonly observer?: Observer | undefined
  /** Judges the group before it commits, which takes two round trips more. */
  readonly review?: Review | undefined
}

/** What ended a transaction group; nothing of it remains. */
export interface Refusal {
  readonly failure: Failure
  /** What was thrown; nothing if a review refused the group. */
  readonly error: unknown
  /** The statement that was refused, and the index in the file where it is known. */
  readonly statement?: Statement
  readonly index?: number
}

/**
 * Executes one transaction group: in one transaction with what is recorded of it and in one round trip, unless
 * an observer looks at each statement. Gives what the server refused; then the transaction is rolled back. A
 * statement that runs outside any transaction goes as it is; `record` then follows it. On a session that holds the lock
 * of the database, the same message asserts that before its transaction begins, so that nothing runs without it; for a
 * statement outside any transaction, the messages before and after it do.
 */
export async function executeGroup(execution: GroupExecution): Promise<Refusal | undefined> {
  return execution.group?.kind === 'alone'
    ? await executeAlone(execution, execution.group)
    : await executeTransaction(execution)
}

async function executeTransaction(execution: GroupExecution): Promise<Refusal | undefined> {
  const { session, group, observer, review, record = '' } = execution
  const opening = openingMessage(execution)
  // Hooks of statements that leave nothing would keep what stays.
  const hooks = group?.rolledBack ? new Map() : execution.hooks
  const sent = group ? statementMessages(group, { ...execution, hooks }) : []
  const end = group?.rolledBack ? 'ROLLBACK;' : `${record}COMMIT;`
  const whole = [...opening, ...sent.flatMap(({ message }) => message)]
  const refusal =
    group && observer?.wantsEach(group)
      ? await sendEach({ session, group, observer }, { opening, sent, end })
      : group && review && !group.rolledBack
        ? await sendReviewed(execution, { message: whole, end, review })
        : await sendWhole(execution, whole, end)
  // Where no transaction is open this is a warning; where the connection broke, the server has done it.
  if (refusal) await session.execute('ROLLBACK').catch(() => {})
  else if (group?.rolledBack && record !== '') await executeLocked(session, record)
  return refusal
}

/**
 * What opens a transaction: its timeouts hold for the transaction and end with it. The guard of the lock has a transaction
 * of its own before: it takes a snapshot, after which the file could not choose its isolation level.
 */
function openingMessage({ session, reset, timeouts }: GroupExecution): Message {
  const { lockGuard } = session
  const begin =
    lockGuard === undefined
      ? { sql: 'BEGIN;\n', commands: 1 }
      : { sql: `BEGIN;\n${lockGuard}COMMIT;\nBEGIN;\n`, commands: 4 }
  const limits = timeouts ? [{ sql: localTimeoutsSql(timeouts), commands: 2 }] : []
  return [begin, ...(reset ? [reset] : []), ...limits]
}

async function sendWhole(
  { session, group, observer }: GroupExecution,
  message: Message,
  end: string,
): Promise<Refusal | undefined> {
  const sending = group && { group, statements: group.statements }
  return await send(message, async (watch) => {
    const run = () => watch(() => session.execute(messageText(message) + end))
    await (observer && sending ? observer.around(sending, run) : run())
  })
}

/** Sends the group, and commits it once its effects were read and nothing is against them. */
async function sendReviewed(
  execution: GroupExecution,
  {
    message,
    end,
    review,
  }: { readonly message: Message; readonly end: string; readonly review: Review },
): Promise<Refusal | undefined> {
  const { session } = execution
  const before = await readDataObjects(session)
  const refusal = await sendWhole(execution, message, '')
  if (refusal) return refusal
  const effects: Effect[] = []
  const unread = await send([], (watch) =>
    watch(async () => void effects.push(...(await readEffects(session, before)))),
  )
  if (unread) return unread
  const failure = review(effects)
  if (failure) return { failure, error: undefined }
  return await send([], (watch) => watch(() => session.execute(end)))
}

async function sendEach(
  at: { readonly session: Session; readonly group: TransactionGroup; readonly observer: Observer },
  parts: {
    readonly opening: Message
    readonly sent: ReturnType<typeof statementMessages>
    readonly end: string
  },
): Promise<Refusal | undefined> {
  const { session, group, observer } = at
  await session.execute(messageText(parts.opening))
  await observer.groupBegan?.(group)
  for (const { statement, message } of parts.sent) {
    const refusal = await send(message, (watch) =>
      observer.around({ group, statements: [statement] }, () =>
        watch(() => session.execute(messageText(message))),
      ),
    )
    if (refusal) return refusal
  }
  return await send([], (watch) => watch(() => session.execute(parts.end)))
}

async function executeAlone(
  execution: GroupExecution,
  group: TransactionGroup,
): Promise<Refusal | undefined> {
  const { session, reset, observer, record = '' } = execution
  if (reset || session.lockGuard !== undefined) await executeLocked(session, reset?.sql ?? '')
  const [statement] = group.statements
  const message: Message = [
    { sql: group.sql, commands: 1, offset: group.offset, ...(statement ? { statement } : {}) },
  ]
  const sending = { group, statements: group.statements }
  const refusal = await send(message, async (watch) => {
    const run = () => watch(() => session.execute(group.sql))
    await (observer ? observer.around(sending, run) : run())
  })
  if (!refusal && record !== '') await executeLocked(session, record)
  return refusal
}

/** Sends SQL and gives what the server refused, with its place. What else `work` throws passes through. */
async function send(
  message: Message,
  work: (watch: (run: () => Promise<void>) => Promise<void>) => Promise<void>,
): Promise<Refusal | undefined> {
  let refusal: Refusal | undefined
  const watch = async (run: () => Promise<void>) => {
    try {
      await run()
    } catch (error) {
      refusal = refusalOf(error, message)
      throw error
    }
  }
  try {
    await work(watch)
    return undefined
  } catch (error) {
    if (refusal) return refusal
    throw error
  }
}

function refusalOf(error: unknown, message: Message): Refusal | undefined {
  const failure = failureOf(error)
  if (!failure) return undefined
  const place = failure.server ? stopPlace(message, failure.server) : {}
  return { failure, error, ...place }
}
