import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { PGlite } from '@electric-sql/pglite'
import { advice, withFolderLock, withoutSignalHandlers } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { ServerInfo, Session, SessionOptions } from '../port.ts'
import { quoteIdentifier } from './quote.ts'
import { createSession } from './session.ts'

/** An embedded database as one archive, from which another one starts in milliseconds. */
export type EmbeddedImage = Uint8Array<ArrayBuffer>

export interface EmbeddedOptions extends SessionOptions {
  /** The folder of the database; in memory if absent. */
  readonly dataDir?: string | undefined
  /** Start from this image instead of an empty cluster (memory only). */
  readonly image?: EmbeddedImage | undefined
  /** Extensions by their SQL names; those that PGlite does not have are left out. */
  readonly extensions?: readonly string[] | undefined
  /** The schema of unqualified names; `public` if absent. It need not exist. */
  readonly schema?: string | undefined
}

/** An open embedded database with its only session. */
export interface Embedded {
  readonly session: Session
  /** The current state as an image. */
  image(): Promise<EmbeddedImage>
}

/**
 * Opens an embedded PostgreSQL (PGlite), passes it to `work`, and closes it. One process at a time can
 * open a folder; otherwise it fails with DATABASE.EMBEDDED_IN_USE, which names the other process.
 */
export async function withEmbedded<T>(
  options: EmbeddedOptions,
  work: (embedded: Embedded) => Promise<T>,
): Promise<T> {
  const { dataDir } = options
  if (dataDir === undefined) return await open(options, work)
  mkdirSync(dirname(dataDir), { recursive: true })
  return await withFolderLock(`${dataDir}.lock`, () => open(options, work), refuseSecondProcess)
}

async function open<T>(
  options: EmbeddedOptions,
  work: (embedded: Embedded) => Promise<T>,
): Promise<T> {
  const [{ PGlite }, { createPgConfig }, { default: pg }] = await Promise.all([
    import('@electric-sql/pglite'),
    import('@electric-sql/pglite/node-postgres'),
    import('pg'),
  ])
  const { dataDir, image } = options
  const lite = await PGlite.create({
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(image === undefined ? {} : { loadDataDir: blobOf(image) }),
    extensions: await loadExtensions(options.extensions ?? []),
  })
  const guard = guardMessages(lite, { interruptible: dataDir === undefined })
  const config = { ...options, types: { getTypeParser: () => (text: string) => text } }
  const client = new pg.Client(Object.assign(createPgConfig(lite), config))
  try {
    await client.connect()
    const { schema = 'public' } = options
    if (schema !== 'public') await client.query(`SET search_path TO ${quoteIdentifier(schema)}`)
    const session = createSession({
      kind: 'embedded',
      client,
      server: serverInfo(await versionOf(client), schema),
      where: dataDir ?? 'memory',
      types: pg.types,
      onNotice: options.onNotice,
      copyIn: (sql, chunks) => copyTo(lite, sql, chunks),
      // The embedded database runs in this thread, so nothing can interrupt it.
      cancel: async () => {},
      destroy: () => {},
    })
    return await work({ session, image: () => imageOf(lite) })
  } finally {
    await client.end().catch(() => {})
    // A stopped server would never answer this.
    if (!guard.stopped) await lite.close()
  }
}

/** Types of messages that the server answers with ReadyForQuery at the end. */
const [QUERY, SYNC] = ['Q', 'S'].map((type) => type.charCodeAt(0))

/**
 * Answers for a server that has stopped, for example at COPY … PROGRAM: otherwise its clients would wait
 * forever. While the server works it occupies this thread, so signal handlers cannot run. They are
 * removed for a database in memory, where nothing can be lost, so that a signal ends the process
 * immediately.
 */
