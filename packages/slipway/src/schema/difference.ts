import { type Fact, canonicalize, encodeId } from '@supabase/pg-delta'
import type { Catalog } from './catalog.ts'
import { comparable, comparedFacts, type Fingerprint, readableName } from './fingerprint.ts'

/** One object in which two catalogs differ, seen from the first to the second. */
export interface Change {
  readonly change: 'added' | 'removed' | 'changed'
  /** `table public.user`, `column public.user.email` … */
  readonly object: string
  /** What of it changed: attribute names, never values of rows. */
  readonly attributes: readonly string[]
}

/** The differences between two catalogs, by object, sorted. Empty if and only if fingerprints are equal. */
export function difference(from: Catalog, to: Catalog): Change[] {
  if (from === to) return []
  const before = byId(comparedFacts(from))
  const after = byId(comparedFacts(to))
  const changes: Change[] = []
  for (const [id, fact] of before) {
    const other = after.get(id)
    if (!other) changes.push({ change: 'removed', object: readableName(fact), attributes: [] })
    else {
      const attributes = changedAttributes(fact, other)
      if (attributes.length > 0)
        changes.push({ change: 'changed', object: readableName(fact), attributes })
    }
  }
  for (const [id, fact] of after) {
    if (!before.has(id))
      changes.push({ change: 'added', object: readableName(fact), attributes: [] })
  }
  return withoutParts(changes).toSorted((a, b) => (a.object < b.object ? -1 : 1))
}

/** The objects in which two fingerprints differ, where only fingerprints are at hand. */
export function differingObjects(from: Fingerprint, to: Fingerprint): Change[] {
  const names = new Set([...Object.keys(from.objects), ...Object.keys(to.objects)])
  return [...names].toSorted().flatMap((object): Change[] => {
    const before = from.objects[object]
    const after = to.objects[object]
    if (before === after) return []
    const change = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed'
    return [{ change, object, attributes: [] }]
  })
}

function byId(facts: readonly Fact[]): Map<string, Fact> {
  return new Map(facts.map((fact) => [encodeId(fact.id), fact]))
}

function changedAttributes(from: Fact, to: Fact): string[] {
  const before = comparable(from)
  const after = comparable(to)
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys]
    .filter((key) => canonicalize(before[key]) !== canonicalize(after[key]))
    .toSorted()
}

/** A table that is gone takes its columns along: naming them too would hide what matters. */
function withoutParts(changes: readonly Change[]): Change[] {
  const whole = new Set(
    changes
      .filter(({ change }) => change !== 'changed')
      .map(({ change, object }) => `${change} ${bare(object)}`),
  )
  return changes.filter(({ change, object }) => {
    if (change === 'changed') return true
    const [kind = ''] = object.split(' ')
    const target = /^(?:comment|acl) \((?:\w+:)?(.*?)\)/.exec(object)?.[1] ?? bare(object)
    if (kind === 'comment' || kind === 'acl') return !whole.has(`${change} ${target}`)
    if (!PARTS.has(kind)) return true
    const parent = target.replace(/\.(?:"(?:[^"]|"")*"|[^.]*)$/, '')
    return !whole.has(`${change} ${parent}`)
  })
}

const PARTS = new Set([
  'column',
  'constraint',
  'default',
  'trigger',
  'policy',
  'rule',
  'typeAttribute',
])

function bare(object: string): string {
  return object.replace(/^\w+ /, '')
}
