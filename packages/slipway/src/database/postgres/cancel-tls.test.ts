import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { TLSSocket } from 'node:tls'
import { afterAll, expect, test } from 'vitest'
import { serverUrl } from '../../../test/postgres.ts'
import { attempt, ConnectionString } from '../../kernel/index.ts'
import { withSession } from '../index.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'slipway-tls-'))
const sockets = new Set<Socket>()
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  rmSync(folder, { recursive: true })
})

interface Certificate {
  readonly file: string
  readonly cert: Buffer
  readonly key: Buffer
}

function certificate(name: string): Certificate {
  const [file, key] = [path.join(folder, `${name}.crt`), path.join(folder, `${name}.key`)]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject]
  execFileSync('openssl', [...request, '-keyout', key, '-out', file], { stdio: 'ignore' })
  return { file, cert: readFileSync(file), key: readFileSync(key) }
}

/** A server with TLS in front of the test server. Each connection gets the next certificate, or the last. */
async function startTls(certificates: readonly Certificate[]): Promise<number> {
  const target = new URL(serverUrl())
  let connections = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const own = certificates[connections++] ?? certificates.at(-1)
    socket.once('data', () => {
      socket.write('S')
      const encrypted = new TLSSocket(socket, { isServer: true, cert: own?.cert, key: own?.key })
      const upstream = connect(Number(target.port), target.hostname)
      for (const one of [encrypted, upstream]) one.on('error', () => socket.destroy())
      encrypted.pipe(upstream).pipe(encrypted)
    })
  }).unref()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const [trusted, other] = [certificate('trusted'), certificate('other')]

test.each([
  ['the same certificate', [trusted], 'canceled'],
  ['a certificate that is not trusted', [trusted, other], 'refused'],
])('the connection that cancels a statement meets %s', async (_, certificates, expected) => {
  const url = new URL(serverUrl())
  url.port = String(await startTls(certificates))
  url.hostname = '127.0.0.1'
  url.search = `sslmode=verify-full&sslrootcert=${encodeURIComponent(trusted.file)}`
  const address = { kind: 'postgres', url: new ConnectionString(url.href) } as const
  const outcome = await withSession(address, {}, async (session) => {
    const sleeping = attempt(() => session.query('SELECT pg_sleep(1)'))
    const canceled = await session.cancel().then(
      () => 'canceled',
      () => 'refused',
    )
    await sleeping
    return canceled
  })
  expect(outcome).toBe(expected)
})
