import { createWriteStream } from 'node:fs'
import { mkdir, open, unlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { PostgresLocation } from '../../database/index.ts'
import { advice, type Emit } from '../../kernel/index.ts'
import type { Keys } from '../encryption.ts'
import { raise } from '../failures.ts'
import type { Manifest } from '../manifest.ts'
import { openPart } from '../parts.ts'
import { progressOf } from '../progress.ts'
import { runAllOrAbort } from '../run-all.ts'
import type { Store } from '../store.ts'
import { temporaryFolder } from '../temporary.ts'
import { entriesOfTables } from './archive-entries.ts'
import {
  type ClientProgram,
  findProgram,
  type RunningProgram,
  startProgram,
} from './client-program.ts'

/** The backup to restore, the target database, and the options. */
export interface RestoreWork {
  readonly store: Store
  readonly manifest: Manifest
  readonly keys: Keys
  readonly location: PostgresLocation
  /** Major version of the server. */
  readonly serverMajor: number
  readonly jobs: number
  /** Only these tables, as `schema.table` and in this order; all if empty. */
  readonly tables: readonly string[]
  readonly dataOnly: boolean
  /** Whether objects are owned by the restoring role, and privileges are skipped. */
  readonly noOwner: boolean
  /** Whether to restore in one transaction, and so with one job. */
  readonly atomic: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly emit: Emit
}

/**
 * Restores a dump with pg_restore, or psql if it is plain SQL. Stops at the first error with
 * BACKUP.RESTORE_FAILED.
 */
export async function restoreDump(work: RestoreWork): Promise<void> {
  const { manifest, jobs } = work
  if (manifest.dump === 'directory') return await fromFolder(work)
  if (jobs > 1 && manifest.dump === 'custom') return await fromFile(work)
  return await fromStream(work)
}

async function fromStream(work: RestoreWork): Promise<void> {
  const { manifest, location, signal: outer } = work
  const isPlain = manifest.dump === 'plain'
  const program = await programOf(work, isPlain ? 'psql' : 'pg_restore')
  const feed = async (args: readonly string[], output: 'ignore' | 'pipe') => {
    const plain = await openDump(work)
    let found = ''
    await runAllOrAbort(outer, [
      async (signal) => {
        const running = startProgram(program, args, { location, signal, stdio: ['pipe', output] })
        const input = running.child.stdin as Writable
        // If the program ends early, its message is the reason, not the broken pipe.
        const fed = pipeline(plain, input, { signal }).catch((error: unknown) => {
          if (!isBrokenPipe(error)) throw error
        })
        const read = output === 'pipe' ? outputOf(running) : running.ended(refuseRestore)
        found = (await Promise.all([read, fed]))[0] ?? ''
      },
    ])
    return found
  }
  if (isPlain || work.tables.length === 0) {
    await feed(isPlain ? psqlArgs(work) : restoreArgs(work), 'ignore')
    return
  }
  const { folder, remove } = await temporaryFolder()
  try {
    const chosen = await chosenEntries(work, folder, (args) => feed(args, 'pipe'))
    await feed([...restoreArgs(work), ...chosen], 'ignore')
  } finally {
    await remove()
  }
}

type RunRestore = (args: readonly string[], output: 'ignore' | 'pipe') => RunningProgram

/** Reads the output of a program. */
async function outputOf(running: RunningProgram): Promise<string> {
  const [found] = await Promise.all([
    text(running.child.stdout as Readable),
    running.ended(refuseRestore),
  ])
  return found
}

/** The flag that restores only the named tables; none if no table is named. */
async function chosenEntries(
  { tables, dataOnly }: RestoreWork,
  folder: string,
  list: (args: readonly string[]) => Promise<string>,
): Promise<readonly string[]> {
  if (tables.length === 0) return []
  const flags = ['--list', ...(dataOnly ? ['--data-only'] : [])]
  const entries = await entriesOfTables(tables, (more) => list([...flags, ...more]))
  const file = path.join(folder, 'entries')
  await writeFile(file, `${entries.join('\n')}\n`, { mode: 0o600 })
  return [`--use-list=${file}`]
}

function isBrokenPipe(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET'
}

/**
 * Restores with several jobs, which read from a file. The file is unlinked first, so that it never remains on
 * disk.
 */
async function fromFile(work: RestoreWork): Promise<void> {
  if (process.platform !== 'linux') return await fromStream({ ...work, jobs: 1 })
  const { location, signal } = work
  const program = await programOf(work, 'pg_restore')
  const file = path.join(os.tmpdir(), `slipway-restore-${process.pid}-${Date.now()}`)
  const handle = await open(file, 'wx+', 0o600)
  try {
    await unlink(file)
    await handle.writeFile(await openDump(work), { signal })
    const args = [...restoreArgs(work), `--jobs=${work.jobs}`, '/proc/self/fd/0']
    const running = startProgram(program, args, { location, signal, stdio: [handle.fd, 'ignore'] })
    await running.ended(refuseRestore)
  } finally {
    await handle.close()
  }
}

async function fromFolder(work: RestoreWork): Promise<void> {
  const { manifest, store, keys, location, signal } = work
  const program = await programOf(work, 'pg_restore')
  const { folder, remove } = await temporaryFolder()
  try {
    const dump = path.join(folder, 'dump')
    await mkdir(dump, { mode: 0o700 })
    for (const part of manifest.parts.filter(({ kind }) => kind === 'file')) {
      const file = path.join(dump, path.basename(part.file ?? ''))
      const plain = await openPart(store, manifest, part, keys)
      await pipeline(plain, createWriteStream(file, { mode: 0o600 }), { signal })
    }
    const run: RunRestore = (args, output) =>
      startProgram(program, [...args, dump], { location, signal, stdio: ['ignore', output] })
    const jobs = work.jobs > 1 ? [`--jobs=${work.jobs}`] : []
    const listing = async (args: readonly string[]) => await outputOf(run(args, 'pipe'))
    const chosen = await chosenEntries(work, folder, listing)
    await run([...restoreArgs(work), ...chosen, ...jobs], 'ignore').ended(refuseRestore)
  } finally {
    await remove()
  }
}

async function openDump({ store, manifest, keys, emit }: RestoreWork): Promise<Readable> {
  const part = manifest.parts.find(({ kind }) => kind === 'dump')
  if (part === undefined) {
    return raise('BACKUP.MANIFEST_INVALID', {
      message: `The manifest of ${manifest.id} cannot be used.`,
      why: 'It names no dump.',
    })
  }
  const plain = await openPart(store, manifest, part, keys)
  const onBytes = progressOf(emit, `restore ${manifest.id}`, manifest.databaseBytes)
  return Readable.from(counted(plain, onBytes), { objectMode: false, highWaterMark: 1 << 20 })
}

async function* counted(plain: Readable, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of plain as AsyncIterable<Buffer>) {
    onBytes((bytes += chunk.length))
    yield chunk
  }
}

