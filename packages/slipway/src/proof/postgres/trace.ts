import { type Address, type Session, unmaskedMessage } from '../../database/index.ts'
import { type Observer, runOnShadow, type ShadowRefusal } from '../../execution/index.ts'
import { type Failure, rethrow } from '../../kernel/index.ts'
import type { Migration, Statement, TransactionGroup } from '../../statements/index.ts'
import type { SeenEffect } from '../seen-effect.ts'
import { type RelationKind, type ExistingRelation, observeLocks } from './observe-locks.ts'

/** A lock that a statement took on an object that existed before the migration. */
export interface HeldLock {
  readonly statement: number
  /** The name as the server writes it: `users`, `billing.users`. */
  readonly relation: string
  readonly kind: RelationKind
  /** The name in PostgreSQL's documentation: `ACCESS EXCLUSIVE`. */
  readonly mode: string
  /** The last statement of its transaction, until whose end the lock is held. */
  readonly until: number
  /** The tables of which it is a partition or a child, at any level; absent if there are none. */
  readonly within?: readonly string[]
}

/** What a statement did to the existing objects, as the server reports it. */
export interface Trace {
  readonly ms: number
  /** The duration of each statement. */
  readonly statements: readonly { readonly statement: number; readonly ms: number }[]
  readonly locks: readonly HeldLock[]
  /** Tables and indexes that were rewritten. */
  readonly rewrites: readonly {
    readonly statement: number
    readonly relation: string
    readonly kind: RelationKind
    readonly within?: readonly string[]
  }[]
  /** Rows that statements read from tables by sequential scans. */
  readonly scans: readonly {
    readonly statement: number
    readonly relation: string
    readonly rows: number
    readonly within?: readonly string[]
  }[]
  readonly effects: readonly SeenEffect[]
  /** Statements outside a transaction whose locks were not seen, because there was no second session. */
  readonly unseen: readonly number[]
}

/** A run that stopped at a statement. */
export interface StoppedRun {
  readonly statement: Statement
  readonly failure: Failure
  /** The server's message, including the row, which was generated. */
  readonly said: string
  /** Earlier work was committed and remains. */
  readonly committed: boolean
}

type Seen = Pick<Trace, 'statements' | 'locks' | 'rewrites' | 'scans' | 'effects'>

/** The observations of a traced run, and where it stopped. */
export interface TracedRun {
  readonly trace: Trace
  readonly stop?: StoppedRun
  readonly refusal?: ShadowRefusal
}

/**
 * Runs a migration as a deploy would, and reads after each statement which locks it holds, what was rewritten
 * and how many rows were read. Only existing relations count. If `address` leads to the database, a second
 * session watches statements that run outside a transaction. The run stops at a refused statement and rolls
 * back what was not committed.
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
  // A deferred constraint is checked only at the end of the transaction.
  const at = statement ?? group.statements.at(-1)
  if (at === undefined) return rethrow(failure, error)
  return { statement: at, failure, said: unmaskedMessage(error) ?? failure.message, committed }
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

/** Times of statements sent as one message: the first statement gets the time of all. */
function timesOf(statements: readonly Statement[], ms: number): Trace['statements'] {
  return statements.map(({ number }, index) => ({ statement: number, ms: index === 0 ? ms : 0 }))
}

const NOTHING: Seen = { statements: [], locks: [], rewrites: [], scans: [], effects: [] }

function together(seen: readonly Seen[]): Seen {
  return {
    statements: seen.flatMap(({ statements }) => statements),
    locks: seen.flatMap(({ locks }) => locks),
    rewrites: seen.flatMap(({ rewrites }) => rewrites),
    scans: seen.flatMap(({ scans }) => scans),
    effects: seen.flatMap(({ effects }) => effects),
  }
}

/** Milliseconds since `began`, with one decimal. */
function since(began: number): number {
  return Math.round((performance.now() - began) * 10) / 10
}

/**
 * Whether locks can be read after each statement. `SET TRANSACTION` must come first in its transaction, so no
 * query may precede it; a statement that runs alone has no transaction.
 */
