import { createReadStream } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import type { PostgresLocation } from '../../database/index.ts'
import { advice } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { DumpFormat } from '../manifest.ts'
import type { PartSource } from '../parts.ts'
import { temporaryFolder } from '../temporary.ts'
import { type ClientProgram, findProgram, startProgram } from './client-program.ts'

/** The formats of pg_dump. */
export type PostgresFormat = Exclude<DumpFormat, 'sqlite-sql'>

/** The database to dump, and the options. */
export interface DumpRequest {
  readonly id: string
  readonly location: PostgresLocation
  /** The snapshot from `pg_export_snapshot()`, in a transaction that stays open while the dump runs. */
  readonly snapshot: string
  readonly format: PostgresFormat
  /** The number of tables that pg_dump reads at the same time, in the directory format. */
  readonly jobs: number
  /** Tables whose rows are skipped, as patterns for pg_dump. */
  readonly excludedData: readonly string[]
  readonly signal: AbortSignal
}

const OUTPUTS: Readonly<
  Record<PostgresFormat, { readonly flag: string; readonly ending: string }>
> = {
  custom: { flag: 'c', ending: '.dump' },
  directory: { flag: 'd', ending: '' },
  plain: { flag: 'p', ending: '.sql' },
}

/**
 * The parts of a dump, streamed from pg_dump one after the other. A part fails at its end with
 * BACKUP.DUMP_FAILED if pg_dump failed. The directory format is written to a temporary folder first.
 */
export async function* dumpParts(
  program: ClientProgram,
  request: DumpRequest,
): AsyncGenerator<PartSource> {
  if (request.format === 'directory') {
    yield* directoryParts(program, request)
    return
  }
  const { id, location, format } = request
  const start = started(program, argsOf(request), location)
  yield { name: id + OUTPUTS[format].ending, kind: 'dump', start }
}

function argsOf({ snapshot, format, excludedData }: DumpRequest): string[] {
  return [
    `--format=${OUTPUTS[format].flag}`,
    // Slipway compresses the parts itself.
    ...(format === 'plain' ? [] : ['--compress=0']),
    `--snapshot=${snapshot}`,
    '--no-password',
    '--lock-wait-timeout=30000',
    ...excludedData.map((table) => `--exclude-table-data=${table}`),
  ]
}

/** Starts a program whose output is a part. */
function started(
  program: ClientProgram,
  args: readonly string[],
  location: PostgresLocation,
): PartSource['start'] {
  return (signal) => {
    const running = startProgram(program, args, { location, signal, stdio: ['ignore', 'pipe'] })
    return { stream: running.child.stdout as Readable, checkEnded: () => running.ended(refuseDump) }
  }
}

function refuseDump(why: string): never {
  return raise('BACKUP.DUMP_FAILED', {
    message: 'pg_dump failed, so no backup was created.',
    why,
    nextActions: [advice('Fix the problem that it reports, and run the command again.')],
  })
}

async function* directoryParts(
  program: ClientProgram,
  request: DumpRequest,
): AsyncGenerator<PartSource> {
  const { id, location, jobs, signal } = request
  const { folder, remove } = await temporaryFolder()
  try {
    const dump = path.join(folder, 'dump')
    const args = [...argsOf(request), `--file=${dump}`, `--jobs=${jobs}`]
    await startProgram(program, args, { location, signal, stdio: ['ignore', 'ignore'] }).ended(
      refuseDump,
    )
    for (const file of (await readdir(dump)).toSorted()) {
      const stream = createReadStream(path.join(dump, file), { highWaterMark: 1 << 20 })
      const start = () => ({ stream, checkEnded: async () => {} })
      yield { name: `${id}/${file}`, kind: 'file', file, start }
      await rm(path.join(dump, file))
    }
  } finally {
    await remove()
  }
}

/** The server's roles and tablespaces, without passwords. */
export async function globalsPart(
  request: Pick<DumpRequest, 'id' | 'location'> & {
    readonly serverMajor: number
    readonly env: Readonly<Record<string, string | undefined>>
  },
): Promise<PartSource> {
  const { id, location } = request
  const program = await findProgram('pg_dumpall', request.serverMajor, request.env)
  const args = [
    '--globals-only',
    '--no-role-passwords',
    '--no-password',
    `--database=${location.database}`,
  ]
  return { name: `${id}.globals.sql`, kind: 'globals', start: started(program, args, location) }
}