async function programOf(
  { manifest, serverMajor, env }: RestoreWork,
  name: 'pg_restore' | 'psql',
): Promise<ClientProgram> {
  // pg_restore cannot read an archive of a newer pg_dump.
  const writtenBy = Number.parseInt(manifest.pgDump, 10)
  return await findProgram(
    name,
    name === 'psql' ? serverMajor : Math.max(writtenBy, serverMajor),
    env,
  )
}

function restoreArgs({ location, dataOnly, noOwner, atomic }: RestoreWork): string[] {
  return [
    `--dbname=${location.database}`,
    '--exit-on-error',
    '--no-password',
    ...(atomic ? ['--single-transaction'] : []),
    ...(dataOnly ? ['--data-only'] : []),
    ...(noOwner ? ['--no-owner', '--no-privileges'] : []),
  ]
}

function psqlArgs({ tables, dataOnly, noOwner }: RestoreWork): string[] {
  if (tables.length > 0 || dataOnly || noOwner) {
    raise('BACKUP.PLAIN_WHOLE', {
      message: 'A plain SQL backup can only be restored as a whole.',
      nextActions: [
        advice('Restore it into an empty database, and copy from there what you need.'),
      ],
    })
  }
  return [
    '--no-psqlrc',
    '--quiet',
    '--no-password',
    '--set=ON_ERROR_STOP=1',
    '--single-transaction',
  ]
}

function refuseRestore(why: string): never {
  return raise('BACKUP.RESTORE_FAILED', {
    message: 'The backup could not be restored.',
    why,
    nextActions: [advice('Fix the problem that it reports, and run the command again.')],
  })
}
