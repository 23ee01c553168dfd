import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDatabase, startCluster, type TestDatabase } from '../../test/postgres.ts'
import { withSession } from '../database/index.ts'
import { ConnectionString } from '../kernel/index.ts'
import { loadProject, resolveTarget } from '../project/index.ts'
import { type Check, examine, type ExamineDeps } from './index.ts'

let root: string
let database: TestDatabase

beforeEach(async () => {
  root = mkdtempSync(path.join(os.tmpdir(), 'slipway-doctor-'))
  mkdirSync(path.join(root, '.git'))
  write(
    'schema.prisma',
    'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
  )
  write('package.json', '{ "devDependencies": { "prisma": "7.10.1" } }')
  database = await createDatabase()
})

afterEach(async () => {
  rmSync(root, { recursive: true })
  await database.drop()
})

function write(file: string, content: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
  writeFileSync(path.join(root, file), content)
}

async function doctor(
  url: string,
  deps: Partial<ExamineDeps> = {},
  env: Record<string, string> = {},
) {
  const project = await loadProject({ cwd: root, env, flags: { url } })
  const target = await resolveTarget(project)
  const given = { env: process.env, now: Date.now, nodeVersion: process.versions.node, ...deps }
  return await examine(project, target, given)
}

async function check(
  name: string,
  ...request: Parameters<typeof doctor>
): Promise<Check | undefined> {
  const { checks } = await doctor(...request)
  return checks.find((found) => found.name === name)
}

async function sql(script: string, url = database.url): Promise<void> {
  const address = { kind: 'postgres' as const, url: new ConnectionString(url) }
  await withSession(address, {}, (session) => session.execute(script))
}

