import type { AtomicSession } from '../../database/index.ts'
import {
  appliedWithout,
  comparedTables,
  endangeredBy,
  type GuardedOutcome,
  type GuardedRun,
  lossesIn,
  recordedSchema,
  type TestedMigration,
  testOnCopy,
  replayedFingerprint,
  requireConsent,
  runAccepting,
  runInTurn,
  wholeRows,
  wholeTable,
  withSqliteTarget,
} from '../../deploy/index.ts'
import {
  compareHistory,
  type History,
  obstacle,
  readHistory,
  recordSchemaSql,
  recordsOf,
  sqliteReceiptSql,
} from '../../history/index.ts'
import {
  advice,
  attempt,
  command,
  type Failure,
  failureFrom,
  must,
  type NextAction,
  rethrow,
} from '../../kernel/index.ts'
import {
  type Endangered,
  type Kept,
  readSqliteKept,
  restoreSql,
  type SqliteKept,
} from '../../safekeeping/index.ts'
import {
  differingObjects,
  type Fingerprint,
  readFingerprint,
  type TableChange,
  withSchemaCopy,
} from '../../schema/index.ts'
import { parserFor, type Statement } from '../../statements/index.ts'
import { announcedOn } from '../announced.ts'
import {
  appliedFiles,
  nothingLeft,
  refuseSquashed,
  refuseUnproven,
  refuseUnrecorded,
} from '../preconditions.ts'
import {
  type PreparedDown,
  prepareDown,
  type Reversible,
  type TestedDown,
} from '../prepared-down.ts'
import type { RollbackOutcome, RollbackRequest } from '../rollback.ts'
import { selectMigrations } from '../select.ts'
import { relaxDown } from './relaxed-down.ts'
import { byStatement } from './statements-of-kept.ts'

/** The down migrations and how they change the schema, the last migration first. */
interface Work {
  readonly history: History
  readonly downs: readonly PreparedDown[]
  readonly tested: readonly TestedMigration[]
  /** The schema after the down migrations. */
  readonly fingerprint: Fingerprint
  readonly expected: Fingerprint | undefined
}

/**
 * Rolls back the last migrations of a SQLite or D1 database, each in one transaction with its history row and
 * the restored data. Down migrations first run on a copy of the schema in memory, which is compared with a
 * replay of the remaining history.
 */
export async function rollBackSqlite(request: RollbackRequest): Promise<RollbackOutcome> {
  return await withSqliteTarget(request, async ({ session }) => {
    const history = await readHistory(session)
    const comparison = compareHistory(history, request.migrations)
    const stopped = obstacle(comparison)
    if (stopped) rethrow(stopped)
    refuseUnrecorded(comparison)
    const applied = appliedFiles(history, request, undefined)
    const names = selectMigrations(
      applied.map(({ name }) => name),
      request.extent,
    )
    if (names.length === 0) return nothingLeft(session)
    refuseSquashed(names, comparison)
    request.emit({ kind: 'phase', phase: 'test', detail: names.join(', ') })
    const {
      downs: prepared,
      tested,
      fingerprint,
      testRun,
      expected,
    } = await prepare(session, {
      applied,
      steps: names.length,
      request,
    })
    const kept = await readSqliteKept(session)
    const parser = await parserFor('sqlite')
    const downs = prepared.map((down) => {
      const up = applied.find(({ name }) => name === down.plan.name)
      return knowing(down, kept, up ? parser.parse(up.sql, up.path) : [])
    })
    request.announce(downs, testRun)
    refuseUnproven(testRun, downs, request)
    const { database } = session.server
    const destroys = tested.flatMap(({ migration, changes }) =>
      lossesIn(migration.name, endangeredBy(migration, changes)),
    )
    if (request.protected && destroys.length > 0)
      await requireConsent({ database, destroys, command: ['rollback'] }, request.consent)
    const ran = await runAll(session, { history, downs, tested, fingerprint, expected }, request)
    return { database, downs, testRun, unrestored: [], ...ran }
  })
}

/** A down migration with its announcements, given the kept data and the statements of the migration. */
function knowing(
  down: PreparedDown,
  kept: readonly Kept[],
  statements: readonly Statement[],
): PreparedDown {
  const open = kept.filter(
    ({ migration, byRollback, state }) =>
      migration === down.plan.name && !byRollback && state !== 'restored',
  )
  const own = byStatement(open, statements)
  return { ...down, announced: announcedOn(down, { kept: own, schema: 'main' }) }
}

/** The data that the deploy of a migration kept and that can be restored. */
function keptOf<K extends Kept>(kept: readonly K[], migration: string): K[] {
  return kept.filter(
    (one) => one.migration === migration && !one.byRollback && one.state === 'kept' && one.returns,
  )
}

interface Asked {
  readonly applied: readonly Reversible[]
  readonly steps: number
  readonly request: RollbackRequest
}

async function prepare(
  session: AtomicSession,
  { applied, steps, request }: Asked,
): Promise<
  Pick<TestedDown, 'testRun'> & {
    readonly downs: PreparedDown[]
    readonly tested: readonly TestedMigration[]
    readonly fingerprint: Fingerprint
    readonly expected: Fingerprint | undefined
  }
