import { inSnapshot, type Row, type Session } from '../../database/index.ts'
import { type ObjectRef, objectOfKey } from '../../statements/index.ts'
import type { Fingerprint } from '../fingerprint.ts'
import { groundOf, keptFacts } from './catalog.ts'
import { type Part, partBetween, type PartIds, partOf } from './extraction-sql.ts'
import { extractFacts } from './extraction.ts'
import { FINGERPRINT_METHOD, fingerprintFrom, objectHashes } from './facts-fingerprint.ts'
import { everything, type Scope } from './scope.ts'

/** So many relations are read together: some ten thousand facts, which take some ten MB. */
const RELATIONS_A_PART = 500

/**
 * The fingerprint of a database, for callers that need nothing else of its catalog: without dependencies, and part by
 * part, so that its memory does not grow with the schema.
 */
export async function readFingerprint(
  session: Session,
  scope: Scope = everything,
): Promise<Fingerprint> {
  return await inSnapshot(session, async () => {
    const hashes = await readHashes(session, scope, await allParts(session))
    return fingerprintFrom(hashes)
  })
}

/** A fingerprint of a database, and what has changed there since. */
export interface EarlierFingerprint {
  readonly fingerprint: Fingerprint
  /** The keys of the objects that have changed, or are gone. */
  readonly keys: readonly string[]
  /** The objects that may read differently now. Some of them may be gone. */
  readonly again: PartIds
}

/**
 * The fingerprint of a database, in the snapshot in which it was found out what has changed since an earlier one
 * (`inSnapshot`). Only what has changed is read. Nothing if the earlier one covers other schemas than the scope.
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
  for (const [key, hash] of await readHashes(session, scope, partsOf(again))) hashes.set(key, hash)
  return fingerprintFrom(hashes)
}

function isOwned(object: ObjectRef, scope: Scope, defaultSchema: string): boolean {
  if ('on' in object) return isOwned(object.on, scope, defaultSchema)
  if ('schema' in object) return scope.ownsSchema(object.schema ?? defaultSchema)
  return object.kind === 'schema' && scope.ownsSchema(object.name)
}

async function readHashes(
  session: Session,
  scope: Scope,
  parts: readonly (Part | undefined)[],
): Promise<Map<string, string>> {
  const defaultSchema = session.server.schema
  const answers = new Map<string, readonly Row[]>()
  const hashes = new Map<string, string>()
  for (const part of parts) {
    const manner = { dependencies: false, nested: true, part }
    const { factBase } = await extractFacts(session, manner, part && answers)
    const facts = keptFacts(factBase, groundOf(session, scope))
    for (const [key, hash] of objectHashes(facts, { base: factBase, defaultSchema }))
      hashes.set(key, hash)
  }
  return hashes
}

/** Parts that have every object once; a small schema is one. */
async function allParts(session: Session): Promise<(Part | undefined)[]> {
  const rows = await session.query<{ oid: number }>(
    `SELECT oid::int8::float8 AS oid FROM
       (SELECT oid, row_number() OVER (ORDER BY oid) AS place FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f')) c
     WHERE place % ${RELATIONS_A_PART} = 0 AND oid >= 16384 ORDER BY oid`,
  )
  const bounds = rows.map(({ oid }) => oid)
  if (bounds.length === 0) return [undefined]
  return [0, ...bounds].map((from, index) => partBetween(from, bounds[index]))
}

function partsOf(ids: PartIds): Part[] {
  const { relations } = ids
  const parts = [partOf({ ...ids, relations: relations.slice(0, RELATIONS_A_PART) })]
  const none = { types: [], routines: [], collations: [] }
  for (let at = RELATIONS_A_PART; at < relations.length; at += RELATIONS_A_PART)
    parts.push(partOf({ ...none, relations: relations.slice(at, at + RELATIONS_A_PART) }))
  return parts
}
