import { randomUUID } from 'node:crypto'
import {
  atomic,
  type AtomicSession,
  d1Bookmark,
  type RemoteD1,
  type Session,
  withSession,
} from '../../database/index.ts'
import { advice, attempt, command, type Failure, rethrow } from '../../kernel/index.ts'
import { type Compared, joined, refuseDifferent, refuseFilled } from '../compare.ts'
import { raise } from '../failures.ts'
import type { Manifest } from '../manifest.ts'
import type { RestoreOutcome, RestoreRequest } from '../restore-backup.ts'
import { compareRestored } from './compare-restored.ts'
import { remoteOptions, withCopy } from './copy-remote.ts'
import { refuseLimit } from './d1-limits.ts'
import { RESTORE_TABLE } from './objects.ts'
import { readDumped } from './read-database.ts'
import { type RemoteObject, remoteScript } from './remote-script.ts'
import { restoreDump } from './restore-dump.ts'
import { inThrowAway } from './throw-away-file.ts'
import { readVirtualTables } from './virtual-tables.ts'

/** The database to restore into, and the mark that proves that the script of this restore ran. */
interface Target {
  readonly address: RemoteD1
  readonly remote: AtomicSession
  readonly mark: string
}

/**
 * Restores a backup into a remote D1 database: first into a throw-away database, where it is compared, then
 * with one script that runs completely or not at all. The restored data is read again and compared. Time
 * Travel can return to the previous state by the bookmark of the outcome.
 */
export async function restoreRemote(
  request: RestoreRequest,
  manifest: Manifest,
  address: RemoteD1,
): Promise<Omit<RestoreOutcome, 'manifest'>> {
  const database = address.d1.name
  return await withSession(address, remoteOptions(request.emit), async (session) => {
    const target: Target = { address, remote: atomic(session), mark: randomUUID() }
    if ((await readRemoteObjects(session)).length > 0) {
      if (!request.mayConsent)
        refuseFilled(database, request, 'A restore would replace everything in it.')
      await request.consent(database, `replace everything in ${database} with ${manifest.id}`)
    }
    const { script, breaksChecks, expected, open } = await prepare(request, manifest, target)
    request.signal.throwIfAborted()
    const bookmark = await d1Bookmark(address)
    const began = performance.now()
    await runScript(target, { script, breaksChecks, bookmark })
    await removeMark(request, target)
    const restoreMs = Math.round(performance.now() - began)
    const compared = joined(await compareRemote(request, expected, address), open)
    return { database, bookmark, restoreMs, compared }
  })
}

/**
 * Reads the objects to drop, in an order in which they can be dropped: not those that are dropped with their
 * table, and not those of Cloudflare and SQLite, except for the statistics of ANALYZE.
 */
async function readRemoteObjects(session: Session): Promise<readonly RemoteObject[]> {
  const isOthers = (column: string) =>
    `(${column} LIKE '\\_cf\\_%' ESCAPE '\\' OR ${column} LIKE 'sqlite\\_%' ESCAPE '\\' AND ${column} <> 'sqlite_stat1')`
  const rows = await session.query<{ type: RemoteObject['type']; name: string }>(`
    SELECT m.type, m.name FROM sqlite_schema m
    LEFT JOIN pragma_table_list l ON l.schema = 'main' AND l.name = m.name AND m.type = 'table'
    WHERE m.type IN ('table', 'view', 'trigger') AND NOT ${isOthers('m.name')} AND NOT ${isOthers('m.tbl_name')}
      AND l.type IS NOT 'shadow' AND m.name <> '${RESTORE_TABLE}'
    ORDER BY CASE m.type WHEN 'trigger' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, l.type IS NOT 'virtual', m.rowid`)
  return rows.map(({ type, name }) => ({ type, name }))
}

interface Prepared {
  readonly script: string
  readonly breaksChecks: boolean
  /** The manifest without the tables of indexes that D1 rebuilds. */
  readonly expected: Manifest
  /** The parts that cannot be restored exactly or compared. */
  readonly open: Compared
}

/** Restores the backup into a throw-away database, compares it, and writes the script from it. */
async function prepare(
  request: RestoreRequest,
  manifest: Manifest,
  { address, remote, mark }: Target,
): Promise<Prepared> {
  const place = { bytes: manifest.databaseBytes, d1: address.d1 }
  return await inThrowAway(place, async (session) => {
    await restoreDump(session, { ...request, manifest })
    const compared = await compareRestored(session, manifest)
    if (compared.differences.length > 0) refuseDifferent(manifest, compared)
    const excluded = new Set(manifest.excludedData)
    const { objects, settings } = await readDumped(session, excluded)
    if (settings.encoding !== 'UTF-8')
      refuseLimit(`Its text is in ${settings.encoding}: D1 uses UTF-8.`)
    const virtual = await readVirtualTables(session, objects.definitions)
    const breaksChecks = await hasBrokenChecks(session)
    const source = { session, objects, virtual, excluded, breaksChecks }
    const own = [...virtual.rebuilt].toSorted()
    const notCompared = [
      ...(own.length === 0 ? [] : [`the indexes that D1 rebuilt: ${own.join(', ')}`]),
      ...(settings.userVersion === 0 && settings.applicationId === 0
        ? []
        : ['user_version and application_id, which D1 does not have']),
    ]
    return {
      script: remoteScript(source, await readRemoteObjects(remote), mark),
      breaksChecks,
      expected: without(manifest, virtual.rebuilt),
      open: { compared: [], notCompared, differences: [] },
    }
  })
}

