import type { IndexFacts } from './postgres/indexes.ts'

/**
 * The index that makes another one unnecessary, if there is one: it has the same parts in the same order, with operator class, collation,
 * direction and NULLS, the same predicate and method, and what the other carries along. A B-tree may have further parts behind them. A unique index,
 * which forbids something, is unnecessary only beside one that forbids the same. Of two equal indexes one is named, the one that less depends on.
 */
export function duplicateOf(index: IndexFacts, all: readonly IndexFacts[]): IndexFacts | undefined {
  if (!index.valid || index.attached || index.required || index.primary) return undefined
  return all.find((other) => other !== index && other.valid && serves(other, index))
}

/** Whether `other` does all that `index` does, and stays if both do the same. */
function serves(other: IndexFacts, index: IndexFacts): boolean {
  if (other.method !== index.method || other.predicate !== index.predicate) return false
  if (!index.keys.every((key, place) => other.keys[place] === key)) return false
  const carried = [...other.keys.slice(index.keys.length).map(columnOf), ...other.included]
  if (!index.included.every((column) => carried.includes(column))) return false
  const sameKeys = other.keys.length === index.keys.length
  if (!sameKeys) return index.method === 'btree' && !index.unique && index.constraint === null
  if (index.unique && !(other.unique && other.enforcement === index.enforcement)) return false
  if (index.constraint !== null && other.constraint === null) return false
  return !isEqual(other, index) || staysBefore(other, index)
}

/** Both make each other unnecessary. */
function isEqual(one: IndexFacts, other: IndexFacts): boolean {
  return (
    one.unique === other.unique &&
    (one.constraint === null) === (other.constraint === null) &&
    one.included.toSorted().join() === other.included.toSorted().join() &&
    !one.attached &&
    !one.required
  )
}

/** Of two equal indexes the primary key stays, or else the first by name. */
function staysBefore(one: IndexFacts, other: IndexFacts): boolean {
  return one.primary || one.name < other.name
}

/** `"total"` of its text with operator class and so on. */
function columnOf(key: string): string {
  return key.slice(0, key.lastIndexOf(' opclass '))
}
