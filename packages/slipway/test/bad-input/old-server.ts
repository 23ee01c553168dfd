import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A server that reports another version. */
export interface OldServer {
  readonly url: string
  close(): Promise<void>
}

/**
 * A proxy that replaces the version that a server reports at login and forwards everything else. Releases
 * before 13 are no longer available, and Slipway recognizes them by the reported version.
 */
export async function startOldServer(url: string, version: string): Promise<OldServer> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname)
    const rewrite = versionRewriter(version)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        client.destroy()
        upstream.destroy()
      })
    }
    upstream.on('data', (chunk) => client.write(rewrite(chunk)))
    client.on('data', (chunk) => upstream.write(chunk))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const old = new URL(url)
  old.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: old.href, close }
}

/**
 * Rewrites the ParameterStatus message of `server_version` in a server's output: a type byte, a length that
 * includes itself, then the name and the value, each terminated by a zero byte.
 */
function versionRewriter(version: string): (chunk: Buffer) => Buffer {
  let rest = Buffer.alloc(0)
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    const messages: Buffer[] = []
    for (let length = messageLength(rest); length <= rest.length; length = messageLength(rest)) {
      const message = rest.subarray(0, length)
      const [name] = message.subarray(5).toString('latin1').split('\0', 1)
      const isVersion = message[0] === 'S'.charCodeAt(0) && name === 'server_version'
      messages.push(isVersion ? parameterStatus('server_version', version) : message)
      rest = rest.subarray(length)
    }
    return Buffer.concat(messages)
  }
}

/** Length in bytes of the first message of a buffer; infinite if its header is incomplete. */
function messageLength(buffer: Buffer): number {
  return buffer.length < 5 ? Number.POSITIVE_INFINITY : 1 + buffer.readUInt32BE(1)
}

function parameterStatus(name: string, value: string): Buffer {
  const body = Buffer.from(`${name}\0${value}\0`)
  const head = Buffer.from('S\0\0\0\0')
  head.writeUInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}
