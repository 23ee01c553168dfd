import { columnObject, list, quoted } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'
import { usesOf } from '../uses.ts'

/** SQLite refuses to drop a column if an index, key, check, view or trigger that it checks uses the column. */
export const dropUsedColumn: SqliteRule = {
  id: 'drop-used-column',
  title: 'A column that is still used is dropped',
  judge(detail, { definitions }) {
    if (detail.kind !== 'drop-column') return undefined
    const { table, column } = detail
    const { refusing, broken, indexes } = usesOf(definitions, detail)
    const finding = {
      severity: 'error',
      object: columnObject(table, column),
      anySize: true,
    } as const
    const [uses, then] =
      broken.length === 1
        ? ['uses', 'it fails, or never runs, from then on']
        : ['use', 'they fail, or never run, from then on']
    return [
      refusing.length === 0
        ? undefined
        : {
            ...finding,
            message: `SQLite refuses to drop ${column} of ${table}, because it is used by ${list(refusing)}.`,
            safeSql:
              refusing.length === indexes.length
                ? indexes.map(({ name }) => `DROP INDEX ${quoted(name)};`).join('\n')
                : undefined,
          },
      broken.length === 0
        ? undefined
        : {
            ...finding,
            message: `SQLite drops ${column} of ${table} although ${list(broken)} ${uses} it: ${then}.`,
          },
    ]
  },
}
