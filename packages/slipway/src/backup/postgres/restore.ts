import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, open, rm, unlink } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { PostgresLocation } from '../../database/index.ts'
import { advice, type Emit } from '../../kernel/index.ts'
import type { Keys } from '../encryption.ts'
import { raise } from '../failures.ts'
import type { Manifest } from '../manifest.ts'
import { openPart } from '../parts.ts'
import { progressOf } from '../progress.ts'
import type { Store } from '../store.ts'
import { together } from '../together.ts'
import { type ClientProgram, findProgram, startProgram } from './client-program.ts'

/** What is restored, and into which database. */
export interface RestoreWork {
  readonly store: Store
  readonly manifest: Manifest
  readonly keys: Keys
  readonly location: PostgresLocation
  /** Major version of the server. */
  readonly serverMajor: number
  readonly jobs: number
  /** Only these tables, as pg_restore takes their names; all if empty. */
  readonly tables: readonly string[]
  readonly dataOnly: boolean
  /** Objects become those of the role that restores, and privileges are left out. */
  readonly noOwner: boolean
  /** All of it or nothing: in one transaction. Not with several jobs. */
  readonly atomic: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly emit: Emit
}

/** Restores a dump with pg_restore, or with psql where it is plain SQL. Ends at the first error: BACKUP.RESTORE_FAILED. */
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
  const args = isPlain ? psqlArgs(work) : restoreArgs(work)
  const plain = await openDump(work)
  await together(outer, [
    async (signal) => {
      const running = startProgram(program, args, { location, signal, stdio: ['pipe', 'ignore'] })
      const input = running.child.stdin as Writable
      // Where the program ends early, what it said is the reason, not the broken pipe.
      const fed = pipeline(plain, input, { signal }).catch((error: unknown) => {
        if (!isBrokenPipe(error)) throw error
      })
      const ended = running.ended(refuseRestore)
      await Promise.all([fed, ended])
    },
  ])
}

function isBrokenPipe(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EPIPE' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET'
}

/** Several jobs read a file at the same time. It has no name while they do, so that nothing of it is left whatever happens. */
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
  const folder = await mkdtemp(path.join(os.tmpdir(), 'slipway-restore-'))
  try {
    const dump = path.join(folder, 'dump')
    await mkdir(dump, { mode: 0o700 })
    for (const part of manifest.parts.filter(({ kind }) => kind === 'file')) {
      const file = path.join(dump, path.basename(part.file ?? ''))
      const plain = await openPart(store, manifest, part, keys)
      await pipeline(plain, createWriteStream(file, { mode: 0o600 }), { signal })
    }
    const args = [...restoreArgs(work), ...(work.jobs > 1 ? [`--jobs=${work.jobs}`] : []), dump]
    await startProgram(program, args, { location, signal, stdio: ['ignore', 'ignore'] }).ended(
      refuseRestore,
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
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
  // pg_restore reads no archive of a newer pg_dump.
  const writtenBy = Number.parseInt(manifest.pgDump, 10)
  return await findProgram(
    name,
    name === 'psql' ? serverMajor : Math.max(writtenBy, serverMajor),
    env,
  )
}

function restoreArgs({ location, tables, dataOnly, noOwner, atomic, jobs }: RestoreWork): string[] {
  return [
    `--dbname=${location.database}`,
    '--exit-on-error',
    '--no-password',
    ...(atomic && jobs === 1 ? ['--single-transaction'] : []),
    ...(dataOnly ? ['--data-only'] : []),
    ...(noOwner ? ['--no-owner', '--no-privileges'] : []),
    ...tables.flatMap((table) => {
      const [name = '', schema] = table.split('.').toReversed()
      return [...(schema ? [`--schema=${schema}`] : []), `--table=${name}`]
    }),
  ]
}

function psqlArgs({ tables, dataOnly, noOwner }: RestoreWork): string[] {
  if (tables.length > 0 || dataOnly || noOwner) {
    raise('BACKUP.PLAIN_WHOLE', {
      message: 'A backup of plain SQL can only be restored as a whole.',
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
    nextActions: [advice('Mend what it says, and run the command again.')],
  })
}
