import { locate, type PostgresLocation, type Session } from '../../database/index.ts'
import { advice, command } from '../../kernel/index.ts'
import type { CreateRequest } from '../create-backup.ts'
import type { Dump } from '../dump.ts'
import type { Encryption } from '../encryption.ts'
import { raise } from '../failures.ts'
import { reportNewerLedger } from '../history-facts.ts'
import type { DataSums, Part } from '../manifest.ts'
import type { PartSource } from '../parts.ts'
import { type ClientProgram, findProgram } from './client-program.ts'
import { movedSequences, readDataSums, readSequences } from './data-sums.ts'
import { withDirectSession } from './direct-session.ts'
import { dumpParts, globalsPart, type PostgresFormat } from './dump.ts'
import { type ExcludedTable, excludedTables } from './excluded-tables.ts'
import { type Source, withSource } from './source.ts'

/** Opens a dump with pg_dump. Fails with BACKUP.EMBEDDED and BACKUP.FORMAT_PLAINTEXT. */
export async function withDump<T>(
  request: CreateRequest,
  work: (dump: Dump) => Promise<T>,
): Promise<T> {
  const { address } = request
  if (address.kind !== 'postgres') return refuseEmbedded()
  if (request.format === 'sqlite-sql') return refuseFormat()
  const format = request.format ?? 'custom'
  if (format === 'directory' && request.encryption) refusePlaintext()
  return await withDirectSession(address, async (session) => {
    const serverMajor = Math.floor(session.server.versionNumber / 10_000)
    const program = await findProgram('pg_dump', serverMajor, request.env)
    const location = locate(address.url)
    await reportNewerLedger(session, request.emit)
    return await withSource(session, async (source) => {
      const excluded = await excludedTables(session, request.excludedData)
      const sequences = request.sums ? await readSequences(session) : {}
      return await work(
        dumpOf({
          request: { ...request, format },
          excluded,
          session,
          program,
          location,
          serverMajor,
          source,
          sequences,
        }),
      )
    })
  })
}

interface DumpContext {
  readonly request: CreateRequest & { readonly format: PostgresFormat }
  readonly excluded: readonly ExcludedTable[]
  readonly session: Session
  readonly program: ClientProgram
  readonly location: PostgresLocation
  readonly serverMajor: number
  readonly source: Source
  /** The positions of sequences before the dump. */
  readonly sequences: DataSums['sequences']
}

function dumpOf(making: DumpContext): Dump {
  const { request, excluded, session, program, source, sequences } = making
  const excludedData = excluded.map(({ name }) => name)
  let sums: DataSums | null = null
  return {
    facts: { ...source.facts, pgDump: program.version },
    format: request.format,
    excludedData,
    parts: (id, signal) => partsOf(making, id, signal),
    async sum(signal) {
      if (!request.sums) return
      signal.addEventListener('abort', () => void session.cancel().catch(() => {}))
      sums = await readDataSums(session, excludedData)
    },
    async sums() {
      const after = await readSequences(session)
      return sums && { ...sums, sequences: movedSequences(sequences, after) }
    },
    check: (parts) => refuseEmptyDump(parts, request.encryption),
  }
}

async function* partsOf(
  making: DumpContext,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<PartSource> {
  const { request, program, location, serverMajor, source } = making
  const { format, jobs, env } = request
  const excludedData = making.excluded.map(({ pattern }) => pattern)
  const { snapshot } = source
  yield* dumpParts(program, { id, location, snapshot, format, jobs, excludedData, signal })
  if (request.globals) yield await globalsPart({ id, location, serverMajor, env })
}

/**
 * Refuses a dump without even a header. Only its size is known, because the bytes may not pass through this
 * process.
 */
function refuseEmptyDump(parts: readonly Part[], encryption: Encryption | undefined): void {
  const recipients = encryption?.kind === 'recipients' ? encryption.recipients.length : 1
  // age adds about 200 bytes, and about 90 for each recipient.
  const least = 100 + (encryption ? 200 + 90 * recipients : 0)
  const isDumped = parts.some(
    ({ kind, file, bytes }) => (kind === 'dump' && bytes >= least) || file === 'toc.dat',
  )
  if (isDumped) return
  raise('BACKUP.DUMP_FAILED', {
    message: 'pg_dump wrote nothing, so no backup was created.',
    nextActions: [advice('Run `pg_dump --version`: it may be a different program of that name.')],
  })
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
      command(
        ['backup', 'create'],
        'use the custom format, which is encrypted while it is streamed',
      ),
    ],
  })
}

function refuseFormat(): never {
  return raise('BACKUP.NOT_SUPPORTED', {
    message: 'A PostgreSQL backup cannot use the SQLite format.',
    nextActions: [advice('Omit --dump-format, or name another format.')],
  })
}
