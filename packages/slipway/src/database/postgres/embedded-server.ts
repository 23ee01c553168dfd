import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { PGlite } from '@electric-sql/pglite'
import { ConnectionString } from '../../kernel/index.ts'
import { loadExtensions } from './embedded.ts'

/** An embedded database that programs can connect to like a server. */
export interface EmbeddedServer {
  readonly url: ConnectionString
  stop(): Promise<void>
}

/** Message types of https://www.postgresql.org/docs/current/protocol-message-formats.html. */
const [QUERY, SYNC, FLUSH, TERMINATE, READY] = ['Q', 'S', 'H', 'X', 'Z'].map((type) =>
  type.charCodeAt(0),
)
/** Such a COPY is refused: the embedded database would wait forever for data that can no longer arrive. */
const FROM_STDIN = /\bCOPY\b[^;]*\bFROM\s+STDIN\b/i
const PROTOCOL_3 = 196_608
const CANCEL = 80_877_102
const IDLE = 'I'.charCodeAt(0)

/**
 * Opens the embedded database in a folder and serves it on a port of this machine, for any number of
 * connections. They share one session: a connection has it from its first message to the end of its
 * transaction, and the others wait. All connections share the session's state (SET, temporary tables,
 * named statements). The server runs until it is stopped or this process ends, and does not keep the
 * process alive.
 */
export async function serveEmbedded(options: {
  readonly dataDir: string
  readonly extensions: readonly string[]
}): Promise<EmbeddedServer> {
  const { PGlite: Lite } = await import('@electric-sql/pglite')
  const extensions = await loadExtensions(options.extensions)
  const lite = await Lite.create({ dataDir: options.dataDir, extensions })
  const startupAnswer = await readStartupAnswer(lite)
  const turn = createSessionQueue()
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.unref()
    socket.once('close', () => sockets.delete(socket))
    void serve(socket, { lite, turn, startupAnswer })
  })
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: new ConnectionString(`postgresql://postgres@127.0.0.1:${port}/postgres`),
    async stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await turn.take()
      await lite.close()
    },
  }
}

/** Decides which connection has the session. */
interface SessionQueue {
  /** Waits until the session is free; returns the function that releases it. */
  take(): Promise<() => void>
}

function createSessionQueue(): SessionQueue {
  let last = Promise.resolve()
  return {
    async take() {
      const before = last
      const mine = Promise.withResolvers<void>()
      last = mine.promise
      await before
      return mine.resolve
    },
  }
}

interface ServedSession {
  readonly lite: PGlite
  readonly turn: SessionQueue
  readonly startupAnswer: Buffer
}

async function serve(socket: Socket, { lite, turn, startupAnswer }: ServedSession): Promise<void> {
  let release: (() => void) | undefined
  // A broken connection counts as ended.
  socket.on('error', () => {})
  try {
    let batch: Buffer[] = []
    for await (const one of messagesOf(socket, startupAnswer)) {
      const type = one[0]
      if (type === TERMINATE) break
      if (type === QUERY && FROM_STDIN.test(one.toString('latin1', 5))) {
        socket.write(REFUSAL)
        continue
      }
      batch.push(one)
      if (type !== QUERY && type !== SYNC && type !== FLUSH) continue
      release ??= await turn.take()
      const answers: Uint8Array[] = []
      for (const part of batch) answers.push(await lite.execProtocolRaw(part, { syncToFs: false }))
      batch = []
      const answer = Buffer.concat(answers)
      if (isIdle(answer)) {
        release()
        release = undefined
      }
      socket.write(answer)
    }
  } catch {
    // The socket was destroyed between two messages.
  } finally {
    if (release) await lite.exec('ROLLBACK').catch(() => undefined)
    release?.()
    socket.end()
  }
}

/** Whether an answer ends with ReadyForQuery outside a transaction. */
function isIdle(answer: Buffer): boolean {
  const end = answer.subarray(-6)
  return end.length === 6 && end[0] === READY && end[5] === IDLE
}

/** The messages of a client after its start-up, which is answered here. */
async function* messagesOf(socket: Socket, startupAnswer: Buffer): AsyncGenerator<Buffer> {
  let held = Buffer.alloc(0)
  let started = false
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    held = Buffer.concat([held, chunk])
    for (;;) {
      // The first message has no type: it begins with its length.
      const at = started ? 1 : 0
      if (held.length < at + 4) break
      const length = at + held.readUInt32BE(at)
      if (held.length < length) break
      const whole = held.subarray(0, length)
      held = held.subarray(length)
      if (started) yield whole
      else started = startUp(socket, whole.readUInt32BE(4), startupAnswer)
    }
  }
}

/** Answers a start-up message, without TLS or a password. Returns whether the session has begun. */
function startUp(socket: Socket, code: number, startupAnswer: Buffer): boolean {
  if (code === CANCEL) socket.end()
  else if (code === PROTOCOL_3) socket.write(startupAnswer)
  else socket.write('N')
  return code === PROTOCOL_3
}

/** The parameters that a server reports when a session begins. */
const REPORTED = [
  'server_version',
  'server_encoding',
  'client_encoding',
  'DateStyle',
  'TimeZone',
  'integer_datetimes',
  'standard_conforming_strings',
]

async function readStartupAnswer(lite: PGlite): Promise<Buffer> {
  const settings = REPORTED.map((name) => `current_setting('${name}') AS "${name}"`).join(', ')
  const { rows } = await lite.query<Record<string, string>>(`SELECT ${settings}`)
  const { rows: pids } = await lite.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  const key = Buffer.alloc(8)
  key.writeInt32BE(pids[0]?.pid ?? 0)
  return Buffer.concat([
    message('R', Buffer.alloc(4)),
    ...Object.entries(rows[0] ?? {}).map(([name, value]) =>
      message('S', Buffer.from(`${name}\0${value}\0`)),
    ),
    message('K', key),
    message('Z', Buffer.from('I')),
  ])
}

const REFUSAL = Buffer.concat([
  message(
    'E',
    Buffer.from(
      'SERROR\0VERROR\0C0A000\0MThe embedded database does not support COPY FROM STDIN over a connection.\0\0',
    ),
  ),
  message('Z', Buffer.from('I')),
])

function message(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeUInt32BE(content.length + 4, 1)
  return Buffer.concat([head, content])
}
