import { executeLocked, type Session } from '../database/index.ts'
import { type Failure, failureOf } from '../kernel/index.ts'
import { firstAfterSettings, type Statement, type TransactionGroup } from '../statements/index.ts'
import type { Effect, Review } from './effects.ts'
import type { Hooks } from './hooks.ts'
import type { KeeperFindings, Keeper, UnkeptData } from './keeper.ts'
import { type Message, messageText, statementMessages, stopPlace } from './message.ts'
import type { Observer } from './observer.ts'
import { localTimeoutsSql, type Timeouts } from './postgres/limits.ts'
import { type DataObjects, readDataObjects, readEffects } from './postgres/read-effects.ts'
import { changesSettings, OWN_ROLE_SQL, type Sql } from './postgres/session-reset.ts'

/** One transaction group, and what is sent with it. */
export interface GroupExecution {
  readonly session: Session
  /** Absent for a file without statements: only `record` runs. */
  readonly group: TransactionGroup | undefined
  readonly hooks: Hooks
  /** Sent first: it resets the session before the first group of a file. */
  readonly reset?: Sql | undefined
  /** Absent on a shadow database, which has no other sessions. */
  readonly timeouts?: Timeouts | undefined
  /** SQL after the statements, in the same transaction, that records them. */
  readonly record?: string | undefined
  readonly observer?: Observer | undefined
  /** Judges the group before it commits, at the cost of two more round trips. */
  readonly review?: Review | undefined
  /** Objects with data before the first group of the run (before this group if absent). A review judges only these. */
  readonly existing?: DataObjects | undefined
  /** Keeps what the hooks do not: a group that destroyed unkept data is rolled back and run again. */
  readonly keeper?: Keeper | undefined
}

/** How often a group runs at most; it is repeated if it destroyed data that was not kept. */
const MOST_RUNS = 5

/** What ended a transaction group, which then left nothing behind. */
export interface Refusal {
  readonly failure: Failure
  /** The thrown error; undefined if a review refused the group. */
  readonly error: unknown
  /** The refused statement, and the index in the file if it is known. */
  readonly statement?: Statement
  readonly index?: number
  /** One sentence for each sequence that could not be moved back. */
  readonly moved?: readonly string[]
}

/**
 * Executes one transaction group in one transaction with its `record`, and in one round trip unless an observer
 * looks at each statement. Returns the server's refusal; the transaction is then rolled back. A statement that runs
 * outside any transaction is sent as it is, followed by `record`. If the session holds the lock of the database, the
 * same message checks the lock before its transaction begins, so that nothing runs without it; for a statement
 * outside any transaction, the messages before and after it do so.
 */
export async function executeGroup(execution: GroupExecution): Promise<Refusal | undefined> {
  return execution.group?.kind === 'alone'
    ? await executeAlone(execution, execution.group)
    : await executeTransaction(execution)
}

async function executeTransaction(execution: GroupExecution): Promise<Refusal | undefined> {
  const { session, group, observer, review, keeper, record = '' } = execution
  // The group rolls itself back: hooks would keep data that is not destroyed.
  const leavesNothing = group?.rolledBack === true
  const hooks = leavesNothing ? new Map() : execution.hooks
  const isObserved = group && observer?.wantsEach(group)
  const isWatched = !leavesNothing && !isObserved && (review || (group && keeper?.watches(group)))
  const own = { ...execution, hooks }
  const moveBack = group && (await keeper?.remember(session, group))
  const refusal =
    group && observer && isObserved
      ? await sendEach({ session, group, observer }, unwatched(own))
      : group && isWatched
        ? await sendWatched({ ...own, group })
        : await sendWhole(own, wholeOf(own), endOf(execution))
  // Without an open transaction this is only a warning; after a lost connection, the server has rolled back already.
  if (refusal) await session.execute('ROLLBACK').catch(() => {})
  const moved = ((refusal || leavesNothing) && (await moveBack?.().catch(() => []))) || []
  if (!refusal && leavesNothing && record !== '') await executeLocked(session, record)
  return refusal && moved.length > 0 ? withMoved(refusal, moved) : refusal
}

function withMoved(refusal: Refusal, moved: readonly string[]): Refusal {
  const { failure } = refusal
  const why = [failure.why, ...moved].filter((one) => one !== undefined).join(' ')
  return { ...refusal, moved, failure: { ...failure, why } }
}

function partsOf(execution: GroupExecution) {
  const sent = execution.group ? statementMessages(execution.group, execution) : []
  return { opening: openingMessage(execution), sent, end: endOf(execution) }
}

/** The parts of a group that an observer sees statement by statement: its kept data is not compared. */
function unwatched(execution: GroupExecution): ReturnType<typeof partsOf> {
  const { group, keeper } = execution
  const parts = partsOf(execution)
  const nothing = { missed: [], overwritten: [], names: {}, again: '' }
  const kept = group && keeper?.endSql(group, nothing, [])
  return { ...parts, end: (kept ?? '') + parts.end }
}

