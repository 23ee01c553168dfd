import type { Kept } from '../../safekeeping/index.ts'
import { isSameName } from '../../schema/index.ts'
import type { Statement } from '../../statements/index.ts'

/**
 * Kept data once for each statement that names its table: what SQLite keeps of a table is the effect of all of them.
 * Data of a table that no statement names, which a trigger or a foreign key changed, has the number 0.
 */
export function byStatement<K extends Kept>(
  kept: readonly K[],
  statements: readonly Statement[],
): K[] {
  return kept
    .filter(({ kind }) => kind !== 'sequence')
    .flatMap((one) => {
      const names = namesOf(one.table.name, statements)
      const numbers = statements
        .filter((statement) => tablesOf(statement).some((name) => isAmong(name, names)))
        .map(({ number }) => number)
      return (numbers.length === 0 ? [0] : numbers).map((statement) => ({ ...one, statement }))
    })
}

/** The names of a table in a migration, in which it may be renamed or rebuilt. */
function namesOf(table: string, statements: readonly Statement[]): readonly string[] {
  const names = [table]
  const renames = statements.flatMap(({ actions }) =>
    actions.flatMap((one) => (one.kind === 'rename' && one.of === 'table' ? [one] : [])),
  )
  // A list grows while it is read.
  for (const name of names) {
    for (const { from, to } of renames) {
      const other = isSameName(from, name) ? to : isSameName(to, name) ? from : undefined
      if (other !== undefined && !isAmong(other, names)) names.push(other)
    }
  }
  return names
}

function tablesOf({ actions }: Statement): string[] {
  return actions.flatMap((action) => ('table' in action && action.table ? [action.table.name] : []))
}

function isAmong(name: string, names: readonly string[]): boolean {
  return names.some((one) => isSameName(one, name))
}
