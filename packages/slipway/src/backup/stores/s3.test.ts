import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type Fault,
  type Operation,
  type S3Server,
  startS3Server,
} from '../../../test/s3-server.ts'
import { failureOf } from '../../kernel/index.ts'
import type { S3Config } from '../../project/index.ts'
import type { Store } from '../store.ts'
import { partPlan } from './s3-upload.ts'
import { s3Store } from './s3.ts'

const MIB = 1 << 20
/** Two parts. */
const LARGE = randomBytes(9 * MIB)
const SMALL = Buffer.from('a small file')
const { signal } = new AbortController()

let server: S3Server
let store: Store

beforeEach(async () => {
  process.env.AWS_ACCESS_KEY_ID = 'the-access-key'
  process.env.AWS_SECRET_ACCESS_KEY = 'the-secret-key'
  server = await startS3Server({ pageSize: 3 })
  store = await open()
})

afterEach(async () => await server.stop())

async function open(options: Partial<S3Config> = {}, idleMs = 2000): Promise<Store> {
  const place = { bucket: 'backups', prefix: '/shop/prod/', endpoint: server.url }
  return await s3Store({ ...place, ...options }, { idleMs, attempts: 3 })
}

/** A stream of chunks, like that of a compressor. */
function bodyOf(bytes: Buffer, piece = 300_000): Readable {
  return Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
    })(),
    { objectMode: false },
  )
}

async function write(key: string, bytes: Buffer, to = store): Promise<void> {
  await to.write(key, bodyOf(bytes), { signal, expectedBytes: bytes.length })
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work
    return 'none'
  } catch (error) {
    return failureOf(error)?.code
  }
}

/** The number of parts of incomplete uploads. */
const partsLeft = () => [...server.uploads.values()].reduce((sum, { parts }) => sum + parts.size, 0)

const keys = async () => (await store.list()).map(({ key }) => key)

/** Makes each request of an operation fail, or the first `times` requests. */
function breakEach(operation: Operation, fault: Fault, times = Infinity): void {
  server.fault = (request) =>
    request.operation === operation && request.before < times ? fault : undefined
}

describe('a store that works', () => {
  test('reads what was written, in one request and in parts', async () => {
    await write('a.json', SMALL)
    await write('folder/b & c.zst', LARGE)
    await write('empty', Buffer.alloc(0))
    expect(await buffer(await store.read('a.json'))).toEqual(SMALL)
    expect(LARGE.equals(await buffer(await store.read('folder/b & c.zst')))).toBe(true)
    const storedAt = '2026-11-29T15:00:00.000Z'
    expect(await store.list()).toEqual([
      { key: 'a.json', bytes: SMALL.length, storedAt },
      { key: 'empty', bytes: 0, storedAt },
      { key: 'folder/b & c.zst', bytes: LARGE.length, storedAt },
    ])
    expect([...server.objects.keys()]).toContain('shop/prod/a.json')
    expect(server.requests.filter((one) => one.startsWith('upload-part'))).toHaveLength(2)
    expect(server.uploads.size).toBe(0)
  })

  test('lists all pages, only its prefix, and no folders', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `backup-${index}`)
    for (const name of names) await write(name, SMALL)
    const [object] = server.objects.values()
    for (const other of ['shop/prod/', 'shop/production/x', 'x']) server.objects.set(other, object!)
    expect(await keys()).toEqual(names)
    expect(server.requests.filter((one) => one.startsWith('list'))).toHaveLength(4)
  })

  test('removes objects, even missing ones, and keeps the rest', async () => {
    for (const name of ['a', 'b', 'c']) await write(name, SMALL)
    await store.remove(['b', 'gone', 'a'])
    expect(await keys()).toEqual(['c'])
    expect(await codeOf(store.read('a'))).toBe('BACKUP.DAMAGED')
  })

  test.each([
    ['a condition', true],
    ['no condition', false],
  ])('never replaces an object, with %s on the server', async (_name, conditions) => {
    await server.stop()
    server = await startS3Server({ conditions })
    store = await open()
    for (const bytes of [SMALL, LARGE]) {
      const key = `backup-${bytes.length}`
      await write(key, bytes)
      expect(await codeOf(write(key, randomBytes(9)))).toBe('BACKUP.EXISTS')
      expect(bytes.equals(await buffer(await store.read(key)))).toBe(true)
    }
  })

  test('lets exactly one of two simultaneous writers win', async () => {
    for (const size of [10, 9 * MIB]) {
      const bodies = [randomBytes(size), randomBytes(size)]
      const codes = await Promise.all(bodies.map((body) => codeOf(write(`both-${size}`, body))))
      expect(new Set(codes)).toEqual(new Set(['BACKUP.EXISTS', 'none']))
      const winner = bodies[codes.indexOf('none')]!
      expect(winner.equals(await buffer(await store.read(`both-${size}`)))).toBe(true)
    }
    expect(server.uploads.size).toBe(0)
  })

  test('requests encryption by the store', async () => {
    const encrypting = await open({ serverSideEncryption: 'aws:kms', kmsKeyId: 'key-1' })
    await write('small', SMALL, encrypting)
    await write('large', LARGE, encrypting)
    for (const { headers } of server.objects.values()) {
      expect(headers).toMatchObject({
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': 'key-1',
      })
    }
  })

  test('works without checksums if the store refuses them', async () => {
    const plain = await open({ checksums: 'when-required' })
    await write('large', LARGE, plain)
    expect(LARGE.equals(await buffer(await plain.read('large')))).toBe(true)
  })
})