function isSeen({ kind, statements }: TransactionGroup): boolean {
  return kind === 'transaction' && statements.every(({ settings }) => settings !== 'transaction')
}

function isAlone({ kind, statements }: TransactionGroup): boolean {
  return kind !== 'transaction' && statements.length === 1
}

/** Traces a statement outside a transaction; another session reads its locks. */
async function traceAlone(
  session: Session,
  { address, statement }: { readonly address: Address; readonly statement: Statement },
  send: () => Promise<void>,
): Promise<Seen> {
  const existing = await session.query<ExistingRelation>(
    `SELECT e.oid::text, e.relation, format('%I.%I', n.nspname, c.relname) AS name, e.kind, e.within
     FROM pg_temp.slipway_existing e JOIN pg_class c ON c.oid = e.oid JOIN pg_namespace n ON n.oid = c.relnamespace`,
  )
  const { locks, from } = await observeLocks(session, { address, existing }, send)
  const { number } = statement
  const ms = since(from)
  const { rewrites, effects } = await look(session, number, number)
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
    // The server counts rows only within a transaction. These counts may come from earlier ones.
    effects: effects.filter(({ rows }) => rows === undefined),
  }
}

/** Records the existing relations in a temporary table, for a comparison after each statement. */
async function watchRelations(session: Session): Promise<void> {
  await session.execute(`DROP TABLE IF EXISTS pg_temp.slipway_existing;
    CREATE TEMPORARY TABLE slipway_existing AS
    SELECT c.oid, c.oid::regclass::text AS relation,
      CASE WHEN c.relkind IN ('i', 'I') THEN 'index' WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END AS kind,
      pg_relation_filenode(c.oid) AS node, ''::text AS modes, 0::bigint AS read,
      0::bigint AS inserted, 0::bigint AS updated, 0::bigint AS deleted, false AS gone,
      c.relkind = 'r' AND pg_relation_size(c.oid) > 0 AS filled,
      (SELECT jsonb_object_agg(a.attnum, a.attname) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')) AS columns,
      CASE WHEN c.oid IN (SELECT inhrelid FROM pg_inherits) THEN (WITH RECURSIVE up AS (
        SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = c.oid
        UNION SELECT i.inhparent FROM pg_inherits i JOIN up ON up.inhparent = i.inhrelid
      ) SELECT json_agg(inhparent::regclass::text) FROM up)::text END AS within
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'i', 'I', 'm', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
      AND n.nspname !~ '^pg_(toast_)?temp_'`)
}

interface LookRow {
  readonly what: 'lock' | 'rewrite' | 'scan' | SeenEffect['what']
  readonly relation: string
  readonly kind: RelationKind
  readonly detail: string
  readonly within: string | null
}

function withinOf(list: string | null): { readonly within?: readonly string[] } {
  return list === null ? {} : { within: JSON.parse(list) as string[] }
}

/** Reads what has changed since the last call. */
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
    effects: found.flatMap(({ what, relation, detail, within }) => {
      if (what === 'lock' || what === 'rewrite' || what === 'scan') return []
      const counted = COUNTED.has(what) ? { rows: Number(detail) } : {}
      const column = what === 'column-dropped' ? { column: detail } : {}
      return [{ statement, relation, what, ...counted, ...column, ...withinOf(within) }]
    }),
  }
}

const COUNTED: ReadonlySet<string> = new Set(['inserted', 'updated', 'deleted'])

/** Converts a lock mode to its documented name: `AccessExclusiveLock` to `ACCESS EXCLUSIVE`. */
function modeName(mode: string): string {
  return mode
    .replace(/Lock$/, '')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toUpperCase()
}

/**
 * Sets the baseline of the counts: the server's counts in a transaction include those of earlier transactions
 * that it has not yet reported.
 */
const COUNT_FROM_HERE = `UPDATE pg_temp.slipway_existing s SET modes = '', read = 0, inserted = 0, updated = 0, deleted = 0
  WHERE (modes, read, inserted, updated, deleted) IS DISTINCT FROM ('', 0, 0, 0, 0);
  UPDATE pg_temp.slipway_existing s SET read = seq_tup_read, inserted = n_tup_ins, updated = n_tup_upd, deleted = n_tup_del
  FROM pg_stat_xact_all_tables x
  WHERE x.relid = s.oid AND (x.seq_tup_read, x.n_tup_ins, x.n_tup_upd, x.n_tup_del) <> (0, 0, 0, 0)`

