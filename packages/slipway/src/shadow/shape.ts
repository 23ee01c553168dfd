import type { Session } from '../database/index.ts'

/** A column as the rows of a test run need to know it. */
export interface ShapeColumn {
  readonly name: string
  /** As the server prints it: `character varying(255)`. */
  readonly type: string
  /** The type below a domain, and the element of an array: by PostgreSQL's own name, `varchar`. */
  readonly base: string
  readonly array: boolean
  readonly notNull: boolean
  /** The server computes it: a row may not give it. */
  readonly generated: boolean
  /** Labels of an enum, in their order. */
  readonly labels: readonly string[]
  /** Literals in the checks that name it: what a check allows is often one of them. */
  readonly hints: readonly string[]
  /** Its place in the table, from 1. */
  readonly place: number
  /** Longest text in characters, digits of a number with those behind the point; as far as they are limited. */
  readonly length?: number
  readonly precision?: number
  readonly scale?: number
}

/** A foreign key: these columns hold what those of the other table hold. */
export interface ShapeReference {
  readonly columns: readonly string[]
  readonly table: string
  readonly referenced: readonly string[]
}

/** A table as the rows of a test run need to know it. */
export interface ShapeTable {
  /** `schema.name`, each quoted where it needs to be: ready to stand in SQL. */
  readonly id: string
  readonly schema: string
  readonly name: string
  readonly columns: readonly ShapeColumn[]
  readonly primaryKey: readonly string[]
  /** Columns of unique indexes, those of the primary key and of exclusions included. */
  readonly unique: readonly string[]
  readonly references: readonly ShapeReference[]
}

const NOT_OURS = `n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'slipway')
  AND n.nspname !~ '^pg_(toast_)?temp_' AND c.relname <> '_prisma_migrations'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`

interface ShapeRow {
  readonly id: string
  readonly schema: string
  readonly name: string
  readonly columns: readonly ShapeColumn[]
  readonly primary_key: readonly string[] | null
  readonly unique_columns: readonly string[] | null
  readonly refs: readonly ShapeReference[] | null
}

/** Reads the tables of a database that hold rows of their own: not partitions' parents' children twice, no views. */
export async function readShape(session: Session): Promise<ShapeTable[]> {
  const rows = await session.query<{ shape: string }>(
    `SELECT jsonb_build_object(
       'id', c.oid::regclass::text, 'schema', n.nspname, 'name', c.relname,
       'columns', coalesce((${COLUMNS}), '[]'), 'primary_key', (${KEY} AND i.indisprimary),
       'unique_columns', (${KEY} AND (i.indisunique OR i.indisexclusion)), 'refs', (${REFERENCES}))::text AS shape
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND ${NOT_OURS}
     ORDER BY n.nspname, c.relname`,
  )
  return rows.map(({ shape }) => {
    const { primary_key, unique_columns, refs, ...table } = JSON.parse(shape) as ShapeRow
    return {
      ...table,
      primaryKey: primary_key ?? [],
      unique: unique_columns ?? [],
      references: refs ?? [],
    }
  })
}

/** A type's limits stand in atttypmod: 4 + the length; for numeric, precision and scale in its two halves. */
const COLUMNS = `SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
    'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
    'base', coalesce(element.typname, base.typname), 'array', element.oid IS NOT NULL,
    'place', a.attnum, 'hints', (SELECT coalesce(jsonb_agg(DISTINCT replace(literal[1], '''''', '''')), '[]')
      FROM pg_constraint k, regexp_matches(pg_get_constraintdef(k.oid), '''((?:[^'']|'''')*)''', 'g') literal
      WHERE k.contype = 'c' AND (k.conrelid = c.oid AND a.attnum = ANY (k.conkey) OR k.contypid = a.atttypid)),
    'notNull', a.attnotnull OR t.typnotnull, 'generated', a.attgenerated <> '',
    'labels', coalesce((SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e
                        WHERE e.enumtypid = coalesce(element.oid, base.oid)), '[]'),
    'length', CASE WHEN base.typname IN ('varchar', 'bpchar') AND limits.mod > 3 THEN limits.mod - 4 END,
    'precision', CASE WHEN base.typname = 'numeric' AND limits.mod > 3 THEN (limits.mod - 4) >> 16 END,
    'scale', CASE WHEN base.typname = 'numeric' AND limits.mod > 3 THEN (limits.mod - 4) & 2047 END
  )) ORDER BY a.attnum)
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  JOIN pg_type base ON base.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
  LEFT JOIN pg_type element ON element.oid = base.typelem AND base.typcategory = 'A'
  CROSS JOIN LATERAL (SELECT CASE WHEN t.typbasetype <> 0 THEN t.typtypmod ELSE a.atttypmod END AS mod) limits
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`

const KEY = `SELECT jsonb_agg(DISTINCT a.attname) FROM pg_index i
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) WHERE i.indrelid = c.oid`

const REFERENCES = `SELECT jsonb_agg(jsonb_build_object('table', f.confrelid::regclass::text,
    'columns', (SELECT jsonb_agg(a.attname ORDER BY k.at) FROM unnest(f.conkey) WITH ORDINALITY k (number, at)
                JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number),
    'referenced', (SELECT jsonb_agg(a.attname ORDER BY k.at) FROM unnest(f.confkey) WITH ORDINALITY k (number, at)
                   JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number)) ORDER BY f.conname)
  FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f'`
