import { isSameName } from '../../../schema/index.ts'
import { sqliteDetail, type Statement } from '../../../statements/index.ts'
import { tableObject, stringLiteral } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** The AUTOINCREMENT counter belongs to the old table, and is dropped with it. */
export const rebuildAutoincrement: SqliteRule = {
  id: 'rebuild-autoincrement',
  title: 'A rebuild loses the AUTOINCREMENT counter',
  judge(_detail, { run, migration, statement }) {
    const rebuild = run.rebuilds.find(({ drop }) => drop === statement)
    if (rebuild === undefined || !rebuild.old.autoincrement) return undefined
    const { name, newTable, order } = rebuild
    const finding = { object: tableObject(name), table: rebuild.oldName }
    if (!newTable.autoincrement) {
      return {
        ...finding,
        severity: 'warning',
        message: `The rebuild removes AUTOINCREMENT from ${name}: new rows reuse the numbers of deleted rows.`,
      }
    }
    if (migration.statements.some(changesCounters)) return undefined
    const successor = order === 'copy' ? newTable.name : name
    return {
      ...finding,
      severity: 'info',
      message: `The counter of ${name} starts again from the highest number that is left: if rows with higher numbers were deleted, their numbers are reused. Copy the counter before the DROP TABLE.`,
      safeSql: `UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = ${stringLiteral(rebuild.oldName)}) WHERE name = ${stringLiteral(successor)};`,
    }
  },
}

function changesCounters(statement: Statement): boolean {
  const detail = sqliteDetail(statement)
  if (detail.kind !== 'update' && detail.kind !== 'insert') return false
  return isSameName(detail.table, 'sqlite_sequence')
}
