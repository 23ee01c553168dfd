// Before kept data is restored, its table may have been renamed, or restored from a dump into another database.
// Each write to the ledger therefore records where each table is. In the database where the data was kept, the OID
// identifies the table. In any other database, the last recorded schema and name identify it, and the columns must
// exist.

/** Kept data that can still be restored into its table. A dropped table is found by name if it is created again. */
const WAITING = `k.restored_at IS NULL AND k.not_kept IS NULL AND k.kind <> 'table' AND k.details ? 'numbers'`

/** Kept data whose table or columns have names that differ from the recorded ones. */
const RENAMED_KEPT_TABLES = `SELECT id, present FROM (
  SELECT k.id, k.present AS noted, jsonb_build_object('schema', n.nspname, 'table', c.relname, 'columns', (
      SELECT coalesce(jsonb_object_agg(old.key, a.attname), '{}') FROM jsonb_each_text(k.details -> 'numbers') AS old
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = old.value::integer AND NOT a.attisdropped)) AS present
  FROM slipway.kept k JOIN pg_class c ON c.oid = k.relation JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE ${WAITING} AND slipway.is_this_database(k.database_identity) AND c.relkind IN ('r', 'p') AND n.nspname <> 'slipway') AS here
WHERE noted IS DISTINCT FROM present`

/**
 * Kept data of another database whose table was found in this one. A table matches if it has the name and all
 * columns that were recorded last. If nothing was recorded, it matches by name if it has all columns that it had
 * when the data was kept, except those that were dropped then, and no other table of its schema has them.
 */
const FOUND_KEPT_TABLES = `WITH strange AS (
  SELECT k.id, k.present IS NOT NULL AS noted, coalesce(k.present ->> 'schema', k.table_schema) AS schema,
    coalesce(k.present ->> 'table', k.table_name) AS name,
    CASE WHEN k.present IS NULL THEN (SELECT jsonb_object_agg(key, key) FROM jsonb_object_keys(k.details -> 'numbers') AS key
      WHERE k.kind <> 'columns' OR key <> ALL (k.columns)) ELSE k.present -> 'columns' END AS columns
  FROM slipway.kept k WHERE ${WAITING} AND NOT slipway.is_this_database(k.database_identity)),
candidate AS (
  SELECT s.id, s.noted, c.relname = s.name AS named, c.oid, s.columns, (
      SELECT jsonb_object_agg(old.key, a.attnum) FROM jsonb_each_text(s.columns) AS old
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = old.value AND a.attnum > 0 AND NOT a.attisdropped) AS numbers
  FROM strange s JOIN pg_namespace n ON n.nspname = s.schema JOIN pg_class c ON c.relnamespace = n.oid
  WHERE c.relkind IN ('r', 'p') AND (c.relname = s.name OR NOT s.noted)),
fitting AS (
  SELECT id, named, oid, numbers, noted, count(*) OVER (PARTITION BY id) AS tables FROM candidate
  WHERE (SELECT array_agg(key) FROM jsonb_object_keys(columns) AS key) <@ (SELECT array_agg(key) FROM jsonb_object_keys(numbers) AS key))
SELECT id, oid, numbers FROM fitting WHERE named AND (noted OR tables = 1)`

/** Whether there is kept data whose table must be known. */
export const HAS_WAITING_KEPT_DATA = `EXISTS (SELECT FROM slipway.kept k WHERE ${WAITING})`

/** A query of one row: whether `ASSIGN_KEPT_TABLES` would find a table, and whether `RECORD_KEPT_TABLES` would record one. */
export const HAS_STALE_KEPT_TABLES = `SELECT EXISTS (${FOUND_KEPT_TABLES}), EXISTS (${RENAMED_KEPT_TABLES})`

/** SQL that records the current names of the tables and columns of kept data. */
export const RECORD_KEPT_TABLES = `UPDATE slipway.kept k SET present = moved.present FROM (${RENAMED_KEPT_TABLES}) AS moved WHERE moved.id = k.id;\n`

/** SQL that assigns kept data of another database to the tables that were found in this one. */
export const ASSIGN_KEPT_TABLES = `UPDATE slipway.kept k SET relation = found.oid, database_identity = slipway.database_identity(),
  details = k.details || jsonb_build_object('numbers', found.numbers)
FROM (${FOUND_KEPT_TABLES}) AS found WHERE found.id = k.id;\n`
