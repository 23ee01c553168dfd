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
import { attempt, command, failureFrom, type Result } from '../kernel/index.ts'
import { appliedRows, type KnownSchema, projectScope } from '../plan/index.ts'
import type { Fingerprint } from '../schema/index.ts'
import type { MigrationFile } from '../statements/index.ts'

/** What a look at the target after the work found. */
export interface Verification {
  readonly verified: boolean
  /** What was looked at: `indexes`, or the whole `schema`, which is that of a test run; `indexes` if absent. */
  readonly by?: 'indexes' | 'schema'
  /** Names of indexes that are not valid. */
  readonly invalidIndexes: readonly string[]
}

/**
 * Whether the catalog is recorded as what the history gives. After a deploy onto accepted drift it is
 * not: the next command then compares with a shadow database. A reading is recorded as it is; of a schema that was
 * known before, what has changed since is read and recorded.
 */
export type Recording = 'record' | 'forget' | SchemaReading | KnownSchema

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

/** Reads the schema of a target as it is now. Of a schema that was known before only what has changed since is read. */
export async function readSchemaNow(
  session: Session,
  migrations: readonly MigrationFile[],
  known?: KnownSchema,
): Promise<SchemaReading> {
  const since = known && (await readSchemaSince(session, migrations, known))
  if (since) return since
  // Loaded here: a deploy that finds nothing to do must not pay for it.
  const { readFingerprint } = await import('../schema/index.ts')
  // Before the catalog is read: what changes in the meantime must change the token.
  const changeToken = await readChangeToken(session)
  const fingerprint = await readFingerprint(session, await projectScope(session, migrations))
  return { fingerprint, changeToken }
}

/** Reads a whole schema, so that what changes from now on can be read alone (`readSchemaNow`). */
export async function readKnownNow(
  session: Session,
  migrations: readonly MigrationFile[],
): Promise<KnownSchema> {
  const { readFingerprint } = await import('../schema/index.ts')
  // Before the catalog is read: what changes in the meantime counts as changed later.
  const tokens = await inSnapshot(session, () => readObjectTokens(session))
  const fingerprint = await readFingerprint(session, await projectScope(session, migrations))
  return { fingerprint, tokens }
}

/**
 * Reads what has changed of a known schema. The server says what that is, whatever the migrations say. Nothing if only a
 * whole reading can tell.
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
