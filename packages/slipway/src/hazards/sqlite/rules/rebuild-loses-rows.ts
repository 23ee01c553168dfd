import { list, tableObject } from '../names-and-sizes.ts'
import type { Rebuild } from '../rebuild.ts'
import type { SqliteFinding, SqliteRule } from '../rule.ts'

/** Rows that a rebuild does not copy are dropped with the old table. */
export const rebuildLosesRows: SqliteRule = {
  id: 'rebuild-loses-rows',
  title: 'A rebuild does not copy all rows',
  judge(_detail, context) {
    const { run, statement } = context
    const dropped = run.rebuilds.find(({ drop }) => drop === statement)
    if (dropped && dropped.copies.length === 0) {
      const { name } = dropped
      return [
        finding(
          dropped,
          `The new ${name} takes the place of the old one without its rows: nothing copies them.`,
        ),
      ]
    }
    return run.rebuilds.flatMap((rebuild) =>
      rebuild.copies
        .filter((copy) => copy.statement === statement)
        .flatMap(({ select: { limits }, conflict }) => [
          ...(limits.length === 0
            ? []
            : [
                finding(
                  rebuild,
                  `The rebuild of ${rebuild.name} copies with ${list(limits)}: rows that are not selected are lost with the old table.`,
                ),
              ]),
          ...(conflict === 'ignore' || conflict === 'replace'
            ? [
                finding(
                  rebuild,
                  `The rebuild of ${rebuild.name} copies with OR ${conflict.toUpperCase()}: rows that break a constraint of the new table are lost without an error.`,
                ),
              ]
            : []),
        ]),
    )
  },
}

function finding({ name, oldName }: Rebuild, message: string): SqliteFinding {
  return { severity: 'error', object: tableObject(name), table: oldName, message }
}