describe('a temporary fault has no effect', () => {
  const passing: readonly (readonly [string, Operation, Fault])[] = [
    ['500', 'upload-part', { kind: 'answer', status: 500, code: 'InternalError' }],
    ['503 slow down', 'upload-part', { kind: 'answer', status: 503, code: 'SlowDown' }],
    ['a cut in the middle of a part', 'upload-part', { kind: 'cut-request', bytes: 3 * MIB }],
    ['a lost answer to a part', 'upload-part', { kind: 'lost-answer' }],
    ['an error inside of 200', 'complete-upload', { kind: 'error-inside' }],
    ['a lost answer to the last request', 'complete-upload', { kind: 'lost-answer' }],
    [
      '500 although the upload is complete',
      'complete-upload',
      { kind: 'answer', status: 500, code: 'InternalError', carriedOut: true },
    ],
    ['a cut of the first request', 'create-upload', { kind: 'cut-request', bytes: 0 }],
    ['a cut before the write', 'head', { kind: 'lost-answer' }],
  ]
  test.each(passing)('%s', async (_name, operation, fault) => {
    breakEach(operation, fault, 1)
    await write('large', LARGE)
    server.fault = () => undefined
    expect(LARGE.equals(await buffer(await store.read('large')))).toBe(true)
    expect(await keys()).toEqual(['large'])
    expect(partsLeft()).toBe(0)
  })

  test('a small object with every response lost', async () => {
    breakEach('put', { kind: 'lost-answer' })
    await write('small', SMALL)
    expect(await buffer(await store.read('small'))).toEqual(SMALL)
  })

  test('a download that breaks repeatedly is resumed', async () => {
    await write('large', LARGE)
    breakEach('get', { kind: 'cut-answer', bytes: MIB }, 6)
    expect(LARGE.equals(await buffer(await store.read('large')))).toBe(true)
    expect(server.requests.filter((one) => one.startsWith('get'))).toHaveLength(7)
  })

  test('a list that lags hides objects, but loses none', async () => {
    server.hidden = () => true
    await write('late', LARGE)
    expect(await keys()).toEqual([])
    expect(await codeOf(write('late', SMALL))).toBe('BACKUP.EXISTS')
    server.hidden = () => false
    expect(await keys()).toEqual(['late'])
    expect(LARGE.equals(await buffer(await store.read('late')))).toBe(true)
  })
})

const answer = (status: number, code: string): Fault => ({ kind: 'answer', status, code })

