import { type Address, quoteIdentifier, type Session, wordForWord } from '../database/index.ts'
import { type Failure, failureOf, rethrow } from '../kernel/index.ts'
import { missingRole, type ReplayMigration } from '../shadow/index.ts'
import {
  parseStatements,
  type Statement,
  type TransactionGroup,
  transactionGroupsOf,
} from '../statements/index.ts'
import { type RelationKind, type Stood, witness } from './witness.ts'

/** A lock that a statement took on something that stood before the migration. */
export interface HeldLock {
  readonly statement: number
  /** As the server names it: `users`, `billing.users`. */
  readonly relation: string
  readonly kind: RelationKind
  /** As the server's documentation names it: `ACCESS EXCLUSIVE`. */
  readonly mode: string
  /** The last statement of its transaction: until then it is held. */
  readonly until: number
}

/** What a statement did to what stood before the migration, as the server tells. */
export interface Trace {
  readonly ms: number
  /** How long each statement took. */
  readonly statements: readonly { readonly statement: number; readonly ms: number }[]
  readonly locks: readonly HeldLock[]
  /** Tables and indexes that were written anew. */
  readonly rewrites: readonly {
    readonly statement: number
    readonly relation: string
    readonly kind: RelationKind
  }[]
  /** Rows that statements read from tables, one after the other. */
  readonly scans: readonly {
    readonly statement: number
    readonly relation: string
    readonly rows: number
  }[]
  /** Statements whose locks were not seen, for they run outside a transaction and there was no second session. */
  readonly unseen: readonly number[]
}

/** A run that stopped at a statement. */
export interface Stop {
  readonly statement: Statement
  readonly failure: Failure
  /** What the server said, with the row that it said it of: the rows are made up. */
  readonly said: string
  /** Work before it was committed, and stands. */
  readonly committed: boolean
}

type Seen = Pick<Trace, 'statements' | 'locks' | 'rewrites' | 'scans'>

/**
 * Runs a migration as a deploy would, and reads after each statement which locks it holds, what was written
 * anew and how many rows were read. Only relations that stood before count. What runs outside a transaction is
 * looked at by a second session, where `address` leads to the database. At a refused statement it stops: what was not
 * committed is rolled back. Needs `loadParser`.
 */
export async function runTraced(
  session: Session,
  { sql, path }: ReplayMigration,
  address?: Address,
): Promise<{ readonly trace: Trace; readonly stop?: Stop }> {
  await watchRelations(session)
  const groups = transactionGroupsOf(sql, parseStatements(sql, path)).filter(
    ({ rolledBack }) => !rolledBack,
  )
  const seen: Seen[] = []
  const began = performance.now()
  let stop: Stop | undefined
  for (const group of groups) {
    const run = isSeen(group)
      ? await runGroup(session, group)
      : await runAlone(session, group, address)
    if (run.stop) {
      stop = { ...run.stop, committed: seen.length > 0 }
      break
    }
    seen.push(run.seen)
  }
  const unseen = groups
    .filter((group) => !isSeen(group) && !(address && isAlone(group)))
    .flatMap(({ statements }) => statements)
  const trace = {
    ms: Math.round(performance.now() - began),
    ...together(seen),
    unseen: unseen.map(({ number }) => number),
  }
  return stop ? { trace, stop } : { trace }
}

const NOTHING: Seen = { statements: [], locks: [], rewrites: [], scans: [] }

function together(seen: readonly Seen[]): Seen {
  return {
    statements: seen.flatMap(({ statements }) => statements),
    locks: seen.flatMap(({ locks }) => locks),
    rewrites: seen.flatMap(({ rewrites }) => rewrites),
    scans: seen.flatMap(({ scans }) => scans),
  }
}

/** Milliseconds since `began`, to a tenth. */
function since(began: number): number {
  return Math.round((performance.now() - began) * 10) / 10
}

interface GroupRun {
  readonly seen: Seen
  readonly stop?: Omit<Stop, 'committed'>
}

