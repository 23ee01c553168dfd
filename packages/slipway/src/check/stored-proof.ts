import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { MigrationFolder } from '../project/index.ts'
import type { Proof } from '../proof/index.ts'
import { checksum } from '../statements/index.ts'

/**
 * How the `proof.json` beside a migration compares with the proof: absent, equal, of
 * other files, with another result, or unreadable. `unchecked` if nothing was run.
 */
export type StoredProof = 'none' | 'same' | 'other-files' | 'differs' | 'unreadable' | 'unchecked'

const FILE = 'proof.json'

/** Compares the stored proof with the files, and with what a test run showed: a stored proof is never trusted. */
export function compareStored(migration: MigrationFolder, proof?: Proof): StoredProof {
  const file = fileOf(migration)
  if (!existsSync(file)) return 'none'
  const stored = read(file)
  if (stored === undefined) return 'unreadable'
  const { up, down } = stored.checksums
  const sameDown =
    migration.down === undefined
      ? down === proof?.checksums.down
      : down === checksum(migration.down)
  if (up !== checksum(migration.sql) || !sameDown) return 'other-files'
  if (proof === undefined) return 'unchecked'
  return claims(stored) === claims(proof) ? 'same' : 'differs'
}

/** Writes the proof beside the migration; gives the file's path. */
export function storeProof(migration: MigrationFolder, proof: Proof): string {
  const file = fileOf(migration)
  writeFileSync(file, `${JSON.stringify(proof, null, 2)}\n`)
  return file
}

function fileOf(migration: MigrationFolder): string {
  return path.join(path.dirname(migration.path), FILE)
}

function read(file: string): Proof | undefined {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as Proof
    // An older version wrote sentences in place of references.
    const isKnown = found.lost.every((loss) => typeof loss === 'object')
    return typeof found.checksums.up === 'string' && isKnown ? found : undefined
  } catch {
    return undefined
  }
}

/** What a proof claims of the migration, without what differs from machine to machine. */
function claims({ grade, kept, proven, schemaEqual, rowsEqual, lost }: Proof): string {
  return JSON.stringify([grade ?? null, kept?.grade ?? null, proven, schemaEqual, rowsEqual, lost])
}
