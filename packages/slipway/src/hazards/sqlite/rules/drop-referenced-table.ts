import { dependentsOf, isSameName, keyOfName } from '../../../schema/index.ts'
import type { SqliteReaction } from '../../../statements/index.ts'
import { whoEnforcesKeys } from '../keys.ts'
import { list, rowsOf, tableObject, nameWithRowCount } from '../names-and-sizes.ts'
import type { SqliteFinding, SqliteRule } from '../rule.ts'

/** DROP TABLE first deletes the rows if foreign keys are enforced, and leaves foreign keys to a missing table. */
export const dropReferencedTable: SqliteRule = {
  id: 'drop-referenced-table',
  title: 'A referenced table is dropped',
  judge(detail, context) {
    const { run, definitions, statement } = context
    if (detail.kind !== 'drop' || detail.of !== 'table') return undefined
    if (run.rebuilds.some(({ drop }) => drop === statement)) return undefined
    const { name } = detail
    const remaining = dependentsOf(definitions, name).filter(
      ({ table }) =>
        !isSameName(table.name, name) &&
        dependentsOf(run.after, name).some((after) => isSameName(after.table.name, table.name)),
    )
    if (remaining.length === 0 || run.after.tables.has(keyOfName(name))) return undefined
    const finding = { severity: 'error', object: tableObject(name), anySize: true } as const
    const tables = list(remaining.map(({ table }) => nameWithRowCount(context, table)))
    const dangling: SqliteFinding = {
      ...finding,
      message: `${tables} still ${remaining.length === 1 ? 'refers' : 'refer'} to ${name}: once it is dropped, each write to ${list(remaining.map(({ table }) => table.name))} fails (no such table: main.${name}).`,
    }
    const filled = remaining.filter(({ table }) => rowsOf(context, table) !== 0)
    const by = whoEnforcesKeys(context)
    if (by === undefined || filled.length === 0) return dangling
    const effects = list(filled.map(({ table, key }) => `${table.name}: ${EFFECTS[key.onDelete]}`))
    const where =
      by === 'wrangler' ? 'With wrangler d1 migrations apply, which enforces foreign keys, ' : ''
    return [
      dangling,
      {
        ...finding,
        severity: by === 'migration' ? 'error' : 'warning',
        table: name,
        message: `${where}DROP TABLE ${name} deletes its rows first, which affects the tables that refer to them (${effects}).`,
      },
    ]
  },
}

const EFFECTS: Readonly<Record<SqliteReaction, string>> = {
  cascade: 'rows are deleted',
  'set-null': 'references become NULL',
  'set-default': 'references become their default',
  restrict: 'SQLite refuses it',
  'no-action': 'SQLite refuses it',
}
