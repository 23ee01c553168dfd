import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createDatabase, serverUrl } from '../../test/postgres.ts'
import { attempt, ConnectionString } from '../kernel/index.ts'
import {
  type Address,
  isSameServer,
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

test.each(['#', '/', '?'])(
  'an unescaped %s in a password is named, but no part of the password',
  async (mark) => {
    for (const before of ['hunter', '12', 'hun@ter']) {
      const url = `postgresql://app:${before}${mark}2secret@db.example.com/shop?user=a@b`
      const result = await attempt(() => withSession(at(url), {}, async () => {}))
      const failure = result.ok ? undefined : result.failure
      expect(failure?.code).toBe('DATABASE.URL_INVALID')
      expect(failure?.why).toContain(`an unescaped ${mark}.`)
      expect(JSON.stringify(failure)).not.toMatch(/hun|ter|12|secret/)
    }
  },
)

test('a password may have an @ or a % that Prisma accepts, and a parameter an @', () => {
  const password = (url: string) => locate(new ConnectionString(url)).password
  expect(password('postgresql://app:p@ss@db/shop')).toBe('p@ss')
  expect(password('postgresql://app:p%ss@db/shop')).toBe('p%ss')
  expect(locate(new ConnectionString('postgresql://db/shop?user=a@b')).user).toBe('a@b')
})

test('a connection string whose host is missing shows no password', () => {
  for (const url of ['postgresql://app:hunter2/shop', 'postgresql://app:hunter2']) {
    expect(String(new ConnectionString(url))).not.toContain('hunter2')
  }
  const usual = 'postgresql://localhost:5432/shop?schema=a:b'
  expect(String(new ConnectionString(usual))).toBe(usual)
})

test('a server without TLS and a missing certificate are reported if TLS is required', async () => {
  // A socket never has TLS, and the test server has none on the network.
  const required = (mode: string) =>
    changed((url) => {
      url.hostname = '127.0.0.1'
      url.search = mode
    })
  for (const mode of ['sslmode=require', 'sslmode=verify-full', 'sslaccept=strict']) {
    const result = await attempt(() => withSession(at(required(mode)), {}, async () => {}))
    expect(result.ok ? undefined : result.failure, mode).toMatchObject({
      code: 'DATABASE.TLS',
      message: expect.stringContaining('offers no TLS'),
    })
  }
  expect(await codeOf(required('sslmode=require&sslrootcert=/nonexistent.pem'))).toBe(
    'DATABASE.TLS',
  )
  expect(await codeOf(required('sslmode=prefer'))).toBe('ok')
})

test('connect_timeout=0 sets no limit', async () => {
  const address = at(changed((url) => (url.search = 'connect_timeout=0')))
  for (let round = 0; round < 5; round++)
    expect(await withSession(address, {}, () => Promise.resolve('ok'))).toBe('ok')
})

test('Prisma’s connection string parameters are understood', () => {
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
  test(`a ${kind} session decodes values, sends whole scripts, and counts completed commands`, async () => {
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

test('a running statement can be cancelled from outside', async () => {
  await withSession(at(serverUrl()), {}, async (session) => {
    const sleeping = attempt(() => session.query('SELECT pg_sleep(30)'))
    setTimeout(() => void session.cancel(), 100)
    const result = await sleeping
    expect(result.ok ? undefined : result.failure.server?.sqlstate).toBe('57014')
  })
})

test('unqualified names belong to the schema of the connection string', async () => {
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

test('one process at a time uses an embedded folder, and a lock of a dead process does not count', async () => {
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

test('libpq variables do not affect a session', async () => {
  const variables = {
    PGOPTIONS: '-c statement_timeout=1234',
    PGSSLNEGOTIATION: 'direct',
    PGREPLICATION: 'database',
    PGPORT: '5512',
    PGHOST: 'nowhere.invalid',
    PGAPPNAME: 'another',
    PGDATABASE: 'nothing',
  }
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, variables)
  try {
    const url = new ConnectionString(serverUrl())
    const row = await withSession({ kind: 'postgres', url }, {}, (session) =>
      session.query(
        `SELECT current_setting('statement_timeout') AS timeout, current_setting('application_name') AS name`,
      ),
    )
    expect(row).toEqual([{ timeout: '0', name: 'slipway' }])
  } finally {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
  }
})

test('a socket with the port of a server is treated as that server only in a standard folder', () => {
  const place = (host: string) =>
    locate(new ConnectionString(`postgresql://u@x:5432/d?host=${host}`))
  expect(isSameServer(place('localhost'), place('127.0.0.1'))).toBe(true)
  expect(isSameServer(place('localhost'), place('/var/run/postgresql'))).toBe(true)
  expect(isSameServer(place('localhost'), place('/tmp/slipway-a1b2c3'))).toBe(false)
  expect(isSameServer(place('/tmp/slipway-a1b2c3'), place('/tmp/../tmp/slipway-a1b2c3'))).toBe(true)
  expect(isSameServer(place('/tmp/slipway-a1b2c3'), place('/tmp/slipway-d4e5f6'))).toBe(false)
})

test('unsupported SQL on the embedded database is a failure, not silence', async () => {
  await withSession({ kind: 'embedded' }, {}, async (session) => {
    for (const sql of [`COPY (SELECT 1) TO PROGRAM 'true'`, 'SELECT 1']) {
      const stopped = { failure: { server: { sqlstate: '0A000' } } }
      expect(await attempt(() => session.execute(sql))).toMatchObject(stopped)
      expect(await attempt(() => session.query(sql))).toMatchObject(stopped)
    }
  })
})

test('a signal ends an endless loop in an embedded database in memory', async () => {
  const program = `
    const { withSession } = await import(${JSON.stringify(join(import.meta.dirname, 'index.ts'))})
    process.on('SIGINT', () => {})
    await withSession({ kind: 'embedded' }, {}, async (session) => {
      await new Promise((done) => process.stdout.write('begins', done))
      await session.execute('DO $$ BEGIN LOOP END LOOP; END $$')
    })`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program])
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  const again = setInterval(() => child.kill('SIGINT'), 500)
  expect(await ended).toEqual([null, 'SIGINT'])
  clearInterval(again)
})
