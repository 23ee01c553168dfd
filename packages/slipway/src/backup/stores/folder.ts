import { constants, createReadStream, createWriteStream } from 'node:fs'
import {
  access,
  link,
  mkdir,
  open,
  readdir,
  rm,
  rmdir,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { advice, command } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import { isBackupId, manifestKey } from '../manifest.ts'
import type { Store, Stored, WriteOptions } from '../store.ts'
import { isOtherRunning } from '../temporary.ts'

/** The extension of an incomplete file, with the ID of the process that writes it: `.2214.partial`. */
const PARTIAL = /\.(\d+)\.partial$/

/** Backups in a folder, which is created if it does not exist. Only this user can access it. */
export function folderStore(folder: string): Store {
  const at = (key: string) => path.join(folder, key)
  return {
    name: folder,
    list: async () => await listed(folder),
    async write(key, body, options) {
      await reporting(folder, () => writeWhole(at(key), body, options))
    },
    async read(key) {
      await reporting(folder, () => access(at(key), constants.R_OK))
      return createReadStream(at(key), { highWaterMark: 1 << 20 })
    },
    async begin(id) {
      const mark = `${at(id)}.${process.pid}.partial`
      await reporting(folder, async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeFile(mark, '', { flag: 'wx', mode: 0o600 })
      })
      writing.add(mark)
      return async () => {
        await rm(mark, { force: true })
        writing.delete(mark)
      }
    },
    async remove(keys) {
      for (const key of keys) {
        await reporting(folder, () => rm(at(key), { force: true }))
        // The folder of a backup in the directory format, as soon as it is empty.
        if (key.includes('/')) await rmdir(path.dirname(at(key))).catch(() => {})
      }
    },
    async sweep() {
      const names = await namesIn(folder)
      const left = names.filter((name) => isLeft(at(name)))
      // Complete parts of a backup are of no use either if its writer was killed.
      const parts = left
        .map((name) => name.replace(PARTIAL, ''))
        .flatMap((begun) => names.filter((name) => isPartOf(name, begun, names)))
      for (const name of [...parts, ...left]) await rm(at(name), { recursive: true, force: true })
      return parts.length + left.length
    },
  }
}

/** Whether a file is a part of a backup that was begun but has no manifest. */
function isPartOf(name: string, id: string, names: readonly string[]): boolean {
  const isOwn = name === id || name.startsWith(`${id}.`) || name.startsWith(`${id}${path.sep}`)
  return isOwn && isBackupId(id) && !names.includes(manifestKey(id))
}

async function listed(folder: string): Promise<Stored[]> {
  const names = (await namesIn(folder)).filter((name) => !PARTIAL.test(name))
  const found = await Promise.all(
    // Another process may remove the file in the meantime.
    names.map(async (name) => ({
      key: name,
      file: await stat(path.join(folder, name)).catch(() => undefined),
    })),
  )
  return found.flatMap(({ key, file }) =>
    file?.isFile()
      ? [
          {
            key: key.split(path.sep).join('/'),
            bytes: file.size,
            storedAt: file.mtime.toISOString(),
          },
        ]
      : [],
  )
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder, { recursive: true })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    return refuse(folder, error)
  }
}

/** Writes a file that gets its final name only after all of it is on the disk. */
async function writeWhole(file: string, body: Readable, { signal }: WriteOptions): Promise<void> {
  const partial = `${file}.${process.pid}.partial`
  writing.add(partial)
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  try {
    await pipeline(body, createWriteStream(partial, { flags: 'wx', mode: 0o600, flush: true }), {
      signal,
    })
    // Unlike a rename, a link never replaces an existing file.
    await link(partial, file)
    await synced(path.dirname(file))
  } finally {
    await unlink(partial).catch(() => {})
    writing.delete(partial)
  }
}

async function synced(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * The files that this process is writing. The process ID alone is not enough: in a container, the previous
 * one was the same.
 */
const writing = new Set<string>()

/** Whether a partial file belongs to no running process. */
function isLeft(file: string): boolean {
  const [, pid] = PARTIAL.exec(file) ?? []
  return pid !== undefined && !writing.has(file) && !isOtherRunning(Number(pid))
}

async function reporting(folder: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    refuse(folder, error)
  }
}

/** Raises failures for file system errors; rethrows others, such as those of the source. */
function refuse(folder: string, error: unknown): never {
  const code = codeOf(error)
  const details = { cause: error, why: `The system says ${code}.` }
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return raise('BACKUP.STORE_FULL', {
        ...details,
        message: `There is no space left for the backup in ${folder}.`,
        nextActions: [
          advice('Free some space, or remove old backups.'),
          command(['backup', 'prune'], 'see which backups can be removed'),
        ],
      })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return raise('BACKUP.STORE_REFUSED', {
        ...details,
        message: `This user may not use the folder ${folder}.`,
        nextActions: [advice('Give this user the permission, or configure another store.')],
      })
    case 'ENOENT':
      return raise('BACKUP.DAMAGED', {
        ...details,
        message: `A part of the backup is missing in ${folder}.`,
      })
    case 'EEXIST':
      return raise('BACKUP.EXISTS', {
        ...details,
        message: 'Another backup was created in the same millisecond, and has the same name.',
        nextActions: [advice('Run the command again.')],
      })
    case 'EIO':
    case 'ENOTDIR':
    case 'ESTALE':
      return raise('BACKUP.STORE_UNAVAILABLE', {
        ...details,
        message: `The folder ${folder} cannot be used.`,
        nextActions: [advice('Check the disk, or configure another store.')],
      })
    default:
      throw error
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? ''
}
