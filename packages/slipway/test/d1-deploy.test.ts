import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deploy, type DeployRequest } from '../src/deploy/index.ts'
import { failureOf } from '../src/kernel/index.ts'
import { rollback, rollbackByTimeTravel } from '../src/rollback/index.ts'
import type { D1Fault, TestDatabase } from './d1-call.ts'
import { type D1Server, startD1Server } from './d1-server.ts'

/** Deploys to D1 through its REST API, on the stand-in, with a fault at each call in turn. */

const SHOP = `CREATE TABLE customer (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, phone TEXT);
CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customer (id) ON DELETE CASCADE);`
/** As Prisma writes it, except that a second run fails. */
const REBUILD = `PRAGMA foreign_keys=OFF;
CREATE TABLE new_customer (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO new_customer (id, name) SELECT id, name FROM customer;
DROP TABLE customer;
ALTER TABLE new_customer RENAME TO customer;
PRAGMA foreign_keys=ON;`
const DOWN = `ALTER TABLE customer ADD COLUMN phone TEXT;`
const MIGRATIONS = [
  { name: '0001_shop', sql: SHOP, down: 'DROP TABLE orders; DROP TABLE customer;' },
  { name: '0002_rebuild', sql: REBUILD, down: DOWN },
]

let server: D1Server
let shop: TestDatabase
beforeEach(async () => {
  server = await startD1Server({ polls: 1 })
})
afterEach(() => server.stop())

function requestOf(): DeployRequest {
  return {
    address: { ...shop.address, patienceMs: 4000 },
    environment: 'production',
    confirm: false,
    protected: true,
    migrations: MIGRATIONS,
    limits: { lockTimeoutMs: 200, statementTimeoutMs: 1000 },
    deadlineMs: 10_000,
    shadow: { dialect: 'sqlite', cacheDir: 'unused' },
    signal: new AbortController().signal,
    emit: () => {},
    consent: { confirm: 'shop' },
    acceptDrift: false,
  }
}

function rows(sql: string): unknown[] {
  return shop.d1.inspect(sql).map((row) => ({ ...row }))
}

/** A database with the first migration applied, and rows. */
async function filledShop(): Promise<void> {
  shop = server.create('shop')
  const first = await deploy({ ...requestOf(), migrations: MIGRATIONS.slice(0, 1) })
  expect(first.failure).toBeUndefined()
  shop.d1.import(`INSERT INTO customer VALUES (1, 'Ann', '11'), (2, 'Bob', '22');
    INSERT INTO orders VALUES (1, 1), (2, 1), (3, 2)`)
  server.calls.length = 0
}

test('a rebuild keeps child rows, and a bookmark is recorded', async () => {
  await filledShop()
  const outcome = await deploy(requestOf())
  expect(outcome.failure).toBeUndefined()
  expect(outcome.verification?.verified).toBe(true)
  expect(outcome.bookmark).toMatch(/./)
  expect(rows('SELECT count(*) AS n FROM orders')).toEqual([{ n: 3 }])
  expect(rows('SELECT name FROM d1_migrations ORDER BY id')).toEqual([
    { name: '0001_shop.sql' },
    { name: '0002_rebuild.sql' },
  ])
  const back = await rollback({
    ...requestOf(),
    migrations: MIGRATIONS,
    extent: { kind: 'steps', steps: 1 },
    acceptUnproven: false,
    announce: () => {},
  })
  expect(back.failure).toBeUndefined()
  expect(rows('SELECT * FROM customer ORDER BY id')).toEqual([
    { id: 1, name: 'Ann', phone: '11' },
    { id: 2, name: 'Bob', phone: '22' },
  ])
})

