import { quoteText, type Session } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'

/** A foreign key of a SQLite database. */
export interface SqliteForeignKey {
  readonly table: string
  readonly columns: readonly string[]
  /** The table to which it refers, as that is spelled; as the key spells it if there is none. */
  readonly parent: string
  /** The columns to which it refers, in the order of `columns`; an empty name for one that does not exist. */
  readonly referenced: readonly string[]
  /** Such as CASCADE or NO ACTION. */
  readonly onDelete: string
  readonly onUpdate: string
}

/** Reads all foreign keys, in the order of their tables. */
export async function readSqliteForeignKeys(session: Session): Promise<SqliteForeignKey[]> {
  const rows = await session.query<{
    table: string
    id: number
    column: string
    parent: string
    referenced: string | null
    onDelete: string
    onUpdate: string
  }>(
    `SELECT m.name AS "table", f.id, f."from" AS "column", coalesce(p.name, f."table") AS parent,
       (SELECT name FROM pragma_table_xinfo(f."table")
        WHERE CASE WHEN f."to" IS NULL THEN pk = f.seq + 1 ELSE name = f."to" COLLATE NOCASE END) AS referenced,
       f.on_delete AS "onDelete", f.on_update AS "onUpdate"
     FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f
     LEFT JOIN sqlite_schema p ON p.type = 'table' AND p.name = f."table" COLLATE NOCASE
     WHERE m.type = 'table' AND m.name NOT GLOB '_cf_*' ORDER BY m.name, f.id, f.seq`,
  )
  const keys = [...Map.groupBy(rows, ({ table, id }) => `${id} ${table}`).values()]
  return keys.flatMap((parts) => {
    const [first] = parts
    if (first === undefined) return []
    const { table, parent, onDelete, onUpdate } = first
    const columns = parts.map(({ column }) => column)
    const referenced = parts.map((part) => part.referenced ?? '')
    return [{ table, columns, parent, referenced, onDelete, onUpdate }]
  })
}

/**
 * The tables with a foreign key that does not match: it refers to columns that are not unique, or do not exist. SQLite
 * rejects a check of such a table. Source: sqlite.org/foreignkeys.html, section 3.
 */
export async function readUncheckedTables(session: Session): Promise<string[]> {
  const check = (sql: string) => attempt(() => session.query(`SELECT 1 FROM ${sql} LIMIT 1`))
  if ((await check('pragma_foreign_key_check')).ok) return []
  const tables = new Set((await readSqliteForeignKeys(session)).map(({ table }) => table))
  const found: string[] = []
  for (const name of tables)
    if (!(await check(`pragma_foreign_key_check(${quoteText(name)})`)).ok) found.push(name)
  return found
}
