import type { Session } from '../../database/index.ts'

/** The virtual tables of a database, and the shadow tables in which their modules keep rows. Prisma knows neither. */
export async function readVirtualTables(
  session: Session,
): Promise<ReadonlyMap<string, 'virtual' | 'shadow'>> {
  const rows = await session.query<{ name: string; type: 'virtual' | 'shadow' }>(
    `SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type IN ('virtual', 'shadow')`,
  )
  return new Map(rows.map(({ name, type }) => [name, type]))
}
