import { Readable } from 'node:stream'
import {
  type Address,
  locate,
  quoteIdentifier,
  quoteLiteral,
  serverPrograms,
  type Session,
  withLocalServer,
  withSession,
} from '../database/index.ts'
import {
  advice,
  attempt,
  command,
  type ConnectionString,
  type Emit,
  type Failure,
  failureOf,
  rethrow,
} from '../kernel/index.ts'
import { type Compared, compareRestored } from './compare.ts'
import type { Keys } from './encryption.ts'
import { raise } from './failures.ts'
import { type BackupName, findBackup } from './list-backups.ts'
import {
  type Manifest,
  sealed,
  sealOf,
  type Verification,
  verificationKey,
  verificationKeys,
} from './manifest.ts'
import { checkPart } from './parts.ts'
import { checkIndexes } from './postgres/amcheck.ts'
import { localeSql } from './postgres/databases.ts'
import { restoreDump } from './postgres/restore.ts'
import { createRoles, refuseUnfit } from './postgres/server-fits.ts'
import type { Store } from './store.ts'
import { temporaryFolder } from './temporary.ts'

/** Which backup is verified, and how. */
export interface VerifyRequest {
  readonly store: Store
  readonly name: BackupName
  readonly keys: Keys
  /** Only reads the files, and compares their checksums. */
  readonly quick: boolean
  readonly jobs: number
  /** A server on which a database may be created for it; a private one of this machine if absent. */
  readonly server: ConnectionString | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly emit: Emit
}

/** What a verification found. */
export interface VerifyOutcome {
  readonly manifest: Manifest
  /** Absent for a quick one, and where something differs. */
  readonly verification?: Verification
  readonly compared: Compared
}

/**
 * Restores a backup into a throw-away database and compares schema, rows and sequences with its manifest. That it was
 * verified is stored beside it only where all is equal. Fails with BACKUP.DAMAGED where a file is not what was written.
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
  const found = await inThrowAway(
    request,
    manifest,
    async ({ address, server, serverMajor, sameOrder }) => {
      const began = performance.now()
      const restored = await attempt(() =>
        restoreDump({
          store,
          manifest,
          keys: request.keys,
          location: locate(address.url),
          serverMajor,
          jobs: request.jobs,
          tables: [],
          dataOnly: false,
          noOwner: false,
          atomic: false,
          env: request.env,
          signal,
          emit: request.emit,
        }),
      )
      if (!restored.ok) refuseUnrestorable(manifest, restored.failure)
      const restoreMs = Math.round(performance.now() - began)
      const compared = await compareRestored(address, manifest)
      const indexes = await checkIndexes(address)
      const order: Compared = {
        compared: [],
        notCompared: sameOrder ? [] : ['the order of texts, for this machine lacks their locale'],
        differences: [],
      }
      return { restoreMs, server, compared: [compared, indexes, order].reduce(joined) }
    },
  )
  const { restoreMs, server, compared } = found
  if (compared.differences.length > 0) return { manifest, compared }
  const verification: Verification = {
    id: manifest.id,
    verifiedAt: `${new Date().toISOString().slice(0, 19)}Z`,
    manifestSha256: sealOf(manifest),
    server,
    restoreMs,
    compared: compared.compared,
    notCompared: compared.notCompared,
  }
  const stored = (await store.list()).map(({ key }) => key)
  const own = verificationKey(verification)
  const earlier = verificationKeys(manifest.id, stored).filter((key) => key !== own)
  if (!stored.includes(own))
    await store.write(own, Readable.from([Buffer.from(sealed(verification))]), { signal })
  await store.remove(earlier)
  return { manifest, verification, compared }
}

function joined(one: Compared, other: Compared): Compared {
  return {
    compared: [...one.compared, ...other.compared],
    notCompared: [...one.notCompared, ...other.notCompared],
    differences: [...one.differences, ...other.differences],
  }
}

interface ThrowAway {
  readonly address: Address & { readonly kind: 'postgres' }
  /** Version of its server. */
  readonly server: string
  readonly serverMajor: number
  /** Whether it sorts texts as the database that was backed up. */
  readonly sameOrder: boolean
}

const DATABASE = 'slipway_verify'

