import { quoteIdentifier, type Session } from '../../database/index.ts'
import { readRowTables, readVirtualRows, type RowTable } from '../../schema/index.ts'

/** What a restore must know of the database into which rows are restored. */
export interface RestorePlace {
  readonly tables: readonly RowTable[]
  /** Those that must not fire meanwhile. */
  readonly triggers: readonly SqliteTrigger[]
}

/** Reads it. */
export async function readRestorePlace(session: Session): Promise<RestorePlace> {
  const tables = [...(await readRowTables(session)), ...(await readVirtualRows(session))]
  return { tables, triggers: await readTriggers(session) }
}

/** A trigger that must not fire while rows are restored. */
export interface SqliteTrigger {
  readonly name: string
  readonly sql: string
}

/** The triggers of a database, without those that name a virtual table: they keep an index of rows up to date. */
async function readTriggers(session: Session): Promise<SqliteTrigger[]> {
  return await session.query<{
    name: string
    sql: string
  }>(`SELECT t.name, t.sql FROM sqlite_schema t
    WHERE t.type = 'trigger' AND t.sql IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sqlite_schema v
      WHERE v.type = 'table' AND v.sql LIKE 'CREATE VIRTUAL TABLE%' AND instr(lower(t.sql), lower(v.name)) > 0)
    ORDER BY t.rowid`)
}

/** SQL during which triggers do not fire. SQLite cannot disable them: they are dropped, and created again as they were. */
export function withoutTriggers(triggers: readonly SqliteTrigger[], sql: string): string {
  if (sql === '') return ''
  const drops = triggers.map(({ name }) => `DROP TRIGGER ${quoteIdentifier(name)};\n`)
  const creates = triggers.map((trigger) => `${trigger.sql}\n;\n`)
  return [...drops, sql, ...creates].join('')
}
