import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BackupOutcome, notify } from './notify.ts'

interface Received {
  readonly method: string | undefined
  readonly path: string | undefined
  readonly body: string
  readonly authorization: string | undefined
}

let http: Server
let host: string
let received: Received[]
let answer: (response: ServerResponse, nth: number) => void

beforeEach(async () => {
  received = []
  answer = (response) => void response.end('ok')
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { method, url: path, headers } = request
    const body = await text(request)
    received.push({ method, path, body, authorization: headers.authorization })
    answer(response, received.length)
  }
  http = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(http.address() as AddressInfo).port}`
})

afterEach(async () => {
  http.closeAllConnections()
  await new Promise((resolve) => http.close(resolve))
})

const FAILED: BackupOutcome = {
  outcome: 'failed',
  previous: 'ok',
  environment: 'production',
  code: 'BACKUP.DUMP_FAILED',
  message: 'pg_dump failed at postgres://shop:hunter2@db/shop <&>',
}
const OK: BackupOutcome = {
  outcome: 'ok',
  previous: 'ok',
  environment: 'production',
  id: 'backup-1',
}
const FAST = { pauseMs: 5 }

const webhook = (format?: 'json' | 'slack') => ({
  webhook: { url: `http://${host}/hook/secret-token`, ...(format && { format }) },
})
const heartbeat = (method?: 'GET' | 'POST') => ({
  heartbeat: { url: `http://${host}/secret-uuid?create=1`, ...(method && { method }) },
})

describe('webhook', () => {
  test('reports a failure as JSON without the password', async () => {
    expect(await notify(FAILED, webhook(), FAST)).toEqual([])
    expect(received).toHaveLength(1)
    expect(received[0]?.method).toBe('POST')
    expect(JSON.parse(received[0]?.body ?? '')).toEqual({
      event: 'backup.failed',
      environment: 'production',
      code: 'BACKUP.DUMP_FAILED',
      text: 'The backup of production failed: BACKUP.DUMP_FAILED: pg_dump failed at postgres://shop:***@db/shop <&>',
    })
  })

  test('reports a failure in Slack format', async () => {
    await notify(FAILED, webhook('slack'), FAST)
    const body = JSON.parse(received[0]?.body ?? '') as Record<string, string>
    expect(Object.keys(body)).toEqual(['text'])
    expect(body.text).toContain('&lt;&amp;&gt;')
    expect(body.text).not.toContain('hunter2')
  })

  test('reports a success only after a failure', async () => {
    for (const previous of ['ok', undefined] as const)
      await notify({ ...OK, previous }, webhook(), FAST)
    expect(received).toEqual([])
    await notify({ ...OK, previous: 'failed' }, webhook(), FAST)
    expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
      event: 'backup.recovered',
      id: 'backup-1',
    })
  })
})

describe('heartbeat', () => {
  test('reports each success, and a failure at /fail', async () => {
    for (const one of [OK, FAILED]) expect(await notify(one, heartbeat(), FAST)).toEqual([])
    expect(received.map(({ method, path }) => [method, path])).toEqual([
      ['GET', '/secret-uuid?create=1'],
      ['GET', '/secret-uuid/fail?create=1'],
    ])
  })

  test('sends the text by POST', async () => {
    for (const one of [OK, FAILED]) await notify(one, heartbeat('POST'), FAST)
    expect(received.map(({ method }) => method)).toEqual(['POST', 'POST'])
    expect(received[1]?.body).toContain('BACKUP.DUMP_FAILED')
    expect(received[1]?.body).not.toContain('hunter2')
  })

  test('accepts a user name in the URL', async () => {
    const url = `http://me:p%40ss@${host}/ping`
    expect(await notify(OK, { heartbeat: { url } }, FAST)).toEqual([])
    expect(received[0]?.authorization).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`)
  })
})

describe('a receiver that fails', () => {
  test('twice is retried until it answers', async () => {
    answer = (response, nth) => void response.writeHead(nth < 3 ? 503 : 200).end()
    expect(await notify(FAILED, webhook(), FAST)).toEqual([])
    expect(received).toHaveLength(3)
  })

  test.each([
    [500, 3],
    [429, 3],
    [404, 1],
    [302, 1],
  ])('with %i is called %i times', async (status, times) => {
    answer = (response) => void response.writeHead(status, { location: '/elsewhere' }).end('no')
    const [warning, ...others] = await notify(FAILED, webhook(), FAST)
    expect(others).toEqual([])
    expect(warning).toContain(`webhook at ${host} was not delivered: it answered ${status}`)
    expect(warning).not.toMatch(/secret|hunter2/)
    expect(received).toHaveLength(times)
  })

  test('to answer is given up at the deadline', async () => {
    answer = () => {}
    const began = performance.now()
    const warnings = await notify(FAILED, { ...webhook(), ...heartbeat() }, { deadlineMs: 300 })
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(warnings).toHaveLength(2)
    for (const warning of warnings) expect(warning).toContain('did not answer in time')
  })

  test('to end its body counts as delivered', async () => {
    answer = (response) => void response.writeHead(200).write('o')
    expect(await notify(FAILED, webhook(), FAST)).toEqual([])
  })

  test('by closing the connection, or is unreachable, gives a warning', async () => {
    answer = (response) => void response.socket?.destroy()
    expect((await notify(FAILED, webhook(), FAST))[0]).toContain('not delivered')
    expect(received).toHaveLength(3)
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
    expect(await notify(OK, heartbeat(), FAST)).toEqual([
      `The heartbeat at ${host} was not delivered: ECONNREFUSED.`,
    ])
  })

  test.each(['', 'secret-uuid', 'ftp://secret', 'env:SECRET'])(
    'an invalid URL gives a warning without secrets: %s',
    async (url) => {
      const warnings = await notify(FAILED, { webhook: { url }, heartbeat: { url } }, FAST)
      expect(warnings).toHaveLength(2)
      expect(warnings.join('')).not.toMatch(/secret/i)
    },
  )
})
