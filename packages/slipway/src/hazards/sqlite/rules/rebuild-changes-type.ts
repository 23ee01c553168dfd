import { columnIn } from '../../../schema/index.ts'
import { lossOf } from '../affinity.ts'
import { columnObject } from '../names-and-sizes.ts'
import { copiesAt } from '../rebuild.ts'
import type { SqliteFinding, SqliteRule } from '../rule.ts'

/** The affinity of a column converts the values that are written to it. */
export const rebuildChangesType: SqliteRule = {
  id: 'rebuild-changes-type',
  title: 'A rebuild converts values to a different type',
  judge(_detail, context) {
    return copiesAt(context).flatMap(({ copy, rebuild: { name, old, oldName, newTable } }) =>
      (copy.values ?? []).flatMap(({ target, source }): SqliteFinding[] => {
        const before = source.column === undefined ? undefined : columnIn(old, source.column)
        const after = columnIn(newTable, target)
        if (!before || !after) return []
        const loss = lossOf(before.type, after.type)
        if (loss === undefined) return []
        return [
          {
            severity: loss.severity,
            object: columnObject(name, target),
            table: oldName,
            message: `The rebuild turns ${target} of ${name} from ${before.type || 'no type'} into ${after.type || 'no type'}: ${loss.what}.`,
          },
        ]
      }),
    )
  },
}
