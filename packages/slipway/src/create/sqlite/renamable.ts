import type { Session } from '../../database/index.ts'
import { type DatabaseSchema, isSameName } from '../../schema/index.ts'
import { readVirtualTables } from './virtual-tables.ts'

/**
 * The tables and columns of a database that Prisma knows, and that can therefore be part of a rename.
 * Prisma sees neither virtual tables nor generated columns, and `create` keeps them.
 */
export async function renamableOnSqlite(
  schema: DatabaseSchema,
  session: Session,
): Promise<DatabaseSchema> {
  const virtual = [...(await readVirtualTables(session)).keys()]
  const generated = await session.query<{ table: string; name: string }>(
    `SELECT t.name AS "table", c.name FROM pragma_table_list t JOIN pragma_table_xinfo(t.name) c
    WHERE t.schema = 'main' AND t.type = 'table' AND c.hidden > 1`,
  )
  const tables = [...schema.tables]
    .filter(([, { name }]) => !virtual.some((one) => isSameName(one, name)))
    .map(([key, table]) => {
      const isGenerated = (column: string) =>
        generated.some((one) => isSameName(one.table, table.name) && one.name === column)
      const columns = [...table.columns].filter(([name]) => !isGenerated(name))
      return [key, { ...table, columns: new Map(columns) }] as const
    })
  return { ...schema, tables: new Map(tables) }
}
