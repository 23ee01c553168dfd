import { type Address, type Session, wordForWord } from '../../database/index.ts'
import { type Observer, runOnShadow, type ShadowRefusal } from '../../execution/index.ts'
import { type Failure, rethrow } from '../../kernel/index.ts'
import type { Migration, Statement, TransactionGroup } from '../../statements/index.ts'
import { type RelationKind, type ExistingRelation, witness } from './witness.ts'

/** A lock that a statement took on an object that existed before the migration. */
export interface HeldLock {
  readonly statement: number
  /** As the server names it: `users`, `billing.users`. */
  readonly relation: string
  readonly kind: RelationKind
  /** As the server's documentation names it: `ACCESS EXCLUSIVE`. */
  readonly mode: string
  /** The last statement of its transaction: until then it is held. */
  readonly until: number
  /** The tables that it is a partition or a child of, at any height; absent if it is none. */
  readonly within?: readonly string[]
}

/** What a statement did to the existing objects, as the server reports it. */
export interface Trace {
  readonly ms: number
  /** How long each statement took. */
  readonly statements: readonly { readonly statement: number; readonly ms: number }[]
  readonly locks: readonly HeldLock[]
  /** Tables and indexes that were rewritten. */
  readonly rewrites: readonly {
    readonly statement: number
    readonly relation: string
    readonly kind: RelationKind
    readonly within?: readonly string[]
  }[]
  /** Rows that statements read from tables, one after the other. */
  readonly scans: readonly {
    readonly statement: number
    readonly relation: string
    readonly rows: number
    readonly within?: readonly string[]
  }[]
  /** Rows of existing tables that statements inserted, updated or deleted, also by triggers and foreign keys. */
  readonly changed: readonly { readonly statement: number; readonly rows: number }[]
  /** Statements whose locks were not seen, because they run outside a transaction and there was no second session. */
  readonly unseen: readonly number[]
}

/** A run that stopped at a statement. */
export interface StoppedRun {
  readonly statement: Statement
  readonly failure: Failure
  /** The server's message with its row, which is generated. */
  readonly said: string
  /** Earlier work was committed and remains. */
  readonly committed: boolean
}

type Seen = Pick<Trace, 'statements' | 'locks' | 'rewrites' | 'scans' | 'changed'>

/** What a traced run showed, and where it stopped. */
export interface TracedRun {
  readonly trace: Trace
  readonly stop?: StoppedRun
  readonly refusal?: ShadowRefusal
}

/**
 * Runs a migration as a deploy would, and reads after each statement which locks it holds, what was
 * rewritten and how many rows were read. Only existing relations count. What runs outside a transaction is
 * watched by a second session, if `address` leads to the database. At a refused statement it stops: what was not
 * committed is rolled back.
 */
export async function runTraced(
  session: Session,
  migration: Migration,
  address?: Address,
): Promise<TracedRun> {
  await watchRelations(session)
  const tracer = createTracer(session, address)
  const began = performance.now()
  const refusal = await runOnShadow(session, { migration, observer: tracer.observer })
  const ms = Math.round(performance.now() - began)
  const seen = tracer.seen().filter(({ group }) => group !== refusal?.group)
  const unseen = migration.groups
    .filter((group) => !group.rolledBack && !isSeen(group) && !(address && isAlone(group)))
    .flatMap(({ statements }) => statements)
  const trace = { ms, ...together(seen), unseen: unseen.map(({ number }) => number) }
  return refusal ? { trace, refusal, stop: stopOf(refusal) } : { trace }
}

function stopOf({ failure, error, group, statement, committed }: ShadowRefusal): StoppedRun {
  // A deferred constraint is looked at only at the end.
  const at = statement ?? group.statements.at(-1)
  if (at === undefined) return rethrow(failure, error)
  return { statement: at, failure, said: wordForWord(error) ?? failure.message, committed }
}

interface SeenOfGroup extends Seen {
  readonly group: TransactionGroup
}

interface Tracer {
  readonly observer: Observer
  seen(): readonly SeenOfGroup[]
}

