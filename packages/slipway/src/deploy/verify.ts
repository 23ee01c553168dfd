import type { Session } from '../database/index.ts'
import { invalidIndexes, readFromTarget, type TargetSession } from '../execution/index.ts'
import {
  forgetSchemaState,
  historyHash,
  readChangeToken,
  readHistory,
  writeSchemaState,
} from '../history/index.ts'
import { attempt, command, failureFrom, type Result } from '../kernel/index.ts'
import { appliedRows, projectScope } from '../plan/index.ts'
import type { Fingerprint } from '../schema/index.ts'
import type { MigrationFile } from '../statements/index.ts'

/** What a look at the target after the work found. */
export interface Verification {
  readonly verified: boolean
  /** Names of indexes that are not valid. */
  readonly invalidIndexes: readonly string[]
}

/**
 * Whether the catalog is recorded as what the history gives. After a deploy onto accepted drift it is
 * not: the next command then compares with a shadow database. A reading is recorded as it is.
 */
export type Recording = 'record' | 'forget' | SchemaReading

/** The schema of a target as it was read, and the change token from before that. */
export interface SchemaReading {
  readonly fingerprint: Fingerprint
  readonly changeToken: string
}

/**
 * `verifyAndRecord` as data: what was applied stays applied, whatever becomes of the look at it. Fails with
 * DEPLOY.VERIFY_FAILED.
 */
export async function verified(
  target: TargetSession,
  migrations: readonly MigrationFile[],
  record: Recording = 'record',
): Promise<Result<Verification>> {
  const { session } = target
  const looked = await attempt(() =>
    readFromTarget(target, () => verifyAndRecord(session, migrations, record)),
  )
  if (looked.ok) return looked
  const failure = failureFrom('DEPLOY.VERIFY_FAILED', {
    message:
      'All migrations were applied and recorded, but Slipway could not verify the database afterwards.',
    why: [looked.failure.message, looked.failure.why].filter(Boolean).join(' '),
    nextActions: [command(['drift'], 'compare it with its history')],
  })
  return { ok: false, failure }
}

/**
 * Looks at the target after the work: every index valid. Records the catalog as it is left, which
 * the next command compares with. Reading the catalog takes 0.1 to 0.6 s, so it is done after the last
 * commit: within the transaction it would hold the locks of the migration for as long.
 */
export async function verifyAndRecord(
  session: Session,
  migrations: readonly MigrationFile[],
  record: Recording = 'record',
): Promise<Verification> {
  const invalid = await invalidIndexes(session)
  const verification = { verified: invalid.length === 0, invalidIndexes: invalid }
  if (record === 'forget') {
    await forgetSchemaState(session)
    return verification
  }
  const rows = appliedRows(await readHistory(session))
  const reading = record === 'record' ? await readSchemaNow(session, migrations) : record
  const { hash, ...state } = reading.fingerprint
  await writeSchemaState(session, {
    historyHash: historyHash(rows),
    fingerprint: hash,
    changeToken: reading.changeToken,
    ...state,
  })
  return verification
}

/** Reads the schema of a target as it is now. */
export async function readSchemaNow(
  session: Session,
  migrations: readonly MigrationFile[],
): Promise<SchemaReading> {
  // Loaded here: a deploy that finds nothing to do must not pay for it.
  const { readFingerprint } = await import('../schema/index.ts')
  // Before the catalog is read: what changes meanwhile must give another token.
  const changeToken = await readChangeToken(session)
  const fingerprint = await readFingerprint(session, await projectScope(session, migrations))
  return { fingerprint, changeToken }
}
