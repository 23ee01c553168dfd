import { type Fact, canonicalize, encodeId } from '@supabase/pg-delta'
import { objectKey, type ObjectRef } from '../../statements/index.ts'
import { byName, type Change } from '../change.ts'
import type { Catalog } from './catalog.ts'
import { comparable, comparedFacts } from './facts-fingerprint.ts'
import { referenceTo } from './reference.ts'

/** The differences between two catalogs, by object, sorted. Empty if and only if fingerprints are equal. */
export function difference(from: Catalog, to: Catalog): Change[] {
  if (from === to) return []
  const before = byId(comparedFacts(from))
  const after = byId(comparedFacts(to))
  const changes: Change[] = []
  for (const [id, fact] of before) {
    const object = referenceTo(fact.id, from.defaultSchema)
    const other = after.get(id)
    if (!other) changes.push({ change: 'removed', object, attributes: [] })
    else {
      const attributes = changedAttributes(fact, other)
      if (attributes.length > 0) changes.push({ change: 'changed', object, attributes })
    }
  }
  for (const [id, fact] of after) {
    const object = referenceTo(fact.id, to.defaultSchema)
    if (!before.has(id)) changes.push({ change: 'added', object, attributes: [] })
  }
  return byName(withoutParts(changes))
}

function byId(facts: readonly Fact[]): Map<string, Fact> {
  return new Map(facts.map((fact) => [encodeId(fact.id), fact]))
}

function changedAttributes(from: Fact, to: Fact): string[] {
  const before = comparable(from)
  const after = comparable(to)
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys]
    .filter((key) => canonicalize(before[key] ?? null) !== canonicalize(after[key] ?? null))
    .toSorted()
}

/**
 * Leaves out the parts of dropped and added objects: listing the columns of a dropped table would hide what
 * matters.
 */
function withoutParts(changes: readonly Change[]): Change[] {
  const whole = new Set(
    changes
      .filter(({ change }) => change !== 'changed')
      .map(({ change, object }) => `${change} ${placeOf(object)}`),
  )
  return changes.filter(({ change, object }) => {
    if (change === 'changed') return true
    if ('on' in object) return !whole.has(`${change} ${placeOf(object.on)}`)
    if (!('table' in object)) return true
    const { schema, table: name } = object
    return !whole.has(`${change} ${placeOf({ kind: 'table', schema, name })}`)
  })
}

/** Where an object is, whatever its kind: a table, a view and a type in one schema never share a name. */
function placeOf(object: ObjectRef): string {
  if ('on' in object) return objectKey(object)
  const path = ['schema' in object ? object.schema : null, 'table' in object ? object.table : null]
  return JSON.stringify([...path, object.name, 'schema' in object])
}
