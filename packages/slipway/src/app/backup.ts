import {
  type Backup,
  createBackup,
  type DumpFormat,
  expiredBackups,
  isProof,
  listBackups,
  manifestBytes,
  newestBackup,
  removeBackups,
  restoreBackup,
  verifyBackup,
  type VerifyOutcome,
} from '../backup/index.ts'
import { type Address, databaseName, withSession } from '../database/index.ts'
import { refuseConfiguredEnvironment } from '../deploy/index.ts'
import { attempt, ConnectionString, command, ownVersion } from '../kernel/index.ts'
import { stricterEnvironments } from '../project/index.ts'
import { makeAndNotify } from './backup-notice.ts'
import { type BackupItem, backupItem } from './backup-result.ts'
import { isRecent, backupsInUse } from './backup-reuse.ts'
import { encryptionOf, keysOf, storeOf } from './backup-settings.ts'
import { bookmarkFinding } from './bookmark-finding.ts'
import { requireConsentByName, requirePolicyConsent } from './consent.ts'
import type { AppContext, ConsentOptions } from './context.ts'
import type { UseCaseReturn, ResultFinding } from './outcome.ts'
import { directAddress, readWork, type TargetResult, targetResult, type Work } from './work.ts'

/** A backup that was made. */
export interface BackupCreateResult extends TargetResult {
  readonly store: string
  readonly backup: BackupItem
}

/** Options of a backup. */
export interface BackupCreateOptions {
  /** `custom` if absent; on SQLite always `sqlite-sql`. */
  readonly format?: DumpFormat | undefined
  /** The number of parallel processes, in the directory format. */
  readonly jobs?: number | undefined
  /** Add the roles of the server, without their passwords. */
  readonly globals?: boolean | undefined
  /** Tables whose rows are omitted, in addition to those of the configuration. */
  readonly excludeData?: readonly string[] | undefined
  /** Do not compute row checksums. */
  readonly noChecksums?: boolean | undefined
}

/** The backups of a store. */
export interface BackupListResult extends TargetResult {
  readonly store: string
  readonly backups: readonly BackupItem[]
  /** Objects that look like a backup but are not usable. */
  readonly unusable: readonly { readonly id: string; readonly why: string }[]
}

/** The backup to use, and how to decrypt it. */
export interface BackupChoice {
  /** The newest of the environment if absent. */
  readonly id?: string | undefined
  /** An age key file, absolute or relative to `cwd`. */
  readonly identity?: string | undefined
  readonly jobs?: number | undefined
}

/** Options of a verification. */
export interface BackupVerifyOptions extends BackupChoice {
  /** Compare the checksums of the files only. */
  readonly quick?: boolean | undefined
  /** The connection string of a server on which a database for the restore may be created. */
  readonly server?: string | undefined
}

/** What a verification compared. */
export interface BackupVerifyResult extends TargetResult {
  readonly backup: BackupItem
  readonly quick: boolean
  readonly compared: readonly string[]
  readonly notCompared: readonly string[]
  readonly differences: readonly string[]
}

/** Options of a restore. */
export interface BackupRestoreOptions extends BackupChoice, ConsentOptions {
  /** Only these tables. */
  readonly tables?: readonly string[] | undefined
  readonly dataOnly?: boolean | undefined
  /** The role that restores becomes the owner of all objects. */
  readonly noOwner?: boolean | undefined
  /** Drop the database that was replaced. */
  readonly dropOld?: boolean | undefined
}

/** What was restored. */
export interface BackupRestoreResult extends TargetResult {
  readonly backup: BackupItem
  /** The new name of the replaced database; null if it was empty, or was dropped. */
  readonly old: string | null
  /** On remote D1, the Time Travel bookmark of the previous state; null elsewhere. */
  readonly bookmark: string | null
  readonly restoreMs: number
  /** The comparison with the manifest; null if only a part was restored. */
  readonly compared: Omit<BackupVerifyResult, 'backup' | 'quick' | keyof TargetResult> | null
}

/** Options of a prune. */
export interface BackupPruneOptions {
  /** Remove them; without it, only show which. */
  readonly write?: boolean | undefined
}

/** The decisions of a prune. */
export interface BackupPruneResult extends TargetResult {
  readonly store: string
  readonly written: boolean
  readonly decisions: readonly {
    readonly id: string
    readonly action: 'keep' | 'expire'
    readonly reason: string
  }[]
}

/** Makes a backup of the target. */
export async function backUp(
  context: AppContext,
  asked: BackupCreateOptions,
): Promise<UseCaseReturn<BackupCreateResult>> {
  const work = await readWork(context, { mayLackMigrations: true })
  const make = () => makeBackup(context, work, { ...asked, before: [] })
  const { made, findings } = await makeAndNotify(context, work, make, ({ backup }) => backup.id)
  const { database, store, backup } = made
  const next = [command(['backup', 'verify', backup.id], 'prove that it can be restored')]
  return { result: { ...targetResult(work, database), store, backup }, findings, next }
}

