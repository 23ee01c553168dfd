import type { IndexFacts } from './postgres/indexes.ts'

/**
 * The index that makes another one unnecessary; undefined if there is none. It has the same key parts in
 * the same order (with operator class, collation, direction and NULLS order), the same predicate and
 * method, and all INCLUDE columns of the other. A B-tree may have further key parts after them. A unique
 * index is unnecessary only if another one enforces the same. Of two equal indexes only one is reported:
 * never the primary key, otherwise the later by name.
 */
export function duplicateOf(index: IndexFacts, all: readonly IndexFacts[]): IndexFacts | undefined {
  if (!index.valid || index.attached || index.neededByConstraint || index.primary) return undefined
  return all.find((other) => other !== index && other.valid && makesUnnecessary(other, index))
}

/** Whether `other` does everything that `index` does. If both do the same, whether `other` is the one to keep. */
function makesUnnecessary(other: IndexFacts, index: IndexFacts): boolean {
  if (other.method !== index.method || other.predicate !== index.predicate) return false
  if (!index.keys.every((key, place) => other.keys[place] === key)) return false
  const carried = [...other.keys.slice(index.keys.length).map(columnOf), ...other.included]
  if (!index.included.every((column) => carried.includes(column))) return false
  const sameKeys = other.keys.length === index.keys.length
  if (!sameKeys) return index.method === 'btree' && !index.unique && index.constraint === null
  if (index.unique && !(other.unique && other.enforcement === index.enforcement)) return false
  if (index.constraint !== null && other.constraint === null) return false
  return !isEqual(other, index) || isKeptOver(other, index)
}

/** Whether each of two indexes makes the other unnecessary. */
function isEqual(one: IndexFacts, other: IndexFacts): boolean {
  return (
    one.unique === other.unique &&
    (one.constraint === null) === (other.constraint === null) &&
    one.included.toSorted().join() === other.included.toSorted().join() &&
    !one.attached &&
    !one.neededByConstraint
  )
}

/** Of two equal indexes, the primary key is kept, otherwise the first by name. */
function isKeptOver(one: IndexFacts, other: IndexFacts): boolean {
  return one.primary || one.name < other.name
}

/** The column part of a key: `"total"` without operator class, collation and options. */
function columnOf(key: string): string {
  return key.slice(0, key.lastIndexOf(' opclass '))
}