> {
  const downs: PreparedDown[] = []
  for (let at = applied.length - 1; at >= applied.length - steps; at--) {
    const migration = applied[at]
    if (migration) downs.push(await prepareDown(migration, applied.slice(0, at), request.shadow))
  }
  const plans = downs.map(({ plan }) => plan)
  const { tested, fingerprint } = await withSchemaCopy(session, (copy) =>
    testOnCopy(copy, plans, {
      restores: true,
      correct: ({ name }) => correctDown(downs, name),
    }),
  )
  const stays = applied.slice(0, applied.length - steps)
  const replayed = await attempt(() => replayedFingerprint(stays))
  if (!replayed.ok) {
    const testRun = { kind: 'not-tested', reason: replayed.failure.message } as const
    return { downs, tested, fingerprint, expected: undefined, testRun }
  }
  const expected = replayed.value
  const changes = differingObjects(expected, fingerprint)
  const testRun =
    changes.length === 0
      ? ({ kind: 'proven' } as const)
      : ({ kind: 'incomplete', changes } as const)
  return { downs, tested, fingerprint, expected, testRun }
}

async function runAll(
  session: AtomicSession,
  work: Work,
  request: RollbackRequest,
): Promise<
  Pick<RollbackOutcome, 'receipts' | 'kept' | 'verification' | 'schemaMatches' | 'failure'>
> {
  // A migration may have been rolled back before, and deployed again.
  const earlier = (await readSqliteKept(session)).filter(({ state }) => state === 'restored')
  const { receipts, failure } = await runInTurn(work.tested, request, (one, done) =>
    runDown(session, one, { done, work, request }),
  )
  const names = new Set(work.downs.map(({ plan }) => plan.name))
  const kept = (await readSqliteKept(session)).filter(
    ({ id, migration, byRollback }) =>
      names.has(migration) && !byRollback && !earlier.some((one) => one.id === id),
  )
  if (failure) return { receipts, kept, failure }
  const { hash } = await readFingerprint(session)
  const verified = hash === work.fingerprint.hash
  const schemaMatches = work.expected === undefined ? undefined : hash === work.expected.hash
  const open = kept.filter(({ state }) => state === 'kept')
  const found =
    schemaMatches === false && !request.acceptUnproven
      ? notRestored(session)
      : open.length > 0
        ? stillKept(open)
        : undefined
  return {
    receipts,
    kept,
    verification: { verified, invalidIndexes: [] },
    ...(schemaMatches === undefined ? {} : { schemaMatches }),
    ...(found ? { failure: found } : {}),
  }
}

interface Turn {
  /** The down migrations that ran before. */
  readonly done: readonly TestedMigration[]
  readonly work: Work
  readonly request: RollbackRequest
}

/**
 * Runs a down migration and restores the data. If current values violate a constraint that it creates, the data is
 * restored before the constraint is created.
 */
async function runDown(
  session: AtomicSession,
  tested: TestedMigration,
  turn: Turn,
): Promise<GuardedOutcome> {
  const restored = keptOf(await readSqliteKept(session), tested.migration.name)
  const outcome = await runOnce(session, { ...turn, tested, restored })
  if (!violatesConstraint(outcome)) return outcome
  const relaxed = await relaxDown(session, tested.migration, restored)
  const last = relaxed ? await runOnce(session, { ...turn, ...relaxed, restored }) : outcome
  if (!violatesConstraint(last)) return last
  const down = downOf(turn.work.downs, tested.migration.name)
  const failure = constraintFailure(must(last.failure, 'failure'), outcome.failure ?? {}, down)
  return { ...last, failure }
}

interface Run extends Turn {
  readonly tested: TestedMigration
  readonly restored: readonly SqliteKept[]
  /** SQL that creates constraints after the data is restored. */
  readonly constraintsSql?: string
}

async function runOnce(
  session: AtomicSession,
  { tested, restored, constraintsSql = '', done, work, request }: Run,
): Promise<GuardedOutcome> {
  const { name } = tested.migration
  const { checksum } = downOf(work.downs, name).plan
  const gone = [...done.map((one) => one.migration.name), name]
  const isLast = gone.length === work.tested.length
  const stays = appliedWithout(work.history, gone)
  const behind = [
    // Rows are restored in any order, so foreign keys are checked when all exist.
    restored.length === 0 ? '' : 'PRAGMA defer_foreign_keys = ON;\n',
    restored.length === 0 || tested.place === undefined
      ? ''
      : restoreSql(restored.toSorted(lastFirst), tested.place, { othersCompared: true }),
    constraintsSql,
    recordsOf(session).rolledBack(name),
    sqliteReceiptSql({ command: 'rollback', migration: name, checksum }),
    recordSchemaSql(isLast ? recordedSchema(stays, work.fingerprint) : undefined),
  ].join('')
  const asked = { ...request, acceptDrift: false, command: ['rollback'] }
  return await runAccepting(session, tested, asked, (accepted) => ({
    direction: 'down',
    correct: correctDown(work.downs, name),
    behind,
    counted: tested.place?.counted,
    ...guardsOf(tested, {
      restored: restored.filter(({ kind }) => kind !== 'sequence'),
      accepted,
    }),
  }))
}

