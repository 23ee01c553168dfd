import { Readable } from 'node:stream'
import {
  type Address,
  locate,
  type PostgresLocation,
  type Session,
  withSession,
} from '../database/index.ts'
import { advice, command, type Emit } from '../kernel/index.ts'
import { availableCompression } from './compression.ts'
import type { Encryption } from './encryption.ts'
import { raise } from './failures.ts'
import { newestBackup, removeUnfinished } from './list-backups.ts'
import {
  backupId,
  type DataSums,
  type DumpFormat,
  type Manifest,
  manifestKey,
  type Part,
  sealed,
} from './manifest.ts'
import { type PartSource, writePart } from './parts.ts'
import { type ClientProgram, findProgram } from './postgres/client-program.ts'
import { movedSequences, readDataSums, readSequences } from './postgres/data-sums.ts'
import { dumpParts, globalsPart } from './postgres/dump.ts'
import { type ExcludedTable, excludedTables } from './postgres/excluded-tables.ts'
import { type Source, withSource } from './postgres/source.ts'
import { progressOf } from './progress.ts'
import type { Store } from './store.ts'
import { together } from './together.ts'

/** Which database is backed up, and how. */
export interface CreateRequest {
  readonly address: Address
  readonly environment: string
  readonly store: Store
  readonly encryption: Encryption | undefined
  readonly format: DumpFormat
  readonly jobs: number
  readonly globals: boolean
  /** Whether the rows of each table are summed, so that a restored one can be compared. */
  readonly sums: boolean
  /** Tables whose rows are left out, as `schema.table`: those that must exist, and those that may. */
  readonly excludedData: {
    readonly asked: readonly string[]
    readonly configured: readonly string[]
  }
  readonly schemas: readonly string[]
  /** The migrations that are applied next, where it is made for a deploy. */
  readonly before: readonly string[]
  /** The version of Slipway. */
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
  readonly emit: Emit
}

/**
 * Makes a backup: dumps the database in one snapshot, and stores it as it comes. The manifest is stored last, so that
 * nothing incomplete is ever listed. Where it fails, what was stored is removed. Fails with the codes of
 * `backupFailures`, and those of the database.
 */
export async function createBackup(request: CreateRequest): Promise<Manifest> {
  const { address, store } = request
  if (address.kind !== 'postgres') return refuseEmbedded()
  if (request.format === 'directory' && request.encryption) refusePlaintext()
  await store.sweep()
  return await withSession(address, { applicationName: 'slipway backup' }, async (session) => {
    const serverMajor = Math.floor(session.server.versionNumber / 10_000)
    const program = await findProgram('pg_dump', serverMajor, request.env)
    const location = locate(address.url)
    return await withSource(session, async (source) => {
      const id = backupId(request.environment, new Date(source.facts.createdAt))
      const excluded = await excludedTables(session, request.excludedData)
      return await storing({
        request,
        excluded,
        session,
        program,
        location,
        serverMajor,
        id,
        source,
      })
    })
  })
}

interface Making {
  readonly request: CreateRequest
  readonly excluded: readonly ExcludedTable[]
  readonly session: Session
  readonly program: ClientProgram
  readonly location: PostgresLocation
  readonly serverMajor: number
  readonly id: string
  readonly source: Source
}

