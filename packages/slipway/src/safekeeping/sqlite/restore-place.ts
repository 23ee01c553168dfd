import { quoteIdentifier, type Session } from '../../database/index.ts'
import {
  readSqliteForeignKeys,
  readSqliteState,
  readVirtualRows,
  type RowTable,
  type SqliteForeignKey,
  usersOf,
} from '../../schema/index.ts'
import { sqliteVirtualTable } from '../../statements/index.ts'

/** A trigger that must not fire while rows are restored. */
interface SqliteTrigger {
  readonly name: string
  readonly sql: string
}

/** What a restore must know of the database into which rows are restored. */
export interface RestorePlace {
  readonly tables: readonly RowTable[]
  /** Those that must not fire in the meantime. */
  readonly triggers: readonly SqliteTrigger[]
  readonly foreignKeys: readonly SqliteForeignKey[]
}

/** Reads it. */
export async function readRestorePlace(session: Session): Promise<RestorePlace> {
  const { objects, tables } = await readSqliteState(session)
  const virtual = objects.filter(
    ({ kind, sql }) => kind === 'table' && sqliteVirtualTable(sql) !== undefined,
  )
  // These keep an index of rows up to date.
  const indexing = new Set(virtual.flatMap(({ name }) => usersOf(objects, name)))
  return {
    tables: [...tables, ...(await readVirtualRows(session))],
    triggers: objects.filter((one) => one.kind === 'trigger' && !indexing.has(one)),
    foreignKeys: await readSqliteForeignKeys(session),
  }
}

/** SQL during which triggers do not fire. SQLite cannot disable them: they are dropped, and created again as they were. */
export function withoutTriggers(triggers: readonly SqliteTrigger[], sql: string): string {
  if (sql === '') return ''
  const drops = triggers.map(({ name }) => `DROP TRIGGER ${quoteIdentifier(name)};\n`)
  const creates = triggers.map((trigger) => `${trigger.sql}\n;\n`)
  return [...drops, sql, ...creates].join('')
}
