import { type FactKind } from '@supabase/pg-delta'
import type { Catalog } from './catalog.ts'

/** Kinds of objects that belong to a database as a whole, as messages name them. A fingerprint ignores them. */
const KINDS: ReadonlyMap<FactKind, string> = new Map([
  ['eventTrigger', 'event trigger'],
  ['fdw', 'foreign-data wrapper'],
  ['publication', 'publication'],
  ['server', 'foreign server'],
  ['subscription', 'subscription'],
])

/** The database-wide objects that one catalog has and the other lacks: `event trigger audit`. */
export function databaseObjectsOnlyIn({ facts }: Catalog, other: Catalog): string[] {
  return facts.facts().flatMap(({ id }) => {
    const kind = KINDS.get(id.kind)
    const isThere = other.facts.get(id) !== undefined
    return kind === undefined || isThere || !('name' in id) ? [] : [`${kind} ${id.name}`]
  })
}
