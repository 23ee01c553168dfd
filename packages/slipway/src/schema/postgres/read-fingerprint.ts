import { inSnapshot, type Row, type Session } from '../../database/index.ts'
import { type ObjectRef, objectOfKey } from '../../statements/index.ts'
import type { Change } from '../change.ts'
import type { Fingerprint } from '../fingerprint.ts'
import {
  type Catalog,
  columnOrder,
  factFilterOf,
  keptFacts,
  readFacts,
  unmodelledIn,
} from './catalog.ts'
import { difference } from './difference.ts'
import { type Part, partBetween, type PartIds, partOf } from './extraction-sql.ts'
import { extractFacts } from './extraction.ts'
import { FINGERPRINT_METHOD, fingerprintFrom, objectHashes } from './facts-fingerprint.ts'
import { withoutRedundantColumns } from './inherited-columns.ts'
import { everything, type Scope } from './scope.ts'

/** The number of relations that are read together: about ten thousand facts, which take about 10 MB. */
const RELATIONS_PER_PART = 500

/** What a comparison of two equal schemas reports of each. */
export interface SchemaSummary extends Pick<Catalog, 'columnOrder' | 'unmodelled'> {
  readonly fingerprint: Fingerprint
}

/**
 * Reads the fingerprint of a database, for callers that need nothing else of its catalog: without
 * dependencies, and part by part, so that the memory it needs does not grow with the schema.
 */
export async function readFingerprint(
  session: Session,
  scope: Scope = everything,
): Promise<Fingerprint> {
  return (await readSummary(session, scope)).fingerprint
}

/** Like `readFingerprint`, with the properties that are reported but never compared. */
export async function readSummary(
  session: Session,
  scope: Scope = everything,
): Promise<SchemaSummary> {
  return await inSnapshot(session, async () => readParts(session, scope, await allParts(session)))
}

/** A database, and the scope that is compared. */
export interface Compared {
  readonly session: Session
  readonly scope: Scope
}

/**
 * The differences between the schemas of two databases, like `difference` of their catalogs. If the
 * fingerprints are equal, no catalog is held in memory.
 */
export async function differenceBetween(from: Compared, to: Compared): Promise<Change[]> {
  const expected = await readFingerprint(from.session, from.scope)
  const actual = await readFingerprint(to.session, to.scope)
  if (expected.hash === actual.hash) return []
  const facts = await readFacts(from.session, from.scope)
  return difference(...withoutRedundantColumns(facts, await readFacts(to.session, to.scope)))
}

/** An earlier fingerprint of a database, and what has changed since. */
export interface EarlierFingerprint {
  readonly fingerprint: Fingerprint
  /** The keys of the objects that were changed or dropped. */
  readonly keys: readonly string[]
  /** The objects to read again. Some of them may have been dropped. */
  readonly again: PartIds
}

/**
 * The fingerprint of a database, based on an earlier one: only what has changed is read. Runs in the snapshot
 * in which the changes were found (`inSnapshot`). Undefined if the earlier one used another method or covers
 * other objects than the scope.
 */
export async function readFingerprintSince(
  session: Session,
  scope: Scope,
  { fingerprint, keys, again }: EarlierFingerprint,
): Promise<Fingerprint | undefined> {
  const { method, objects } = fingerprint
  if (method !== FINGERPRINT_METHOD || scope.carriers.length > 0) return undefined
  const { schema } = session.server
  if (!Object.keys(objects).every((key) => isOwned(objectOfKey(key), scope, schema)))
    return undefined
  const hashes = new Map(Object.entries(objects))
  for (const key of keys) hashes.delete(key)
  const read = await readParts(session, scope, partsOf(again))
  for (const [key, hash] of Object.entries(read.fingerprint.objects)) hashes.set(key, hash)
  return fingerprintFrom(hashes)
}

function isOwned(object: ObjectRef, scope: Scope, defaultSchema: string): boolean {
  if ('on' in object) return isOwned(object.on, scope, defaultSchema)
  if ('schema' in object) return scope.ownsSchema(object.schema ?? defaultSchema)
  return object.kind === 'schema' && scope.ownsSchema(object.name)
}

async function readParts(
  session: Session,
  scope: Scope,
  parts: readonly (Part | undefined)[],
): Promise<SchemaSummary> {
  const defaultSchema = session.server.schema
  const answers = new Map<string, readonly Row[]>()
  const hashes = new Map<string, string>()
  const orders = new Map<string, readonly string[]>()
  let unmodelled: readonly string[] = []
  for (const part of parts) {
    const manner = { dependencies: false, nested: true, part }
    const { factBase, diagnostics } = await extractFacts(session, manner, part && answers)
    const facts = keptFacts(factBase, factFilterOf(session, scope))
    const around = { base: factBase, defaultSchema }
    for (const [key, hash] of objectHashes(facts, around)) hashes.set(key, hash)
    for (const [table, columns] of columnOrder(facts)) orders.set(table, columns)
    unmodelled = unmodelledIn(diagnostics)
  }
  return { fingerprint: fingerprintFrom(hashes), columnOrder: orders, unmodelled }
}

/** Parts that together contain every object once; a small schema is a single part. */
async function allParts(session: Session): Promise<(Part | undefined)[]> {
  const rows = await session.query<{ oid: number }>(
    `SELECT oid::int8::float8 AS oid FROM
       (SELECT oid, row_number() OVER (ORDER BY oid) AS place FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f')) c
     WHERE place % ${RELATIONS_PER_PART} = 0 AND oid >= 16384 ORDER BY oid`,
  )
  const bounds = rows.map(({ oid }) => oid)
  if (bounds.length === 0) return [undefined]
  return [0, ...bounds].map((from, index) => partBetween(from, bounds[index]))
}

function partsOf(ids: PartIds): Part[] {
  const { relations } = ids
  const parts = [partOf({ ...ids, relations: relations.slice(0, RELATIONS_PER_PART) })]
  const none = { types: [], routines: [], collations: [] }
  for (let at = RELATIONS_PER_PART; at < relations.length; at += RELATIONS_PER_PART)
    parts.push(partOf({ ...none, relations: relations.slice(at, at + RELATIONS_PER_PART) }))
  return parts
}
