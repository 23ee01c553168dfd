import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Address,
  locate,
  quoteIdentifier,
  type Session,
  withSession,
} from '../../database/index.ts'
import { advice, attempt, rethrow } from '../../kernel/index.ts'
import { refuseDifferent, refuseFilled } from '../compare.ts'
import { raise } from '../failures.ts'
import type { Manifest } from '../manifest.ts'
import type { RestoreOutcome, RestoreRequest } from '../restore-backup.ts'
import { compareRestored } from './compare-restored.ts'
import {
  createLikeSql,
  dropLeftoversSql,
  endSessionsSql,
  holdsObjects,
  renameSql,
  type SwapNames,
  swapNames,
} from './databases.ts'
import { withDirectSession } from './direct-session.ts'
import { restoreDump } from './restore.ts'
import { requireSuitableServer } from './server-requirements.ts'

type Restored = Omit<RestoreOutcome, 'manifest'>

/** Refuses the embedded database with BACKUP.EMBEDDED. */
export function refuseRestore({ address }: RestoreRequest): void {
  if (address.kind !== 'postgres') refuseEmbedded()
}

/**
 * Restores a backup: into an empty database in one transaction; otherwise into a new database, which takes
 * the name of the old one only after everything is restored and compared. Until then the old one is
 * unchanged.
 */
export async function restoreInto(request: RestoreRequest, manifest: Manifest): Promise<Restored> {
  const { address, noOwner } = request
  if (address.kind !== 'postgres') return refuseEmbedded()
  const isPart = request.tables.length > 0 || request.dataOnly
  return await withDirectSession(address, async (session) => {
    await requireSuitableServer(session, manifest, { roles: !noOwner })
    const target = { request, manifest, session, address }
    if (isPart) return await restorePart(target)
    if (await holdsObjects(session)) return await replace(target)
    // Several jobs cannot share a transaction, so a failure would leave a part of the data.
    const isAtomic = request.jobs === 1 || manifest.dump === 'plain'
    return isAtomic ? await fillEmpty(target) : await replaceEmpty(target)
  })
}

interface Target {
  readonly request: RestoreRequest
  readonly manifest: Manifest
  /** A session on the named database. */
  readonly session: Session
  readonly address: Address & { readonly kind: 'postgres' }
}

async function restorePart(target: Target): Promise<Restored> {
  const { request, manifest, session } = target
  const { database } = session.server
  await request.consent(database, `add rows of ${manifest.id} to ${database}`)
  const restoreMs = await timed(() => restoring(target, target.address, { atomic: true }))
  return { database, restoreMs }
}

async function fillEmpty(target: Target): Promise<Restored> {
  const { manifest, session, address } = target
  const { database } = session.server
  const restoreMs = await timed(() => restoring(target, address, { atomic: true }))
  const compared = await compareRestored(address, manifest)
  return { database, restoreMs, compared }
}

async function replaceEmpty(target: Target): Promise<Restored> {
  const consent = async () => {}
  const request = { ...target.request, dropOld: true, mayConsent: true, consent }
  return await replace({ ...target, request })
}

/**
 * Replaces a database by a new one. Whatever happens, the old one keeps its name until the new one takes it.
 */
async function replace(target: Target): Promise<Restored> {
  const { request, manifest, session, address } = target
  const { database } = session.server
  if (!request.mayConsent) refuseFilled(database, request)
  await request.consent(database, `replace ${database} with ${manifest.id}`)
  const at = (name: string) => ({ ...address, url: address.url.withDatabase(name) })
  const names = swapNames(database, new Date())
  const { made, old } = names
  const [createSql = '', ...configureSql] = await createLikeSql(session, made)
  // It would be terminated like all other sessions of the old database.
  session.destroy()
  return await withSession(at('postgres'), { applicationName: 'slipway backup' }, async (admin) => {
    await dropLeftovers(admin, names)
    await admin.execute(createSql)
    try {
      for (const sql of configureSql) await admin.execute(sql)
      const restoreMs = await timed(() => restoring(target, at(made), { atomic: false }))
      const compared = await compareRestored(at(made), manifest)
      if (compared.differences.length > 0) refuseDifferent(manifest, compared)
      request.signal.throwIfAborted()
      await swap(admin, names, address)
      // Programs that killed restores started may have ended in the meantime.
      await attempt(() => dropLeftovers(admin, names))
      const isDropped = request.dropOld && (await dropReplaced(admin, old, request))
      return { database, ...(isDropped ? {} : { old }), restoreMs, compared }
    } catch (error) {
      await attempt(() =>
        admin.execute(`DROP DATABASE IF EXISTS ${quoteIdentifier(made)} WITH (FORCE)`),
      )
      throw error
    }
  })
}

async function dropLeftovers(admin: Session, names: SwapNames): Promise<void> {
  for (const sql of await dropLeftoversSql(admin, names)) await admin.execute(sql)
}

/**
 * Drops the replaced database. Returns false with a notice if the server refuses, for example because of a
 * subscription: the restore is complete anyway.
 */
async function dropReplaced(
  admin: Session,
  old: string,
  { emit }: RestoreRequest,
): Promise<boolean> {
  const dropped = await attempt(() =>
    admin.execute(`DROP DATABASE ${quoteIdentifier(old)} WITH (FORCE)`),
  )
  if (!dropped.ok)
    emit({
      kind: 'notice',
      message: `The replaced database was not dropped, and is now ${old}: ${dropped.failure.message}`,
    })
  return dropped.ok
}

/**
 * Swaps the names. Terminates other sessions while the rename waits for them to end; the server accepts no
 * new ones in the meantime. If this process is killed, the server rolls back the rename.
 */
async function swap(admin: Session, names: SwapNames, { url }: Target['address']): Promise<void> {
  const options = { applicationName: 'slipway backup' }
  const postgres = { kind: 'postgres' as const, url: url.withDatabase('postgres') }
  await withSession(postgres, options, async (ender) => {
    for (let tries = 1; ; tries++) {
      await ender.execute(endSessionsSql(names))
      const over = new AbortController()
      const renaming = attempt(() => admin.execute(renameSql(names))).finally(() => over.abort())
      while (!over.signal.aborted) {
        await Promise.race([renaming, sleep(50)])
        if (!over.signal.aborted) await ender.execute(endSessionsSql(names))
      }
      const renamed = await renaming
      if (renamed.ok) return
      await attempt(() => admin.execute('ROLLBACK'))
      if (tries === MOST_TRIES) rethrow(renamed.failure)
    }
  })
}

const MOST_TRIES = 5

async function restoring(
  { request, manifest, session }: Target,
  address: Target['address'],
  { atomic }: { readonly atomic: boolean },
): Promise<void> {
  const { store, keys, tables, dataOnly, noOwner, env, signal, emit } = request
  const jobs = atomic ? 1 : request.jobs
  const serverMajor = Math.floor(session.server.versionNumber / 10_000)
  const how = { jobs, tables, dataOnly, noOwner, atomic, serverMajor }
  await restoreDump({
    store,
    manifest,
    keys,
    location: locate(address.url),
    ...how,
    env,
    signal,
    emit,
  })
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return Math.round(performance.now() - began)
}

function refuseEmbedded(): never {
  return raise('BACKUP.EMBEDDED', {
    message: 'A backup is restored on a PostgreSQL server, not into the embedded database.',
    nextActions: [advice('Name a database with --url or --env.')],
  })
}
