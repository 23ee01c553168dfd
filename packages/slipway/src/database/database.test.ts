import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createDatabase, serverUrl } from '../../test/postgres.ts'
import { attempt, ConnectionString } from '../kernel/index.ts'
import {
  type Address,
  locate,
  quoteIdentifier,
  quoteLiteral,
  type Session,
  withSession,
} from './index.ts'

const at = (url: string): Address => ({ kind: 'postgres', url: new ConnectionString(url) })
const codeOf = async (
  url: string,
  work: (session: Session) => Promise<unknown> = async () => {},
) => {
  const result = await attempt(() => withSession(at(url), { connectTimeoutMs: 3000 }, work))
  return result.ok ? 'ok' : result.failure.code
}

function changed(change: (url: URL) => void): string {
  const url = new URL(serverUrl())
  change(url)
  return url.href
}

test.each([
  ['DATABASE.NOT_FOUND', () => changed((url) => (url.pathname = '/no_such_database'))],
  ['DATABASE.AUTHENTICATION', () => changed((url) => (url.username = 'no_such_role'))],
  ['DATABASE.UNREACHABLE', () => changed((url) => (url.port = '1'))],
  ['DATABASE.UNREACHABLE', () => 'postgresql://user@host.invalid/base'],
  ['DATABASE.URL_INVALID', () => 'not a connection string'],
  ['DATABASE.PROVIDER_UNSUPPORTED', () => 'mysql://user@localhost/base'],
  ['DATABASE.PROVIDER_UNSUPPORTED', () => 'sqlserver://localhost'],
  ['DATABASE.PROVIDER_UNSUPPORTED', () => 'mongodb+srv://host/base'],
  ['DATABASE.PROVIDER_UNSUPPORTED', () => 'prisma+postgres://accelerate.example/?api_key=x'],
])('%s', async (code, url) => {
  expect(await codeOf(url())).toBe(code)
})

test('Prisma’s parameters of a connection string are understood', () => {
  const location = locate(
    new ConnectionString(
      'postgres://u%40x:p%23w@[::1]:6000/shop?schema=app&pgbouncer=true&connect_timeout=7&sslmode=require',
    ),
  )
  expect(location).toMatchObject({
    host: '::1',
    port: 6000,
    user: 'u@x',
    password: 'p#w',
    database: 'shop',
    schema: 'app',
    pgbouncer: true,
    connectTimeoutMs: 7000,
    tls: 'require',
  })
})

for (const kind of ['postgres', 'embedded'] as const) {
  test(`a ${kind} session decodes values, sends scripts whole, and counts what was completed`, async () => {
    const database = kind === 'postgres' ? await createDatabase() : undefined
    const address: Address = database ? at(database.url) : { kind: 'embedded' }
    try {
      await withSession(address, {}, async (session) => {
        const rows = await session.query(
          "SELECT 7 AS i, 8::int8 AS big, '{1,2}'::int[] AS list, NULL AS none, $1::text AS given",
          ['x'],
        )
        expect(rows).toEqual([{ i: 7, big: '8', list: [1, 2], none: null, given: 'x' }])
        const broken = await attempt(() =>
          session.execute('CREATE TABLE t (a int); INSERT INTO t VALUES (1); SELECT nope FROM t'),
        )
        expect(broken.ok ? undefined : broken.failure).toMatchObject({
          code: 'DATABASE.STATEMENT',
          server: { sqlstate: '42703', position: 58 },
        })
        expect((await session.queryRaw("SELECT to_regclass('t')")).rows).toEqual([[null]])
        const late = await attempt(() =>
          session.execute('BEGIN; CREATE TABLE t (a int unique); INSERT INTO t VALUES (1), (1)'),
        )
        expect(late.ok ? undefined : late.failure.server).toMatchObject({
          sqlstate: '23505',
          completed: 2,
          detail: 'Key (a)=(…) already exists.',
        })
        await session.execute('ROLLBACK')
      })
    } finally {
      await database?.drop()
    }
  })
}

test('a session that runs can be cancelled from outside', async () => {
  await withSession(at(serverUrl()), {}, async (session) => {
    const sleeping = attempt(() => session.query('SELECT pg_sleep(30)'))
    setTimeout(() => void session.cancel(), 100)
    const result = await sleeping
    expect(result.ok ? undefined : result.failure.server?.sqlstate).toBe('57014')
  })
})

test('the schema of the connection string is where names go', async () => {
  const database = await createDatabase()
  try {
    await withSession(at(`${database.url}?schema=App`), {}, async (session) => {
      await session.execute('CREATE SCHEMA "App"; CREATE TABLE t (a int)')
      expect(
        (await session.queryRaw(`SELECT to_regclass('"App".t')::text`)).rows[0]?.[0],
      ).toContain('t')
    })
  } finally {
    await database.drop()
  }
})

test('an embedded folder belongs to one process at a time, and a dead one lets go', async () => {
  const folder = join(mkdtempSync(join(tmpdir(), 'slipway-')), 'database')
  writeFileSync(`${folder}.lock`, '2147483000')
  const read = await withSession({ kind: 'embedded', dataDir: folder }, {}, (session) =>
    session.query('SELECT 1 AS one'),
  )
  expect(read).toEqual([{ one: 1 }])
  writeFileSync(`${folder}.lock`, String(process.ppid))
  const refused = await attempt(() =>
    withSession({ kind: 'embedded', dataDir: folder }, {}, async () => {}),
  )
  expect(refused.ok ? undefined : refused.failure.code).toBe('DATABASE.EMBEDDED_IN_USE')
})

test('identifiers and literals are quoted', () => {
  expect(quoteIdentifier('a"b')).toBe('"a""b"')
  expect(quoteLiteral("it's")).toBe("'it''s'")
  expect(quoteLiteral(String.raw`a\b'c`)).toBe(String.raw`E'a\\b''c'`)
})
