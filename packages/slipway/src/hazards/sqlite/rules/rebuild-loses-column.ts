import { columnIn, keyOfName } from '../../../schema/index.ts'
import type { SqliteColumn } from '../../../statements/index.ts'
import type { Severity } from '../../hazard.ts'
import { list, quoted, tableObject } from '../names-and-sizes.ts'
import { type Rebuild, successorOf, writable } from '../rebuild.ts'
import { copiesOfColumn, copiesToOtherTables, copiesText } from '../row-copies.ts'
import type { SqliteFinding, SqliteRule } from '../rule.ts'

/** A column that a rebuild does not copy is dropped with the old table. */
export const rebuildLosesColumn: SqliteRule = {
  id: 'rebuild-loses-column',
  title: 'A rebuild loses the values of a column',
  judge(_detail, context) {
    const { run, statement } = context
    const rebuild = run.rebuilds.find(({ drop }) => drop === statement)
    if (rebuild === undefined || rebuild.copies.length === 0) return undefined
    const used = usedColumns(rebuild)
    if (used === undefined) return undefined
    const { old, newTable } = rebuild
    const left = writable(old).filter((column) => !used.has(keyOfName(column.name)))
    const keepings = copiesToOtherTables(context, old.name, [newTable.name])
    const isMoved = ({ name }: SqliteColumn) => copiesOfColumn(keepings, name).length > 0
    const lost = left.filter((column) => !isMoved(column))
    const moved = left.filter(isMoved)
    const places = keepings.filter((one) =>
      moved.some(({ name }) => copiesOfColumn([one], name).length > 0),
    )
    const computed = writable(old).filter(
      ({ name }) =>
        used.has(keyOfName(name)) && !columnIn(newTable, name) && !successorOf(rebuild, name),
    )
    return [
      losing(rebuild, lost, {
        severity: 'error',
        what: 'loses the values of',
        hint: hintFor(lost, rebuild),
      }),
      losing(rebuild, moved, {
        severity: 'warning',
        what: 'drops',
        hint: ` However, ${copiesText(places)}: check that this covers all values.`,
      }),
      losing(rebuild, computed, {
        severity: 'info',
        what: 'drops',
        hint: ' Only the value that the copy computes from it remains.',
      }),
    ]
  },
}

function losing(
  rebuild: Rebuild,
  columns: readonly SqliteColumn[],
  {
    severity,
    what,
    hint,
  }: { readonly severity: Severity; readonly what: string; readonly hint: string },
): SqliteFinding | undefined {
  if (columns.length === 0) return undefined
  const { name, newTable } = rebuild
  const kept = columns.filter((column) => columnIn(newTable, column.name))
  const why =
    kept.length === 0
      ? ''
      : ` The new table has ${list(kept.map((column) => column.name))}, but nothing copies ${kept.length === 1 ? 'it' : 'them'}.`
  return {
    severity,
    object: tableObject(name),
    table: rebuild.oldName,
    message: `The rebuild of ${name} ${what} ${list(columns.map((column) => column.name))}.${why}${hint}`,
  }
}

/** The columns of the old table that the copies read; undefined if unknown. */
function usedColumns({ copies }: Rebuild): ReadonlySet<string> | undefined {
  if (copies.some(({ values }) => values === undefined)) return undefined
  const names = copies.flatMap(({ values = [] }) =>
    values.flatMap(({ source }) => source.names.columns.map(({ name }) => keyOfName(name))),
  )
  return new Set(names)
}

/** If one column is removed and one of the same type is added, it may be a rename. */
function hintFor(lost: readonly SqliteColumn[], { old, newTable, copies }: Rebuild): string {
  const filled = copies.flatMap(({ values = [] }) => values.map(({ target }) => keyOfName(target)))
  const gone = lost.filter((column) => !columnIn(newTable, column.name))
  const added = writable(newTable).filter(
    (column) => !columnIn(old, column.name) && !filled.includes(keyOfName(column.name)),
  )
  const [before] = gone
  const after = added.filter(({ type }) => type === before?.type)
  if (before === undefined || gone.length > 1 || after.length !== 1 || after[0] === undefined)
    return ''
  return ` If ${after[0].name} is its new name, copy it: select ${quoted(before.name)} for ${quoted(after[0].name)}.`
}
