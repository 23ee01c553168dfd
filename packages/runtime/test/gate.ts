import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A TCP proxy to a server that a test can close, open and cut. */
export interface Gate {
  /** The connection string, through the gate. */
  readonly url: string
  /** Cuts all connections and refuses new ones, like a stopped server. */
  close(): Promise<void>
  open(): Promise<void>
  /** Cuts all connections, once, when a client sends `text`: before the server gets it, or after it has answered. */
  cut(when: 'before' | 'after', text: string): void
  /** Drops all responses while it is true, like a server that hangs. */
  hang(on: boolean): void
}

export async function startGate(url: string): Promise<Gate> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  let trap: { when: 'before' | 'after'; text: string } | undefined
  let hanging = false
  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        client.destroy()
        upstream.destroy()
      })
    }
    let sprung = false
    client.on('data', (chunk) => {
      if (trap === undefined || !chunk.includes(trap.text)) return void upstream.write(chunk)
      const { when } = trap
      trap = undefined
      if (when === 'before') return cutAll()
      sprung = true
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (sprung) return cutAll()
      if (!hanging) client.write(chunk)
    })
  })
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const port = await listen(0)
  const through = new URL(url)
  through.host = `127.0.0.1:${port}`
  return {
    url: through.href,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      cutAll()
      await closed
    },
    open: async () => {
      await listen(port)
    },
    cut: (when, text) => {
      trap = { when, text }
    },
    hang: (on) => {
      hanging = on
    },
  }
}
