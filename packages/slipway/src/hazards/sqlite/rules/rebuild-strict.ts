import type { SqliteTable } from '../../../statements/index.ts'
import { quoted, tableObject } from '../names-and-sizes.ts'
import { copiesAt, isKnown } from '../rebuild.ts'
import type { SqliteRule } from '../rule.ts'

/** A STRICT table refuses values that the old one accepted. */
export const rebuildStrict: SqliteRule = {
  id: 'rebuild-strict',
  title: 'A rebuild makes a table STRICT',
  judge(_detail, context) {
    return copiesAt(context)
      .filter(({ rebuild: { old, newTable } }) => newTable.strict && isKnown(old) && !old.strict)
      .map(({ rebuild: { name, old, oldName } }) => ({
        severity: 'warning' as const,
        object: tableObject(name),
        table: oldName,
        message: `The rebuild makes ${name} STRICT: it fails if a row has a value of another type, which SQLite has accepted so far.`,
        safeSql: checksOf(old),
      }))
  },
}

/** A query for each column that shows the types of its values. */
function checksOf({ name, columns }: SqliteTable): string {
  return columns
    .map((column) => {
      const value = `typeof(${quoted(column.name)})`
      return `SELECT ${value}, count(*) FROM ${quoted(name)} GROUP BY ${value};`
    })
    .join('\n')
}
