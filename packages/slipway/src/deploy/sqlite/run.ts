import type { AtomicSession } from '../../database/index.ts'
import {
  atomicScriptOf,
  type ComparedTable,
  type Receipt,
  type Violation,
  violationIn,
} from '../../execution/index.ts'
import { readHistory, readSqliteLedger, recordsOf } from '../../history/index.ts'
import { command, type Failure, failureFrom, failureOf } from '../../kernel/index.ts'
import {
  dropUnusedSql,
  holdCounters,
  keepCounters,
  type Endangered,
  IDS_OF_ONE,
  keepObstacle,
  keepSql,
  type KeepSql,
  readKeptIds,
  readSqliteKept,
} from '../../safekeeping/index.ts'
import type { TableChange, WrittenTables } from '../../schema/index.ts'
import {
  type Action,
  type Migration,
  sqliteNameKey,
  type Statement,
} from '../../statements/index.ts'
import { assignedIn } from './endangered.ts'
import { dividedInserts, guardedScript, type ReadState } from './guarded-script.ts'
import { type CorrectableRun, refusedStatement } from './test-on-copy.ts'

/** A migration to be run on a database, up or down. */
export interface GuardedRun extends CorrectableRun {
  readonly direction: 'up' | 'down'
  /** SQL that drops the temporary objects that its statements leave. */
  readonly drops: readonly string[]
  /** How the migration changes the tables. */
  readonly changes: readonly TableChange[]
  readonly written: WrittenTables
  /** Data that the migration may destroy and that is kept first. */
  readonly endangered: readonly Endangered[]
  /** Data that the SQL after the statements may destroy. */
  readonly endangeredBehind?: readonly Endangered[]
  /** Destroy without keeping. */
  readonly noKeep?: boolean | undefined
  /** Tables whose foreign keys SQLite cannot check. */
  readonly unchecked?: readonly string[] | undefined
  /** Tables that it must leave unchanged. */
  readonly compared: readonly ComparedTable[]
  /** The tables that have an AUTOINCREMENT counter afterwards; needed only for a down migration. */
  readonly counted?: readonly string[] | undefined
  /** SQL after the statements: records in the history and the ledger, and the restore of kept data. */
  readonly behind: string
}

/** The outcome of a run. */
export interface GuardedOutcome {
  readonly failure?: Failure
  /** What a guard found, if one undid the migration. */
  readonly violation?: Violation
  readonly ms: number
}

/**
 * Runs a migration as one transaction with all that belongs to it. Returns the failure that undid it; an
 * unknown outcome is read from the history. Other errors are rethrown.
 */
export async function runGuarded(session: AtomicSession, run: GuardedRun): Promise<GuardedOutcome> {
  const began = performance.now()
  for (let now = withCopies(run); ;) {
    const outcome = await runOnce(session, now)
    const next = withImage(now, outcome)
    if (next === undefined) return { ...outcome, ms: Math.round(performance.now() - began) }
    now = next
  }
}

/**
 * The run, with a copy of each table for which comparing sums is not enough: tables with inserted rows that
 * only a copy distinguishes from existing ones, tables that are not written only by statements that name them,
 * tables whose rows may be replaced, and those with columns of a new type. Without keeping, there are no copies,
 * and only the number of rows is compared for tables that get rows.
 */
function withCopies(run: GuardedRun): GuardedRun {
  const { compared, written, noKeep } = run
  if (noKeep) {
    const counted = compared.map((one) => (one.grows ? { ...one, grows: {} } : one))
    return { ...run, compared: counted }
  }
  const unknown = compared.filter(({ before: { name, columns }, grows }) => {
    const key = sqliteNameKey(name)
    const isReplaced = written.unnamed.has(key) || written.removed.has(key)
    return (grows && !grows.rowids) || isReplaced || columns.some(({ values }) => !values)
  })
  return unknown.reduce(withCopyOf, run)
}

/**
 * The next attempt, if a table that gets rows seems to have lost some: a copy of it shows whether it has, or
 * whether rows were inserted between others.
 */
function withImage(
  run: GuardedRun,
  { violation }: Pick<GuardedOutcome, 'violation'>,
): GuardedRun | undefined {
  if (violation?.guard !== 'rows' || run.noKeep) return undefined
  const table = run.compared.find(
    ({ before, grows }) => grows && before.name === violation.facts['table'],
  )
  return table && withCopyOf(run, table)
}

function withCopyOf(run: GuardedRun, table: ComparedTable): GuardedRun {
  const change = run.changes.find(({ before }) => before?.name === table.before.name)
  // Sums are better than no comparison.
  if (change?.before === undefined || keepObstacle(change.before) !== undefined) return run
  const own = run.endangered.find((one) => one.change === change)
  const {
    columns = [],
    movesRowids = false,
    statement = run.migration.statements.at(-1)?.number ?? 1,
  } = own ?? {}
  const copied = {
    change,
    rows: true,
    columns,
    assigned: assignedIn(run, change, own),
    movesRowids,
    unannounced: true,
    statement,
    inserts: own?.inserts,
  }
  return {
    ...run,
    compared: run.compared.filter((one) => one !== table),
    endangered: [...run.endangered.filter((one) => one !== own), copied],
  }
}

