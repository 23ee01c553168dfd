import type pg from 'pg'

/** A column with the properties that random statements need. */
export interface KnownColumn {
  readonly name: string
  /** As `format_type` writes it. */
  readonly type: string
  /** The base type of its domain; equal to `type` if it is not a domain. */
  readonly base: string
  readonly labels: readonly string[] | null
  readonly notNull: boolean
  readonly hasDefault: boolean
  readonly computed: boolean
  readonly identity: string
  /** The table and column that it references. */
  readonly refers: { readonly table: string; readonly column: string } | null
}

/** A table or view. Names are quoted, with their schema if it is not `public`. */
export interface KnownTable {
  readonly name: string
  readonly schema: string
  readonly kind: 'r' | 'p' | 'v' | 'm'
  readonly strategy: 'r' | 'l' | 'h' | null
  readonly parent: string | null
  readonly isPartition: boolean
  /** Columns of its partition key, quoted. */
  readonly keyColumns: readonly string[]
  readonly columns: readonly KnownColumn[]
  readonly constraints: readonly { readonly name: string; readonly kind: string }[]
  readonly indexes: readonly string[]
  readonly triggers: readonly string[]
  readonly policies: readonly string[]
  readonly rules: readonly string[]
}

/** The objects of a database, by the names that statements use. */
export interface Names {
  readonly tables: readonly KnownTable[]
  readonly sequences: readonly { readonly name: string; readonly owned: boolean }[]
  readonly enums: readonly { readonly name: string; readonly labels: readonly string[] }[]
  readonly composites: readonly { readonly name: string; readonly attributes: readonly string[] }[]
  readonly domains: readonly { readonly name: string; readonly checks: readonly string[] }[]
  readonly functions: readonly { readonly name: string; readonly kind: string }[]
  readonly collations: readonly string[]
  readonly schemas: readonly string[]
}

const OWN_SCHEMAS = `(SELECT oid FROM pg_namespace WHERE nspname NOT IN ('information_schema', 'slipway') AND nspname NOT LIKE 'pg\\_%')`

const COLUMNS = `(SELECT coalesce(json_agg(json_build_object('name', quote_ident(a.attname),
      'type', format_type(a.atttypid, a.atttypmod),
      'base', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) ELSE format_type(a.atttypid, a.atttypmod) END,
      'labels', (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = a.atttypid),
      'notNull', a.attnotnull, 'hasDefault', a.atthasdef, 'computed', a.attgenerated <> '', 'identity', a.attidentity,
      'refers', (SELECT json_build_object('table', k.confrelid::regclass::text, 'column', quote_ident(r.attname)) FROM pg_constraint k
        JOIN pg_attribute r ON r.attrelid = k.confrelid AND r.attnum = k.confkey[1]
        WHERE k.contype = 'f' AND k.conrelid = c.oid AND k.conkey = ARRAY[a.attnum] LIMIT 1))
      ORDER BY a.attnum), '[]')
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)`

const list = (what: string, from: string) =>
  `(SELECT coalesce(json_agg(${what} ORDER BY 1), '[]') FROM ${from})`
const sorted = (what: string, from: string) =>
  `(SELECT coalesce(json_agg(x ORDER BY x::text), '[]') FROM (SELECT ${what} AS x FROM ${from}) AS found)`

const TABLES = `(SELECT coalesce(json_agg(json_build_object('name', c.oid::regclass::text, 'schema', quote_ident(n.nspname), 'kind', c.relkind,
      'strategy', p.partstrat, 'isPartition', c.relispartition,
      'parent', (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid LIMIT 1),
      'keyColumns', (SELECT coalesce(json_agg(quote_ident(a.attname)), '[]') FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY (p.partattrs)),
      'columns', ${COLUMNS},
      'constraints', (SELECT coalesce(json_agg(json_build_object('name', quote_ident(k.conname), 'kind', k.contype) ORDER BY k.conname), '[]') FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype <> 'n'),
      'indexes', ${sorted('i.indexrelid::regclass::text', 'pg_index i WHERE i.indrelid = c.oid')},
      'triggers', ${sorted('quote_ident(t.tgname)', 'pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal')},
      'policies', ${sorted('quote_ident(o.polname)', 'pg_policy o WHERE o.polrelid = c.oid')},
      'rules', ${sorted('quote_ident(r.rulename)', "pg_rewrite r WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN'")}
    ) ORDER BY n.nspname, c.relname), '[]') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relname <> '_prisma_migrations' AND c.relnamespace IN ${OWN_SCHEMAS})`

const READ = `SELECT json_build_object('tables', ${TABLES},
  'sequences', ${sorted(
    "json_build_object('name', c.oid::regclass::text, 'owned', EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0))",
    `pg_class c WHERE c.relkind = 'S' AND c.relnamespace IN ${OWN_SCHEMAS}`,
  )},
  'enums', ${sorted(
    "json_build_object('name', t.oid::regtype::text, 'labels', (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))",
    `pg_type t WHERE t.typtype = 'e' AND t.typnamespace IN ${OWN_SCHEMAS}`,
  )},
  'composites', ${sorted(
    "json_build_object('name', c.reltype::regtype::text, 'attributes', (SELECT json_agg(quote_ident(a.attname) ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))",
    `pg_class c WHERE c.relkind = 'c' AND c.relnamespace IN ${OWN_SCHEMAS}`,
  )},
  'domains', ${sorted(
    "json_build_object('name', t.oid::regtype::text, 'checks', (SELECT coalesce(json_agg(quote_ident(k.conname)), '[]') FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'))",
    `pg_type t WHERE t.typtype = 'd' AND t.typnamespace IN ${OWN_SCHEMAS}`,
  )},
  'functions', ${sorted(
    "json_build_object('name', p.oid::regprocedure::text, 'kind', CASE WHEN p.prorettype = 'trigger'::regtype THEN 't' ELSE p.prokind::text END)",
    `pg_proc p WHERE p.pronamespace IN ${OWN_SCHEMAS}`,
  )},
  'collations', ${list('l.oid::regcollation::text', `pg_collation l WHERE l.collnamespace IN ${OWN_SCHEMAS}`)},
  'schemas', ${list('quote_ident(n.nspname)', `pg_namespace n WHERE n.oid IN ${OWN_SCHEMAS}`)}) AS names`

/** Reads the objects of a database. */
export async function readNames(client: pg.Client): Promise<Names> {
  const { rows } = await client.query<{ names: Names }>(READ)
  const [found] = rows
  if (found === undefined) throw new Error('no row')
  return found.names
}
