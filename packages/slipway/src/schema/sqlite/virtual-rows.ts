import type { Session } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import { rebuildOfTextIndex } from '../../statements/index.ts'
import { readPragmas } from './read-pragmas.ts'
import type { RowTable } from './table-changes.ts'

/**
 * The virtual tables that have rows of their own, unlike those that index another table. A contentless index,
 * whose rows cannot be read, has no columns here. This tries statements in SQLite, but changes nothing.
 * Source: sqlite.org/fts5.html, "External Content and Contentless Tables"; sqlite.org/rtree.html,
 * "Implementation Details".
 */
export async function readVirtualRows(session: Session): Promise<RowTable[]> {
  const { tables, columns } = await readPragmas(session)
  const virtual = tables.filter(({ type }) => type === 'virtual')
  if (virtual.length === 0) return []
  const rows = await session.query<{ name: string }>(
    `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'`,
  )
  const behind = new Set(rows.map(({ name }) => name))
  const found: RowTable[] = []
  for (const { name } of virtual) {
    const own = columns.filter(({ table }) => table === name)
    const shown = own.map((one) => ({ name: one.name, type: one.type, generated: false }))
    const table = { name, columns: shown, key: [], unique: [], virtual: true } as const
    const isIndexOfText = behind.has(`${name}_segdir`) || behind.has(`${name}_config`)
    if (behind.has(`${name}_node`)) found.push(numbered(table))
    else if (isIndexOfText) {
      const rebuilds = await isPossible(session, rebuildOfTextIndex(name))
      if (behind.has(`${name}_content`) && rebuilds) found.push({ ...table, rowid: 'rowid' })
      else if (!rebuilds) found.push({ ...table, columns: [] })
    }
  }
  return found
}

/** The first column of an R-Tree identifies its rows. */
function numbered(table: RowTable): RowTable {
  const [first] = table.columns
  return first ? { ...table, key: [first.name], rowid: first.name } : table
}

/** Whether SQLite accepts a statement. The statement is undone. */
export async function isPossible(session: Session, sql: string): Promise<boolean> {
  await session.execute('SAVEPOINT possible')
  const ran = await attempt(() => session.execute(sql))
  await session.execute('ROLLBACK TO possible; RELEASE possible')
  return ran.ok
}
