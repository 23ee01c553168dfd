import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Address, withSession } from '../src/database/index.ts'
import { failureOf } from '../src/kernel/index.ts'
import { runSeeds, type SeedRequest, type SeedRow, type SeedSet } from '../src/seeds/index.ts'
import type { D1Fault, TestDatabase } from './d1-call.ts'
import { type D1Server, startD1Server } from './d1-server.ts'

/** Seeds D1 through its REST API, on the stand-in: with a fault at each call in turn, and concurrently. */

let server: D1Server
beforeEach(async () => {
  server = await startD1Server({ polls: 1 })
})
afterEach(() => server.stop())

// The trigger records each row that is really inserted.
const SHOP = `CREATE TABLE plan (id INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL UNIQUE, price INTEGER NOT NULL);
CREATE TABLE log (what TEXT NOT NULL);
CREATE TRIGGER plan_log AFTER INSERT ON plan BEGIN INSERT INTO log VALUES (new.code); END;`

function filledShop(): TestDatabase {
  const shop = server.create(`shop${server.calls.length}`)
  shop.d1.import(SHOP)
  server.calls.length = 0
  return shop
}

function setOf(codes: readonly string[]): SeedSet {
  return {
    name: 'plans',
    file: 'plans.ts',
    version: 1,
    environments: [],
    dependsOn: [],
    checksum: codes.join(),
    tables: [
      {
        name: 'plan',
        key: ['code'],
        mode: 'upsert',
        sensitive: [],
        rows: codes.map((code, price) => ({ code, price })),
      },
    ],
  }
}

function requestOf(set: SeedSet): SeedRequest {
  return {
    sets: [set],
    names: () => ({ models: [], enums: [], qualified: false }),
    pending: [],
    author: { by: 'ann' },
    dryRun: false,
    consent: async () => {},
    emit: () => {},
  }
}

async function seed(address: Address, codes: readonly string[]) {
  return await withSession(address, {}, async (session) =>
    runSeeds(session, requestOf(setOf(codes))),
  )
}

/** With FULL=1 every call fails in turn, which takes minutes; otherwise each fourth. */
const STEP = process.env['FULL'] === '1' ? 1 : 4

const FAULTS: readonly D1Fault[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 500, carriedOut: true },
  { kind: 'reset' },
  { kind: 'lost-answer' },
  { kind: 'cut-answer' },
]

test(
  'a fault at every call: a set is written once, and the report is true',
  { timeout: 600_000 },
  async () => {
    const first = filledShop()
    await seed(first.address, ['free', 'team'])
    const calls = server.calls.length
    let runs = 0
    for (const fault of FAULTS) {
      for (let at = 1 + (runs % STEP); at <= calls; at += STEP) {
        server.fault = () => undefined
        const shop = filledShop()
        server.fault = ({ number }) => (number === at ? fault : undefined)
        const where = `${fault.kind} at call ${at} of ${calls}`
        const address = { ...shop.address, patienceMs: 4000 }
        const said = await seed(address, ['free', 'team']).catch((error: unknown) => {
          if (!failureOf(error)) throw error
          return undefined
        })
        runs++
        server.fault = () => undefined
        const written = shop.d1.inspect('SELECT 1 FROM plan').length
        expect([0, 2], where).toContain(written)
        if (said) {
          expect(written, where).toBe(2)
          expect(said[0]?.tables, where).toMatchObject([{ inserted: 2 }])
        }
        const [again] = await seed(address, ['free', 'team'])
        expect(again?.tables, where).toMatchObject([{ inserted: 2 - written, unchanged: written }])
        expect(shop.d1.inspect('SELECT 1 FROM log'), where).toHaveLength(2)
        expect(
          shop.d1.inspect(`SELECT 1 FROM sqlite_schema WHERE name GLOB '_slipway_seed_[0-9c]*'`),
          where,
        ).toEqual([])
      }
    }
    expect(runs).toBeGreaterThanOrEqual(STEP === 1 ? 60 : 15)
  },
)

test('two concurrent runs write each row once', async () => {
  const { d1, address } = filledShop()
  const runs = await Promise.all([seed(address, ['free', 'team']), seed(address, ['free', 'team'])])
  const inserted = runs.map(([outcome]) => outcome?.tables[0]?.inserted ?? 0)
  expect(inserted.toSorted((a, b) => a - b)).toEqual([0, 2])
  expect(d1.inspect('SELECT 1 FROM log')).toHaveLength(2)
})

test('a row that is longer than D1 allows in a statement is refused, with its place', async () => {
  const { address } = filledShop()
  await expect(seed(address, ['a', 'b'.repeat(100_000)])).rejects.toMatchObject({
    failure: { code: 'SEEDS.ROW_INVALID', why: expect.stringContaining('100 KB') },
  })
  const [outcome] = await seed(address, ['a', 'b'.repeat(90_000)])
  expect(outcome?.tables).toMatchObject([{ inserted: 2 }])
})

test('values of a strict table are stored unchanged, and a wide table is refused on D1', async () => {
  const { d1, address } = filledShop()
  const names = Array.from({ length: 96 }, (_, at) => `c${at}`)
  d1.import(`CREATE TABLE strict (code TEXT NOT NULL PRIMARY KEY, one ANY, two ANY) STRICT;
CREATE TABLE wide (${names.map((name) => `${name} INTEGER`).join(', ')}, UNIQUE (c0));`)
  const run = async (name: string, key: string, rows: SeedRow[]) => {
    const set = setOf([])
    const tables = set.tables.map((table) => ({ ...table, name, key: [key], rows }))
    const request = requestOf({ ...set, name, tables })
    return await withSession(address, {}, async (session) => runSeeds(session, request))
  }
  const row = { code: 'a', one: '007', two: 7 }
  await run('strict', 'code', [row])
  expect({ ...d1.inspect('SELECT * FROM strict')[0] }).toEqual(row)
  const [again] = await run('strict', 'code', [row])
  expect(again?.tables).toMatchObject([{ unchanged: 1 }])
  const whole = Object.fromEntries(names.map((name, at) => [name, at]))
  const { c95: _, ...narrow } = whole
  await expect(run('wide', 'c0', [whole])).rejects.toMatchObject({
    failure: { code: 'SEEDS.SET_INVALID' },
  })
  const [taken] = await run('wide', 'c0', [narrow])
  expect(taken?.tables).toMatchObject([{ inserted: 1 }])
})

test(
  'a hundred thousand rows are written to a file, and a second run changes nothing',
  { timeout: 120_000 },
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'slipway-seeds-'))
    try {
      const address = { kind: 'sqlite' as const, file: path.join(folder, 'shop.db') }
      await withSession(address, { createFile: true }, async (session) => session.execute(SHOP))
      const codes = Array.from({ length: 100_000 }, (_, at) => `code ${at}`)
      const [first] = await seed(address, codes)
      expect(first?.tables).toMatchObject([{ inserted: 100_000 }])
      const [second] = await seed(address, codes)
      expect(second?.tables).toMatchObject([{ inserted: 0, unchanged: 100_000 }])
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
)
