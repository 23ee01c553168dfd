import { mkdtempSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../slipway/test/postgres.ts'
import { PrismaClient } from '../../test/generated/client.ts'
import { withOperation } from '../operation.ts'
import { checkPoolSize, createPool, poolConfig, poolState } from './index.ts'

const URL = 'postgresql://app:secret@db.example:5433/carriers'

describe('poolConfig', () => {
  it('never waits forever, and limits statements and idle transactions on the server', () => {
    expect(poolConfig(URL)).toMatchObject({
      connectionString: URL,
      max: 10,
      connectionTimeoutMillis: 5000,
      statement_timeout: 30_000,
      idle_in_transaction_session_timeout: 15_000,
      keepAlive: true,
    })
  })

  it('sends no session settings through a pooler', () => {
    const config = poolConfig(URL, 'behind-pooler')
    expect(config).not.toHaveProperty('statement_timeout')
    expect(config).not.toHaveProperty('idle_in_transaction_session_timeout')
  })

  it('lets a serverless process end while connections are open', () => {
    expect(poolConfig(URL, 'serverless')).toMatchObject({ max: 2, allowExitOnIdle: true })
  })

  it('reads the parameters that Prisma 6 read, and does not pass them to the driver', () => {
    const config = poolConfig(
      `${URL}?connection_limit=7&pool_timeout=3&schema=app&pgbouncer=true&application_name=web&options=-c%20work_mem%3D8MB`,
    )
    expect(config).toMatchObject({ max: 7, connectionTimeoutMillis: 3000, application_name: 'web' })
    expect(config.connectionString).toBe(`${URL}?options=-c+work_mem%3D8MB`)
  })

  it('prefers an option to the connection string', () => {
    const config = poolConfig(`${URL}?connection_limit=7&pool_timeout=3`, 'server', {
      max: 4,
      acquireTimeout: 250,
    })
    expect(config).toMatchObject({ max: 4, connectionTimeoutMillis: 250 })
  })

  it.each([
    ['disable', false],
    ['prefer', { rejectUnauthorized: false }],
    ['require', { rejectUnauthorized: false }],
    ['verify-full', { rejectUnauthorized: true }],
  ])('gives sslmode=%s its meaning in libpq', (mode, ssl) => {
    expect(poolConfig(`${URL}?sslmode=${mode}`).ssl).toEqual(ssl)
  })

  it('verifies the certificate but not the host for verify-ca, and for require with a root certificate', () => {
    const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'ca-')), 'root.crt')
    writeFileSync(file, 'certificate')
    for (const mode of ['verify-ca', 'require']) {
      const { ssl } = poolConfig(`${URL}?sslmode=${mode}&sslrootcert=${file}`)
      expect(ssl).toMatchObject({ rejectUnauthorized: true, ca: 'certificate' })
      expect(ssl).toHaveProperty('checkServerIdentity')
    }
  })

  it.each(['sslaccept=strict', 'sslrootcert=system'])('verifies with %s in each mode', (strict) => {
    for (const mode of ['allow', 'prefer', 'require', 'verify-ca', 'verify-full']) {
      const { ssl } = poolConfig(`${URL}?sslmode=${mode}&${strict}`)
      expect(ssl, mode).toEqual({ rejectUnauthorized: true })
    }
    expect(poolConfig(`${URL}?${strict}`).ssl).toEqual({ rejectUnauthorized: true })
    expect(poolConfig(`${URL}?sslmode=disable&${strict}`).ssl).toBe(false)
    expect(poolConfig(`${URL}?host=/run/postgresql&${strict}`).ssl).toBeUndefined()
    expect(() => poolConfig(`${URL}?sslmode=yes&${strict}`)).toThrow('sslmode')
  })

  it('takes sslcert without a key for the root certificate, as Prisma 6 did', () => {
    const file = path.join(mkdtempSync(path.join(os.tmpdir(), 'ca-')), 'root.crt')
    writeFileSync(file, 'certificate')
    const { ssl } = poolConfig(`${URL}?sslcert=${file}&sslaccept=strict`)
    expect(ssl).toEqual({ rejectUnauthorized: true, ca: 'certificate' })
    const lax = poolConfig(`${URL}?sslmode=require&sslcert=${file}`)
    expect(lax.ssl).toMatchObject({ rejectUnauthorized: false })
    const client = poolConfig(`${URL}?sslmode=require&sslcert=${file}&sslkey=${file}`)
    expect(client.ssl).toMatchObject({ cert: 'certificate', key: 'certificate' })
  })

  it.each([
    [undefined, 'no connection string'],
    ['', 'no connection string'],
    ['not a url', 'form'],
    ['mysql://app:secret@host/db', 'form'],
    [`${URL}?sslmode=yes`, 'sslmode'],
    [`${URL}?connection_limit=many`, 'connection_limit'],
    [`${URL}?sslmode=verify-ca&sslrootcert=/nowhere/root.crt`, '/nowhere/root.crt'],
  ])('refuses %j and does not print the password', (url, named) => {
    let thrown: unknown
    try {
      poolConfig(url)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'POOL_CONFIG' })
    expect((thrown as Error).message).toContain(named)
    expect((thrown as Error).message).not.toContain('secret')
  })
})