function guardMessages(
  lite: PGlite,
  { interruptible }: { readonly interruptible: boolean },
): { readonly stopped: boolean } {
  const guard = { stopped: false }
  const send = lite.execProtocolStream.bind(lite)
  lite.execProtocolStream = async (message, options) => {
    const wantsReady = message[0] === QUERY || message[0] === SYNC
    if (!guard.stopped) {
      const run = () => send(message, options)
      const answers = await (interruptible ? withoutSignalHandlers(run) : run())
      if (!wantsReady || answers.some(({ name }) => name === 'readyForQuery')) return answers
      guard.stopped = true
    }
    return wantsReady ? stoppedAnswer() : []
  }
  return guard
}

function stoppedAnswer(): Awaited<ReturnType<PGlite['execProtocolStream']>> {
  const message =
    'the embedded database has stopped: it does not support a statement, such as COPY with PROGRAM'
  const error = Object.assign(new Error(message), { name: 'error', code: '0A000', length: 0 })
  return [error as never, { name: 'readyForQuery', length: 5, status: 'I' } as never]
}

const COPIED_AT_ONCE = 8 * 1024 * 1024

/** PGlite reads a COPY from a file that it calls a blob: whole lines, some megabytes at a time. */
async function copyTo(lite: PGlite, sql: string, chunks: AsyncIterable<string>): Promise<number> {
  const copy = sql.replace(/\bFROM STDIN\b/, "FROM '/dev/blob'")
  let rows = 0
  let held = ''
  const flush = async () => {
    const { affectedRows = 0 } = await lite.query(copy, [], { blob: new Blob([held]) })
    rows += affectedRows
    held = ''
  }
  for await (const chunk of chunks) {
    held += chunk
    if (held.length >= COPIED_AT_ONCE) await flush()
  }
  if (held !== '') await flush()
  return rows
}

async function versionOf(client: import('pg').Client): Promise<string> {
  const result = await client.query<{ v: string }>(
    "SELECT current_setting('server_version_num') AS v",
  )
  return result.rows[0]?.v ?? '0'
}

function serverInfo(versionNumber: string, schema: string): ServerInfo {
  const number = Number(versionNumber)
  return {
    versionNumber: number,
    version: `${Math.floor(number / 10_000)}.${number % 10_000} (embedded)`,
    database: 'postgres',
    user: 'postgres',
    pid: 0,
    pooled: false,
    schema,
    standby: false,
    encoding: 'UTF8',
    pins: [],
  }
}

/** The part of Blob that PGlite uses; a real Blob takes 0.3 s to return 40 MB. */
function blobOf(image: EmbeddedImage): Blob {
  const whole = image.byteLength === image.buffer.byteLength
  const bytes = whole ? image.buffer : image.slice().buffer
  return { type: '', size: image.byteLength, arrayBuffer: async () => bytes } as unknown as Blob
}

async function imageOf(lite: PGlite): Promise<EmbeddedImage> {
  // Uncompressed: loading 40 MB takes a quarter of the time of unpacking them.
  const dump = await lite.dumpDataDir('none')
  return new Uint8Array(await dump.arrayBuffer())
}

/** Loads the code of the extensions that PGlite has; it calls `uuid-ossp` `uuid_ossp`. */
export async function loadExtensions(names: readonly string[]) {
  const folder = dirname(fileURLToPath(import.meta.resolve('@electric-sql/pglite')))
  const loaded: Record<string, import('@electric-sql/pglite').Extension> = {}
  for (const name of names) {
    const module = name.replaceAll('-', '_')
    if (!existsSync(join(folder, 'contrib', `${module}.js`))) continue
    const exports = (await import(`@electric-sql/pglite/contrib/${module}`)) as typeof loaded
    const extension = exports[module]
    if (extension) loaded[module] = extension
  }
  return loaded
}

function refuseSecondProcess(lockFile: string): never {
  const pid = readFileSync(lockFile, 'utf8').trim()
  raise('DATABASE.EMBEDDED_IN_USE', {
    message: `Process ${pid} has the embedded database open.`,
    why: 'Only one process at a time can open an embedded database.',
    nextActions: [
      advice('Wait for the other command to end, or stop it.'),
      advice(
        'Or use a server, which several processes can share: pass its connection string with --url.',
      ),
    ],
  })
}
