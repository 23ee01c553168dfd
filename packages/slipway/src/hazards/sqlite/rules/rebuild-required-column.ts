import { keyOfName } from '../../../schema/index.ts'
import type { SqliteColumn, SqliteTable } from '../../../statements/index.ts'
import { columnObject } from '../names-and-sizes.ts'
import { copiesAt, isNotNull, writable } from '../rebuild.ts'
import type { SqliteRule } from '../rule.ts'

/** A required column without a value or a default rejects every row. */
export const rebuildRequiredColumn: SqliteRule = {
  id: 'rebuild-required-column',
  title: 'A rebuild leaves a required column without a value',
  judge(_detail, context) {
    return copiesAt(context).flatMap(({ copy, rebuild }) => {
      const { name, oldName, newTable } = rebuild
      const targets = copy.values?.map(({ target }) => keyOfName(target))
      if (targets === undefined) return []
      return writable(newTable)
        .filter(
          (column) => isRequired(newTable, column) && !targets.includes(keyOfName(column.name)),
        )
        .map((column) => ({
          severity: 'error' as const,
          object: columnObject(name, column.name),
          table: oldName,
          message: `The rebuild of ${name} gives the required column ${column.name} no value, and it has no default: the copy of the first row fails. Select a value for it.`,
        }))
    })
  },
}

function isRequired(table: SqliteTable, column: SqliteColumn): boolean {
  const value = column.default?.kind
  return isNotNull(table, column) && (value === undefined || value === 'null')
}