describe('a permanent fault has its code, and leaves nothing behind', () => {
  const faults: readonly (readonly [Operation, Fault, string])[] = [
    ['upload-part', answer(500, 'InternalError'), 'BACKUP.STORE_UNAVAILABLE'],
    ['upload-part', answer(503, 'SlowDown'), 'BACKUP.STORE_UNAVAILABLE'],
    ['upload-part', answer(403, 'AccessDenied'), 'BACKUP.STORE_REFUSED'],
    ['upload-part', answer(403, 'ExpiredToken'), 'BACKUP.STORE_REFUSED'],
    ['upload-part', answer(507, 'InsufficientStorage'), 'BACKUP.STORE_FULL'],
    ['upload-part', answer(403, 'QuotaExceeded'), 'BACKUP.STORE_FULL'],
    ['upload-part', { kind: 'cut-request', bytes: 3 * MIB }, 'BACKUP.STORE_UNAVAILABLE'],
    ['upload-part', { kind: 'damage' }, 'BACKUP.STORE_UNAVAILABLE'],
    ['upload-part', { kind: 'silent' }, 'BACKUP.STORE_UNAVAILABLE'],
    ['upload-part', { kind: 'ignored' }, 'BACKUP.STORE_REFUSED'],
    ['create-upload', answer(403, 'AccessDenied'), 'BACKUP.STORE_REFUSED'],
    ['create-upload', { kind: 'error-inside' }, 'BACKUP.STORE_UNAVAILABLE'],
    ['complete-upload', { kind: 'error-inside' }, 'BACKUP.STORE_UNAVAILABLE'],
    ['complete-upload', { kind: 'error-inside', ending: '\n\n' }, 'BACKUP.STORE_UNAVAILABLE'],
    ['complete-upload', { kind: 'ignored' }, 'BACKUP.STORE_UNAVAILABLE'],
    ['complete-upload', { kind: 'short-answer', bytes: 0 }, 'none'],
    ['complete-upload', { kind: 'cut-request', bytes: 1 }, 'BACKUP.STORE_UNAVAILABLE'],
    ['complete-upload', answer(400, 'EntityTooLarge'), 'BACKUP.STORE_FULL'],
    ['put', answer(500, 'InternalError'), 'BACKUP.STORE_UNAVAILABLE'],
    ['put', answer(403, 'AccessDenied'), 'BACKUP.STORE_REFUSED'],
    ['put', answer(403, 'InvalidAccessKeyId'), 'BACKUP.STORE_REFUSED'],
    ['put', answer(403, 'SignatureDoesNotMatch'), 'BACKUP.STORE_REFUSED'],
    ['put', answer(507, 'XMinioStorageFull'), 'BACKUP.STORE_FULL'],
    ['put', answer(301, 'PermanentRedirect'), 'BACKUP.STORE_REFUSED'],
    ['put', { kind: 'cut-request', bytes: 4 }, 'BACKUP.STORE_UNAVAILABLE'],
    ['put', { kind: 'damage' }, 'BACKUP.STORE_UNAVAILABLE'],
    ['put', { kind: 'ignored' }, 'BACKUP.STORE_UNAVAILABLE'],
    ['put', { kind: 'error-inside' }, 'BACKUP.STORE_UNAVAILABLE'],
    ['put', { kind: 'silent' }, 'BACKUP.STORE_UNAVAILABLE'],
    ['head', answer(500, 'InternalError'), 'BACKUP.STORE_UNAVAILABLE'],
    ['head', { kind: 'silent' }, 'BACKUP.STORE_UNAVAILABLE'],
  ]
  test.each(faults)('%s: %o gives %s', async (operation, fault, code) => {
    store = await open({}, 500)
    await write('there before', SMALL)
    const before = server.requests.length
    breakEach(operation, fault)
    const bytes = operation === 'put' ? SMALL : LARGE
    const failure = await store
      .write('new', bodyOf(bytes), { signal, expectedBytes: bytes.length })
      .then(() => undefined, failureOf)
    expect(failure?.code ?? 'none').toBe(code)
    expect(JSON.stringify(failure ?? '')).not.toMatch(/the-(?:access|secret)-key/)
    expect(server.requests.length).toBeGreaterThan(before)
    server.fault = () => undefined
    expect(await keys()).toEqual(code === 'none' ? ['new', 'there before'] : ['there before'])
    expect(await buffer(await store.read('there before'))).toEqual(SMALL)
    expect(partsLeft()).toBe(0)
  })

  test.each([
    [answer(403, 'AccessDenied'), /denies access/],
    [answer(403, 'InvalidAccessKeyId'), /does not know the access key/],
    [answer(403, 'SignatureDoesNotMatch'), /secret key/],
    [answer(404, 'NoSuchBucket'), /no bucket backups/],
    [answer(301, 'PermanentRedirect'), /another region/],
    [answer(403, 'RequestTimeTooSkewed'), /clock/],
  ])('%o is explained', async (fault, why) => {
    breakEach('list', fault)
    const failure = await store.list().then(() => undefined, failureOf)
    expect(failure?.code).toBe('BACKUP.STORE_REFUSED')
    expect(failure?.why).toMatch(why)
    expect(failure?.message).toContain('s3://backups/shop/prod')
    expect(failure?.message).toContain(new URL(server.url).host)
  })

  test('a bucket that does not exist', async () => {
    const other = await open({ bucket: 'elsewhere' })
    for (const work of [
      () => other.list(),
      () => write('a', SMALL, other),
      () => write('b', LARGE, other),
      () => other.read('a'),
      () => other.sweep(),
    ]) {
      expect(await codeOf(work())).toBe('BACKUP.STORE_REFUSED')
    }
  })

  test('a list that is truncated or shorter than its count', async () => {
    for (const name of ['a', 'b']) await write(name, SMALL)
    for (const bytes of [0, 60, 150, 250, 300]) {
      breakEach('list', { kind: 'short-answer', bytes })
      expect(await codeOf(store.list()), `${bytes}`).toBe('BACKUP.STORE_UNAVAILABLE')
      breakEach('list', { kind: 'cut-answer', bytes })
      expect(await codeOf(store.list()), `${bytes}`).toBe('BACKUP.STORE_UNAVAILABLE')
    }
  })

  test('a download whose connection always breaks at the same byte', async () => {
    await write('large', LARGE)
    server.fault = ({ operation, before }) =>
      operation === 'get' ? { kind: 'cut-answer', bytes: before === 0 ? MIB : 0 } : undefined
    expect(await codeOf(buffer(await store.read('large')))).toBe('BACKUP.STORE_UNAVAILABLE')
  })

  test('a download that breaks, from a store that always returns whole objects', async () => {
    const other = await startS3Server({ ranges: false })
    try {
      const place = { bucket: 'backups', prefix: 'shop', endpoint: other.url }
      const whole = await s3Store(place, { idleMs: 1000, attempts: 3 })
      await whole.write('large', Readable.from([LARGE]), { signal })
      other.fault = ({ operation, before }) =>
        operation === 'get' && before === 0 ? { kind: 'cut-answer', bytes: MIB } : undefined
      const error: unknown = await buffer(await whole.read('large')).catch(
        (reason: unknown) => reason,
      )
      expect(failureOf(error)).toMatchObject({
        code: 'BACKUP.STORE_UNAVAILABLE',
        why: 'The store does not support reading from an offset.',
      })
      expect(other.requests.filter((request) => request.startsWith('get'))).toHaveLength(2)
    } finally {
      await other.stop()
    }
  })

  test('an object that was replaced before the download is resumed', async () => {
    await write('large', LARGE)
    const [key] = [...server.objects.keys()]
    server.fault = ({ operation, before }) => {
      if (operation !== 'get' || before > 0) return undefined
      setImmediate(() => server.objects.set(key!, { body: LARGE, etag: '"other"', headers: {} }))
      return { kind: 'cut-answer', bytes: MIB }
    }
    expect(await codeOf(buffer(await store.read('large')))).toBe('BACKUP.DAMAGED')
  })

  test('no server is listening', async () => {
    await server.stop()
    expect(await codeOf(store.list())).toBe('BACKUP.STORE_UNAVAILABLE')
    expect(await codeOf(write('a', SMALL))).toBe('BACKUP.STORE_UNAVAILABLE')
    server = await startS3Server()
  })
})