function createTracer(session: Session, address: Address | undefined): Tracer {
  let seen: SeenOfGroup[] = []
  const note = (group: TransactionGroup, found: Partial<Seen>) =>
    seen.push({ ...NOTHING, ...found, group })
  return {
    seen: () => seen,
    observer: {
      wantsEach: isSeen,
      groupBegan: async (group) => {
        seen = seen.filter((one) => one.group !== group)
        await session.execute(COUNT_FROM_HERE)
      },
      around: async ({ group, statements }, send) => {
        const [statement] = statements
        if (statement && isAlone(group) && address)
          return void note(group, await traceAlone(session, { address, statement }, send))
        const began = performance.now()
        await send()
        const timed = timesOf(statements, since(began))
        const until = group.statements.at(-1)?.number ?? 0
        const found = statement && isSeen(group) ? await look(session, statement.number, until) : {}
        note(group, { ...found, statements: timed })
      },
    },
  }
}

/** What is sent as one message: the first statement has the time of all. */
function timesOf(statements: readonly Statement[], ms: number): Trace['statements'] {
  return statements.map(({ number }, index) => ({ statement: number, ms: index === 0 ? ms : 0 }))
}

const NOTHING: Seen = { statements: [], locks: [], rewrites: [], scans: [], changed: [] }

function together(seen: readonly Seen[]): Seen {
  return {
    statements: seen.flatMap(({ statements }) => statements),
    locks: seen.flatMap(({ locks }) => locks),
    rewrites: seen.flatMap(({ rewrites }) => rewrites),
    scans: seen.flatMap(({ scans }) => scans),
    changed: seen.flatMap(({ changed }) => changed),
  }
}

/** Milliseconds since `began`, to a tenth. */
function since(began: number): number {
  return Math.round((performance.now() - began) * 10) / 10
}

/** `SET TRANSACTION` must be the first of its transaction, and a statement that runs alone has none. */
function isSeen({ kind, statements }: TransactionGroup): boolean {
  return kind === 'transaction' && statements.every(({ settings }) => settings !== 'transaction')
}

function isAlone({ kind, statements }: TransactionGroup): boolean {
  return kind !== 'transaction' && statements.length === 1
}

/** A statement outside a transaction, its locks as another session sees them. */
async function traceAlone(
  session: Session,
  { address, statement }: { readonly address: Address; readonly statement: Statement },
  send: () => Promise<void>,
): Promise<Seen> {
  const existing = await session.query<ExistingRelation>(
    'SELECT oid::text, relation, kind, within FROM pg_temp.slipway_existing',
  )
  const { locks, from } = await witness(session, { address, existing }, send)
  const { number } = statement
  const ms = since(from)
  const { rewrites } = await look(session, number, number)
  return {
    ...NOTHING,
    statements: [{ statement: number, ms }],
    locks: locks.map(({ of, mode }) => ({
      statement: number,
      relation: of.relation,
      kind: of.kind,
      mode: modeName(mode),
      until: number,
      ...withinOf(of.within),
    })),
    rewrites,
  }
}

/** Records the existing relations in temporary tables of the session, for a comparison after each statement. */
async function watchRelations(session: Session): Promise<void> {
  await session.execute(`DROP TABLE IF EXISTS pg_temp.slipway_existing;
    CREATE TEMPORARY TABLE slipway_existing AS
    SELECT c.oid, c.oid::regclass::text AS relation,
      CASE WHEN c.relkind IN ('i', 'I') THEN 'index' WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END AS kind,
      pg_relation_filenode(c.oid) AS node, ''::text AS modes, 0::bigint AS read, 0::bigint AS changed,
      (WITH RECURSIVE up AS (
        SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = c.oid
        UNION SELECT i.inhparent FROM pg_inherits i JOIN up ON up.inhparent = i.inhrelid
      ) SELECT json_agg(inhparent::regclass::text) FROM up)::text AS within
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'i', 'I', 'm', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
      AND n.nspname !~ '^pg_(toast_)?temp_'`)
}

