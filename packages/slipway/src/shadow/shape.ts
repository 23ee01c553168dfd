import type { Session } from '../database/index.ts'
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
import { type TableRef, tableRef } from '../statements/index.ts'

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

/** Reads the tables of a database that hold rows of their own: no partitions, no views. */
export async function readShape(session: Session): Promise<ShapeTable[]> {
  const schema = await readSchema(session, { keys: true, values: true })
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
