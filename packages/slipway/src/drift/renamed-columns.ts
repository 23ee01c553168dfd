import { isDeepStrictEqual } from 'node:util'
import type { Identity } from '../schema/index.ts'
import { numbersByName, type NumberedTable, sharesName } from './table-pairs.ts'

export type Evidence = 'number' | 'lost' | 'table' | 'holes'

/** A column of a history, and the name of a target's column that may be the same one. */
export interface RenamedColumn {
  readonly column: Identity
  readonly name: string
  /**
   * `number`: they have the same number and type, and nothing contradicts it. `lost`: as `number`, but the
   * indexes and other parts of the column are gone. `table`: as `number`, but no part of the table has the
   * name of an earlier part. `holes`: as `number`, but if the table was restored from a dump, the numbers are
   * equal only by chance.
   */
  readonly by: Evidence
}

/**
 * Columns that have the number and type of one with another name, in tables whose equally named columns have
 * equal numbers: the same statements created both tables. Restoring a dump renumbers the columns after a
 * dropped one, so a number after a dropped column counts only if the tables share a column or a part after
 * it.
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

/** The lowest number of a dropped column. */
function firstHoleOf({ numbers }: NumberedTable): number {
  for (let number = 1; ; number++) if (!numbers.has(number)) return number
}
