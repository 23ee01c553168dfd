import type { Session } from '../../database/index.ts'
import { loadSqliteParser } from '../../statements/index.ts'
import type { Fingerprint } from '../fingerprint.ts'
import { fingerprintOf } from './fingerprint.ts'
import { readObjects, type SqliteObject } from './objects.ts'
import { readRowTables, type RowTable, type TableChange } from './table-changes.ts'

/** The objects and tables of a SQLite database, without rows. */
export interface SqliteState {
  /** In the order in which they were created. */
  readonly objects: readonly SqliteObject[]
  /** Without virtual tables. */
  readonly tables: readonly RowTable[]
  readonly fingerprint: Fingerprint
}

/** Reads the state of a SQLite database. */
export async function readSqliteState(session: Session): Promise<SqliteState> {
  await loadSqliteParser()
  const objects = await readObjects(session)
  return { objects, tables: await readRowTables(session), fingerprint: fingerprintOf(objects) }
}

/** The same changes in the opposite direction. */
export function invertedChanges(changes: readonly TableChange[]): TableChange[] {
  return changes.map(({ before, after, columns, rebuilt }) => ({
    ...(after ? { before: after } : {}),
    ...(before ? { after: before } : {}),
    columns: columns.map((one) => ({
      ...(one.after === undefined ? {} : { before: one.after }),
      ...(one.before === undefined ? {} : { after: one.before }),
      exact: one.exact,
    })),
    rebuilt,
  }))
}