/** A database that exists only for `work`. */
async function inThrowAway<T>(
  request: VerifyRequest,
  manifest: Manifest,
  work: (place: ThrowAway) => Promise<T>,
): Promise<T> {
  const { server, env } = request
  if (server !== undefined) {
    const at = (database: string) => ({
      kind: 'postgres' as const,
      url: server.withDatabase(database),
    })
    return await onServer(at, { manifest, owned: false }, work)
  }
  const major = Math.floor(manifest.server.versionNumber / 10_000)
  const programs = (await serverPrograms(env, major)) ?? (await serverPrograms(env))
  if (programs === undefined || programs.major < major) return refuseWithoutServer(major)
  const { folder, remove } = await temporaryFolder()
  try {
    const found = await withLocalServer(programs, folder, ({ admin }) =>
      onServer(admin, { manifest, owned: true }, work),
    )
    return found ? found.value : refuseWithoutServer(major)
  } finally {
    await remove()
  }
}

function refuseUnrestorable({ id }: Manifest, failure: Failure): never {
  if (failure.code !== 'BACKUP.RESTORE_FAILED') return rethrow(failure)
  return raise('BACKUP.NOT_RESTORABLE', {
    message: `${id} cannot be restored.`,
    ...(failure.why === undefined ? {} : { why: failure.why }),
    nextActions: [command(['backup', 'list'], 'see the other backups')],
  })
}

function refuseWithoutServer(major: number): never {
  return raise('BACKUP.NO_SERVER', {
    message: `No PostgreSQL server of version ${major} or newer is installed on this machine.`,
    why: 'A backup is verified by restoring it into a throw-away database.',
    nextActions: [
      advice(`Install the package postgresql-${major}, or name a server with \`--server\`.`),
      advice('`slipway backup verify --quick` compares the checksums of the files only.'),
    ],
  })
}

async function onServer<T>(
  at: (database: string) => Address & { readonly kind: 'postgres' },
  { manifest, owned }: { readonly manifest: Manifest; readonly owned: boolean },
  work: (place: ThrowAway) => Promise<T>,
): Promise<T> {
  const name = owned ? DATABASE : `${DATABASE}_${Date.now()}`
  return await withSession(at('postgres'), { applicationName: 'slipway backup' }, async (admin) => {
    await refuseUnfit(admin, manifest, { roles: !owned })
    const database = quoteIdentifier(name)
    if (!owned) await dropLeft(admin)
    // Those of the backup own its objects. On a private server they end with it.
    if (owned) await createRoles(admin, manifest)
    const sameOrder = await createLike(admin, database, manifest)
    try {
      await admin.execute(`COMMENT ON DATABASE ${database} IS ${quoteLiteral(UNFINISHED)}`)
      const { version, versionNumber } = admin.server
      const serverMajor = Math.floor(versionNumber / 10_000)
      return await work({ address: at(name), server: version, serverMajor, sameOrder })
    } finally {
      await admin.execute(`DROP DATABASE ${database} WITH (FORCE)`)
    }
  })
}

/** What is written into the comment of a database that exists for a verification only. */
const UNFINISHED = 'slipway backup verify'

/** Drops what verifications that were killed have left on a server. */
async function dropLeft(admin: Session): Promise<void> {
  const left = await admin.query<{ name: string }>(
    `SELECT d.datname::text AS name FROM pg_database d
     WHERE starts_with(d.datname, $1) AND shobj_description(d.oid, 'pg_database') = $2
       AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
       AND d.datname < $3 AND pg_has_role(d.datdba, 'MEMBER')`,
    // Between its sessions a running one has none for a moment.
    [`${DATABASE}_`, UNFINISHED, `${DATABASE}_${Date.now() - LEFT_AFTER_MS}`],
  )
  for (const { name } of left)
    await admin.execute(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`)
}

const LEFT_AFTER_MS = 3_600_000

/** A machine may lack a locale of the server that was backed up. Rows are the same without it. */
async function createLike(
  admin: Session,
  database: string,
  { server }: Manifest,
): Promise<boolean> {
  try {
    await admin.execute(`CREATE DATABASE ${database} ${localeSql(server)}`)
    return true
  } catch (error) {
    if (!INVALID_LOCALE.has(failureOf(error)?.server?.sqlstate ?? '')) throw error
    const plain = { ...server, collate: 'C', ctype: 'C', provider: 'libc' as const, locale: null }
    await admin.execute(`CREATE DATABASE ${database} ${localeSql(plain)}`)
    return false
  }
}

/** wrong_object_type, invalid_parameter_value, feature_not_supported: what servers say of a locale that they lack. */
const INVALID_LOCALE = new Set(['42809', '22023', '0A000'])