function wholeOf(execution: GroupExecution): Message {
  const { opening, sent } = partsOf(execution)
  return [...opening, ...sent.flatMap(({ message }) => message)]
}

function endOf({ group, record = '' }: GroupExecution): string {
  return group?.rolledBack ? 'ROLLBACK;' : `${record}COMMIT;`
}

/**
 * SQL that opens a transaction; its timeouts end with the transaction. The lock guard runs before it in a separate
 * transaction: it takes a snapshot, after which the file could not choose its isolation level.
 */
function openingMessage({ session, group, reset, timeouts }: GroupExecution): Message {
  const { lockGuard } = session
  const level = group?.isolation === undefined ? '' : ` ISOLATION LEVEL ${group.isolation}`
  const begin =
    lockGuard === undefined
      ? { sql: `BEGIN${level};\n`, commands: 1 }
      : { sql: `BEGIN;\n${lockGuard}COMMIT;\nBEGIN${level};\n`, commands: 4 }
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

/** A group whose effects are read before it commits. */
interface WatchedGroup extends GroupExecution {
  readonly group: TransactionGroup
}

/**
 * Sends the group, and reads its effects before it commits. The review may refuse them. If the group destroyed something
 * that is not kept, it runs again, preceded by commands that keep that, too.
 */
async function sendWatched(execution: WatchedGroup): Promise<Refusal | undefined> {
  const { session, group, keeper, review } = execution
  const before = await readDataObjects(session)
  const tried = new Map<string, UnkeptData>()
  let rolledBack: readonly string[] = []
  for (let run = 1; ; run++) {
    const again = [...rolledBack, ...[...tried.values()].flatMap(({ commands }) => commands)]
    const refusal = await sendWhole(execution, wholeOf(precededBy(execution, again)), '')
    if (refusal) return refusal
    const seen = await readGroupResult(execution, before)
    if ('failure' in seen) return seen
    const refused = review?.(seen.effects, [])
    if (refused) return { failure: refused, error: undefined }
    const missed = seen.found?.missed ?? []
    const more = missed.filter(({ key }) => !tried.has(key))
    if (more.length > 0 && run < MOST_RUNS) {
      for (const one of more) tried.set(one.key, one)
      rolledBack = seen.found ? [seen.found.again] : []
      await session.execute(prepares(group) ? 'ROLLBACK; DEALLOCATE ALL' : 'ROLLBACK')
      continue
    }
    const open = missed.filter(({ key, isSure }) => isSure || !tried.has(key))
    const lost = open.map(({ destruction }) => destruction)
    const failure = lost.length > 0 ? review?.(seen.effects, lost) : undefined
    if (failure) return { failure, error: undefined }
    const kept = keeper && seen.found ? keeper.endSql(group, seen.found, open) : ''
    return await send([], (watch) => watch(() => session.execute(kept + endOf(execution))))
  }
}

/** A prepared statement survives the transaction that made it. */
function prepares({ statements }: TransactionGroup): boolean {
  return statements.some(({ actions }) =>
    actions.some((action) => action.kind === 'other' && action.statement === 'PrepareStmt'),
  )
}

/** Adds commands before the first statement that they may precede: SET TRANSACTION must be the first. */
function precededBy(execution: WatchedGroup, commands: readonly string[]): WatchedGroup {
  const first = firstAfterSettings(execution.group)
  if (first === undefined || commands.length === 0) return execution
  const hooks = execution.hooks.get(first.number) ?? {}
  const before = [...commands, ...(hooks.before ?? [])]
  return {
    ...execution,
    hooks: new Map([...execution.hooks, [first.number, { ...hooks, before }]]),
  }
}

interface GroupResult {
  readonly effects: readonly Effect[]
  readonly found?: KeeperFindings
}

/** Reads what a group did, in its open transaction. */
async function readGroupResult(
  { session, group, review, keeper, existing }: WatchedGroup,
  before: DataObjects,
): Promise<GroupResult | Refusal> {
  let seen: GroupResult = { effects: [] }
  const read = async () => {
    // Deferred triggers run first: their effects at COMMIT could not be seen.
    await session.execute('SET CONSTRAINTS ALL IMMEDIATE')
    // The file may have switched to a role that cannot read what we read.
    if (changesSettings(group)) await session.execute(OWN_ROLE_SQL)
    const found = await keeper?.findUnkept(session, group, before)
    const looked = { before, existing: existing ?? before, overwritten: found?.overwritten ?? [] }
    const effects = review ? await readEffects(session, looked) : []
    seen = { effects, ...(found ? { found } : {}) }
  }
  return (await send([], (watch) => watch(read))) ?? seen
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

/** Sends SQL and returns the server's refusal, with its place. Other errors that `work` throws are rethrown. */
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
