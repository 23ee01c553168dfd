import { quoteIdentifier, type Session } from '../../database/index.ts'
import { refusalOf } from '../../down/index.ts'
import { isSameName, readSqliteState, dependentCodeOf } from '../../schema/index.ts'
import { parserFor, type Statement } from '../../statements/index.ts'
import { droppedTable } from './rebuilds.ts'
import { readVirtualTables } from './virtual-tables.ts'

/**
 * Prisma's SQL, preceded by drops of the views and triggers that read a table that it drops or rebuilds, if
 * SQLite rejects it otherwise: no table can be renamed while a view or trigger names a table that does not
 * exist.
 */
export async function withDependentsDropped(sql: string, session: Session): Promise<string> {
  const { parse } = await parserFor('sqlite')
  const virtual = await readVirtualTables(session)
  // A virtual table is kept: its drop is left out later.
  const statementsIn = (text: string) =>
    parse(text).filter((one) => !virtual.has(droppedTable(one) ?? ''))
  const statements = statementsIn(sql)
  const tables = statements.flatMap((one) => droppedTable(one) ?? [])
  const refused = tables.length === 0 ? 0 : await countRefused(session, statements)
  if (refused === 0) return sql
  const drops = await dropsOfUsers(session, tables)
  const start = startOf(sql, statements)
  const less = `${sql.slice(0, start)}${drops.join('')}${sql.slice(start)}`
  return (await countRefused(session, statementsIn(less))) < refused ? less : sql
}

/** `tables` are in the order in which they are dropped. */
async function dropsOfUsers(session: Session, tables: readonly string[]): Promise<string[]> {
  const { objects } = await readSqliteState(session)
  const users = tables.map((table) => new Set(dependentCodeOf(objects, table)))
  const isIn = (names: readonly string[], name: string) =>
    names.some((other) => isSameName(other, name))
  const gone = objects.filter((one) => one.kind === 'view' && users.some((of) => of.has(one)))
  const views = gone.map(({ name }) => name)
  // Dropping a table or view also drops its triggers. Triggers of a table that is dropped later still exist
  // when an earlier table is rebuilt.
  const triggers = objects.filter(
    (one) =>
      one.kind === 'trigger' &&
      !isIn(views, one.table) &&
      users.some((of, at) => of.has(one) && !isIn(tables.slice(0, at + 1), one.table)),
  )
  return [
    ...triggers.map(({ name }) => `-- DropTrigger\nDROP TRIGGER ${quoteIdentifier(name)};\n\n`),
    ...gone.toReversed().map(({ name }) => `-- DropView\nDROP VIEW ${quoteIdentifier(name)};\n\n`),
  ]
}

async function countRefused(session: Session, statements: readonly Statement[]): Promise<number> {
  await session.execute('BEGIN')
  try {
    let count = 0
    for (const { text } of statements) if ((await refusalOf(session, text)) !== undefined) count++
    return count
  } finally {
    await session.execute('ROLLBACK')
  }
}

/** Where the first statement starts, including the comment above it. */
function startOf(sql: string, [first]: readonly Statement[]): number {
  const start = first?.start ?? 0
  const line = sql.lastIndexOf('\n', start - 2) + 1
  return sql.startsWith('-- ', line) ? line : start
}
