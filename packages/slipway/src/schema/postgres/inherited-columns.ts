import { isDeepStrictEqual } from 'node:util'
import { encodeId, type Fact, type FactBase } from '@supabase/pg-delta'
import type { Choice } from '../script.ts'
import { type Catalog, columnOrder } from './catalog.ts'
import { factBase, textOf } from './fact-base.ts'
import { detached, inheritedFacts, parentsOf } from './in-place.ts'
import { type Inheritance, inheritanceOf } from './inheritance.ts'
import { referenceTo } from './reference.ts'

/**
 * A catalog in which the inherited columns of partitions and child tables are facts, like their own columns.
 */
export function withInheritedColumns(catalog: Catalog): Catalog {
  const children = catalog.facts.facts().filter((fact) => parentsOf(fact).length > 0)
  if (children.length === 0) return catalog
  const facts = detached(
    catalog.facts,
    children.map(({ id }) => id),
  )
  return { ...catalog, facts, columnOrder: columnOrder(facts.facts()) }
}

/**
 * Two catalogs without the only difference that no SQL removes: a table that becomes a child table has the columns of its parent
 * also as its own, while one that was created as a child table does not.
 */
export function withoutRedundantColumns(one: Catalog, other: Catalog): [Catalog, Catalog] {
  return [withoutInheritedColumns(one, other.facts), withoutInheritedColumns(other, one.facts)]
}

/** A catalog in which child tables do not have as their own what they only inherit in `other`. */
function withoutInheritedColumns(catalog: Catalog, other: FactBase): Catalog {
  const { facts } = catalog
  const gone = new Set<string>()
  const heritages = new Map<string, Inheritance>()
  for (const child of facts.facts()) {
    // A partition has no columns or checks of its own.
    if (child.id.kind !== 'table' || child.payload['partitionBound']) continue
    if (parentsOf(child).length === 0 || parentsOf(other.get(child.id)).length === 0) continue
    const [above, there] = [
      inheritedByKey(facts, child),
      inheritedByKey(other, other.get(child.id)),
    ]
    const both = facts
      .childrenOf(child.id)
      .filter(({ id }) => above.has(encodeId(id)) && there.has(encodeId(id)) && !other.has(id))
    if (both.length === 0) continue
    for (const fact of both)
      for (const one of [fact, ...facts.childrenOf(fact.id)]) gone.add(encodeId(one.id))
    heritages.set(encodeId(child.id), inheritanceWith(child, { own: both, facts, above }))
  }
  if (gone.size === 0) return catalog
  const kept = facts.facts().flatMap((fact) => {
    const key = encodeId(fact.id)
    if (gone.has(key)) return []
    const heritage = heritages.get(key)
    if (heritage === undefined) return [fact]
    return [{ ...fact, payload: { ...fact.payload, _heritage: heritage as Fact['payload'] } }]
  })
  return { ...catalog, facts: factBase(kept, facts.edges) }
}

/**
 * The columns and checks that a table inherits from its parents, by the keys that they would have as its own.
 */
function inheritedByKey(facts: FactBase, child: Fact | undefined): Map<string, Fact> {
  if (child === undefined) return new Map()
  const found = parentsOf(child).flatMap((parent) => inheritedFacts(facts, child, parent))
  return new Map(
    found
      .filter(({ id, payload }) => id.kind !== 'constraint' || textOf(payload['type']) === 'c')
      .map((fact) => [encodeId(fact.id), fact]),
  )
}

/**
 * A difference that no script can remove: a table that becomes a child table keeps what it inherits as its
 * own.
 */
export function newlyInheritedColumns(from: Catalog, to: Catalog): Choice[] {
  return to.facts.facts().flatMap((fact): Choice[] => {
    const before = from.facts.get(fact.id)
    // A partition has no columns or checks of its own.
    if (fact.id.kind !== 'table' || before === undefined || fact.payload['partitionBound'])
      return []
    const had = parentsOf(before)
    const isNew = parentsOf(fact).some((one) => !had.some((old) => isDeepStrictEqual(old, one)))
    const inherits = [...inheritedByKey(to.facts, fact).values()].some(
      ({ id }) => !to.facts.has(id),
    )
    if (!isNew || !inherits) return []
    const message =
      'inherits again, and keeps what it inherits as its own: if the parent drops a column, this table keeps it'
    return [{ object: referenceTo(fact.id, to.defaultSchema), message }]
  })
}

interface Folding {
  readonly own: readonly Fact[]
  readonly facts: FactBase
  readonly above: ReadonlyMap<string, Fact>
}

/** The inheritance that a child table would have if these columns were not its own. */
function inheritanceWith(child: Fact, { own, facts, above }: Folding): Inheritance {
  const { own: had, comments: said, ...heritage } = inheritanceOf(child)
  const columns = own.flatMap((fact) => {
    const { id } = fact
    if (id.kind !== 'column') return []
    const key = { ...id, kind: 'default' as const }
    const shape = (notNull: unknown, expr: unknown) => ({
      notNull: notNull === true,
      ...(typeof expr === 'string' ? { default: expr } : {}),
    })
    const here = shape(fact.payload['notNull'], facts.get(key)?.payload['expr'])
    const there = shape(
      above.get(encodeId(id))?.payload['notNull'],
      above.get(encodeId(key))?.payload['expr'],
    )
    return isDeepStrictEqual(here, there) ? [] : [[id.name, here] as const]
  })
  const comments = own.flatMap(({ id }) => {
    const text = facts.get({ kind: 'comment', target: id })?.payload['text']
    return id.kind === 'column' && typeof text === 'string' ? [[id.name, text] as const] : []
  })
  return {
    ...heritage,
    ...entriesOf('own', { ...had, ...Object.fromEntries(columns) }),
    ...entriesOf('comments', { ...said, ...Object.fromEntries(comments) }),
  }
}

function entriesOf(key: keyof Inheritance, entries: object): Inheritance {
  return Object.keys(entries).length === 0 ? {} : { [key]: entries }
}