describe('a write that ends early', () => {
  test('because its source fails: nothing is stored, and the error of the source is thrown', async () => {
    for (const size of [1, 9]) {
      const body = Readable.from(
        (function* () {
          for (let at = 0; at < size; at += 1) yield LARGE.subarray(0, MIB)
          throw new Error('pg_dump was killed')
        })(),
        { objectMode: false },
      )
      await expect(store.write('new', body, { signal, expectedBytes: size * MIB })).rejects.toThrow(
        'pg_dump was killed',
      )
    }
    expect(server.objects.size).toBe(0)
    expect(server.uploads.size).toBe(0)
  })

  test.each(['upload-part', 'complete-upload', 'head', 'put'] as const)(
    'because it is aborted at %s: nothing is stored',
    async (operation) => {
      const abort = new AbortController()
      server.fault = (request) => {
        if (request.operation === operation) abort.abort(new Error('the person stopped it'))
        return undefined
      }
      const bytes = operation === 'put' ? SMALL : LARGE
      const body = bodyOf(bytes)
      await expect(
        store.write('new', body, { signal: abort.signal, expectedBytes: bytes.length }),
      ).rejects.toThrow('the person stopped it')
      expect(body.destroyed).toBe(true)
      await sleep(50)
      expect(server.objects.size).toBe(0)
      expect(server.uploads.size).toBe(0)
    },
  )

  test('because it is aborted while the source is idle', async () => {
    const abort = new AbortController()
    const body = new Readable({ read() {} })
    body.push(LARGE)
    const writing = store.write('new', body, { signal: abort.signal })
    setTimeout(() => abort.abort(new Error('the person stopped it')), 200)
    await expect(writing).rejects.toThrow('the person stopped it')
    expect([server.objects.size, server.uploads.size]).toEqual([0, 0])
  })

  test('destroying the reader ends the request', async () => {
    await write('large', LARGE)
    const body = await store.read('large')
    body.destroy()
    await sleep(50)
    expect(server.requests.filter((one) => one.startsWith('get'))).toHaveLength(1)
  })
})

