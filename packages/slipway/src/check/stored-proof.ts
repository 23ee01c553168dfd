import { existsSync, writeFileSync } from 'node:fs'
import { readJsonFile } from '../kernel/index.ts'
import { type MigrationFolder, proofPath } from '../project/index.ts'
import type { Proof } from '../proof/index.ts'
import { checksum } from '../statements/index.ts'

/**
 * How the `proof.json` of a migration compares with the proof: absent, equal, for other files, with
 * another result, or unreadable. `unchecked` if nothing was run.
 */
export type StoredProof = 'none' | 'same' | 'other-files' | 'differs' | 'unreadable' | 'unchecked'

/** How a stored proof compares, and why it is unreadable. */
export interface StoredComparison {
  readonly stored: StoredProof
  readonly unreadable?: string
}

/** Compares the stored proof with the files, and with the test run: a stored proof is never trusted. */
export async function compareStored(
  migration: MigrationFolder,
  proof?: Proof,
): Promise<StoredComparison> {
  const read = await readStored(migration)
  if (read === undefined) return { stored: 'none' }
  if ('why' in read) return { stored: 'unreadable', unreadable: read.why }
  const { up, down } = read.value.checksums
  // A test run writes a missing down migration; without one, it is not known.
  const downNow = migration.down === undefined ? proof?.checksums.down : checksum(migration.down)
  const sameDown = downNow === undefined || down === downNow
  if (up !== checksum(migration.sql) || !sameDown) return { stored: 'other-files' }
  if (proof === undefined) return { stored: 'unchecked' }
  return { stored: claims(read.value) === claims(proof) ? 'same' : 'differs' }
}

/**
 * The stored proof of a migration, if it is for exactly this text. Its part about the down migration may be
 * for a different one.
 */
export async function storedProofOf(migration: MigrationFolder): Promise<Proof | undefined> {
  const read = await readStored(migration)
  if (read === undefined || 'why' in read) return undefined
  return read.value.checksums.up === checksum(migration.sql) ? read.value : undefined
}

async function readStored(migration: MigrationFolder) {
  const file = proofPath(migration)
  if (!existsSync(file)) return undefined
  return await readJsonFile<Proof>(
    file,
    () => import('./proof.schema.json', { with: { type: 'json' } }),
  )
}

/** Writes the proof next to the migration, and returns the path of the file. */
export function storeProof(migration: MigrationFolder, proof: Proof): string {
  const file = proofPath(migration)
  writeFileSync(file, `${JSON.stringify(proof, null, 2)}\n`)
  return file
}

/** The claims of a proof, without details that differ between machines. */
function claims({ grade, kept, proven, schemaEqual, rowsEqual, lost }: Proof): string {
  return JSON.stringify([grade ?? null, kept?.grade ?? null, proven, schemaEqual, rowsEqual, lost])
}