function urlWith(change: (url: URL) => void): string {
  const url = new URL(database.url)
  change(url)
  return url.href
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

describe('a healthy target', () => {
  test('passes every server check, and each setting has its source', async () => {
    const { checks, settings } = await doctor(database.url)
    const bad = checks.filter(({ name, status }) => status !== 'ok' && name !== 'pg_dump')
    expect(bad).toEqual([])
    const names = checks.map(({ name }) => name)
    for (const name of [
      'connection',
      'pooler',
      'server version',
      'writable',
      'clock',
      'ownership',
      'disk',
      'node',
    ]) {
      expect(names).toContain(name)
    }
    expect(settings).toContainEqual({
      name: 'database',
      value: database.url.replace(/:[^:@]*@/, ':***@'),
      source: '--url',
    })
    expect(JSON.stringify({ checks, settings })).not.toContain(new URL(database.url).password)
  })

  test('an embedded database that does not exist yet will be created', async () => {
    const project = await loadProject({ cwd: root, env: {} })
    const found = await examine(project, await resolveTarget(project), {
      env: {},
      now: Date.now,
      nodeVersion: '24.0.0',
    })
    expect(found.checks).toContainEqual({
      name: 'connection',
      status: 'ok',
      message: 'The embedded database will be created on first use.',
    })
    expect(found.checks.find(({ name }) => name === 'connection string')?.status).toBe('warning')
  })
})

describe('the server for shadow databases', () => {
  test.each([
    ['SUPERUSER', 'warning', /is a superuser/],
    ['CREATEDB IN ROLE pg_read_server_files', 'warning', /programs and files/],
    ['CREATEDB', 'ok', /is not a superuser/],
    ['NOCREATEDB', 'error', /may not create databases/],
  ])('%s: %s', async (rights, status, message) => {
    const role = `slipway_shadow_${process.pid}`
    await sql(`CREATE ROLE ${role} LOGIN PASSWORD 'secret' ${rights}`)
    try {
      const url = urlWith((one) => Object.assign(one, { username: role, password: 'secret' }))
      write('slipway.config.ts', `export default { shadow: 'env:SHADOW' }`)
      const found = await check('shadow server', database.url, {}, { SHADOW: url })
      expect(found).toMatchObject({ status, message: expect.stringMatching(message) })
      if (status !== 'ok') expect(found?.fix).toMatch(/CREATEDB/)
    } finally {
      await sql(`DROP ROLE ${role}`)
    }
  })

  test('a server that does not answer is an error with its own remedy', async () => {
    const port = await freePort()
    const url = urlWith((one) => void (one.port = String(port)))
    write('slipway.config.ts', `export default { shadow: 'env:SHADOW' }`)
    expect(await check('shadow server', database.url, {}, { SHADOW: url })).toMatchObject({
      status: 'error',
      fix: expect.stringMatching(/^Start the server/),
    })
  })

  test('a variable that is not set is an error; without the setting there is no check', async () => {
    expect(await check('shadow server', database.url)).toBeUndefined()
    write('slipway.config.ts', `export default { shadow: 'env:SHADOW' }`)
    expect(await check('shadow server', database.url)).toMatchObject({ status: 'error' })
  })
})

describe('the connection', () => {
  test.each([
    ['a wrong password', (url: URL) => void (url.password = 'wrong'), /percent-encode/],
    [
      'a missing database',
      (url: URL) => void (url.pathname = '/no_such_database'),
      /Slipway does not/,
    ],
  ])('%s is an error with a fix', async (_, change, fix) => {
    const found = await check('connection', urlWith(change))
    expect(found?.status).toBe('error')
    expect(found?.fix).toMatch(fix)
  })

  test('a server that does not answer is an error, and the other checks continue', async () => {
    const port = await freePort()
    const { checks } = await doctor(urlWith((url) => void (url.port = String(port))))
    expect(checks.find(({ name }) => name === 'connection')).toMatchObject({ status: 'error' })
    expect(checks.find(({ name }) => name === 'node')).toMatchObject({ status: 'ok' })
  })

  test('a different clock is a warning', async () => {
    const found = await check('clock', database.url, { now: () => Date.now() - 60_000 })
    expect(found).toMatchObject({ status: 'warning', message: expect.stringContaining('behind') })
  })

  test('a read-only role is an error', async () => {
    await sql(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`)
    expect(await check('writable', database.url)).toMatchObject({ status: 'error' })
  })

  test('a standby is an error', async () => {
    const standby = await startCluster({ standby: true })
    try {
      expect(await check('writable', standby.url)).toMatchObject({ status: 'error' })
    } finally {
      await standby.stop()
    }
  })
})

describe('rights', () => {
  const role = `slipway_doctor_${process.pid}`
  const asRole = () =>
    urlWith((url) => {
      url.username = role
      url.password = 'role-password'
    })

  beforeEach(async () => {
    await sql(`CREATE ROLE ${role} LOGIN PASSWORD 'role-password';
      REVOKE CREATE ON SCHEMA public FROM PUBLIC;
      CREATE TABLE owned_by_another (id int);`)
  })
  afterEach(() => sql(`DROP OWNED BY ${role}; DROP ROLE ${role};`))

  test('a missing privilege is an error with the GRANT that adds it', async () => {
    const { checks } = await doctor(asRole())
    const errors = Object.fromEntries(
      checks.filter(({ status }) => status === 'error').map(({ name, fix }) => [name, fix]),
    )
    expect(errors).toEqual({
      'privileges on schema public': `GRANT USAGE, CREATE ON SCHEMA "public" TO "${role}";`,
      'privileges on schema slipway': `CREATE SCHEMA slipway AUTHORIZATION "${role}";`,
      ownership: `GRANT "${new URL(database.url).username}" TO "${role}";`,
    })
  })

  test.each(['CREATE SCHEMA slipway AUTHORIZATION', 'GRANT CREATE ON DATABASE shop TO'])(
    'with these grants no check fails: %s the role',
    async (grant) => {
      await sql(`GRANT USAGE, CREATE ON SCHEMA public TO ${role};
      ${grant.replace('shop', database.name)} ${role};
      ALTER TABLE owned_by_another OWNER TO ${role};`)
      const { checks } = await doctor(asRole())
      expect(checks.filter(({ status }) => status === 'error')).toEqual([])
    },
  )
})

describe('settings', () => {
  test('a DATABASE_URL in the shell that differs from .env is a warning without its value', async () => {
    write('.env', 'DATABASE_URL=postgresql://app:geheim@localhost/from_file')
    const found = await check(
      'shell variables',
      database.url,
      {},
      { DATABASE_URL: 'postgresql://app:geheim@h/shell' },
    )
    expect(found).toMatchObject({
      status: 'warning',
      fix: expect.stringContaining('unset DATABASE_URL'),
    })
    expect(JSON.stringify(found)).not.toContain('geheim')
  })

  test('the same value in both is no warning', async () => {
    write('.env', 'DATABASE_URL=postgresql://localhost/x')
    const found = await check(
      'shell variables',
      database.url,
      {},
      { DATABASE_URL: 'postgresql://localhost/x' },
    )
    expect(found?.status).toBe('ok')
  })

  test('a port that differs from the compose file is a warning', async () => {
    const compose = (port: string) =>
      `services:\n  db:\n    image: postgres:17\n    ports:\n      - "${port}:5432"\n`
    write('compose.yaml', compose('1'))
    expect(await check('compose port', database.url)).toMatchObject({ status: 'warning' })
    write('compose.yaml', compose(new URL(database.url).port))
    expect(await check('compose port', database.url)).toMatchObject({ status: 'ok' })
  })
})

describe('programs', () => {
  test('a pg_dump older than the server is a warning, a newer one is not', async () => {
    const program = path.join(root, 'bin', 'pg_dump')
    write('bin/pg_dump', '#!/bin/sh\necho "pg_dump (PostgreSQL) 99.1"\n')
    chmodSync(program, 0o755)
    expect(
      await check('pg_dump', database.url, { env: { PATH: path.dirname(program) } }),
    ).toMatchObject({
      status: 'ok',
      message: expect.stringContaining('99.1'),
    })
  })

  test('Node.js before 22.18 is an error', async () => {
    expect(await check('node', database.url, { nodeVersion: '22.17.1' })).toMatchObject({
      status: 'error',
    })
    expect(await check('node', database.url, { nodeVersion: '22.18.0' })).toMatchObject({
      status: 'ok',
    })
  })

  test.each([
    ['latest', 'warning'],
    ['*', 'warning'],
    ['>=7', 'warning'],
    ['^7.0.0 || ^8.0.0', 'warning'],
    ['^6.0.0 || ^7.0.0', 'ok'],
    ['8.0.0-rc.1', 'warning'],
    ['^7.10.1', 'ok'],
    ['~6.19.0', 'ok'],
    ['>=6 <8', 'ok'],
    ['5.22.0', 'ok'],
  ])('prisma "%s" is %s', async (range, status) => {
    write('package.json', JSON.stringify({ devDependencies: { prisma: range } }))
    expect(await check('prisma', database.url)).toMatchObject({ status })
  })

  test('no prisma at all, an installed Prisma 8, and a client of another version are warnings', async () => {
    write('package.json', '{}')
    expect(await check('prisma', database.url)).toMatchObject({ status: 'warning' })
    write(
      'package.json',
      '{ "devDependencies": { "prisma": "^7.0.0" }, "dependencies": { "@prisma/client": "6.19.0" } }',
    )
    write('node_modules/prisma/package.json', '{ "version": "8.0.0" }')
    expect(await check('prisma', database.url)).toMatchObject({ status: 'warning' })
    expect(await check('prisma client', database.url)).toMatchObject({ status: 'warning' })
  })
})