const LOOK = `WITH held AS (
    SELECT s.oid, s.relation, s.kind, s.within, l.mode, s.modes FROM pg_temp.slipway_existing s
    JOIN pg_locks l ON l.relation = s.oid AND l.pid = pg_backend_pid() AND l.granted AND l.locktype = 'relation'
    WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  ), written AS (
    SELECT s.oid, s.relation, s.kind, s.within, s.filled, pg_relation_filenode(s.oid) AS node FROM pg_temp.slipway_existing s
    JOIN pg_class c ON c.oid = s.oid WHERE pg_relation_filenode(s.oid) IS DISTINCT FROM s.node
  ), counted AS (
    SELECT s.oid, s.relation, s.kind, s.within, x.seq_tup_read, x.n_tup_ins, x.n_tup_upd, x.n_tup_del, x.seq_tup_read - s.read AS read,
      x.n_tup_ins - s.inserted AS inserted, x.n_tup_upd - s.updated AS updated, x.n_tup_del - s.deleted AS deleted
    FROM pg_temp.slipway_existing s JOIN pg_stat_xact_all_tables x ON x.relid = s.oid
    WHERE (x.seq_tup_read, x.n_tup_ins, x.n_tup_upd, x.n_tup_del) <> (s.read, s.inserted, s.updated, s.deleted)
  ), gone AS (
    SELECT s.oid, s.relation, s.kind, s.within FROM pg_temp.slipway_existing s
    WHERE s.kind = 'table' AND NOT s.gone AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = s.oid)
  ), dropped AS (
    SELECT s.oid, s.relation, s.kind, s.within, a.attnum, s.columns ->> a.attnum::text AS name
    FROM pg_temp.slipway_existing s JOIN pg_attribute a ON a.attrelid = s.oid AND a.attisdropped AND s.columns ? a.attnum::text
  ), noted AS (
    UPDATE pg_temp.slipway_existing s SET
      modes = coalesce((SELECT string_agg(mode, ',') FROM held WHERE held.oid = s.oid), s.modes),
      node = coalesce((SELECT node FROM written WHERE written.oid = s.oid), s.node),
      read = coalesce((SELECT seq_tup_read FROM counted WHERE counted.oid = s.oid), s.read),
      inserted = coalesce((SELECT n_tup_ins FROM counted WHERE counted.oid = s.oid), s.inserted),
      updated = coalesce((SELECT n_tup_upd FROM counted WHERE counted.oid = s.oid), s.updated),
      deleted = coalesce((SELECT n_tup_del FROM counted WHERE counted.oid = s.oid), s.deleted),
      gone = s.gone OR s.oid IN (SELECT oid FROM gone),
      columns = s.columns - ARRAY(SELECT attnum::text FROM dropped WHERE dropped.oid = s.oid)
    WHERE s.oid IN (SELECT oid FROM held UNION SELECT oid FROM written UNION SELECT oid FROM counted UNION SELECT oid FROM gone
      UNION SELECT oid FROM dropped)
  )
  SELECT 'lock', relation, kind, mode, within FROM held WHERE mode <> ALL (string_to_array(modes, ','))
  UNION ALL SELECT 'rewrite', relation, kind, '', within FROM written
  UNION ALL SELECT 'emptied', relation, kind, '', within FROM written WHERE filled AND pg_relation_size(oid) = 0
  UNION ALL SELECT 'scan', relation, kind, read::text, within FROM counted WHERE read > 0
  UNION ALL SELECT what, relation, kind, rows::text, within FROM counted
    CROSS JOIN LATERAL (VALUES ('inserted', inserted), ('updated', updated), ('deleted', deleted)) AS v (what, rows) WHERE rows > 0
  UNION ALL SELECT 'dropped', relation, kind, '', within FROM gone
  UNION ALL SELECT 'column-dropped', relation, kind, name, within FROM dropped
  ORDER BY 1, 2, 4`
