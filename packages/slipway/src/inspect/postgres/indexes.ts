import { quoteIdentifier, type Session } from '../../database/index.ts'
import { duplicateOf } from '../duplicate-index.ts'
import type { HealthFinding, Probe, CheckReading } from '../finding.ts'
import { bytesText, momentText, namesOf } from './names.ts'

/** An index as described in the catalog. */
export interface IndexFacts {
  readonly schema: string
  readonly table: string
  readonly name: string
  readonly method: string
  readonly unique: boolean
  readonly primary: boolean
  /** Its key parts, each with operator class, collation and order. */
  readonly keys: readonly string[]
  /** Its INCLUDE columns. */
  readonly included: readonly string[]
  readonly predicate: string | null
  /** For a unique index: whether NULLs are distinct, and whether it is checked immediately. */
  readonly enforcement: string
  /** The constraint to which it belongs. */
  readonly constraint: string | null
  /** Whether a foreign key or an exclusion constraint relies on it, or it is the replica identity. */
  readonly neededByConstraint: boolean
  readonly valid: boolean
  /** Whether it is the index of a partition, attached to the index of the partitioned table. */
  readonly attached: boolean
  readonly partitioned: boolean
  /** Whether it begins with the columns of a foreign key of its table, and so finds the referencing rows. */
  readonly servesForeignKey: boolean
  readonly scans: number
  readonly bytes: number
  /** Rows written to its table. */
  readonly writes: number
  /** Whether another session holds the lock that a concurrent index build takes. */
  readonly maybeBuilding: boolean
}

/**
 * Finds valid indexes that no statement has used since statistics collection began. Excludes those that a
 * constraint needs.
 */
export async function checkUnusedIndexes(probe: Probe): Promise<CheckReading> {
  const { session, schemas, thresholds } = probe
  const window = await readWindow(session)
  if (!window.counted)
    return {
      findings: [],
      unread: { extent: 'all', reason: 'not readable: needs track_counts = on' },
    }
  const since = momentText(window.since)
  if (window.days < thresholds.unusedIndexDays) {
    const reason = `not readable: the server has collected statistics only since ${since}, and this check needs ${thresholds.unusedIndexDays} days of them`
    return { findings: [], unread: { extent: 'all', reason } }
  }
  const indexes = await readIndexes(session, schemas)
  const unused = indexes.filter(
    (index) =>
      isUnneeded(index) &&
      index.valid &&
      index.scans === 0 &&
      index.bytes >= thresholds.unusedIndexBytes,
  )
  return {
    findings: unused.map((index) => unusedFinding(session, index, { since, days: window.days })),
  }
}

/** Finds indexes that another index of the same table makes unnecessary: see duplicate-index.ts. */
export async function checkDuplicateIndexes({ session, schemas }: Probe): Promise<CheckReading> {
  const indexes = await readIndexes(session, schemas)
  const byTable = Map.groupBy(indexes, ({ schema, table }) => JSON.stringify([schema, table]))
  const findings = [...byTable.values()].flatMap((all) =>
    all.flatMap((index) => {
      const other = duplicateOf(index, all)
      return other ? [duplicateFinding(session, index, other)] : []
    }),
  )
  return { findings }
}

/** Finds indexes whose build was interrupted: they slow down each write, and no query uses them. */
export async function checkInvalidIndexes({ session, schemas }: Probe): Promise<CheckReading> {
  const indexes = await readIndexes(session, schemas)
  return {
    findings: indexes.filter(({ valid }) => !valid).map((index) => invalidFinding(session, index)),
  }
}

function isUnneeded({
  unique,
  constraint,
  neededByConstraint,
  attached,
  servesForeignKey,
}: IndexFacts): boolean {
  return !unique && constraint === null && !neededByConstraint && !attached && !servesForeignKey
}

function unusedFinding(
  session: Session,
  index: IndexFacts,
  { since, days }: { readonly since: string | null; readonly days: number },
): HealthFinding {
  const names = namesOf(session)
  return {
    id: 'index-unused',
    severity: 'notice',
    object: names.ref('index', index),
    message: `No statement has used the index ${names.text(index)} (${bytesText(index.bytes)}) of ${names.text(tableOf(index))} since ${since}, or since it was created.`,
    evidence: {
      scans: index.scans,
      bytes: index.bytes,
      since,
      days: Math.floor(days),
      writesToTable: index.writes,
    },
    fix: 'Make sure that no replica and no rare job uses it: each server keeps its own counts. Then drop it in a migration.',
    sql: dropSql(session, index),
  }
}

function duplicateFinding(session: Session, index: IndexFacts, other: IndexFacts): HealthFinding {
  const names = namesOf(session)
  const same = index.keys.length === other.keys.length
  const [text, otherText] = [names.text(index), names.text(other)]
  return {
    id: 'index-duplicate',
    severity: same ? 'warning' : 'notice',
    object: names.ref('index', index),
    message: same
      ? `The index ${text} (${bytesText(index.bytes)}) has the same definition as ${otherText}.`
      : `The index ${text} (${bytesText(index.bytes)}) is a prefix of ${otherText}, which serves the same queries.`,
    evidence: {
      other: otherText,
      bytes: index.bytes,
      scans: index.scans,
      otherScans: other.scans,
      writesToTable: index.writes,
    },
    fix: `Drop ${text} in a migration.`,
    sql: dropSql(session, index),
  }
}

