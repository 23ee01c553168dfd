import { canonicalize, encodeId, type Fact, type FactBase } from '@supabase/pg-delta'
import type { SchemaScript } from '../script.ts'
import type { Catalog } from './catalog.ts'
import { factBase } from './fact-base.ts'
import { comparable, comparedFacts } from './facts-fingerprint.ts'
import { scriptBetween } from './schema-script.ts'

const noOwner = () => false

/**
 * The SQL between catalogs of two servers. Facts that a fingerprint does not cover are ignored here, too:
 * owners, how a server version prints a view, objects of the database as a whole. An extension that only `to`
 * has is created. Fails with SCHEMA.NO_PATH.
 */
export function scriptBetweenServers(from: Catalog, to: Catalog): SchemaScript {
  return scriptBetween(
    { ...from, facts: factBase(from.facts.facts(), from.facts.edges, noOwner) },
    { ...to, facts: withUncomparedFacts(to, from) },
  )
}

/** `to`, with everything that a fingerprint does not distinguish taken from `from`. */
function withUncomparedFacts(toAll: Catalog, fromAll: Catalog): FactBase {
  const [to, from] = [toAll.facts, fromAll.facts]
  const covered = comparedFacts(toAll).map((fact) => withUncomparedPayload(fact, from.get(fact.id)))
  const coveredIds = new Set(covered.map(({ id }) => encodeId(id)))
  const comparedIds = new Set(comparedFacts(fromAll).map(({ id }) => encodeId(id)))
  const facts = new Map<string, Fact>()
  // Later ones win: facts of `from` that are not compared stay as they are.
  const extensions = to
    .facts()
    .filter((fact) => !coveredIds.has(encodeId(fact.id)) && isOfExtension(to, fact))
  const others = from.facts().filter((fact) => !comparedIds.has(encodeId(fact.id)))
  for (const fact of [...extensions, ...others, ...covered]) facts.set(encodeId(fact.id), fact)
  const kept = [...facts.values()].filter((fact) => hasParents(fact, facts))
  return factBase(
    kept,
    [...to.edges, ...from.edges.filter((edge) => !comparedIds.has(encodeId(edge.from)))],
    noOwner,
  )
}

function withUncomparedPayload(fact: Fact, other: Fact | undefined): Fact {
  if (!other) return fact
  return canonicalize(comparable(fact)) === canonicalize(comparable(other))
    ? { ...fact, payload: other.payload }
    : fact
}

function isOfExtension(facts: FactBase, fact: Fact): boolean {
  if (fact.id.kind === 'extension' || fact.id.kind === 'language') return true
  if (facts.outgoingEdges(fact.id).some(({ kind }) => kind === 'memberOfExtension')) return true
  const parent = fact.parent && facts.get(fact.parent)
  return parent !== undefined && parent.id.kind !== 'schema' && isOfExtension(facts, parent)
}

function hasParents(fact: Fact, facts: ReadonlyMap<string, Fact>): boolean {
  if (!fact.parent) return true
  const parent = facts.get(encodeId(fact.parent))
  return parent !== undefined && hasParents(parent, facts)
}

/** The invalid indexes of a catalog, by name, and the catalog without them. */
export function withoutInvalidIndexes(catalog: Catalog): {
  catalog: Catalog
  invalid: readonly string[]
} {
  const gone = new Set<string>()
  for (const { id, payload } of catalog.facts.facts()) {
    if (id.kind === 'index' && payload['valid'] === false) gone.add(encodeId(id))
  }
  if (gone.size === 0) return { catalog, invalid: [] }
  const stays = catalog.facts.facts().filter(({ id }) => {
    return !gone.has(encodeId(id.kind === 'comment' ? id.target : id))
  })
  const facts = factBase(stays, catalog.facts.edges)
  return {
    catalog: { ...catalog, facts },
    invalid: [...gone].map((key) => key.replace(/^index:/, '')),
  }
}