const CONSTRAINTS: readonly (string | undefined)[] = [
  'SQLITE_CONSTRAINT_CHECK',
  'SQLITE_CONSTRAINT_NOTNULL',
  'SQLITE_CONSTRAINT_UNIQUE',
]

/** Whether a run failed because a row violates a CHECK, NOT NULL or UNIQUE. */
function violatesConstraint({ failure }: GuardedOutcome): boolean {
  return CONSTRAINTS.includes(failure?.sqlite?.name)
}

/**
 * What a down migration may destroy, and what it must leave unchanged. In tables with restored data, its
 * statements must leave the rest unchanged: a copy is compared before data is restored. `accepted`: tables
 * whose unannounced losses are accepted, and kept.
 */
function guardsOf(
  tested: TestedMigration,
  {
    restored,
    accepted,
  }: { readonly restored: readonly SqliteKept[]; readonly accepted: readonly TableChange[] },
): Pick<GuardedRun, 'endangered' | 'endangeredBehind' | 'compared'> {
  const { migration, changes } = tested
  const tables = new Set(restored.map(({ table }) => table.name))
  const isRestored = ({ after }: Pick<TableChange, 'after'>) =>
    after !== undefined && tables.has(after.name)
  const named = endangeredBy(migration, changes)
  const reached = comparedTables(tested, named).filter(({ after }) => tables.has(after.name))
  const compared = comparedTables(tested, named, { all: restored.length > 0 })
  const copied = changes.filter(
    (change) =>
      isRestored(change) && reached.some(({ after }) => after.name === change.after?.name),
  )
  const whole = (change: TableChange): Endangered =>
    accepted.includes(change)
      ? wholeTable(tested, change, named)
      : { ...wholeRows(tested, change, named), unannounced: true }
  // Restoring changes other tables only through foreign keys: what it changes there is kept afterwards.
  const early = [...copied, ...accepted.filter((one) => isRestored(one) && !copied.includes(one))]
  const late = accepted.filter((one) => !isRestored(one))
  const isWhole = (change: TableChange) => early.includes(change) || late.includes(change)
  const lost = new Set(accepted.map(({ before }) => before?.name))
  return {
    endangered: [...named.filter(({ change }) => !isWhole(change)), ...early.map(whole)],
    endangeredBehind: late.map(whole),
    compared: compared.filter((one) => !tables.has(one.after.name) && !lost.has(one.before.name)),
  }
}

function downOf(downs: readonly PreparedDown[], name: string): PreparedDown {
  return must(
    downs.find(({ plan }) => plan.name === name),
    'down migration',
  )
}

/** What to correct if the down migration of a migration fails. */
function correctDown(downs: readonly PreparedDown[], name: string): NextAction {
  const { origin, path } = downOf(downs, name)
  const label =
    origin === 'file' ? 'correct the down migration' : 'write a down migration that works here'
  return { kind: 'edit', path, label }
}

/** The failure of a down migration that creates a constraint which current rows violate; `place`: where. */
function constraintFailure(
  { sqlite }: Failure,
  place: Pick<Failure, 'where'>,
  { plan, path }: PreparedDown,
): Failure {
  const names = plan.statements.flatMap(({ actions }) =>
    actions.flatMap((one) => (one.kind === 'rename' && one.of === 'table' ? [one] : [])),
  )
  const said = names.reduce(
    (text, { from, to }) => text.replaceAll(`${from}.`, `${to}.`),
    sqlite?.message ?? '',
  )
  return failureFrom('DEPLOY.STATEMENT_FAILED', {
    message: `The rollback of ${plan.name} was undone: current rows violate a constraint that its down migration creates again (${said}).`,
    why: 'These values are not from before the migration. The database is as it was before the rollback.',
    nextActions: [
      advice('Change or delete the rows that violate the constraint, then roll back again.'),
      { kind: 'edit', path, label: 'or let the down migration change these rows first' },
    ],
    ...(place.where ? { where: place.where } : {}),
    ...(sqlite ? { sqlite } : {}),
  })
}

/** The last change is undone first. */
function lastFirst(one: SqliteKept, other: SqliteKept): number {
  return other.id - one.id
}

function notRestored({ server: { database } }: AtomicSession): Failure {
  return failureFrom('ROLLBACK.NOT_RESTORED', {
    message: `The migrations are rolled back, but the schema of ${database} does not match the remaining history.`,
    nextActions: [command(['drift'], 'show the differences')],
  })
}

function stillKept(open: readonly Kept[]): Failure {
  const ids = open.map(({ id }) => String(id))
  return failureFrom('ROLLBACK.STILL_KEPT', {
    message: `The migrations are rolled back, but data that they destroyed is still kept: ${ids.join(', ')}.`,
    why: 'The migration changed the key of these rows, so Slipway cannot tell which current rows they correspond to.',
    nextActions: [command(['kept', 'list'], 'see what is kept')],
  })
}
