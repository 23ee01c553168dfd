import type { Row, Session } from '../database/index.ts'

/** An object that the Prisma schema cannot express, so Prisma's engine would drop it. */
export interface Inexpressible {
  readonly schema: string
  readonly name: string
  /** The part of it that the schema cannot express: `partial`, `expression` … */
  readonly reason: string
}

/** An index, and the unique constraint that it serves, if it serves one. */
export interface IndexFacts {
  readonly schema: string
  readonly name: string
  readonly table: string
  readonly constraint: string | null
  readonly unique: boolean
  /** Its key as the engine writes it: `"a", "b" DESC`. */
  readonly key: string
  /** Columns of its table that it needs. */
  readonly columns: readonly {
    readonly schema: string
    readonly table: string
    readonly name: string
  }[]
  /** The part that the Prisma schema cannot express; null if it can express everything. */
  readonly reason: string | null
}

// `indnullsnotdistinct` is read through JSON, because servers before PostgreSQL 15 do not have it.
const INDEXES = `
SELECT n.nspname AS schema, c.relname AS name, t.relname AS table, con.conname AS constraint,
  i.indisunique AS unique,
  array_to_string(array(
    SELECT format('"%s"', replace(a.attname, '"', '""'))
      || CASE WHEN op.opcdefault THEN '' ELSE ' ' || op.opcname END
      || CASE WHEN part.bits & 1 = 1 THEN ' DESC' ELSE '' END
    FROM unnest(i.indkey, i.indclass, i.indoption) WITH ORDINALITY AS part(number, class, bits, place)
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = part.number
    JOIN pg_opclass op ON op.oid = part.class
    WHERE part.place <= i.indnkeyatts
    ORDER BY part.place
  ), ', ') AS key,
  coalesce((
    SELECT json_agg(json_build_object('schema', tn.nspname, 'table', t.relname, 'name', a.attname))
    FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND d.refobjid = t.oid
      AND (d.objid = c.oid AND d.classid = 'pg_class'::regclass
        OR d.objid = con.oid AND d.classid = 'pg_constraint'::regclass)
  ), '[]') AS columns,
  CASE
    WHEN i.indexprs IS NOT NULL THEN 'expression'
    WHEN i.indpred IS NOT NULL AND NOT $1 THEN 'partial'
    WHEN i.indnatts > i.indnkeyatts THEN 'INCLUDE'
    WHEN to_jsonb(i)->>'indnullsnotdistinct' = 'true' THEN 'NULLS NOT DISTINCT'
    WHEN con.condeferrable THEN 'DEFERRABLE'
    WHEN c.reloptions IS NOT NULL THEN 'storage parameters'
    WHEN am.amname NOT IN ('btree', 'hash', 'gin', 'gist', 'spgist', 'brin') THEN am.amname
    WHEN EXISTS (SELECT FROM unnest(i.indoption) AS o(bits) WHERE bits IN (1, 2)) THEN 'NULLS FIRST or LAST'
    WHEN EXISTS (
      SELECT FROM unnest(i.indkey, i.indcollation) AS key(number, coll)
      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = key.number
      WHERE key.coll <> 0 AND key.coll <> a.attcollation
    ) THEN 'COLLATE'
  END AS reason
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_constraint con ON con.conindid = c.oid AND con.contype IN ('u', 'x')
WHERE c.relname = ANY ($2)`

/**
 * Reads the facts of the indexes with these names. With `partialIndexes` the schema can express a predicate.
 */
export async function readIndexes(
  session: Session,
  names: readonly string[],
  partialIndexes: boolean,
): Promise<IndexFacts[]> {
  return await session.query<Row & IndexFacts>(INDEXES, [partialIndexes, names])
}

const TABLES = `
SELECT n.nspname AS schema, c.relname AS name,
  CASE
    WHEN c.relkind = 'p' THEN 'partitioned'
    WHEN EXISTS (SELECT FROM pg_inherits h WHERE c.oid IN (h.inhrelid, h.inhparent)) THEN 'inheritance'
    ELSE 'extension'
  END AS reason
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = ANY ($1) AND (
  c.relkind = 'p'
  OR EXISTS (SELECT FROM pg_inherits h WHERE c.oid IN (h.inhrelid, h.inhparent))
  OR EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
)`

/** Reads which of the tables with these names the schema language cannot express. */
export async function readInexpressibleTables(
  session: Session,
  names: readonly string[],
): Promise<Inexpressible[]> {
  return await session.query<Row & Inexpressible>(TABLES, [names])
}

const TYPES = `
SELECT DISTINCT n.nspname AS schema, t.typname AS name, 'used beyond tables' AS reason
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid IN (t.oid, t.typarray) AND d.deptype = 'n'
LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
WHERE t.typname = ANY ($1)
  AND (d.classid IN ('pg_proc'::regclass, 'pg_rewrite'::regclass, 'pg_type'::regclass, 'pg_cast'::regclass)
    OR c.relkind = 'c')`

/**
 * Reads which of the enums with these names are used by functions, views, domains or other types, which the
 * schema does not describe.
 */
export async function readInexpressibleTypes(
  session: Session,
  names: readonly string[],
): Promise<Inexpressible[]> {
  return await session.query<Row & Inexpressible>(TYPES, [names])
}

const GENERATED = `
SELECT n.nspname AS schema, c.relname AS table, a.attname AS name
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attgenerated <> '' AND c.relname = ANY ($1)`

/** Reads the generated columns of tables: the engine takes their expression for a default. */
export async function readGeneratedColumns(
  session: Session,
  tables: readonly string[],
): Promise<{ readonly schema: string; readonly table: string; readonly name: string }[]> {
  return await session.query(GENERATED, [tables])
}
