import { formatRows } from '../kernel/index.ts'
import type { DataSums, TableSum } from './manifest.ts'

/** The differences in the data, as sentences without a row's content; empty if it is equal. */
export function differingData(backup: DataSums, restored: DataSums): string[] {
  const key = ({ schema, table }: TableSum) => `${schema}.${table}`
  const now = new Map(restored.tables.map((one) => [key(one), one]))
  const tables = backup.tables.flatMap((one) => {
    const found = now.get(key(one))
    if (found === undefined) return [`${key(one)} is missing`]
    if (found.rows !== one.rows)
      return [`${key(one)} has ${formatRows(found.rows)} instead of ${one.rows}`]
    return found.sum === one.sum ? [] : [`rows of ${key(one)} have changed`]
  })
  const sequences = Object.entries(backup.sequences).flatMap(([name, position]) =>
    isPosition(restored.sequences[name], position)
      ? []
      : [`the sequence ${name} has a different position`],
  )
  const large =
    backup.largeObjects === restored.largeObjects
      ? []
      : [`there are ${restored.largeObjects} large objects instead of ${backup.largeObjects}`]
  const orphans =
    backup.orphans === restored.orphans
      ? []
      : [
          `${formatRows(restored.orphans ?? 0)} ${restored.orphans === 1 ? 'refers' : 'refer'} to a missing row, instead of ${backup.orphans}`,
        ]
  return [...tables, ...sequences, ...large, ...orphans]
}

/** Whether a sequence's position is the recorded one, or between the two recorded ones. */
function isPosition(found: string | undefined, recorded: string): boolean {
  const [first = '', last] = recorded.split(' to ')
  if (found === undefined || last === undefined) return found === recorded
  const [at, one, other] = [found, first, last].map((text) =>
    BigInt(text.replace(' (not given)', '')),
  )
  if (at === undefined || one === undefined || other === undefined) return false
  return one < other ? one <= at && at <= other : other <= at && at <= one
}