async function runOnce(
  session: AtomicSession,
  run: GuardedRun,
): Promise<Omit<GuardedOutcome, 'ms'>> {
  const script = atomicScriptOf(run.migration)
  const records = recordsOf(session)
  const read = await readState(session, records.stateSql)
  const nothing = { keep: { before: '', after: '' }, behind: run.behind }
  const { keep, behind } = run.noKeep ? nothing : await keeping(session, run)
  const instead = session.d1 ? dividedInserts(script) : undefined
  const text = guardedScript({ ...run, script, records, read, keep, behind, instead })
  try {
    await session.runAtomically(text, { foreignKeys: script.foreignKeys })
    return {}
  } catch (error) {
    const failure = failureOf(error)
    if (failure === undefined) throw error
    if (failure.code === 'DATABASE.OUTCOME_UNKNOWN') {
      const done = await isRecorded(session, run, read)
      return done ? {} : { failure: outcomeUnknown(run, failure) }
    }
    const violation = violationIn(failure)
    if (violation) return { failure, violation }
    if (failure.code !== 'DATABASE.STATEMENT') return { failure }
    const place = await findRefused(session, script.statements, script.foreignKeys)
    return { failure: refusedStatement(run, place, error) }
  }
}

/**
 * The state of history and ledger that a script expects; if they do not exist, their state after creation.
 */
async function readState(session: AtomicSession, stateSql: string): Promise<ReadState> {
  const { exists } = await readHistory(session)
  const { revision } = await readSqliteLedger(session)
  if (!exists) return { history: session.d1 ? '0 0' : '0 0 0 0', revision }
  const { rows } = await session.queryRaw(`SELECT ${stateSql}`)
  return { history: rows[0]?.[0] ?? '', revision }
}

async function keeping(
  session: AtomicSession,
  run: GuardedRun,
): Promise<{ readonly keep: KeepSql; readonly behind: string }> {
  const { migration, direction, endangered, endangeredBehind = [], behind } = run
  const kept = await readSqliteKept(session)
  const tables = await readKeptIds(session)
  const known = new Set(kept.map(({ id }) => id))
  const found = await session.query(`SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'`)
  const last = Math.max(0, ...known, ...tables)
  const place = {
    migration: migration.name,
    direction,
    firstId: last + 1,
    counters: found.length > 0,
  }
  const keep = keepSql(endangered, place)
  const firstBehind = place.firstId + IDS_OF_ONE * endangered.length
  const keepBehind = keepSql(endangeredBehind, { ...place, firstId: firstBehind })
  const lowered = run.changes.filter((change) => mayLowerCounter(migration, change))
  const firstCounter = firstBehind + IDS_OF_ONE * endangeredBehind.length
  const counters =
    direction === 'up'
      ? keepCounters(lowered, { ...place, firstId: firstCounter })
      : holdCounters(lowered, place, run.counted ?? [])
  const unused = dropUnusedSql(tables.filter((id) => !known.has(id)))
  return {
    keep: {
      before: unused + counters.before + keep.before + keepBehind.before,
      after: counters.after + keep.after,
    },
    behind: behind + keepBehind.after,
  }
}

/** Whether a migration may lower or drop the AUTOINCREMENT counter of a table. */
function mayLowerCounter({ statements }: Migration, { after, rebuilt }: TableChange): boolean {
  return (
    rebuilt || after === undefined || statements.some(({ actions }) => actions.some(namesCounters))
  )
}

function namesCounters(action: Action): boolean {
  return 'table' in action && action.table?.name.toLowerCase() === 'sqlite_sequence'
}

/**
 * Whether a script whose response was lost has run: if so, the ledger has a new revision, and the history
 * shows it.
 */
async function isRecorded(
  session: AtomicSession,
  { migration, direction }: GuardedRun,
  read: ReadState,
): Promise<boolean> {
  const { revision } = await readSqliteLedger(session)
  if (revision === read.revision) return false
  const { rows } = await readHistory(session)
  const living = rows.some(
    (row) =>
      row.migration === migration.name && row.finishedAt !== null && row.rolledBackAt === null,
  )
  return direction === 'up' ? living : !living
}

function outcomeUnknown({ migration: { name }, direction }: GuardedRun, failure: Failure): Failure {
  return failureFrom('DEPLOY.OUTCOME_UNKNOWN', {
    message: `The response for ${name} was lost. ${direction === 'up' ? 'It is not in the history yet' : 'It is still in the history'}.`,
    why: [failure.message, 'It is one transaction: it is applied completely or not at all.'].join(
      ' ',
    ),
    nextActions: [
      command(['status'], 'see what is applied'),
      command([direction === 'up' ? 'deploy' : 'rollback'], 'run it again'),
    ],
  })
}

/**
 * Finds the statement that a database refuses, by running the file again, statement by statement, in a
 * transaction that is rolled back. Only for a file, where that costs nothing.
 */
async function findRefused(
  session: AtomicSession,
  statements: readonly Statement[],
  foreignKeys: boolean,
): Promise<Statement | undefined> {
  if (session.kind !== 'sqlite') return undefined
  await session.execute(`PRAGMA foreign_keys = ${foreignKeys ? 'ON' : 'OFF'}; BEGIN IMMEDIATE`)
  let last: Statement | undefined
  try {
    for (const statement of statements) {
      last = statement
      await session.execute(statement.text)
    }
    return undefined
  } catch {
    return last
  } finally {
    // Some errors have already ended the transaction.
    await session.execute('ROLLBACK').catch(() => {})
    await session.execute('PRAGMA foreign_keys = ON')
  }
}

/** The receipt of a migration that ran as one transaction. */
export function atomicReceipt(
  { name, statements }: Migration,
  status: Receipt['status'],
  ms: number,
): Receipt {
  return {
    migration: name,
    status,
    ms,
    attempts: status === 'not-run' ? 0 : 1,
    lockWaitMs: 0,
    statements: statements.map(({ number, line }) => ({
      statement: number,
      line,
      status: status === 'done' ? 'done' : 'not-run',
    })),
  }
}