/** Dumps and sums at the same time. Where it fails, what was stored is removed: without a manifest it was no backup. */
async function storing(making: Making): Promise<Manifest> {
  const { request, session, program, id, source } = making
  const excludedData = making.excluded.map(({ name }) => name)
  const { store, encryption } = request
  const began = performance.now()
  const compression = availableCompression()
  // The size of the database is more than a dump of it has.
  const expected = (await lastDumpBytes(request)) ?? source.facts.databaseBytes
  const parts: Part[] = []
  let sums: Manifest['sums'] = null
  const sequences = request.sums ? await readSequences(session) : {}
  await removeUnfinished(store, source.facts.createdAt)
  const end = await store.begin(id)
  try {
    await together(request.signal, [
      async (signal) => {
        for await (const part of partsOf(making, signal)) {
          const expectedBytes = part.kind === 'dump' ? expected : undefined
          const onBytes = progressOf(request.emit, part.name, expectedBytes ?? 0)
          const packing = { compression, encryption, env: request.env, signal }
          parts.push(await writePart(store, part, packing, { expectedBytes, onBytes }))
        }
      },
      async (signal) => {
        if (!request.sums) return
        signal.addEventListener('abort', () => void session.cancel().catch(() => {}))
        sums = await readDataSums(session, excludedData)
      },
    ])
    refuseEmptyDump(parts, encryption)
    const after = request.sums ? await readSequences(session) : {}
    const manifest: Manifest = {
      format: 1,
      id,
      environment: request.environment,
      ...source.facts,
      slipway: request.version,
      pgDump: program.version,
      dump: request.format,
      compression,
      encryption: encryption?.kind ?? 'none',
      schemas: request.schemas,
      before: request.before,
      parts,
      excludedData,
      sums: withSequences(sums, movedSequences(sequences, after)),
      ms: Math.round(performance.now() - began),
    }
    const text = Readable.from([Buffer.from(sealed(manifest))])
    await store.write(manifestKey(id), text, { signal: request.signal })
    return manifest
  } catch (error) {
    await store.remove(parts.map(({ key }) => key)).catch(() => {})
    throw error
  } finally {
    await end()
  }
}

function withSequences(sums: DataSums | null, sequences: DataSums['sequences']): DataSums | null {
  return sums && { ...sums, sequences }
}

/** A dump has at least its head. Programs may lead it past this process, so its size must tell. */
function refuseEmptyDump(parts: readonly Part[], encryption: Encryption | undefined): void {
  const recipients = encryption?.kind === 'recipients' ? encryption.recipients.length : 1
  // What age adds: about 100 bytes, and as many for each recipient.
  const least = 100 + (encryption ? 200 + 90 * recipients : 0)
  const isDumped = parts.some(
    ({ kind, file, bytes }) => (kind === 'dump' && bytes >= least) || file === 'toc.dat',
  )
  if (isDumped) return
  raise('BACKUP.DUMP_FAILED', {
    message: 'pg_dump wrote nothing, so no backup was made.',
    nextActions: [advice('Run `pg_dump --version`: it may be another program of that name.')],
  })
}

/** About how large the dump will be: as the last one of the environment; nothing if there is none. */
async function lastDumpBytes({
  store,
  environment,
  format,
}: CreateRequest): Promise<number | undefined> {
  const last = await newestBackup(store, environment)
  if (last?.manifest.dump !== format) return undefined
  return last.manifest.parts.find(({ kind }) => kind === 'dump')?.bytes
}

async function* partsOf(making: Making, signal: AbortSignal): AsyncGenerator<PartSource> {
  const { request, program, location, serverMajor, id, source } = making
  const { format, jobs, env } = request
  const excludedData = making.excluded.map(({ pattern }) => pattern)
  const { snapshot } = source
  yield* dumpParts(program, { id, location, snapshot, format, jobs, excludedData, signal })
  if (request.globals) yield await globalsPart({ id, location, serverMajor, env })
}

function refuseEmbedded(): never {
  return raise('BACKUP.EMBEDDED', {
    message: 'The embedded database is not backed up with pg_dump.',
    why: 'It is a folder: .slipway/database.',
    nextActions: [advice('Copy the folder while no command runs, or name a server with --url.')],
  })
}

function refusePlaintext(): never {
  return raise('BACKUP.FORMAT_PLAINTEXT', {
    message: 'The directory format cannot be encrypted.',
    why: 'pg_dump would write it to a folder without encryption first.',
    nextActions: [
      command(['backup', 'create'], 'use the custom format, which is encrypted as it comes'),
    ],
  })
}