/** `SET TRANSACTION` must be the first of its transaction, and a statement that runs alone has none. */
function isSeen({ kind, sql }: TransactionGroup): boolean {
  return kind === 'transaction' && !/\bSET\s+TRANSACTION\b/i.test(sql)
}

function isAlone({ kind, statements }: TransactionGroup): boolean {
  return kind !== 'transaction' && statements.length === 1
}

/** A statement outside a transaction, its locks as another session sees them. */
async function runAlone(
  session: Session,
  group: TransactionGroup,
  address: Address | undefined,
): Promise<GroupRun> {
  const [statement] = group.statements
  if (address === undefined || statement === undefined || !isAlone(group))
    return await runWhole(session, group)
  const stood = await session.query<Stood>(
    'SELECT oid::text, relation, kind FROM pg_temp.slipway_stood',
  )
  const { value, locks, from } = await witness(session, { address, stood }, () =>
    runWhole(session, group),
  )
  if (value.stop) return value
  const { number } = statement
  const { rewrites } = await look(session, number, number)
  return {
    seen: {
      ...NOTHING,
      statements: [{ statement: number, ms: since(from) }],
      locks: locks.map(({ of, mode }) => ({
        statement: number,
        relation: of.relation,
        kind: of.kind,
        mode: modeName(mode),
        until: number,
      })),
      rewrites,
    },
  }
}

async function runWhole(
  session: Session,
  { sql, statements }: TransactionGroup,
): Promise<GroupRun> {
  const began = performance.now()
  const refused = await refusalOf(session, sql)
  if (refused === undefined) {
    // Sent as one message: the time of all stands at the first.
    const ms = since(began)
    const timed = statements.map(({ number }, index) => ({
      statement: number,
      ms: index === 0 ? ms : 0,
    }))
    return { seen: { ...NOTHING, statements: timed } }
  }
  const { failure } = refused
  const statement = statements[failure.server?.completed ?? 0] ?? statements[0]
  return statement ? { seen: NOTHING, stop: { statement, ...refused } } : rethrow(failure)
}

type Refusal = Pick<Stop, 'failure' | 'said'>

/** Runs SQL, and gives what the server has against it. */
async function refusalOf(session: Session, sql: string): Promise<Refusal | undefined> {
  try {
    await session.execute(sql)
    return undefined
  } catch (error) {
    const failure = failureOf(error)
    if (!failure) throw error
    return { failure, said: wordForWord(error) ?? failure.message }
  }
}

async function runGroup(session: Session, group: TransactionGroup): Promise<GroupRun> {
  const until = group.statements.at(-1)?.number ?? 0
  const seen: Seen[] = []
  await session.execute(`BEGIN; ${COUNT_FROM_HERE}`)
  for (const statement of group.statements) {
    if (statement.role.kind !== 'ordinary' && statement.role.kind !== 'enum-value') continue
    const began = performance.now()
    const refused = await runGuarded(session, statement)
    const ms = since(began)
    if (refused) {
      await session.execute('ROLLBACK')
      return { seen: NOTHING, stop: { statement, ...refused } }
    }
    const found = await look(session, statement.number, until)
    seen.push({ ...found, statements: [{ statement: statement.number, ms }] })
  }
  const refused = await refusalOf(session, 'COMMIT')
  const last = group.statements.at(-1)
  // A deferred constraint is looked at only now.
  if (refused && last) return { seen: NOTHING, stop: { statement: last, ...refused } }
  return refused ? rethrow(refused.failure) : { seen: together(seen) }
}

/** Runs a statement; a role that it names and the shadow database lacks is made, as by a replay. */
async function runGuarded(session: Session, { text }: Statement): Promise<Refusal | undefined> {
  await session.execute('SAVEPOINT slipway_statement')
  const made = new Set<string>()
  for (;;) {
    const refused = await refusalOf(session, text)
    const role = missingRole(refused?.failure.server)
    if (role === undefined || made.has(role)) return refused
    await session.execute(`ROLLBACK TO slipway_statement; CREATE ROLE ${quoteIdentifier(role)}`)
    made.add(role)
  }
}

