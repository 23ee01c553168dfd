import {
  type Fact,
  type FactBase,
  type FactKind,
  type Payload,
  canonicalize,
  encodeId,
} from '@supabase/pg-delta'
import { sha256 } from '../../kernel/index.ts'
import { objectKey } from '../../statements/index.ts'
import type { Fingerprint } from '../fingerprint.ts'
import { inheritanceOf } from './inheritance.ts'
import { versionlessQuery } from './query-text.ts'
import { referenceTo } from './reference.ts'
import { reparsedText } from './reparsed-text.ts'

/** Changes when what is hashed changes: fingerprints of different methods are never compared. */
export const FINGERPRINT_METHOD = 'pg-delta-1.0.0-alpha.34/7'

/**
 * Objects that the operator of the database manages, even if a migration created them: database-wide objects
 * and privileges. A GRANT to a reporting role must not stop the next deploy.
 */
const OF_OPERATORS = new Set<FactKind>([
  'acl',
  'extension',
  'language',
  'eventTrigger',
  'publication',
  'subscription',
  'fdw',
  'server',
  'userMapping',
  'publicationRel',
  'publicationSchema',
  'defaultPrivilege',
  'securityLabel',
  'extensionIntent',
])

/** The fact base with the parents and edges of facts, and the schema that no migration creates. */
interface Surroundings {
  readonly base: FactBase
  readonly defaultSchema: string
}

/** Whether a schema exists before the first migration. */
export function isGiven(schema: string, defaultSchema: string): boolean {
  return schema === 'public' || schema === defaultSchema
}

/** The fingerprint of some facts. */
export function fingerprintOf(facts: readonly Fact[], around: Surroundings): Fingerprint {
  return fingerprintFrom(objectHashes(facts, around))
}

/** The hashes of the objects to which some facts belong. */
export function objectHashes(facts: readonly Fact[], around: Surroundings): Map<string, string> {
  const { base } = around
  const parts = new Map<string, string[]>()
  for (const fact of compared(facts, around)) {
    const owner = objectKey(referenceTo(rootOf(base, fact).id, around.defaultSchema))
    const lines = parts.get(owner) ?? []
    lines.push(`${encodeId(fact.id)} ${sha256(canonicalize(comparable(fact)))}`)
    parts.set(owner, lines)
  }
  const hashes = new Map<string, string>()
  for (const [name, lines] of parts) {
    hashes.set(name, sha256(lines.toSorted().join('\n')).slice(0, 20))
  }
  return hashes
}

/** The fingerprint of a schema whose objects have these hashes. */
export function fingerprintFrom(hashes: ReadonlyMap<string, string>): Fingerprint {
  const objects: Record<string, string> = {}
  for (const name of [...hashes.keys()].toSorted()) objects[name] = hashes.get(name) ?? ''
  const lines = Object.entries(objects).map(([name, value]) => `${name} ${value}`)
  return { method: FINGERPRINT_METHOD, hash: sha256(lines.join('\n')), objects }
}

/** The facts that a fingerprint covers: all except those that are database-wide or belong to an extension. */
export function comparedFacts({
  facts,
  defaultSchema,
}: {
  readonly facts: FactBase
  readonly defaultSchema: string
}): Fact[] {
  return compared(facts.facts(), { base: facts, defaultSchema })
}

function compared(facts: readonly Fact[], { base, defaultSchema }: Surroundings): Fact[] {
  const skipped = new Map<string, boolean>()
  const isSkipped = (fact: Fact): boolean => {
    const key = encodeId(fact.id)
    const known = skipped.get(key)
    if (known !== undefined) return known
    const parent = fact.parent && base.get(fact.parent)
    const skip =
      base.outgoingEdges(fact.id).some((edge) => edge.kind === 'memberOfExtension') ||
      OF_OPERATORS.has(fact.id.kind) ||
      (fact.id.kind === 'schema' && isGiven(fact.id.name, defaultSchema)) ||
      (fact.id.kind === 'comment' && OF_OPERATORS.has(fact.id.target.kind)) ||
      (parent !== undefined && parent.id.kind !== 'schema' && isSkipped(parent))
    skipped.set(key, skip)
    return skip
  }
  return facts.filter((fact) => !isSkipped(fact))
}

/**
 * The parts of a fact that are compared: without positions, and with definitions in a form that is the same
 * for all versions.
 */
export function comparable(fact: Fact): Payload {
  const payload: Payload = {}
  for (const [key, value] of Object.entries(fact.payload)) {
    if (key.startsWith('_')) continue
    payload[key] = typeof value === 'string' ? reparsedText(value) : value
  }
  const definition = payload['def']
  if (QUERY_KINDS.has(fact.id.kind) && typeof definition === 'string') {
    payload['def'] = versionlessQuery(definition)
  }
  const { children, ...heritage } = inheritanceOf(fact)
  // The definition of a child follows from that of the whole.
  const parts = children?.map(({ schema, table, name }) => ({ schema, table, name }))
  return { ...payload, ...(heritage as Payload), ...(parts ? { children: parts } : {}) }
}

const QUERY_KINDS = new Set<FactKind>(['view', 'materializedView', 'rule'])

/** The object that a fact is part of: itself, or the table, view or type above it. */
function rootOf(facts: FactBase, fact: Fact): Fact {
  const parent = fact.parent && facts.get(fact.parent)
  return parent && parent.id.kind !== 'schema' ? rootOf(facts, parent) : fact
}