test.each(['UNIQUE', 'NOT NULL'])(
  'kept values are restored before the %s that they satisfy',
  async (constraint) => {
    shop = server.create('shop')
    const schema = `CREATE TABLE u (id INTEGER NOT NULL PRIMARY KEY, email TEXT ${constraint});`
    const change = `PRAGMA foreign_keys=OFF; CREATE TABLE new_u (id INTEGER NOT NULL PRIMARY KEY, email TEXT);
INSERT INTO new_u (id, email) SELECT id, email FROM u; DROP TABLE u; ALTER TABLE new_u RENAME TO u; PRAGMA foreign_keys=ON;
UPDATE u SET email = ${constraint === 'UNIQUE' ? "'same'" : 'NULL'};`
    const migrations = [
      { name: '0001_schema', sql: schema },
      { name: '0002_change', sql: change },
    ]
    const request = requestOf()
    expect(
      (await deploy({ ...request, migrations: migrations.slice(0, 1) })).failure,
    ).toBeUndefined()
    shop.d1.import(`INSERT INTO u VALUES (1, 'a'), (2, 'b')`)
    expect((await deploy({ ...request, migrations })).failure).toBeUndefined()
    const back = await rollback({
      ...request,
      migrations,
      extent: { kind: 'steps', steps: 1 },
      acceptUnproven: false,
      announce: () => {},
    })
    expect(back.failure).toBeUndefined()
    expect(rows('SELECT * FROM u')).toEqual([
      { id: 1, email: 'a' },
      { id: 2, email: 'b' },
    ])
  },
)

test('an INSERT that is too long for D1 is split', async () => {
  await filledShop()
  const values = Array.from({ length: 4000 }, (_, at) => `(${at + 10}, '${'n'.repeat(50)}', NULL)`)
  const long = { name: '0003_rows', sql: `INSERT INTO customer VALUES ${values.join(', ')};` }
  const request = { ...requestOf(), migrations: [...MIGRATIONS.slice(0, 1), long] }
  expect((await deploy(request)).failure).toBeUndefined()
  expect(rows('SELECT count(*) AS n FROM customer')).toEqual([{ n: 4002 }])
  const blob = `INSERT INTO customer VALUES (9, '${'n'.repeat(150_000)}', NULL);`
  const refused = await deploy({
    ...request,
    migrations: [...request.migrations, { name: '0004_blob', sql: blob }],
    acceptHazards: ['d1-statement-size'],
  })
  expect(refused.failure?.code).toBe('DEPLOY.STATEMENT_FAILED')
  expect(rows('SELECT count(*) AS n FROM customer')).toEqual([{ n: 4002 }])
})

describe('Time Travel', () => {
  const request = () => ({ ...requestOf(), consent: { confirm: 'shop' } })

  test('restores the state before the deploy, and can undo that', async () => {
    await filledShop()
    const third = { name: '0003_drop', sql: 'DROP TABLE orders;' }
    const migrations = [...MIGRATIONS, third]
    const deployed = await deploy({ ...requestOf(), migrations })
    expect(deployed.failure).toBeUndefined()
    shop.d1.import("INSERT INTO customer VALUES (3, 'Cem')")
    await expect(
      rollbackByTimeTravel({ ...request(), migrations, consent: { confirm: undefined } }),
    ).rejects.toThrow('everything written since')
    expect(rows('SELECT count(*) AS n FROM customer')).toEqual([{ n: 3 }])
    const back = await rollbackByTimeTravel({ ...request(), migrations })
    expect(back).toMatchObject({
      bookmark: deployed.bookmark,
      undone: ['0002_rebuild', '0003_drop'],
      verified: true,
    })
    expect(rows('SELECT phone FROM customer')).toEqual([{ phone: '11' }, { phone: '22' }])
    expect(rows('SELECT count(*) AS n FROM orders')).toEqual([{ n: 3 }])
    shop.d1.restore(back.undo)
    expect(rows('SELECT name FROM customer')).toEqual(
      ['Ann', 'Bob', 'Cem'].map((name) => ({ name })),
    )
  })

  test('undoes one deploy even if the response to the restore is lost', async () => {
    await filledShop()
    await deploy(requestOf())
    let lost = 0
    server.fault = ({ action }) =>
      action === 'restore' && lost++ === 0 ? { kind: 'lost-answer' } : undefined
    const back = await rollbackByTimeTravel(request())
    expect(lost).toBe(2)
    expect(back).toMatchObject({ undone: ['0002_rebuild'], verified: true })
    expect(rows('SELECT name FROM d1_migrations')).toEqual([{ name: '0001_shop.sql' }])
  })

  test('needs a deploy by Slipway on Cloudflare', async () => {
    shop = server.create('shop')
    await expect(rollbackByTimeTravel(request())).rejects.toThrow('nothing to roll back')
    shop.d1.import(`${SHOP}
      CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL);
      INSERT INTO d1_migrations (name) VALUES ('0001_shop.sql')`)
    await expect(rollbackByTimeTravel(request())).rejects.toThrow('No bookmark was recorded')
    const address = { kind: 'sqlite' as const, file: 'unused.db' }
    await expect(rollbackByTimeTravel({ ...request(), address })).rejects.toThrow('no Time Travel')
  })
})

