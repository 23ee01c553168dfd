import { inSnapshot, type Session } from '../database/index.ts'
import { invalidIndexes, readFromTarget, type TargetSession } from '../execution/index.ts'
import {
  changedObjects,
  forgetSchemaState,
  historyHash,
  readChangeToken,
  readHistory,
  readObjectTokens,
  writeSchemaState,
} from '../history/index.ts'
import { attempt, command, type Failure, failureFrom, type Result } from '../kernel/index.ts'
import { appliedRows, type KnownSchema, projectScope } from '../plan/index.ts'
import type { Fingerprint } from '../schema/index.ts'
import type { MigrationFile } from '../statements/index.ts'

/** The result of verifying the target after the work. */
export interface Verification {
  readonly verified: boolean
  /**
   * What was verified: `indexes`, or the whole `schema`, which equals that of a test run; `indexes` if
   * absent.
   */
  readonly by?: 'indexes' | 'schema'
  /** The names of indexes that are not valid, as SQL text. */
  readonly invalidIndexes: readonly string[]
}

/**
 * Whether to record the catalog as the result of the history. After a deploy onto accepted drift it is not
 * recorded, so that the next command compares with a shadow database. A `SchemaReading` is recorded as it is.
 * For a `KnownSchema`, what has changed since is read and recorded.
 */
export type Recording = 'record' | 'forget' | SchemaReading | KnownSchema

/** The schema of a target, and the change token that was read before it. */
export interface SchemaReading {
  readonly fingerprint: Fingerprint
  readonly changeToken: string
}

/**
 * Like `verifyAndRecord`, but returns its failure as DEPLOY.VERIFY_FAILED: what was applied stays applied,
 * even if it cannot be verified.
 */
export async function tryVerifyAndRecord(
  target: TargetSession,
  migrations: readonly MigrationFile[],
  record: Recording = 'record',
): Promise<Result<Verification>> {
  const { session } = target
  const looked = await attempt(() =>
    readFromTarget(target, () => verifyAndRecord(session, migrations, record)),
  )
  return looked.ok ? looked : { ok: false, failure: unverifiedFailure(looked.failure) }
}

/** DEPLOY.VERIFY_FAILED, because the target could not be read after the work. */
export function unverifiedFailure({ message, why }: Failure): Failure {
  return failureFrom('DEPLOY.VERIFY_FAILED', {
    message:
      'All migrations were run and recorded, but Slipway could not verify the database afterwards.',
    why: [message, why].filter(Boolean).join(' '),
    nextActions: [command(['drift'], 'compare it with its history')],
  })
}

/**
 * Verifies after the work that every index is valid, and records the resulting catalog, with which the next
 * command compares. Reading the catalog takes 0.1 to 0.6 s, so it is done after the last commit: within the
 * transaction it would hold the migration's locks for as long.
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
  const reading =
    typeof record === 'object' && 'changeToken' in record
      ? record
      : await readSchemaNow(session, migrations, record === 'record' ? undefined : record)
  const { hash, ...state } = reading.fingerprint
  await writeSchemaState(session, {
    historyHash: historyHash(rows),
    fingerprint: hash,
    changeToken: reading.changeToken,
    ...state,
  })
  return verification
}

/** Reads the current schema of a target. If it was known before, only what has changed since is read. */
export async function readSchemaNow(
  session: Session,
  migrations: readonly MigrationFile[],
  known?: KnownSchema,
): Promise<SchemaReading> {
  const since = known && (await readSchemaSince(session, migrations, known))
  if (since) return since
  // Imported here, so that a deploy with nothing to do does not load it.
  const { readFingerprint } = await import('../schema/index.ts')
  // Read before the catalog, so that a concurrent change also changes the token.
  const changeToken = await readChangeToken(session)
  const fingerprint = await readFingerprint(session, await projectScope(session, migrations))
  return { fingerprint, changeToken }
}

/** Reads a whole schema, so that `readSchemaNow` can later read only what has changed. */
export async function readKnownNow(
  session: Session,
  migrations: readonly MigrationFile[],
): Promise<KnownSchema> {
  const { readFingerprint } = await import('../schema/index.ts')
  // Read before the catalog, so that a concurrent change counts as a later one.
  const tokens = await inSnapshot(session, () => readObjectTokens(session))
  const fingerprint = await readFingerprint(session, await projectScope(session, migrations))
  return { fingerprint, tokens }
}

/**
 * Reads what has changed in a known schema. The server reports that, whatever the migrations say. Undefined
 * if only reading the whole schema can tell.
 */
export async function readSchemaSince(
  session: Session,
  migrations: readonly MigrationFile[],
  known: KnownSchema,
): Promise<SchemaReading | undefined> {
  const { readFingerprintSince } = await import('../schema/index.ts')
  const scope = await projectScope(session, migrations)
  return await inSnapshot(session, async () => {
    const tokens = await readObjectTokens(session)
    const changed = await changedObjects(session, known.tokens, tokens)
    if (!changed) return undefined
    const earlier = { fingerprint: known.fingerprint, ...changed }
    const fingerprint = await readFingerprintSince(session, scope, earlier)
    return fingerprint && { fingerprint, changeToken: tokens.changeToken }
  })
}