/** Makes a backup for another use case. `before` names the migrations that are applied next. */
export async function makeBackup(
  context: Pick<AppContext, 'signal' | 'emit' | 'env'>,
  work: Work,
  asked: BackupCreateOptions & { readonly before: readonly string[] },
): Promise<{ readonly store: string; readonly database: string; readonly backup: BackupItem }> {
  const { signal, emit, env } = context
  const store = await storeOf(work)
  const configured = work.target.policy.backup.excludeData ?? []
  const manifest = await createBackup({
    address: await directAddress(work),
    environment: work.target.environment,
    store,
    encryption: encryptionOf(work),
    format: asked.format,
    jobs: asked.jobs ?? 1,
    globals: asked.globals ?? false,
    sums: !asked.noChecksums,
    excludedData: { asked: asked.excludeData ?? [], configured },
    schemas: work.target.schemas,
    before: asked.before,
    version: ownVersion(),
    env,
    signal,
    emit,
  })
  return { store: store.name, database: manifest.database, backup: backupItem({ manifest }) }
}

/** Lists the backups in the store of the environment. Connects to no database. */
export async function listAll(context: AppContext): Promise<UseCaseReturn<BackupListResult>> {
  const work = await readWork(context, { mayLackMigrations: true })
  const store = await storeOf(work)
  const { backups, unusable } = await listBackups(store)
  const result = { ...named(work), store: store.name, backups: backups.map(backupItem), unusable }
  const findings = unusable.map(({ id, why }): ResultFinding => ({
    id: 'backup-unusable',
    severity: 'warning',
    message: `${id} is not a usable backup. ${why}`,
  }))
  return { result, findings }
}

/** Restores a backup into a throw-away database, and compares it. */
export async function verifyOne(
  context: AppContext,
  asked: BackupVerifyOptions,
): Promise<UseCaseReturn<BackupVerifyResult>> {
  const work = await readWork(context, { mayLackMigrations: true })
  return verifyEnded(work, asked, await verifyFor(context, work, asked))
}

/** Verifies a backup for another use case. */
export async function verifyFor(
  context: Pick<AppContext, 'signal' | 'emit' | 'env' | 'cwd'>,
  work: Work,
  asked: BackupVerifyOptions,
): Promise<VerifyOutcome> {
  const { signal, emit, env, cwd } = context
  return await verifyBackup({
    store: await storeOf(work),
    name: { id: asked.id, environment: work.target.environment },
    keys: keysOf(work, cwd, asked.identity),
    quick: asked.quick ?? false,
    jobs: asked.jobs ?? 1,
    server: asked.server === undefined ? undefined : new ConnectionString(asked.server),
    env,
    signal,
    emit,
  })
}

function verifyEnded(
  work: Work,
  asked: BackupVerifyOptions,
  { manifest, verification, compared }: VerifyOutcome,
): UseCaseReturn<BackupVerifyResult> {
  const backup = backupItem({ manifest, ...(verification ? { verification } : {}) })
  const differs = compared.differences.map((one): ResultFinding => ({
    id: 'backup-differs',
    severity: 'error',
    message: `The data restored from ${manifest.id} differs from the backup: ${one}.`,
  }))
  const open = compared.notCompared.map(notComparedFinding)
  const quick = asked.quick ?? false
  const unproven = quick || isProof(compared) ? [] : [unprovenFinding(manifest.id)]
  const result = { ...named(work), backup, quick, ...compared }
  return { result, findings: [...differs, ...unproven, ...open] }
}

function unprovenFinding(id: string): ResultFinding {
  const message = `${id} was restored, but is not proven to equal the database: neither its schema nor its rows could be compared.`
  return { id: 'backup-not-proven', severity: 'error', message }
}

function notComparedFinding(what: string): ResultFinding {
  return { id: 'backup-not-compared', severity: 'notice', message: `Not compared: ${what}.` }
}

/** Restores a backup into the target. */
export async function restoreOne(
  context: AppContext,
  asked: BackupRestoreOptions,
): Promise<UseCaseReturn<BackupRestoreResult>> {
  const work = await readWork(context, { mayLackMigrations: true })
  const words = restoreWords(asked)
  await requirePolicyConsent(context, work, { ...asked, words })
  return await restoreFor(context, work, { ...asked, words })
}

function restoreWords({ id, tables = [], ...asked }: BackupRestoreOptions): string[] {
  const { dataOnly, noOwner, dropOld, identity, jobs } = asked
  return [
    'backup',
    'restore',
    ...(id === undefined ? [] : [id]),
    ...tables.flatMap((table) => ['--table', table]),
    ...(dataOnly ? ['--data-only'] : []),
    ...(noOwner ? ['--no-owner'] : []),
    ...(dropOld ? ['--drop-old'] : []),
    ...(identity === undefined ? [] : ['--identity', identity]),
    ...(jobs === undefined ? [] : ['--jobs', String(jobs)]),
  ]
}

