import { isDeepStrictEqual } from 'node:util'
import type { Identity } from '../schema/index.ts'
import { numbersByName, type NumberedTable, sharesName } from './table-pairs.ts'

export type Evidence = 'number' | 'lost' | 'table' | 'holes'

/** A column of a history, and one of a target that may be the same one under another name. */
export interface RenamedColumn {
  readonly column: Identity
  readonly name: string
  /**
   * `number`: its number and its type, and nothing says otherwise. `lost`: so, but names of parts that it had are gone.
   * `table`: so, but no part of the table has the name of one that it had.
   * `holes`: the same, but the numbers of a table that was restored from a dump would be the same by chance.
   */
  readonly by: Evidence
}

/**
 * Columns that have the number and the type of one with another name, in tables where all columns of one name have one
 * number: the same statements made these tables. In a table that was restored from a dump, columns behind
 * dropped ones have other numbers: so a number behind a dropped column counts only if a column or a part
 * that both have is behind one, too.
 */
export function renamedColumns(table: NumberedTable, other: NumberedTable): RenamedColumn[] {
  const [own, others] = [numbersByName(table), numbersByName(other)]
  const isSame = [...own].every(([name, number]) => (others.get(name) ?? number) === number)
  if (!isSame) return []
  const firstHole = firstHoleOf(table)
  const common = table.partNames.filter((part) =>
    other.partNames.some(
      ({ name, columns }) => name === part.name && isDeepStrictEqual(columns, part.columns),
    ),
  )
  const anchors = [
    ...[...own].flatMap(([name, number]) => (others.has(name) ? [number] : [])),
    ...common.flatMap(({ columns }) => columns),
  ]
  const isOther =
    table.partNames.length > 0 && other.partNames.length > 0 && !sharesName(table, other)
  const isTrusted = anchors.some((number) => number > firstHole)
  return [...table.columns].flatMap(([number, { identity, type }]): RenamedColumn[] => {
    const now = other.columns.get(number)
    const isRenamed =
      now?.type === type && !others.has(identity.name) && !own.has(now.identity.name)
    if (!isRenamed) return []
    const about = table.partNames.filter(({ columns }) => columns.includes(number))
    const kept = about.some((part) => common.includes(part))
    const evidence = (): Evidence => {
      if (number > firstHole && !isTrusted) return 'holes'
      if (isOther) return 'table'
      return about.length > 0 && !kept ? 'lost' : 'number'
    }
    return [{ column: identity, name: now.identity.name, by: evidence() }]
  })
}

/** The first number that a dropped column had. */
function firstHoleOf({ numbers }: NumberedTable): number {
  for (let number = 1; ; number++) if (!numbers.has(number)) return number
}
