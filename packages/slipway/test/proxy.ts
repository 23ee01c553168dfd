import { createServer, connect, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

/** What the proxy does with a message of the client. */
export type Verdict =
  | 'forward'
  /** The server never receives it. */
  | 'stop-before'
  /** The server receives it, but no part of its response is forwarded. */
  | 'stop-after'

/** A TCP proxy in front of a server. It can cut its connections at a chosen message. */
export interface Proxy {
  /** The connection string through the proxy. */
  readonly url: string
  /** Number of chunks that clients have sent so far. */
  messages(): number
  /** Number of chunks of the client that connected first. */
  firstMessages(): number
  close(): Promise<void>
}

/**
 * Starts a proxy. It calls `judge` for each chunk that a client sends, counted from 1, and `stopped` when a
 * verdict has taken effect and all connections have been cut.
 */
export async function startProxy(
  url: string,
  judge: (message: number) => Verdict,
  stopped: () => void = () => {},
): Promise<Proxy> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let messages = 0
  let firstMessages = 0
  let clients = 0
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    stopped()
  }
  const server = createServer((client) => {
    const first = clients++ === 0
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    upstream.on('data', (chunk) => client.write(chunk))
    client.on('data', (chunk) => {
      if (first) firstMessages++
      const verdict = judge(++messages)
      if (verdict === 'stop-before') return cut()
      if (verdict === 'forward') return void upstream.write(chunk)
      upstream.removeAllListeners('data')
      upstream.write(chunk, () => {
        // A response shows that the server has processed it. Otherwise the server may continue after the cut.
        upstream.once('data', cut)
        setTimeout(cut, 150).unref()
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String((server.address() as AddressInfo).port)
  return {
    url: through.href,
    messages: () => messages,
    firstMessages: () => firstMessages,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
