import { recordedSchema, withSqliteTarget } from '../../deploy/index.ts'
import { guardSql } from '../../execution/index.ts'
import {
  createLedgerSql,
  readHistory,
  recordSchemaSql,
  recordsOf,
  REVISION_SQL,
  reviseSql,
  sqliteReceiptSql,
} from '../../history/index.ts'
import { appliedRows } from '../../plan/index.ts'
import { readFingerprint } from '../../schema/index.ts'
import { checksum } from '../../statements/index.ts'
import {
  type Adopted,
  type AdoptRequest,
  refuseGuesses,
  refuseNothing,
  refuseObstacle,
} from '../adopt.ts'
import { inspectOn } from './inspect.ts'

/**
 * Writes a migration from the drift of a SQLite or D1 database, and marks it as applied there: see
 * `adoptDrift`.
 */
export async function adoptSqlite(request: AdoptRequest): Promise<Adopted> {
  return await withSqliteTarget(request, async ({ session, ledger }) => {
    const history = await readHistory(session)
    refuseObstacle(history, request)
    const report = await inspectOn(session, request)
    refuseNothing(report)
    refuseGuesses(report)
    const { name } = request
    // `sqliteScriptBetween` has run every statement in memory, with this result.
    const sql = report.toTarget
    const path = await request.write(name, sql)
    const records = recordsOf(session)
    const migration = { name, checksum: checksum(sql) }
    const applied = [...appliedRows(history), migration]
    const schema = recordedSchema(applied, await readFingerprint(session))
    const script = [
      records.createSql,
      createLedgerSql(),
      guardSql('history', `${REVISION_SQL} <> ${ledger.revision}`),
      reviseSql(),
      records.marked(name, migration.checksum),
      sqliteReceiptSql({ command: 'drift', migration: name, checksum: migration.checksum }),
      recordSchemaSql(schema),
    ]
    await session.runAtomically(script.join(''), { foreignKeys: true })
    return { database: report.database, migration: { name, path, sql }, report, notWritten: [] }
  })
}