function invalidFinding(session: Session, index: IndexFacts): HealthFinding {
  const names = namesOf(session)
  const text = names.text(index)
  const { maybeBuilding, partitioned } = index
  const isCopy = /_cc(?:new|old)\d*$/.test(index.name)
  return {
    id: 'index-invalid',
    severity: maybeBuilding ? 'notice' : 'warning',
    object: names.ref('index', index),
    message: maybeBuilding
      ? `The index ${text} of ${names.text(tableOf(index))} is not valid; a session that holds a lock on the table may be building it.`
      : `The index ${text} of ${names.text(tableOf(index))} is not valid: no query uses it${partitioned ? ', because partitions lack their part of it' : ', and each write still updates it'}.`,
    evidence: { bytes: index.bytes, unique: index.unique, partitioned, maybeBuilding },
    fix: fixOfInvalid(index, isCopy),
    sql:
      maybeBuilding || partitioned
        ? null
        : isCopy
          ? dropSql(session, index)
          : `REINDEX INDEX CONCURRENTLY ${names.sql(index)};`,
  }
}

function fixOfInvalid({ maybeBuilding, partitioned }: IndexFacts, isCopy: boolean): string {
  if (maybeBuilding) return 'Look again when the other session has ended.'
  if (partitioned)
    return 'Create the index on each partition that lacks it, and attach it with ALTER INDEX … ATTACH PARTITION.'
  return isCopy ? 'Drop it: a REINDEX CONCURRENTLY left it behind.' : 'Build it again.'
}

function dropSql(session: Session, index: IndexFacts): string {
  const names = namesOf(session)
  if (index.constraint !== null)
    return `ALTER TABLE ${names.sql(tableOf(index))} DROP CONSTRAINT ${quoteIdentifier(index.constraint)};`
  return `DROP INDEX${index.partitioned ? '' : ' CONCURRENTLY'} ${names.sql(index)};`
}

function tableOf({ schema, table }: IndexFacts) {
  return { schema, name: table }
}

/**
 * Reads since when index scans are counted: since the last statistics reset or crash, or since the server
 * was initialized.
 */
async function readWindow(
  session: Session,
): Promise<{ counted: boolean; since: number; days: number }> {
  const [row] = await session.query<{ counted: boolean; since: number; days: number }>(`
    SELECT (SELECT reset_val::bool FROM pg_settings WHERE name = 'track_counts') AS counted, extract(epoch FROM since)::float8 AS since,
      (extract(epoch FROM now() - since) / 86400)::float8 AS days
    FROM (SELECT greatest((SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()),
      (SELECT stats_reset FROM pg_stat_bgwriter)) AS since) AS w`)
  return row ?? { counted: false, since: 0, days: 0 }
}

/** Reads the indexes of the tables in these schemas. Equal key parts have equal texts. */
async function readIndexes(session: Session, schemas: readonly string[]): Promise<IndexFacts[]> {
  const hasNullsNotDistinct = session.server.versionNumber >= 150_000
  const sql = INDEXES.replace('$nulls', hasNullsNotDistinct ? 'i.indnullsnotdistinct' : 'false')
  return await session.query<IndexFacts & Record<string, unknown>>(sql, [schemas])
}

/** Sizes are those of the last VACUUM, ANALYZE or build, because pg_relation_size would wait for locks. */
const INDEXES = `
SELECT n.nspname AS schema, t.relname AS table, x.relname AS name, m.amname AS method, i.indisunique AS unique, i.indisprimary AS primary,
  ARRAY(SELECT concat_ws(' ', pg_get_indexdef(i.indexrelid, k, false), 'opclass', (i.indclass::oid[])[k - 1],
      'collation', (i.indcollation::oid[])[k - 1], 'option', (i.indoption::int2[])[k - 1])
    FROM generate_series(1, i.indnkeyatts) AS k ORDER BY k) AS keys,
  ARRAY(SELECT pg_get_indexdef(i.indexrelid, k, false)
    FROM generate_series(i.indnkeyatts + 1, i.indnatts) AS k ORDER BY k) AS included,
  pg_get_expr(i.indpred, i.indrelid) AS predicate, concat_ws(' ', $nulls, i.indimmediate) AS enforcement,
  c.conname AS constraint,
  (i.indisreplident OR i.indisexclusion OR EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = i.indexrelid))
    AS "neededByConstraint",
  EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conrelid = i.indrelid
    AND (string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(f.conkey)] @> f.conkey) AS "servesForeignKey",
  i.indisvalid AND i.indisready AND i.indislive AS valid, x.relispartition AS attached, x.relkind = 'I' AS partitioned,
  u.scans, u.bytes, w.writes,
  EXISTS (SELECT FROM pg_locks l WHERE l.relation = i.indrelid AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
    AND l.pid <> pg_backend_pid() AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
    AS "maybeBuilding"
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x')
CROSS JOIN LATERAL (
  SELECT coalesce(sum(pg_stat_get_numscans(p.oid)), 0)::float8 AS scans,
    coalesce(sum(p.relpages), 0) * current_setting('block_size')::float8 AS bytes
  FROM pg_class p WHERE p.oid = i.indexrelid OR p.oid IN (SELECT relid FROM pg_partition_tree(i.indexrelid))
) u
CROSS JOIN LATERAL (
  SELECT coalesce(sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del), 0)::float8 AS writes
  FROM pg_stat_all_tables s
  WHERE s.relid = i.indrelid OR s.relid IN (SELECT relid FROM pg_partition_tree(i.indrelid))
) w
WHERE n.nspname = ANY ($1) AND t.relkind IN ('r', 'p', 'm')
ORDER BY n.nspname, t.relname, x.relname`
