import {
  type Address,
  locate,
  quoteIdentifier,
  quoteLiteral,
  serverPrograms,
  type Session,
  withLocalServer,
} from '../../database/index.ts'
import { advice, attempt, command, failureOf } from '../../kernel/index.ts'
import { type Compared, joined } from '../compare.ts'
import type { RestoredThrowAway } from '../dialects.ts'
import { raise } from '../failures.ts'
import type { Manifest } from '../manifest.ts'
import { temporaryFolder } from '../temporary.ts'
import type { VerifyRequest } from '../verify-backup.ts'
import { checkIndexes } from './amcheck.ts'
import { compareRestored } from './compare-restored.ts'
import { localeSql } from './databases.ts'
import { withDirectSession } from './direct-session.ts'
import { restoreDump } from './restore.ts'
import { createRoles, requireSuitableServer } from './server-requirements.ts'

/**
 * Restores a backup on a private server, or on the named one, and compares it. Fails with BACKUP.NO_SERVER.
 */
export async function restoreAndCompare(
  request: VerifyRequest,
  manifest: Manifest,
): Promise<RestoredThrowAway> {
  return await inThrowAway(
    request,
    manifest,
    async ({ address, server, serverMajor, sameOrder }) => {
      const began = performance.now()
      await restoreDump({
        store: request.store,
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
        signal: request.signal,
        emit: request.emit,
      })
      const restoreMs = Math.round(performance.now() - began)
      const compared = await compareRestored(address, manifest)
      const indexes = await checkIndexes(address)
      const order: Compared = {
        compared: [],
        notCompared: sameOrder
          ? []
          : ['the sort order of text, because this machine lacks its locale'],
        differences: [],
      }
      return { restoreMs, server, compared: [compared, indexes, order].reduce(joined) }
    },
  )
}

interface ThrowAway {
  readonly address: Address & { readonly kind: 'postgres' }
  /** The version of its server. */
  readonly server: string
  readonly serverMajor: number
  /** Whether it sorts text like the backed-up database. */
  readonly sameOrder: boolean
}

const DATABASE = 'slipway_verify'

/** Runs `work` on a database that exists only during it. */
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
  if (programs === undefined || programs.major < major)
    return refuseWithoutServer(manifest.id, major)
  const { folder, remove } = await temporaryFolder()
  try {
    const found = await withLocalServer(programs, folder, ({ admin }) =>
      onServer(admin, { manifest, owned: true }, work),
    )
    return found ? found.value : refuseWithoutServer(manifest.id, major)
  } finally {
    await remove()
  }
}

function refuseWithoutServer(id: string, major: number): never {
  return raise('BACKUP.NO_SERVER', {
    message: `No PostgreSQL server of version ${major} or newer is installed on this machine.`,
    why: 'A backup is verified by restoring it into a throw-away database.',
    nextActions: [
      advice(`Install the package postgresql-${major}, or name a server with \`--server\`.`),
      command(['backup', 'verify', id, '--quick'], 'compare only the checksums of its files'),
    ],
  })
}

async function onServer<T>(
  at: (database: string) => Address & { readonly kind: 'postgres' },
  { manifest, owned }: { readonly manifest: Manifest; readonly owned: boolean },
  work: (place: ThrowAway) => Promise<T>,
): Promise<T> {
  const name = owned ? DATABASE : `${DATABASE}_${Date.now()}`
  return await withDirectSession(at('postgres'), async (admin) => {
    await requireSuitableServer(admin, manifest, { roles: !owned })
    const database = quoteIdentifier(name)
    if (!owned) await dropLeft(admin)
    // The backup's roles own its objects. On a private server, they are discarded with the server.
    if (owned) await createRoles(admin, manifest)
    const sameOrder = await createLike(admin, database, manifest)
    const drop = () => admin.execute(`DROP DATABASE ${database} WITH (FORCE)`)
    let result: T
    try {
      await admin.execute(`COMMENT ON DATABASE ${database} IS ${quoteLiteral(UNFINISHED)}`)
      const { version, versionNumber } = admin.server
      const serverMajor = Math.floor(versionNumber / 10_000)
      result = await work({ address: at(name), server: version, serverMajor, sameOrder })
    } catch (error) {
      // If the connection was lost, this fails too, and must not hide the reason.
      await attempt(drop)
      throw error
    }
    await drop()
    return result
  })
}

/** The comment on a database that exists only for a verification. */
const UNFINISHED = 'slipway backup verify'

/** Drops the databases that killed verifications left on a server. */
async function dropLeft(admin: Session): Promise<void> {
  const left = await admin.query<{ name: string }>(
    `SELECT d.datname::text AS name FROM pg_database d
     WHERE starts_with(d.datname, $1) AND shobj_description(d.oid, 'pg_database') = $2
       AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
       AND d.datname < $3 AND pg_has_role(d.datdba, 'MEMBER')`,
    // A running verification has no session for a moment, so recent databases are kept.
    [`${DATABASE}_`, UNFINISHED, `${DATABASE}_${Date.now() - LEFT_AFTER_MS}`],
  )
  for (const { name } of left)
    await admin.execute(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)}`)
}

const LEFT_AFTER_MS = 3_600_000

/**
 * Creates the database, without its locale if the server lacks that. Rows are the same without it. Returns
 * whether the locale was available.
 */
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

/**
 * The errors of servers for a missing locale: wrong_object_type, invalid_parameter_value,
 * feature_not_supported.
 */
const INVALID_LOCALE = new Set(['42809', '22023', '0A000'])
