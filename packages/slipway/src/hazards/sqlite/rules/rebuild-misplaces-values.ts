import { columnIn, isSameName } from '../../../schema/index.ts'
import { columnObject, tableObject } from '../names-and-sizes.ts'
import { copiesAt } from '../rebuild.ts'
import type { SqliteFinding, SqliteRule } from '../rule.ts'

/** INSERT … SELECT matches columns by position, regardless of their names. */
export const rebuildMisplacesValues: SqliteRule = {
  id: 'rebuild-misplaces-values',
  title: 'A rebuild writes values into the wrong column',
  judge(_detail, context) {
    return copiesAt(context).flatMap(({ copy, rebuild }): SqliteFinding[] => {
      const { name, old, oldName } = rebuild
      if (copy.mismatch) {
        const { columns, values } = copy.mismatch
        return [
          {
            severity: 'error',
            object: tableObject(name),
            table: oldName,
            anySize: true,
            message: `The rebuild of ${name} copies ${values} values into ${columns} columns: SQLite refuses it.`,
          },
        ]
      }
      return (copy.values ?? []).flatMap(({ target, source: { column } }) => {
        if (column === undefined || isSameName(target, column)) return []
        if (!columnIn(old, target) || !columnIn(old, column)) return []
        return [
          {
            severity: 'error' as const,
            object: columnObject(name, target),
            table: oldName,
            message: `The rebuild of ${name} writes the values of ${column} into ${target}, which has values of its own.`,
          },
        ]
      })
    })
  },
}
