import { chmod, chown, link, open, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processesWith, withSession } from '../../database/index.ts'
import { advice, attempt, command, rethrow } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { isOtherRunning } from '../temporary.ts'

/** The infix of the files that a restore creates next to a database. */
const RESTORE_INFIX = '.slipway-restore-'

/** The name of the file into which this process restores. */
export function restoreFile(file: string): string {
  return `${file}${RESTORE_INFIX}${process.pid}`
}

/** Removes files that killed restores left next to a database. */
export async function removeLeft(file: string): Promise<void> {
  const beginning = path.basename(file) + RESTORE_INFIX
  for (const name of await readdir(path.dirname(file))) {
    if (!name.startsWith(beginning)) continue
    const pid = Number.parseInt(name.slice(beginning.length), 10)
    if (!isOtherRunning(pid)) await rm(path.join(path.dirname(file), name), { force: true })
  }
}

/** Removes the file of a restore, with its journals. */
export async function removeRestoreFile(made: string): Promise<void> {
  for (const ending of ['', '-journal', '-wal', '-shm']) await rm(made + ending, { force: true })
}

/** The new name of a replaced database: `shop_before_20261129101500123.db`. */
export function oldFile(file: string, at: Date): string {
  const time = at.toISOString().slice(0, 23).replaceAll(/\D/g, '')
  const { dir, name, ext } = path.parse(file)
  return path.join(dir, `${name}_before_${time}${ext}`)
}

/** How long a restore waits for other processes to close the file, in ms. */
const WAIT_MS = 5000

/**
 * Replaces a database by a new one and keeps the old one under the name `old`. There is a complete database
 * under the name at each moment. Fails with BACKUP.TARGET_IN_USE if another process has it open, because that
 * would continue to use the old one.
 */
export async function swapFiles(made: string, file: string, old: string): Promise<void> {
  await waitUntilClosed(file)
  const { mode, uid, gid } = await stat(file)
  await chmod(made, mode & 0o777)
  await attempt(() => chown(made, uid, gid))
  const locked = await attempt(() =>
    withSession({ kind: 'sqlite', file }, { connectTimeoutMs: WAIT_MS }, async (session) => {
      const [row] = await session.query<{ journal_mode: string }>('PRAGMA journal_mode')
      if (row?.journal_mode === 'wal') await enableWal(made)
      await synced(made)
      // A leftover log would be mistaken for the new file's. The change fails if another process has the file
      // open.
      await session.query('PRAGMA journal_mode=DELETE')
      // From here on, no process can read or write the old file.
      await session.execute('BEGIN EXCLUSIVE')
      if (processesWith(file).length > 0) refuseInUse(file)
      await linkAs(file, old)
      await rename(made, file)
    }),
  )
  if (!locked.ok) {
    if (locked.failure.code === 'DATABASE.LOCKED') refuseInUse(file)
    rethrow(locked.failure)
  }
  await synced(path.dirname(file))
}

/** Switches a database to write-ahead logging, which the old one uses. */
async function enableWal(file: string): Promise<void> {
  await withSession({ kind: 'sqlite', file }, {}, async (session) => {
    await session.query('PRAGMA journal_mode=WAL')
  })
}

/**
 * Hard-links a file as `old`. If the file system has no links, renames it: then the database is missing for a
 * moment.
 */
async function linkAs(file: string, old: string): Promise<void> {
  try {
    await link(file, old)
  } catch (error) {
    if (!LINKLESS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    await rename(file, old)
  }
}

const LINKLESS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

async function synced(file: string): Promise<void> {
  const handle = await open(file, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function waitUntilClosed(file: string): Promise<void> {
  const until = performance.now() + WAIT_MS
  while (processesWith(file).length > 0) {
    if (performance.now() > until) refuseInUse(file)
    await sleep(100)
  }
}

function refuseInUse(file: string): never {
  const who = processesWith(file).map(({ pid, name }) => `${name} (process ${pid})`)
  return raise('BACKUP.TARGET_IN_USE', {
    message: `The database ${path.basename(file)} was not replaced: another process has it open.`,
    why:
      who.length > 0 ? `It is ${who.join(', ')}.` : 'This account cannot see which process it is.',
    nextActions: [
      advice('Stop the process: it would continue to use the replaced database.'),
      command(['backup', 'restore'], 'then restore again'),
    ],
  })
}
