import path from 'node:path'
import type { Session } from '../database/index.ts'
import { readCached, writeCached, sha256 } from '../kernel/index.ts'
import { FINGERPRINT_METHOD } from '../schema/index.ts'
import type { ShadowOptions } from '../shadow/index.ts'
import type { MigrationFile } from '../statements/index.ts'
import type { Reversible } from './prepared-down.ts'

/** What a test run of down migrations depends on. */
export interface TestedFiles {
  /** All applied migrations; those to be rolled back come last. */
  readonly applied: readonly Reversible[]
  /** How many of them are rolled back. */
  readonly steps: number
  /** All migrations of the project, which show what belongs to it. */
  readonly project: readonly MigrationFile[]
  readonly shadow: ShadowOptions
}

/** Where a proof is remembered, and for which files. */
interface ProofPlace {
  readonly file: string
  readonly key: string
}

/**
 * The fingerprint that down migrations restored when this machine proved them; undefined if it did not, or if
 * they have changed since.
 */
export function recallProof(session: Session, tested: TestedFiles): string | undefined {
  const place = placeOf(session, tested)
  return place && readCached(place.file, place.key)
}

/** Remembers that down migrations restored the schema with this fingerprint. */
export function rememberProof(session: Session, tested: TestedFiles, fingerprint: string): void {
  const place = placeOf(session, tested)
  if (place) writeCached(place.file, place.key, fingerprint)
}

/** Undefined if a down migration is not in a file: one that is written each time is tested each time. */
function placeOf(
  { server }: Session,
  { applied, steps, project, shadow }: TestedFiles,
): ProofPlace | undefined {
  const downs = applied.slice(-steps).map(({ down }) => down)
  if (downs.includes(undefined)) return undefined
  const hashed = ({ name, sql }: MigrationFile) => [name, sha256(sql)]
  const key = sha256(
    JSON.stringify([
      FINGERPRINT_METHOD,
      server.versionNumber,
      server.schema,
      shadow.initScript ?? '',
      shadow.runtimePartitions ?? [],
      applied.map(hashed),
      project.map(hashed),
      downs,
    ]),
  )
  const names = applied.slice(-steps).map(({ name }) => name)
  const file = path.join(shadow.cacheDir, 'proven', sha256(JSON.stringify(names)).slice(0, 16))
  return { file, key }
}
