import { isSameName, keyOfName } from '../../../schema/index.ts'
import { sqliteDetail } from '../../../statements/index.ts'
import { tableObject } from '../names-and-sizes.ts'
import { copiesToOtherTables, copiesText } from '../row-copies.ts'
import type { SqliteContext, SqliteRule } from '../rule.ts'

/** The rows of the table are lost. */
export const sqliteDropTable: SqliteRule = {
  id: 'sqlite-drop-table',
  title: 'A table is dropped with its rows in SQLite',
  judge(detail, context) {
    const { run, statement } = context
    if (detail.kind !== 'drop' || detail.of !== 'table') return undefined
    if (run.rebuilds.some(({ drop }) => drop === statement)) return undefined
    const { name, ifExists } = detail
    if (ifExists && isCleared(name, context)) return undefined
    const copies = copiesToOtherTables(context, name, [])
    const but =
      copies.length === 0 ? '' : ` However, ${copiesText(copies)}: check that this covers all rows.`
    return {
      severity: copies.length === 0 ? 'error' : 'warning',
      object: tableObject(name),
      table: name,
      anySize: true,
      message: `The table ${name} is dropped with its rows.${but}`,
    }
  },
}

/** Whether the file only frees the name of a table that it creates, and no earlier migration created that table. */
function isCleared(name: string, { definitions, migration }: SqliteContext): boolean {
  if (definitions.tables.has(keyOfName(name))) return false
  return migration.statements.some((statement) => {
    const detail = sqliteDetail(statement)
    return detail.kind === 'create-table' && isSameName(detail.table.name, name)
  })
}
