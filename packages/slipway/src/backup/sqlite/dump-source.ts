import { Readable } from 'node:stream'
import { type Session, withSession } from '../../database/index.ts'
import { advice } from '../../kernel/index.ts'
import { readFingerprint } from '../../schema/index.ts'
import type { CreateRequest } from '../create-backup.ts'
import type { Dump, DumpFacts } from '../dump.ts'
import { raise } from '../failures.ts'
import { historyFacts, reportNewerLedger } from '../history-facts.ts'
import type { DataSums, TableSum } from '../manifest.ts'
import type { PartSource } from '../parts.ts'
import { versionOf } from './compare-restored.ts'
import { withCopy } from './copy-remote.ts'
import { type DumpedDatabase, dumpText, readSequences } from './dump-text.ts'
import { inReadTransaction, readDumped, readOrphans } from './read-database.ts'

/**
 * Opens a dump of a SQLite file, or of a copy of a remote D1 database: SQL, read in one transaction. Fails
 * with BACKUP.NOT_SUPPORTED, BACKUP.TABLE_UNKNOWN and BACKUP.CHANGED_MEANWHILE.
 */
export async function withDump<T>(
  request: CreateRequest,
  work: (dump: Dump) => Promise<T>,
): Promise<T> {
  refuseForeign(request)
  return await withSource(
    request,
    async (session) =>
      await inReadTransaction(session, async () => {
        const all = await readDumped(session, new Set())
        const excluded = excludedTables(all, request.excludedData)
        const database = { ...all, excluded }
        await reportNewerLedger(session, request.emit)
        const facts = await readFacts(session, database)
        return await work(await dumpOf(request, database, facts))
      }),
  )
}

/** Opens a session on the database itself if it is a file, otherwise on a copy. */
async function withSource<T>(
  request: CreateRequest,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { address } = request
  if (address.kind === 'd1') return await withCopy(address, request, work)
  return await withSession(address, { applicationName: 'slipway backup' }, work)
}

async function dumpOf(
  request: CreateRequest,
  database: DumpedDatabase,
  facts: DumpFacts,
): Promise<Dump> {
  const { session, excluded } = database
  const tables: TableSum[] = []
  const rest: Omit<DataSums, 'tables'> = {
    sequences: await readSequences(database),
    largeObjects: 0,
    orphans: request.sums ? await readOrphans(session) : 0,
  }
  return {
    facts,
    format: 'sqlite-sql',
    excludedData: [...excluded],
    async *parts(id): AsyncGenerator<PartSource> {
      yield {
        name: `${id}.sql`,
        kind: 'dump',
        start: () => ({
          stream: Readable.from(
            dumpText(database, (sum) => void tables.push(sum)),
            { objectMode: false, highWaterMark: 1 << 20 },
          ),
          checkEnded: async () => {},
        }),
      }
    },
    // The checksums are computed from the lines of the dump.
    sum: async () => {},
    sums: async () => ({ tables, ...rest }),
    check: () => {},
  }
}

async function readFacts(session: Session, { settings }: DumpedDatabase): Promise<DumpFacts> {
  const { versionNumber, database } = session.server
  const { method, hash } = await readFingerprint(session)
  return {
    createdAt: new Date().toISOString(),
    database,
    databaseBytes: settings.bytes,
    pgDump: '',
    server: {
      version: versionOf(session),
      versionNumber,
      encoding: settings.encoding,
      collate: 'BINARY',
      ctype: '',
      provider: 'builtin',
      locale: null,
    },
    ...(await historyFacts(session)),
    fingerprint: { method, hash },
    extensions: [],
    roles: [],
    superusers: [],
  }
}

/** Finds tables by `table` or `main.table`. Those in `configured` need not exist yet. */
function excludedTables(
  { objects }: DumpedDatabase,
  { asked, configured }: CreateRequest['excludedData'],
): ReadonlySet<string> {
  const found = (name: string) =>
    objects.tables.find((one) => name === one.name || name === `main.${one.name}`)?.name
  const unknown = asked.find((name) => found(name) === undefined)
  if (unknown !== undefined) {
    raise('BACKUP.TABLE_UNKNOWN', {
      message: `The database has no table ${unknown}, so its rows cannot be skipped.`,
      nextActions: [advice('Name it in its exact upper and lower case.')],
    })
  }
  return new Set([...asked, ...configured].flatMap((name) => found(name) ?? []))
}

function refuseForeign({ format, jobs, globals }: CreateRequest): void {
  const what =
    format !== undefined && format !== 'sqlite-sql'
      ? `the format ${format}: it is a format of pg_dump`
      : jobs > 1
        ? 'several jobs: one transaction reads everything'
        : globals
          ? 'roles: SQLite has none'
          : undefined
  if (what !== undefined) refuseOnSqlite(what)
}

/** Refuses an option that only PostgreSQL supports. */
export function refuseOnSqlite(what: string): never {
  return raise('BACKUP.NOT_SUPPORTED', {
    message: `SQLite backups do not support ${what}.`,
    nextActions: [advice('Omit the flag.')],
  })
}