describe('sweep', () => {
  test('ends old uploads of the prefix and failed ones of this process, and no others', async () => {
    const day = 24 * 60 * 60 * 1000
    const add = (id: string, key: string, age: number) =>
      server.uploads.set(id, {
        key,
        headers: {},
        initiated: new Date(Date.now() - age),
        parts: new Map(),
      })
    for (let at = 0; at < 5; at += 1) add(`old-${at}`, `shop/prod/${at}`, day + 60_000)
    add('young', 'shop/prod/young', day - 60_000)
    add('elsewhere', 'shop/production/old', 5 * day)
    server.fault = ({ operation }) =>
      operation === 'upload-part' || operation === 'abort-upload'
        ? answer(500, 'InternalError')
        : undefined
    expect(await codeOf(write('failed', LARGE))).toBe('BACKUP.STORE_UNAVAILABLE')
    server.fault = () => undefined
    expect(server.uploads.size).toBe(8)
    expect(await store.sweep()).toBe(6)
    expect([...server.uploads.keys()].toSorted()).toEqual(['elsewhere', 'young'])
    expect(await store.sweep()).toBe(0)
  })

  test('does nothing if the store cannot list uploads or denies it', async () => {
    for (const fault of [answer(501, 'NotImplemented'), answer(403, 'AccessDenied')]) {
      breakEach('list-uploads', fault)
      expect(await store.sweep()).toBe(0)
    }
    breakEach('list-uploads', answer(403, 'InvalidAccessKeyId'))
    expect(await codeOf(store.sweep())).toBe('BACKUP.STORE_REFUSED')
  })
})

describe('settings', () => {
  test('parts fit into the number that S3 allows and into memory', () => {
    for (const bytes of [undefined, 0, 1, 1e6, 1e9, 60e9, 100e9, 200e9, 250e9]) {
      const { partSize, concurrency } = partPlan(bytes)
      expect(partSize).toBeGreaterThanOrEqual(5 * MIB)
      expect(partSize * 10_000).toBeGreaterThanOrEqual(Math.min(2 * (bytes ?? 0), 320e9))
      expect((concurrency + 2) * partSize).toBeLessThanOrEqual(96 * MIB)
      expect(concurrency).toBeGreaterThanOrEqual(1)
    }
  })

  test.each(['not a url', 'ftp://host', 'https://key:secret@host'])(
    'endpoint %s',
    async (endpoint) => {
      const failure = await open({ endpoint }).then(() => undefined, failureOf)
      expect(failure?.code).toBe('BACKUP.STORE_UNKNOWN')
      expect(JSON.stringify(failure)).not.toContain('secret')
    },
  )

  test('a missing package', async () => {
    const name = 'no-such-package'
    const load = async () => await import(name)
    const failure = await s3Store({ bucket: 'backups' }, { load }).then(() => undefined, failureOf)
    expect(failure?.code).toBe('BACKUP.PACKAGE_MISSING')
    expect(JSON.stringify(failure)).toContain('npm install @aws-sdk/client-s3 @aws-sdk/lib-storage')
  })

  test('no credentials', async () => {
    delete process.env.AWS_ACCESS_KEY_ID
    process.env.AWS_EC2_METADATA_DISABLED = 'true'
    process.env.AWS_SHARED_CREDENTIALS_FILE = '/nonexistent'
    process.env.AWS_CONFIG_FILE = '/nonexistent'
    const failure = await (await open()).list().then(() => undefined, failureOf)
    expect(failure?.code).toBe('BACKUP.STORE_REFUSED')
    expect(failure?.why).toMatch(/No credentials/)
  })
})
