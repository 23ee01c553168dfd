import { existsSync } from 'node:fs'
import { realpath, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import {
  type Address,
  databaseName,
  type RemoteD1,
  type Session,
  withSession,
} from '../../database/index.ts'
import { advice, invariant } from '../../kernel/index.ts'
import { type Compared, refuseDifferent, refuseFilled } from '../compare.ts'
import { raise } from '../failures.ts'
import type { Manifest } from '../manifest.ts'
import type { RestoreOutcome, RestoreRequest } from '../restore-backup.ts'
import { compareRestored } from './compare-restored.ts'
import { refuseOnSqlite } from './dump-source.ts'
import { restoreDump } from './restore-dump.ts'
import { restoreRemote } from './restore-remote.ts'
import { restoreFile, oldFile, removeLeft, removeRestoreFile, swapFiles } from './swap-files.ts'

type Restored = Omit<RestoreOutcome, 'manifest'>

/** Refuses options that only PostgreSQL supports: a part of a backup, owners, several jobs. */
export function refuseRestore(request: RestoreRequest): void {
  const { address, tables, dataOnly, noOwner, dropOld, jobs } = request
  if (tables.length > 0 || dataOnly) refuseOnSqlite('restoring only a part')
  if (noOwner) refuseOnSqlite('owners')
  if (jobs > 1) refuseOnSqlite('several jobs')
  if (address.kind === 'd1' && dropOld) refuseDropOld(address)
}

function refuseDropOld({ d1 }: RemoteD1): never {
  return raise('BACKUP.NOT_SUPPORTED', {
    message: `The state of ${d1.name} before a restore cannot be dropped: Time Travel keeps it.`,
    nextActions: [advice('Omit --drop-old.')],
  })
}

/**
 * Restores a backup: into a remote database with one script; otherwise into a new file, which replaces the
 * old one only after everything is restored and compared. A replaced empty database is not kept.
 */
export async function restoreInto(request: RestoreRequest, manifest: Manifest): Promise<Restored> {
  const { address, dropOld } = request
  if (address.kind === 'd1') return await restoreRemote(request, manifest, address)
  invariant(address.kind === 'sqlite' && address.file !== undefined, 'a restore has a place')
  const named = path.resolve(address.file)
  // A link stays, and the file that it names is replaced.
  const file = existsSync(named) ? await realpath(named) : named
  const database = databaseName(address)
  // Opening wrangler's file creates it with its folder; the folder of another file must exist.
  const mustOpen = address.d1 !== undefined || !existsSync(path.dirname(file))
  const isFilled = (mustOpen || existsSync(file)) && (await holdsObjects(address))
  const isThere = existsSync(file)
  if (isFilled) {
    if (!request.mayConsent) refuseFilled(database, request)
    await request.consent(database, `replace ${database} with ${manifest.id}`)
  }
  await removeLeft(file)
  const made = restoreFile(file)
  const old = oldFile(file, new Date())
  try {
    const { restoreMs, compared } = await restoreNew(request, manifest, made)
    if (compared.differences.length > 0) refuseDifferent(manifest, compared)
    request.signal.throwIfAborted()
    if (isThere) await swapFiles(made, file, old)
    else await rename(made, file)
    const keeps = isFilled && !dropOld
    if (isThere && !keeps) await rm(old)
    return { database, ...(keeps ? { old: path.basename(old) } : {}), restoreMs, compared }
  } finally {
    await removeRestoreFile(made)
  }
}

async function restoreNew(
  request: RestoreRequest,
  manifest: Manifest,
  file: string,
): Promise<{ readonly restoreMs: number; readonly compared: Compared }> {
  await removeRestoreFile(file)
  await writeFile(file, '', { mode: 0o600, flag: 'wx' })
  const { address } = request
  const d1 = address.kind === 'sqlite' && address.d1 ? { d1: address.d1 } : {}
  const made = { kind: 'sqlite' as const, file, ...d1 }
  const options = { applicationName: 'slipway backup', writableSchema: true }
  const began = performance.now()
  const work = async (session: Session) => {
    // An incomplete file is removed, never repaired, so durability is not needed.
    await session.query('PRAGMA journal_mode=MEMORY')
    await session.execute('PRAGMA synchronous=OFF')
    await restoreDump(session, { ...request, manifest })
    const restoreMs = Math.round(performance.now() - began)
    return { restoreMs, compared: await compareRestored(session, manifest) }
  }
  return await withSession(made, options, work)
}

/** Whether a database has any user-defined object. */
async function holdsObjects(address: Address): Promise<boolean> {
  return await withSession(address, { applicationName: 'slipway backup' }, async (session) => {
    const found = await session.query(
      `SELECT 1 FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' LIMIT 1`,
    )
    return found.length > 0
  })
}