/** Notes what stands, in temporary tables of the session: it is compared with after each statement. */
async function watchRelations(session: Session): Promise<void> {
  await session.execute(`DROP TABLE IF EXISTS pg_temp.slipway_stood;
    CREATE TEMPORARY TABLE slipway_stood AS
    SELECT c.oid, c.oid::regclass::text AS relation,
      CASE WHEN c.relkind IN ('i', 'I') THEN 'index' WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END AS kind,
      pg_relation_filenode(c.oid) AS node, ''::text AS modes, 0::bigint AS read
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'i', 'I', 'm', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
      AND n.nspname !~ '^pg_(toast_)?temp_'`)
}

interface LookRow {
  readonly what: 'lock' | 'rewrite' | 'scan'
  readonly relation: string
  readonly kind: RelationKind
  readonly detail: string
}

/** What is new since the last look. */
async function look(
  session: Session,
  statement: number,
  until: number,
): Promise<Omit<Seen, 'statements'>> {
  const { rows } = await session.queryRaw(LOOK)
  const found = rows.map(
    ([what, relation, kind, detail]) => ({ what, relation, kind, detail }) as LookRow,
  )
  const of = (what: LookRow['what']) => found.filter((row) => row.what === what)
  return {
    locks: of('lock').map(({ relation, kind, detail }) => ({
      statement,
      relation,
      kind,
      mode: modeName(detail),
      until,
    })),
    rewrites: of('rewrite').map(({ relation, kind }) => ({ statement, relation, kind })),
    scans: of('scan').map(({ relation, detail }) => ({
      statement,
      relation,
      rows: Number(detail),
    })),
  }
}

/** `AccessExclusiveLock` is `ACCESS EXCLUSIVE` in the documentation. */
function modeName(mode: string): string {
  return mode
    .replace(/Lock$/, '')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toUpperCase()
}

/** The server's counts of a transaction begin with what it has not yet reported of those before. */
const COUNT_FROM_HERE = `UPDATE pg_temp.slipway_stood s SET modes = '',
  read = coalesce((SELECT seq_tup_read FROM pg_stat_xact_all_tables x WHERE x.relid = s.oid), 0)`

const LOOK = `WITH held AS (
    SELECT s.oid, s.relation, s.kind, l.mode, s.modes FROM pg_temp.slipway_stood s
    JOIN pg_locks l ON l.relation = s.oid AND l.pid = pg_backend_pid() AND l.granted AND l.locktype = 'relation'
    WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  ), written AS (
    SELECT s.oid, s.relation, s.kind, pg_relation_filenode(s.oid) AS node FROM pg_temp.slipway_stood s
    JOIN pg_class c ON c.oid = s.oid WHERE pg_relation_filenode(s.oid) IS DISTINCT FROM s.node
  ), scanned AS (
    SELECT s.oid, s.relation, s.kind, x.seq_tup_read - s.read AS rows, x.seq_tup_read AS total FROM pg_temp.slipway_stood s
    JOIN pg_stat_xact_all_tables x ON x.relid = s.oid WHERE x.seq_tup_read > s.read
  ), noted AS (
    UPDATE pg_temp.slipway_stood s SET
      modes = coalesce((SELECT string_agg(mode, ',') FROM held WHERE held.oid = s.oid), s.modes),
      node = coalesce((SELECT node FROM written WHERE written.oid = s.oid), s.node),
      read = coalesce((SELECT total FROM scanned WHERE scanned.oid = s.oid), s.read)
    WHERE s.oid IN (SELECT oid FROM held UNION SELECT oid FROM written UNION SELECT oid FROM scanned)
  )
  SELECT 'lock', relation, kind, mode FROM held WHERE mode <> ALL (string_to_array(modes, ','))
  UNION ALL SELECT 'rewrite', relation, kind, '' FROM written
  UNION ALL SELECT 'scan', relation, kind, rows::text FROM scanned
  ORDER BY 1, 2, 4`
