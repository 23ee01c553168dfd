import { quoteIdentifier, type Session } from '../../database/index.ts'
import { readTableSizes } from '../../plan/index.ts'
import { indexName } from '../../schema/index.ts'
import { objectKey, tableRef } from '../../statements/index.ts'
import type { HealthFinding, Probe, CheckReading } from '../finding.ts'
import { bytesText, countText, namesOf } from './names.ts'

/** A foreign key without an index to find the referencing rows. */
export interface UnindexedKey {
  readonly schema: string
  readonly table: string
  readonly partitioned: boolean
  readonly name: string
  readonly columns: readonly string[]
  readonly parent: string
  readonly parentSchema: string
  readonly onDelete: string
  /** Number of sequential scans of the table, and the rows that they read. */
  readonly scans: number
  readonly scannedRows: number
}

/**
 * Finds foreign keys whose columns no index begins with. An index counts if it is a valid B-tree that
 * begins with the columns, in any order, and contains all rows, or all rows where they are not NULL. On a
 * partitioned table, each partition needs one.
 */
export async function checkForeignKeys({
  session,
  schemas,
  thresholds,
}: Probe): Promise<CheckReading> {
  const keys = await readUnindexedKeys(session, schemas)
  if (keys.length === 0) return { findings: [] }
  const sizes = await readTableSizes(session)
  const defaultSchema = session.server.schema
  const findings = keys.map((key) => {
    const size = sizes.get(
      objectKey(tableRef({ defaultSchema }, { schema: key.schema, name: key.table })),
    )
    return findingOf(session, key, { size, least: thresholds.foreignKeyRows })
  })
  return {
    findings: findings.toSorted((a, b) => Number(b.evidence['rows']) - Number(a.evidence['rows'])),
  }
}

/** Reads the foreign keys in these schemas that no index covers. */
export async function readUnindexedKeys(
  session: Session,
  schemas: readonly string[],
): Promise<UnindexedKey[]> {
  return await session.query<UnindexedKey & Record<string, unknown>>(UNINDEXED, [schemas])
}

/** The statement that creates the missing index of a foreign key. */
export function indexSql(
  session: Session,
  key: UnindexedKey,
  how: 'concurrently' | 'in place',
): string {
  const table = { schema: key.schema, name: key.table }
  const columns = key.columns.map(quoteIdentifier).join(', ')
  const name = quoteIdentifier(indexName(table, key.columns))
  // PostgreSQL cannot build the index of a partitioned table concurrently.
  const concurrently = how === 'concurrently' && !key.partitioned ? ' CONCURRENTLY' : ''
  return `CREATE INDEX${concurrently} ${name} ON ${namesOf(session).sql(table)} (${columns});`
}

function findingOf(
  session: Session,
  key: UnindexedKey,
  {
    size,
    least,
  }: { readonly size: { rows: number; bytes: number } | undefined; readonly least: number },
): HealthFinding {
  const names = namesOf(session)
  const table = { schema: key.schema, name: key.table }
  const parent = names.text({ schema: key.parentSchema, name: key.parent })
  const rows = size?.rows ?? null
  const big =
    size === undefined ? 'unknown size' : `${countText(size.rows, 'row')}, ${bytesText(size.bytes)}`
  return {
    id: 'foreign-key-unindexed',
    severity: rows === null || rows >= least ? 'warning' : 'notice',
    object: names.constraintRef(table, key.name),
    message: `The foreign key ${key.name} of ${names.text(table)} has no index on ${key.columns.join(', ')}: to delete a row of ${parent}, or to find the rows that refer to it, PostgreSQL reads the whole table (${big}).`,
    evidence: {
      columns: key.columns,
      references: parent,
      onDelete: key.onDelete,
      rows,
      bytes: size?.bytes ?? null,
      scans: key.scans,
      scannedRows: key.scannedRows,
    },
    fix: `Add @@index([${key.columns.join(', ')}]) to the model of ${names.text(table)}, and create a migration.`,
    sql: indexSql(session, key, 'concurrently'),
  }
}

/** The names of the leading key columns of an index; NULL for an expression. */
const LEADING = `(SELECT array_agg(a.attname::text ORDER BY k.place)
  FROM unnest(string_to_array(i.indkey::text, ' ')::int2[]) WITH ORDINALITY AS k(attnum, place)
  LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
  WHERE k.place <= i.indnkeyatts AND k.place <= cardinality(f.columns))`

const UNINDEXED = `
WITH keys AS (
  SELECT c.oid, c.conrelid, n.nspname AS schema, t.relname AS table, t.relkind = 'p' AS partitioned, c.conname AS name,
    (SELECT array_agg(a.attname::text ORDER BY k.place) FROM unnest(c.conkey) WITH ORDINALITY AS k(attnum, place)
      JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum) AS columns,
    r.relname AS parent, rn.nspname AS "parentSchema",
    CASE c.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT'
      WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END AS "onDelete"
  FROM pg_constraint c
  JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
  JOIN pg_class r ON r.oid = c.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
  WHERE c.contype = 'f' AND c.conparentid = 0 AND n.nspname = ANY ($1)
), members AS (
  SELECT k.oid, p.relid FROM keys k, pg_partition_tree(k.conrelid) p WHERE p.isleaf
), leaves AS (
  SELECT * FROM members
  UNION SELECT k.oid, k.conrelid FROM keys k WHERE NOT EXISTS (SELECT FROM members m WHERE m.oid = k.oid)
), covered AS (
  SELECT f.oid, l.relid, EXISTS (
    SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
    WHERE i.indrelid = l.relid AND i.indisvalid AND i.indisready AND m.amname = 'btree'
      AND ${LEADING} @> f.columns
      AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid)
        IN (SELECT format('(%I IS NOT NULL)', name) FROM unnest(f.columns) AS name))) AS covered
  FROM keys f JOIN leaves l ON l.oid = f.oid
)
SELECT k.schema, k.table, k.partitioned, k.name, k.columns, k.parent, k."parentSchema", k."onDelete",
  coalesce(sum(s.seq_scan), 0)::float8 AS scans, coalesce(sum(s.seq_tup_read), 0)::float8 AS "scannedRows"
FROM keys k JOIN covered c ON c.oid = k.oid LEFT JOIN pg_stat_all_tables s ON s.relid = c.relid
GROUP BY k.schema, k.table, k.partitioned, k.name, k.columns, k.parent, k."parentSchema", k."onDelete"
HAVING NOT bool_and(c.covered)
ORDER BY k.schema, k.table, k.name`
