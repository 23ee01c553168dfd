import { Readable } from 'node:stream'
import {
  attempt,
  command,
  type ConnectionString,
  type Emit,
  type Failure,
  rethrow,
} from '../kernel/index.ts'
import { type Compared, isProof } from './compare.ts'
import { backupsLike } from './dialects.ts'
import type { Keys } from './encryption.ts'
import { raise } from './failures.ts'
import { type BackupName, findBackup } from './list-backups.ts'
import {
  type Manifest,
  sealedText,
  contentHash,
  type Verification,
  verificationKey,
  verificationKeys,
} from './manifest.ts'
import { checkPart } from './parts.ts'
import type { Store } from './store.ts'

/** The backup to verify, and the options. */
export interface VerifyRequest {
  readonly store: Store
  readonly name: BackupName
  readonly keys: Keys
  /** Whether to read only the files and compare their checksums. */
  readonly quick: boolean
  readonly jobs: number
  /** A server on which a database may be created; a private server on this machine if absent. */
  readonly server: ConnectionString | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly emit: Emit
}

/** The result of a verification. */
export interface VerifyOutcome {
  readonly manifest: Manifest
  /** Absent after a quick verification, if there are differences, or if neither schema nor rows could be compared. */
  readonly verification?: Verification
  readonly compared: Compared
}

/**
 * Restores a backup into a throw-away database and compares schema, rows and sequences with its manifest.
 * Stores a record of the verification next to the backup only if all are equal, and the schema or the rows were
 * compared. Fails with BACKUP.DAMAGED if
 * a file was changed.
 */
export async function verifyBackup(request: VerifyRequest): Promise<VerifyOutcome> {
  const { store, quick, signal } = request
  const { manifest } = await findBackup(store, request.name)
  for (const part of manifest.parts) await checkPart(store, part, signal)
  if (quick) {
    const notCompared = ['the database, which was not restored']
    return {
      manifest,
      compared: { compared: ['checksums of the files'], notCompared, differences: [] },
    }
  }
  const backups = await backupsLike(manifest)
  const restored = await attempt(async () => await backups.restoreAndCompare(request, manifest))
  if (!restored.ok) return refuseUnrestorable(manifest, restored.failure)
  const { restoreMs, server, compared } = restored.value
  if (compared.differences.length > 0 || !isProof(compared)) return { manifest, compared }
  const verification: Verification = {
    id: manifest.id,
    verifiedAt: `${new Date().toISOString().slice(0, 19)}Z`,
    manifestSha256: contentHash(manifest),
    server,
    restoreMs,
    compared: compared.compared,
    notCompared: compared.notCompared,
  }
  const stored = (await store.list()).map(({ key }) => key)
  const own = verificationKey(verification)
  const earlier = verificationKeys(manifest.id, stored).filter((key) => key !== own)
  if (!stored.includes(own))
    await store.write(own, Readable.from([Buffer.from(sealedText(verification))]), { signal })
  await store.remove(earlier)
  return { manifest, verification, compared }
}

function refuseUnrestorable({ id }: Manifest, failure: Failure): never {
  if (failure.code !== 'BACKUP.RESTORE_FAILED') return rethrow(failure)
  return raise('BACKUP.NOT_RESTORABLE', {
    message: `${id} cannot be restored.`,
    ...(failure.why === undefined ? {} : { why: failure.why }),
    nextActions: [command(['backup', 'list'], 'see the other backups')],
  })
}