test('the guard finds and names rows that a deploy would lose', async () => {
  await filledShop()
  const loses = { name: '0003_loses', sql: REBUILD.replaceAll(/PRAGMA.*\n?/g, '') }
  const request = { ...requestOf(), migrations: [...MIGRATIONS.slice(0, 1), loses] }
  const refused = await deploy(request)
  expect(refused.failure?.code).toBe('DEPLOY.HAZARDS')
  const ids = [...new Set(refused.hazards.map(({ id }) => id))]
  expect(ids).toEqual(['rebuild-cascades'])
  const outcome = await deploy({ ...request, acceptHazards: ids })
  expect(outcome.failure?.code).toBe('DEPLOY.UNANNOUNCED')
  expect(outcome.failure?.message).toContain('the table orders would lose 3 of 3 rows')
  expect(rows('SELECT count(*) AS n FROM orders')).toEqual([{ n: 3 }])
})

/** With FULL=1 every call fails in turn, which takes minutes; otherwise each ninth. */
const FULL = process.env['FULL'] === '1'
const STEP = FULL ? 1 : 9

const FAULTS: readonly D1Fault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 500, carriedOut: true },
  { kind: 'status', status: 429, retryAfter: 0 },
  { kind: 'reset' },
  { kind: 'lost-answer' },
  { kind: 'cut-answer' },
  { kind: 'cut-request', bytes: 20 },
]

test(
  'a fault at every call: each migration is applied once, and nothing is lost',
  { timeout: 600_000 },
  async () => {
    await filledShop()
    await deploy(requestOf())
    const calls = server.calls.length
    let runs = 0
    for (const fault of FAULTS) {
      for (let at = 1 + (runs % STEP); at <= calls; at += STEP) {
        server.fault = () => undefined
        await filledShop()
        server.fault = ({ number }) => (number === at ? fault : undefined)
        const where = `${fault.kind} at call ${at} of ${calls}`
        const first = await deploy(requestOf()).catch((error: unknown) => {
          const failure = failureOf(error)
          if (!failure) throw error
          return { failure, receipts: [] }
        })
        runs++
        server.fault = () => undefined
        const isApplied =
          rows(`SELECT name FROM d1_migrations WHERE name = '0002_rebuild.sql'`).length === 1
        // The report is true.
        if (!first.failure) expect(isApplied, where).toBe(true)
        expect(rows('SELECT count(*) AS n FROM orders'), where).toEqual([{ n: 3 }])
        const second = await deploy(requestOf())
        expect(second.failure, where).toBeUndefined()
        expect(second.receipts.length, where).toBe(isApplied ? 0 : 1)
        expect(rows('SELECT count(*) AS n FROM orders'), where).toEqual([{ n: 3 }])
        expect(rows('SELECT name FROM d1_migrations ORDER BY id'), where).toHaveLength(2)
        expect(
          rows(`SELECT count(*) AS n FROM _slipway_kept WHERE kind = 'columns'`),
          where,
        ).toEqual([{ n: 1 }])
      }
    }
    expect(runs).toBeGreaterThanOrEqual(FULL ? 100 : 7)
  },
)