/** A restore replaces a database, so it must not be that of a stricter environment under another address. */
async function refuseOtherEnvironment(
  { emit }: AppContext,
  { project, target }: Work,
  address: Address,
): Promise<void> {
  const stricter = await stricterEnvironments(project, target)
  if (stricter.length === 0) return
  const { environment } = target
  await withSession(address, { applicationName: 'slipway backup' }, (session) =>
    refuseConfiguredEnvironment(session, { environment, stricter, emit }),
  )
}

/** Restores a backup for a use case that already has the consent that the policy requires. */
export async function restoreFor(
  context: AppContext,
  work: Work,
  { words, ...asked }: BackupRestoreOptions & { readonly words: readonly string[] },
): Promise<UseCaseReturn<BackupRestoreResult>> {
  const { signal, emit, env, cwd } = context
  const address = await directAddress(work)
  await refuseOtherEnvironment(context, work, address)
  const outcome = await restoreBackup({
    store: await storeOf(work),
    name: { id: asked.id, environment: work.target.environment },
    keys: keysOf(work, cwd, asked.identity),
    address,
    jobs: asked.jobs ?? 1,
    tables: asked.tables ?? [],
    dataOnly: asked.dataOnly ?? false,
    noOwner: asked.noOwner ?? false,
    dropOld: asked.dropOld ?? false,
    command: words,
    mayConsent: asked.confirm !== undefined || context.askConsent !== undefined,
    consent: async (database, message) =>
      await requireConsentByName(context, asked, {
        database,
        message: `This would ${message}.`,
        command: words,
      }),
    env,
    signal,
    emit,
  })
  const { manifest, database, old, bookmark, restoreMs, compared } = outcome
  const { differences = [], notCompared = [] } = compared ?? {}
  return {
    result: {
      ...targetResult(work, database),
      backup: backupItem({ manifest }),
      old: old ?? null,
      bookmark: bookmark ?? null,
      restoreMs,
      compared: compared ?? null,
    },
    findings: [
      ...differences.map((one): ResultFinding => ({
        id: 'backup-differs',
        severity: 'error',
        message: `The restored data differs from the backup: ${one}.`,
      })),
      ...notCompared.map(notComparedFinding),
      ...(bookmark === undefined ? [] : [bookmarkFinding(database, bookmark)]),
    ],
    next: [command(['status'], 'see the history of the restored database')],
  }
}

/** Decides which backups expire, and removes them if requested. */
export async function pruneBackups(
  context: AppContext,
  asked: BackupPruneOptions,
): Promise<UseCaseReturn<BackupPruneResult>> {
  return await pruneFor(await readWork(context, { mayLackMigrations: true }), asked)
}

/** The same for a use case that has already read the project. */
export async function pruneFor(
  work: Work,
  asked: BackupPruneOptions,
): Promise<UseCaseReturn<BackupPruneResult>> {
  const { environment, policy } = work.target
  const store = await storeOf(work)
  const { backups } = await listBackups(store)
  const own = backups.filter(({ manifest }) => manifest.environment === environment)
  const referred = await backupsInUse(work, own)
  const decisions = expiredBackups(
    own.map(({ manifest, verification, storedAt }) => ({
      id: manifest.id,
      createdAt: manifest.createdAt,
      storedAt,
      bytes: manifestBytes(manifest),
      verifiedAt: verification?.verifiedAt,
      referredTo: referred.has(manifest.id),
    })),
    policy.backup.keep ?? {},
  )
  const written = asked.write ?? false
  const gone = decisions.filter(({ action }) => action === 'expire')
  if (written) {
    const expired = own.filter(({ manifest }) => gone.some(({ id }) => id === manifest.id))
    await removeBackups(store, expired)
    await store.sweep()
  }
  const next =
    !written && gone.length > 0 ? [command(['backup', 'prune', '--write'], 'remove them')] : []
  return { result: { ...named(work), store: store.name, written, decisions }, next }
}

/** The target as far as it is known without a connection. */
function named(work: Work): TargetResult {
  return targetResult(work, databaseName(work.target.address))
}

/** A recent backup that a deploy can use, if the environment allows that. */
export async function recentFor(
  { now }: Pick<AppContext, 'now'>,
  work: Work,
  {
    verified,
    lastMigration,
  }: { readonly verified: boolean; readonly lastMigration: string | null },
): Promise<Backup | undefined> {
  const { maxAgeMs, excludeData = [] } = work.target.policy.backup
  if (maxAgeMs === undefined) return undefined
  const newest = await newestBackup(await storeOf(work), work.target.environment)
  return newest && isRecent(newest, { maxAgeMs, verified, lastMigration, excludeData, now: now() })
    ? newest
    : undefined
}

/** The newest backup of the environment, for a report; undefined if the store does not answer. */
export async function lastBackup(work: Work): Promise<Backup | undefined> {
  const found = await attempt(async () =>
    newestBackup(await storeOf(work), work.target.environment),
  )
  return found.ok ? found.value : undefined
}
