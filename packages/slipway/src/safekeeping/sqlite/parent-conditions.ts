import { quoteIdentifier } from '../../database/index.ts'
import { isSameName, type SqliteForeignKey } from '../../schema/index.ts'
import { keptTable } from './keep-sql.ts'
import { inCopy, inTable, type Restored } from './restored.ts'

/** Where the parents of restored rows and values can be. */
export interface Parents {
  readonly foreignKeys: readonly SqliteForeignKey[]
  /** Kept data that is not restored yet. */
  readonly pending: readonly Restored[]
}

/** Conditions that all parents of a kept row exist in their table, or are restored later. */
export function parentConditions({ kept }: Restored, parents: Parents): string[] {
  return ownKeys(kept.table.name, parents)
    .filter(({ columns }) => columns.every((name) => kept.stored.includes(name)))
    .map((key) => parentCondition(key, inCopy, parents))
}

/** For each restored column with foreign keys, a condition that the parents of its kept value exist, or are restored later. */
export function parentConditionsOf(
  { kept }: Restored,
  restored: readonly string[],
  parents: Parents,
): ReadonlyMap<string, string> {
  const valueOf = (name: string) => (restored.includes(name) ? inCopy(name) : inTable(name))
  const keys = ownKeys(kept.table.name, parents)
  return new Map(
    restored.flatMap((name) => {
      const own = keys.filter(({ columns }) => columns.includes(name))
      const conditions = own.map((key) => parentCondition(key, valueOf, parents))
      return conditions.length === 0 ? [] : [[name, conditions.join(' AND ')] as const]
    }),
  )
}

function ownKeys(table: string, { foreignKeys }: Parents): SqliteForeignKey[] {
  return foreignKeys.filter((key) => isSameName(key.table, table) && !key.referenced.includes(''))
}

function parentCondition(
  { columns, parent, referenced }: SqliteForeignKey,
  valueOf: (column: string) => string,
  { pending }: Parents,
): string {
  const places = [
    quoteIdentifier(parent),
    ...pending
      .filter(({ kept }) => isSameName(kept.table.name, parent))
      .filter(({ kept }) => referenced.every((name) => kept.stored.includes(name)))
      .map(({ kept }) => keptTable(kept.id)),
  ]
  const match = columns
    .map((name, at) => `p.${quoteIdentifier(referenced[at] ?? '')} = ${valueOf(name)}`)
    .join(' AND ')
  const isNull = columns.map((name) => `${valueOf(name)} IS NULL`)
  const exists = places.map((from) => `EXISTS (SELECT 1 FROM ${from} p WHERE ${match})`)
  return `(${[...isNull, ...exists].join(' OR ')})`
}
