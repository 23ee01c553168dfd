import { quoteIdentifier } from '../../database/index.ts'
import { isSameName } from '../../schema/index.ts'
import { keptTable } from './keep-sql.ts'
import type { SqliteKept } from './kept.ts'
import type { RestoredKey } from './restore-place.ts'
import { inCopy, inTable, type Restored, rowNumber } from './restored.ts'

/** Where the parents of restored rows and values can be. */
export interface Parents {
  readonly foreignKeys: readonly RestoredKey[]
  /** Kept data that is not restored yet. */
  readonly pending: readonly Restored[]
}

/** The conditions on a kept row that is inserted, and that all its parents exist or are restored with it or later. */
export function withParents(
  { kept }: Restored,
  conditions: readonly string[],
  parents: Parents,
): string[] {
  const keys = ownKeys(kept.table.name, parents).filter(({ columns }) =>
    columns.every((name) => kept.stored.includes(name)),
  )
  const isOwn = ({ parent }: RestoredKey) => isSameName(parent, kept.table.name)
  const others = keys.filter((key) => !isOwn(key))
  const all = [...conditions, ...others.map((key) => parentCondition(key, inCopy, parents))]
  const own = keys.filter(
    (key) => isOwn(key) && key.referenced.every((name) => kept.stored.includes(name)),
  )
  return own.length === 0 ? all : [...all, withOwnParents(kept, all, own)]
}

/** That a row refers to existing rows of its own table, or to kept ones for which the same holds. */
function withOwnParents(
  kept: SqliteKept,
  conditions: readonly string[],
  keys: readonly RestoredKey[],
): string {
  const [number, copy] = [rowNumber(kept), keptTable(kept.id)]
  const missing = keys.map(
    (key) => `NOT ${inTableOf(key, inCopy)} AND NOT ${inCopyOf(kept, key, inCopy)}`,
  )
  const isNull = (key: RestoredKey) => key.columns.map((name) => `${inCopy(name)} IS NULL`)
  const begins = [
    ...conditions.map((condition) => `NOT (${condition})`),
    ...keys.map((key, at) => `NOT (${isNull(key).join(' OR ')}) AND ${missing[at] ?? ''}`),
  ]
  const follows = keys.map((key) => {
    const match = referringValues(key, inCopy).map(
      (value, at) => `${value} = p.${quoteIdentifier(key.referenced[at] ?? '')}`,
    )
    return `UNION SELECT ${number} FROM _slipway_lost l JOIN ${copy} p ON ${rowNumber(kept, 'p')} = l.id
  JOIN ${copy} k ON ${match.join(' AND ')} WHERE NOT ${inTableOf(key, inCopy)}`
  })
  return `${number} NOT IN (WITH RECURSIVE _slipway_lost (id) AS (
  SELECT ${number} FROM ${copy} k WHERE ${begins.map((one) => `(${one})`).join(' OR ')}
  ${follows.join('\n  ')}) SELECT id FROM _slipway_lost)`
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

/** Whether all parents of a restored row exist. */
export function parentsExistSql({ kept }: Restored, foreignKeys: readonly RestoredKey[]): string {
  const parents = { foreignKeys, pending: [] }
  const keys = ownKeys(kept.table.name, parents).filter(({ columns }) =>
    columns.every((name) => kept.stored.includes(name)),
  )
  return keys.map((key) => parentCondition(key, inCopy, parents)).join(' AND ') || 'true'
}

function ownKeys(table: string, { foreignKeys }: Parents): RestoredKey[] {
  return foreignKeys.filter((key) => isSameName(key.table, table) && !key.referenced.includes(''))
}

function parentCondition(
  key: RestoredKey,
  valueOf: (column: string) => string,
  { pending }: Parents,
): string {
  const isNull = key.columns.map((name) => `${valueOf(name)} IS NULL`)
  const parents = pending.filter(({ kept }) => isSameName(kept.table.name, key.parent))
  // A copy has no values that SQLite computes: whether they are there shows when all is restored.
  if (parents.some(({ table }) => key.referenced.some((name) => isComputed(table, name))))
    return 'true'
  const later = parents
    .filter(({ kept }) => key.referenced.every((name) => kept.stored.includes(name)))
    .map(({ kept }) => inCopyOf(kept, key, valueOf))
  return `(${[...isNull, inTableOf(key, valueOf), ...later].join(' OR ')})`
}

function isComputed(table: Restored['table'], column: string): boolean {
  return table?.columns.some(({ name, generated }) => generated && name === column) === true
}

/** Whether the parent exists. Its unique index finds it. */
function inTableOf(key: RestoredKey, valueOf: (column: string) => string): string {
  const match = referringValues(key, valueOf).map(
    (value, at) => `${value} = p.${quoteIdentifier(key.referenced[at] ?? '')}`,
  )
  return `EXISTS (SELECT 1 FROM ${quoteIdentifier(key.parent)} p WHERE ${match.join(' AND ')})`
}

/** Whether the parent is kept. A copy has no index, so it is read once. */
function inCopyOf(kept: SqliteKept, key: RestoredKey, valueOf: (column: string) => string): string {
  const names = key.referenced.map(quoteIdentifier)
  const present = names.map((name) => `${name} IS NOT NULL`)
  const values = referringValues(key, valueOf).join(', ')
  return `((${values}) IN (SELECT ${names.join(', ')} FROM ${keptTable(kept.id)} WHERE ${present.join(' AND ')}))`
}

/**
 * The values of a foreign key, in SQL that compares them like SQLite itself: with the collation of the column to
 * which they refer, of which a copy has only the affinity, and converted to that. Without an affinity of its own,
 * which a `+` takes away, a value gets the other one. Source: sqlite.org/foreignkeys.html, section 3.
 */
export function referringValues(
  { columns, collations, converts }: RestoredKey,
  valueOf: (column: string) => string,
): string[] {
  return columns.map((name, at) => {
    const value = converts[at] ? `+${valueOf(name)}` : valueOf(name)
    return `${value} COLLATE ${quoteIdentifier(collations[at] ?? 'BINARY')}`
  })
}
