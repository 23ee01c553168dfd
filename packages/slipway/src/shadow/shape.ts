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

/** A column as the rows of a test run need to know it. */
export interface ShapeColumn extends ValueType {
  readonly name: string
  /** As the server prints it: `character varying(255)`. */
  readonly type: string
}

/** A foreign key: these columns hold what those of the other table hold. */
export interface ShapeReference {
  readonly columns: readonly string[]
  readonly table: string
  readonly referenced: readonly string[]
}

/** A table as the rows of a test run need to know it. */
export interface ShapeTable {
  /** `schema.name`, each quoted where it needs to be: as SQL. */
  readonly id: string
  readonly ref: TableRef
  readonly columns: readonly ShapeColumn[]
  readonly primaryKey: readonly string[]
  /** Columns of unique indexes, those of the primary key and of exclusions included. */
  readonly unique: readonly string[]
  readonly references: readonly ShapeReference[]
}

/**
 * Reads the tables of a database that hold rows of their own: no partitions, no views. Of a large schema only those that
 * are `named` and what they refer to, where it is known that no others count.
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

/** A test run on all rows of so many tables takes no second. */
const SMALL_SCHEMA = 200

/** The OIDs of tables, of all that they refer to, and of those that hold their rows as values; nothing if the schema is small. */
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