interface LookRow {
  readonly what: 'lock' | 'rewrite' | 'scan' | 'change'
  readonly relation: string
  readonly kind: RelationKind
  readonly detail: string
  readonly within: string | null
}

function withinOf(list: string | null): { readonly within?: readonly string[] } {
  return list === null ? {} : { within: JSON.parse(list) as string[] }
}

/** What is new since the last look. */
async function look(
  session: Session,
  statement: number,
  until: number,
): Promise<Omit<Seen, 'statements'>> {
  const { rows } = await session.queryRaw(LOOK)
  const found = rows.map(
    ([what, relation, kind, detail, within]) =>
      ({ what, relation, kind, detail, within }) as LookRow,
  )
  const of = (what: LookRow['what']) => found.filter((row) => row.what === what)
  return {
    locks: of('lock').map(({ relation, kind, detail, within }) => ({
      statement,
      relation,
      kind,
      mode: modeName(detail),
      until,
      ...withinOf(within),
    })),
    rewrites: of('rewrite').map(({ relation, kind, within }) => ({
      statement,
      relation,
      kind,
      ...withinOf(within),
    })),
    scans: of('scan').map(({ relation, detail, within }) => ({
      statement,
      relation,
      rows: Number(detail),
      ...withinOf(within),
    })),
    changed: of('change').map(({ detail }) => ({ statement, rows: Number(detail) })),
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
const COUNT_FROM_HERE = `UPDATE pg_temp.slipway_existing s SET modes = '',
  read = coalesce((SELECT seq_tup_read FROM pg_stat_xact_all_tables x WHERE x.relid = s.oid), 0),
  changed = coalesce((SELECT n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_all_tables x WHERE x.relid = s.oid), 0)`

const LOOK = `WITH held AS (
    SELECT s.oid, s.relation, s.kind, s.within, l.mode, s.modes FROM pg_temp.slipway_existing s
    JOIN pg_locks l ON l.relation = s.oid AND l.pid = pg_backend_pid() AND l.granted AND l.locktype = 'relation'
    WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  ), written AS (
    SELECT s.oid, s.relation, s.kind, s.within, pg_relation_filenode(s.oid) AS node FROM pg_temp.slipway_existing s
    JOIN pg_class c ON c.oid = s.oid WHERE pg_relation_filenode(s.oid) IS DISTINCT FROM s.node
  ), scanned AS (
    SELECT s.oid, s.relation, s.kind, s.within, x.seq_tup_read - s.read AS rows, x.seq_tup_read AS total FROM pg_temp.slipway_existing s
    JOIN pg_stat_xact_all_tables x ON x.relid = s.oid WHERE x.seq_tup_read > s.read
  ), changed AS (
    SELECT s.oid, s.relation, s.kind, x.total - s.changed AS rows, x.total FROM pg_temp.slipway_existing s
    JOIN (SELECT relid, n_tup_ins + n_tup_upd + n_tup_del AS total FROM pg_stat_xact_all_tables) x ON x.relid = s.oid
    WHERE x.total > s.changed
  ), noted AS (
    UPDATE pg_temp.slipway_existing s SET
      modes = coalesce((SELECT string_agg(mode, ',') FROM held WHERE held.oid = s.oid), s.modes),
      node = coalesce((SELECT node FROM written WHERE written.oid = s.oid), s.node),
      read = coalesce((SELECT total FROM scanned WHERE scanned.oid = s.oid), s.read),
      changed = coalesce((SELECT total FROM changed WHERE changed.oid = s.oid), s.changed)
    WHERE s.oid IN (SELECT oid FROM held UNION SELECT oid FROM written UNION SELECT oid FROM scanned UNION SELECT oid FROM changed)
  )
  SELECT 'lock', relation, kind, mode, within FROM held WHERE mode <> ALL (string_to_array(modes, ','))
  UNION ALL SELECT 'rewrite', relation, kind, '', within FROM written
  UNION ALL SELECT 'scan', relation, kind, rows::text, within FROM scanned
  UNION ALL SELECT 'change', relation, kind, rows::text, NULL FROM changed
  ORDER BY 1, 2, 4`
