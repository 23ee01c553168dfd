import { quoteIdentifier, type Session } from '../../database/index.ts'
import {
  readSqliteForeignKeys,
  readSqliteState,
  readVirtualRows,
  type RowTable,
  type SqliteForeignKey,
  dependentCodeOf,
} from '../../schema/index.ts'
import { sqliteVirtualTable } from '../../statements/index.ts'

/** A trigger that must not fire while rows are restored. */
interface SqliteTrigger {
  readonly name: string
  readonly sql: string
}

/** What a restore must know about the database into which it restores rows. */
export interface RestorePlace {
  readonly tables: readonly RowTable[]
  /** The triggers that must not fire in the meantime. */
  readonly triggers: readonly SqliteTrigger[]
  readonly foreignKeys: readonly SqliteForeignKey[]
}

/** Reads what a restore must know about a database. */
export async function readRestorePlace(session: Session): Promise<RestorePlace> {
  const { objects, tables } = await readSqliteState(session)
  const virtual = objects.filter(
    ({ kind, sql }) => kind === 'table' && sqliteVirtualTable(sql) !== undefined,
  )
  // Triggers that write to a virtual table keep its index up to date.
  const indexing = new Set(virtual.flatMap(({ name }) => dependentCodeOf(objects, name)))
  return {
    tables: [...tables, ...(await readVirtualRows(session))],
    triggers: objects.filter((one) => one.kind === 'trigger' && !indexing.has(one)),
    foreignKeys: await readSqliteForeignKeys(session),
  }
}

/**
 * SQL that runs without triggers. SQLite cannot disable them, so they are dropped and created again
 * unchanged.
 */
export function withoutTriggers(triggers: readonly SqliteTrigger[], sql: string): string {
  if (sql === '') return ''
  const drops = triggers.map(({ name }) => `DROP TRIGGER ${quoteIdentifier(name)};\n`)
  const creates = triggers.map((trigger) => `${trigger.sql}\n;\n`)
  return [...drops, sql, ...creates].join('')
}
