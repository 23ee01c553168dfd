import type { Session } from '../database/index.ts'
import type { ConstraintDefinition, ObjectName } from '../statements/index.ts'

/** A column as it stands on the target. */
export interface ColumnFacts {
  readonly name: string
  /** As the server prints it: `character varying(255)`. */
  readonly type: string
  readonly notNull: boolean
  /** Its type, or its elements' type, is an enum, by schema and name. */
  readonly enum?: Required<ObjectName>
}

/** A table as it stands on the target. */
export interface TableFacts extends Required<ObjectName> {
  readonly partitioned: boolean
  /** A write to it runs a trigger of the user. */
  readonly triggers: boolean
  readonly columns: readonly ColumnFacts[]
  readonly primaryKey: readonly string[]
  /** Names of its indexes. */
  readonly indexes: readonly string[]
  /** Constraints that its rows may not meet: those that are NOT VALID. */
  readonly notValid: readonly ConstraintDefinition[]
  /** Tables whose writes a foreign key passes on to this one: ON DELETE CASCADE, SET NULL and the like. */
  readonly follows: readonly Required<ObjectName>[]
}

/** What pre-checks need to know of a target beside the migrations. */
export interface TargetFacts {
  readonly versionNumber: number
  /** The schema of unqualified names. */
  readonly schema: string
  readonly tables: readonly TableFacts[]
  readonly enums: readonly (Required<ObjectName> & { readonly labels: readonly string[] })[]
  readonly domains: readonly Required<ObjectName>[]
}

/** Reads the facts from the catalog of a target. No row of a user is read. */
export async function readTargetFacts(session: Session): Promise<TargetFacts> {
  const [row] = await session.query<{ facts: Omit<TargetFacts, 'versionNumber' | 'schema'> }>(FACTS)
  const { versionNumber, schema } = session.server
  return { versionNumber, schema, tables: [], enums: [], domains: [], ...row?.facts }
}

const USERS = `n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'slipway')`

const COLUMNS = `
  SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
    'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'notNull',
      a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k
        WHERE k.conrelid = c.oid AND k.contype = 'n' AND NOT k.convalidated AND a.attnum = ANY (k.conkey)),
    'enum', CASE WHEN e.typtype = 'e' THEN jsonb_build_object('schema', en.nspname, 'name', e.typname) END
  )) ORDER BY a.attnum)
  FROM pg_attribute a
  JOIN pg_type y ON y.oid = a.atttypid
  JOIN pg_type e ON e.oid = CASE WHEN y.typelem <> 0 AND y.typlen = -1 THEN y.typelem ELSE y.oid END
  JOIN pg_namespace en ON en.oid = e.typnamespace
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped`

const NOT_VALID = `
  SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
    'kind', CASE k.contype WHEN 'f' THEN 'foreign-key' WHEN 'n' THEN 'not-null' ELSE 'check' END,
    'name', k.conname, 'notValid', true,
    'columns', (SELECT jsonb_agg(a.attname ORDER BY u.at) FROM unnest(k.conkey) WITH ORDINALITY u(num, at)
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num),
    'expression', pg_get_expr(k.conbin, k.conrelid),
    'references', CASE k.contype WHEN 'f' THEN jsonb_build_object(
      'table', (SELECT jsonb_build_object('schema', rn.nspname, 'name', r.relname)
        FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace WHERE r.oid = k.confrelid),
      'columns', (SELECT jsonb_agg(a.attname ORDER BY u.at) FROM unnest(k.confkey) WITH ORDINALITY u(num, at)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num)) END
  )) ORDER BY k.conname)
  FROM pg_constraint k WHERE k.conrelid = c.oid AND NOT k.convalidated AND k.contype IN ('f', 'c', 'n')`

const FOLLOWS = `
  SELECT jsonb_agg(DISTINCT jsonb_build_object('schema', rn.nspname, 'name', r.relname))
  FROM pg_constraint k JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
  WHERE k.conrelid = c.oid AND k.contype = 'f' AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))`

const PRIMARY_KEY = `
  SELECT jsonb_agg(a.attname ORDER BY u.at)
  FROM pg_constraint k, unnest(k.conkey) WITH ORDINALITY u(num, at)
  JOIN pg_attribute a ON a.attnum = u.num
  WHERE k.conrelid = c.oid AND k.contype = 'p' AND a.attrelid = c.oid`

const FACTS = `
SELECT jsonb_build_object(
  'tables', (SELECT coalesce(jsonb_agg(jsonb_build_object(
      'schema', n.nspname, 'name', c.relname, 'partitioned', c.relkind = 'p',
      'triggers', EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
      'columns', coalesce((${COLUMNS}), '[]'),
      'primaryKey', coalesce((${PRIMARY_KEY}), '[]'),
      'indexes', coalesce((SELECT jsonb_agg(i.relname ORDER BY i.relname) FROM pg_index x
        JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid), '[]'),
      'notValid', coalesce((${NOT_VALID}), '[]'),
      'follows', coalesce((${FOLLOWS}), '[]')) ORDER BY n.nspname, c.relname), '[]')
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND ${USERS}),
  'enums', (SELECT coalesce(jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', t.typname, 'labels',
      (SELECT jsonb_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))), '[]')
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'e' AND ${USERS}),
  'domains', (SELECT coalesce(jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', t.typname)), '[]')
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype = 'd' AND ${USERS})
) AS facts`