async function hasBrokenChecks(session: Session): Promise<boolean> {
  const rows = await session.query<{ quick_check: string }>('PRAGMA quick_check')
  return rows.some(({ quick_check: said }) => said.startsWith('CHECK constraint failed'))
}

function without(manifest: Manifest, tables: ReadonlySet<string>): Manifest {
  const { sums } = manifest
  if (sums === null) return manifest
  const compared = sums.tables.filter(({ table }) => !tables.has(table))
  return { ...manifest, sums: { ...sums, tables: compared } }
}

interface Run extends Pick<Prepared, 'script' | 'breaksChecks'> {
  readonly bookmark: string
}

/** Runs the script. If the response was lost, checks in the database whether it ran. */
async function runScript(target: Target, { script, breaksChecks, bookmark }: Run): Promise<void> {
  const { remote } = target
  const ran = await attempt(() => remote.runAtomically(script, { foreignKeys: false }))
  if (ran.ok) return
  // A script that ran to its end has enabled the checks again itself.
  if (breaksChecks) await attempt(() => remote.query('PRAGMA ignore_check_constraints=OFF'))
  const { failure } = ran
  if (failure.code === 'DATABASE.STATEMENT') return refuseUnchanged(target, failure.message)
  if (failure.code !== 'DATABASE.OUTCOME_UNKNOWN') return rethrow(failure)
  const marked = await attempt(() => isMarked(target))
  if (!marked.ok) return raiseUnknown(target, failure, bookmark)
  if (!marked.value) refuseUnchanged(target, failure.why ?? failure.message)
}

/** Whether the script of this restore ran. */
async function isMarked({ remote, mark }: Target): Promise<boolean> {
  const found = await remote.query(
    `SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '${RESTORE_TABLE}'`,
  )
  if (found.length === 0) return false
  const rows = await remote.query(`SELECT 1 FROM ${RESTORE_TABLE} WHERE id = 0 AND bytes = $1`, [
    mark,
  ])
  return rows.length > 0
}

function refuseUnchanged({ address }: Target, why: string): never {
  return raise('BACKUP.RESTORE_FAILED', {
    message: `The backup was not restored: ${address.d1.name} is unchanged.`,
    why,
    nextActions: [command(['backup', 'restore'], 'restore again')],
  })
}

function raiseUnknown({ address }: Target, failure: Failure, bookmark: string): never {
  const { name } = address.d1
  return rethrow({
    ...failure,
    message: `Whether the backup was restored is unknown: ${name} does not answer. It contains either the old or the restored data, never a mixture.`,
    nextActions: [
      command(['status'], 'see its state, as soon as it answers'),
      advice(
        `The old data is at the bookmark ${bookmark}: wrangler d1 time-travel restore ${name} --bookmark ${bookmark}.`,
      ),
    ],
  })
}

/** The maximum number of attempts to drop the table of the mark. */
const TRIES = 3

/**
 * Drops the table of the mark. If it remains, it is harmless: it is in no backup or schema, and the next
 * restore drops it.
 */
async function removeMark({ emit }: RestoreRequest, { remote }: Target): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    const removed = await attempt(() => remote.query(`DROP TABLE IF EXISTS ${RESTORE_TABLE}`))
    if (removed.ok) return
  }
  emit({ kind: 'notice', message: `The table ${RESTORE_TABLE} remains. You can drop it.` })
}

/**
 * Reads and compares the restored data. If it cannot, the outcome reports that; the data is restored anyway.
 */
async function compareRemote(
  request: RestoreRequest,
  expected: Manifest,
  address: RemoteD1,
): Promise<Compared> {
  const read = await attempt(async () => {
    const before = await d1Bookmark(address)
    const compared = await withCopy(address, request, (copy) => compareRestored(copy, expected))
    const isAlone = (await d1Bookmark(address)) === before
    return compared.differences.length === 0 || isAlone ? compared : undefined
  })
  if (read.ok && read.value) return read.value
  request.signal.throwIfAborted()
  const why = read.ok ? 'other clients wrote to the database in the meantime' : read.failure.message
  const notCompared = [`the restored data, so it is not proven to equal the backup: ${why}`]
  return { compared: [], notCompared, differences: [] }
}
