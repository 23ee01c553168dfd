import { inLedger, type Session } from '../../database/index.ts'
import type { TableFacts } from '../../hazards/index.ts'
import { objectKey, tableRef } from '../../statements/index.ts'

/**
 * Reads the rows and bytes of a target's tables, by `objectKey`. A partitioned table has the sum of its
 * partitions. Rows are estimated as the planner does, without reading any; only 0 is exact. Never waits for
 * a lock: for a table with an ACCESS EXCLUSIVE lock, the statistics count, and without statistics it is
 * left out, as is a table with a foreign partition, whose rows are on another server.
 */
export async function readTableSizes(session: Session): Promise<Map<string, TableFacts>> {
  const sized = await session.query<Sized>(inLedger(session, SIZES))
  const { schema: defaultSchema } = session.server
  return new Map(
    sized.map(({ rows, bytes, ...table }) => [
      objectKey(tableRef({ defaultSchema }, table)),
      { rows, bytes },
    ]),
  )
}

type Sized = Readonly<Record<'rows' | 'bytes', number> & Record<'schema' | 'name', string>>

const USERS = `n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'slipway')`
const BLOCK = `current_setting('block_size')::float8`

/**
 * The width of a row without statistics, like `get_rel_data_width` of the
 * server, plus its header and pointer.
 */
const WIDTH = `(SELECT 28 + coalesce(sum(CASE WHEN a.attlen > 0 THEN a.attlen ELSE 32 END), 0)
  FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)`

/**
 * Estimates rows like `estimate_rel_size` of the server: the density at the last ANALYZE times the current
 * number of pages. pg_relation_size would wait for a session that holds or awaits an exclusive lock, so the
 * pages in the statistics are used then.
 */
const SIZES = `
WITH RECURSIVE held AS MATERIALIZED (
  SELECT relation FROM pg_locks
  WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock' AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
), paged AS (
  SELECT c.oid, c.relpages, c.reltuples, ${WIDTH} AS width,
    CASE WHEN c.oid IN (SELECT relation FROM held) THEN nullif(c.relpages, 0) * ${BLOCK}
      ELSE pg_relation_size(c.oid) END AS bytes
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND ${USERS}
), sized AS (
  SELECT oid, bytes, CASE
    WHEN bytes = 0 THEN 0
    WHEN relpages > 0 AND reltuples >= 0 THEN greatest(1, round(reltuples / relpages * (bytes / ${BLOCK})))
    ELSE greatest(1, round(bytes / width)) END AS rows
  FROM paged
), tree(root, member) AS (
  SELECT c.oid, c.oid FROM pg_class c WHERE c.relkind IN ('r', 'p')
  UNION SELECT root, i.inhrelid FROM tree JOIN pg_inherits i ON i.inhparent = member
)
SELECT n.nspname AS schema, c.relname AS name,
  coalesce(sum(s.rows), 0)::float8 AS rows, coalesce(sum(s.bytes), 0)::float8 AS bytes
FROM tree t JOIN pg_class c ON c.oid = t.root JOIN pg_class m ON m.oid = t.member JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN sized s ON s.oid = t.member
WHERE ${USERS}
GROUP BY n.nspname, c.relname
HAVING count(s.oid) = count(s.bytes) AND NOT bool_or(m.relkind = 'f')
ORDER BY n.nspname, c.relname`
