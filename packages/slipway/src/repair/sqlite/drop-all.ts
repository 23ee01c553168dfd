import { atomic, quoteIdentifier } from '../../database/index.ts'
import type { TargetSession } from '../../execution/index.ts'

/**
 * Drops all objects of a SQLite or D1 database, including history, ledger and kept data, in one transaction. Objects
 * of SQLite or Cloudflare itself stay. The shadow tables of a virtual table are dropped with it.
 */
export async function dropAllOnSqlite({ session }: TargetSession): Promise<readonly string[]> {
  const objects = await session.query<{ type: string; name: string }>(`
    SELECT m.type, m.name FROM sqlite_schema m
    WHERE m.type IN ('table', 'view') AND m.name NOT GLOB 'sqlite_*' AND m.name NOT GLOB '_cf_*'
      AND m.name NOT IN (SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow')
    ORDER BY m.type DESC, m.rowid DESC`)
  const drops = objects.map(({ type, name }) => `DROP ${type} ${quoteIdentifier(name)};\n`)
  await atomic(session).runAtomically(drops.join(''), { foreignKeys: false })
  return ['main']
}