describe('a pool on a server', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await createDatabase()
  })
  afterAll(() => database.drop())

  it('applies its settings to the sessions, through Prisma', async () => {
    const adapter = new PrismaPg(
      poolConfig(`${database.url}?sslmode=prefer`, 'server', {
        applicationName: 'carriers-web',
        statementTimeout: 1234,
      }),
    )
    const prisma = new PrismaClient({ adapter })
    const [session] = await prisma.$queryRaw<unknown[]>`
      SELECT current_setting('statement_timeout') AS statement, current_setting('application_name') AS name`
    await prisma.$disconnect()
    expect(session).toEqual({ statement: '1234ms', name: 'carriers-web' })
  })

  it('gives up waiting for a connection, and tells the operation how long it waited', async () => {
    const pool = createPool(database.url, 'server', { max: 1, acquireTimeout: 500 })
    const held = await pool.connect()
    let wait = 0
    const params = { operation: '$queryRaw', args: {}, query: async () => undefined }
    const operation = withOperation(params, async (running) => {
      await expect(pool.query('SELECT 1')).rejects.toThrow('timeout exceeded')
      wait = running.poolWait
    })
    const waiting = { max: 1, open: 1, idle: 0, waiting: 1 }
    await expect.poll(() => poolState(pool), { interval: 5 }).toEqual(waiting)
    await operation
    expect(wait).toBeGreaterThanOrEqual(450)
    held.release()
    await pool.end()
  })

  it('survives the loss of an idle connection', async () => {
    const pool = createPool(database.url, 'server', { max: 2 })
    const [first, second] = [await pool.connect(), await pool.connect()]
    const { rows } = await first.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    first.release()
    await second.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
    await expect.poll(() => poolState(pool).open).toBe(1)
    second.release()
    await expect(pool.query('SELECT 1 AS one')).resolves.toMatchObject({ rows: [{ one: 1 }] })
    await pool.end()
  })

  it('frees the place of a connection that was lost in use, whether or not it is released', async () => {
    const pool = createPool(database.url, 'server', { max: 1, acquireTimeout: 2000 })
    for (const givesBack of [false, true]) {
      const held = await pool.connect()
      const ending = held.query('SELECT pg_terminate_backend(pg_backend_pid())')
      await expect(ending).rejects.toThrow()
      await expect.poll(() => poolState(pool).open).toBe(0)
      if (givesBack) held.release()
    }
    await expect(pool.query('SELECT 1 AS one')).resolves.toMatchObject({ rows: [{ one: 1 }] })
    await pool.end()
  })

  it('warns if the instances need more connections than a limit of the database allows', async () => {
    const pool = createPool(database.url, 'server', { max: 10 })
    await pool.query(`ALTER DATABASE ${database.name} CONNECTION LIMIT 50`)
    expect(await checkPoolSize(pool, 5)).toEqual({
      fits: true,
      available: 50,
      wanted: 50,
      recommendedMax: 8,
    })
    const fit = await checkPoolSize(pool, 8)
    await pool.end()
    expect(fit).toMatchObject({ fits: false, available: 50, wanted: 80, recommendedMax: 5 })
    expect(fit.warning).toContain('8 instances with up to 10 connections each need 80 connections')
  })
})
