import { quoteLiteral, type Session } from '../database/index.ts'
import {
  type DatabaseSchema,
  type Index,
  indexesByTable,
  keyOf,
  primaryKeyOf,
  readSchema,
  type Table,
  type ValueType,
} from '../schema/index.ts'
import { type ObjectName, type TableRef, tableRef } from '../statements/index.ts'

/** What the generated rows of a test run must know about a column. */
export interface ShapeColumn extends ValueType {
  readonly name: string
  /** As the server prints it: `character varying(255)`. */
  readonly type: string
}

/** A foreign key: `columns` have the values of `referenced` in `table`. */
export interface ShapeReference {
  readonly columns: readonly string[]
  readonly table: string
  readonly referenced: readonly string[]
}

/** What the generated rows of a test run must know about a table. */
export interface ShapeTable {
  /** `schema.name` as SQL, quoted if necessary. */
  readonly id: string
  readonly ref: TableRef
  readonly columns: readonly ShapeColumn[]
  readonly primaryKey: readonly string[]
  /** Columns of unique indexes, including those of the primary key and of exclusion constraints. */
  readonly unique: readonly string[]
  readonly references: readonly ShapeReference[]
}

/**
 * Reads the tables of a database that have their own rows: no partitions, no views. If `named` is given and the schema
 * is large, reads only the named tables and those that they refer to.
 */
export async function readShape(
  session: Session,
  named?: readonly ObjectName[],
): Promise<ShapeTable[]> {
  const only = named && (await relatedTables(session, named))
  const schema = await readSchema(session, { keys: true, values: true, only })
  const unique = indexesByTable(schema, (index) => index.unique || index.excludes === true)
  return [...schema.tables.values()]
    .filter(
      ({ name, partition, ofExtension }) =>
        !partition && !ofExtension && name !== '_prisma_migrations',
    )
    .map((table) => ({
      id: table.sql ?? '',
      ref: tableRef(schema, table),
      columns: [...table.columns].flatMap(([name, { type, values }]) =>
        values ? [{ name, type, ...values }] : [],
      ),
      primaryKey: primaryKeyOf(table),
      unique: uniqueColumns(unique.get(keyOf(schema, table)) ?? []),
      references: referencesOf(table, schema),
    }))
}

/** A test run on all rows of this many tables takes less than a second. */
const SMALL_SCHEMA = 200

/** The OIDs of tables, of tables that they refer to or that use their row types; undefined if the schema is small. */
export async function relatedTables(
  session: Session,
  named: readonly ObjectName[],
): Promise<readonly number[] | undefined> {
  const places = named.map(
    ({ schema = session.server.schema, name }) =>
      `(${quoteLiteral(schema)}, ${quoteLiteral(name)})`,
  )
  const [row] = await session.query<{ tables: number; related: readonly number[] }>(
    `WITH RECURSIVE related AS (
       SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE (n.nspname, c.relname) IN (VALUES ${places.join(', ') || `('', '')`})
       UNION
       SELECT other.oid FROM related r CROSS JOIN LATERAL (
         SELECT confrelid FROM pg_constraint WHERE conrelid = r.oid AND contype = 'f'
         UNION ALL SELECT inhparent FROM pg_inherits WHERE inhrelid = r.oid
         UNION ALL SELECT d.objid FROM pg_type t JOIN pg_depend d ON d.refobjid IN (t.oid, t.typarray)
           WHERE t.typrelid = r.oid AND d.refclassid = 'pg_type'::regclass AND d.classid = 'pg_class'::regclass) other (oid)
     )
     SELECT (SELECT count(*)::int FROM pg_class WHERE relkind IN ('r', 'p') AND oid >= 16384) AS tables,
       ARRAY(SELECT oid::int8::float8 FROM related) AS related`,
  )
  return row && row.tables > SMALL_SCHEMA ? row.related : undefined
}

function referencesOf({ constraints }: Table, schema: DatabaseSchema): ShapeReference[] {
  return constraints.flatMap(({ columns, references }) => {
    const parent = references && schema.tables.get(keyOf(schema, references.table))
    return parent
      ? [{ columns, table: parent.sql ?? '', referenced: references?.columns ?? [] }]
      : []
  })
}

/** The columns of indexes, without expressions. */
function uniqueColumns(indexes: readonly Index[]): string[] {
  return [...new Set(indexes.flatMap(({ columns }) => columns))].filter((name) => name !== '')
}
