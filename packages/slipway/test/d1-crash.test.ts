import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type D1Server, startD1Server } from './d1-server.ts'
import { addProject, localDatabase, localState } from './wrangler.ts'

// Deploys to D1 in processes that are killed: each migration is applied once, status is correct, no data is lost.

const POINTS = process.env['FULL'] === '1' ? 100 : 3
const PROGRAM = path.join(import.meta.dirname, '../bin/slipway.js')
const STEPS = 12

const FIRST = `CREATE TABLE customer (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, phone TEXT);
CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customer (id) ON DELETE CASCADE);
CREATE TABLE counted (step INTEGER NOT NULL);
`
const ROWS = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
INSERT INTO customer SELECT i, 'customer ' || i, i FROM n;
INSERT INTO orders SELECT id, 1 + id % 500 FROM customer;
`

/** Rebuilds the customers and counts its runs, so that a second run is noticed. */
const rebuild = (step: number) => `PRAGMA foreign_keys=OFF;
CREATE TABLE new_customer (id INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, phone TEXT DEFAULT '${step}');
INSERT INTO new_customer (id, name, phone) SELECT id, name, phone FROM customer;
DROP TABLE customer;
ALTER TABLE new_customer RENAME TO customer;
INSERT INTO counted VALUES (${step});
PRAGMA foreign_keys=ON;
`

let root: string
let server: D1Server
beforeAll(async () => {
  server = await startD1Server({ polls: 1 })
  root = mkdtempSync(path.join(tmpdir(), 'slipway-d1-crash-'))
  addProject(root)
  configure('a'.repeat(32))
  writeFileSync(path.join(root, 'migrations/0001_init.sql'), FIRST)
})
afterAll(async () => {
  await server.stop()
  rmSync(root, { recursive: true })
})

function configure(id: string): void {
  const database = { binding: 'DB', database_name: 'shop', database_id: id }
  const config = { name: 'shop', compatibility_date: '2026-10-01', d1_databases: [database] }
  writeFileSync(path.join(root, 'wrangler.jsonc'), JSON.stringify(config))
}

function addRebuilds(): void {
  for (let step = 1; step <= STEPS; step++) {
    const name = `${String(step + 1).padStart(4, '0')}_rebuild.sql`
    writeFileSync(path.join(root, 'migrations', name), rebuild(step))
  }
}

/** Runs a command in a separate process, killed after the given time. Returns its output and duration. */
async function slipway(words: readonly string[], killAfterMs?: number) {
  const began = performance.now()
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, ...words, '--no-interactive'], {
    cwd: root,
    env: { ...process.env, ...server.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const pipe of [child.stdout, child.stderr])
    pipe?.setEncoding('utf8').on('data', (more: string) => (text += more))
  const ended = once(child, 'close')
  if (killAfterMs !== undefined) {
    await Promise.race([sleep(killAfterMs), ended])
    child.kill('SIGKILL')
  }
  await ended
  return { text, exitCode: child.exitCode, ms: performance.now() - began }
}

/** Access to the rows of a database. */
interface Look {
  rows(sql: string): Record<string, unknown>[]
}

function expectWhole({ rows }: Look, where: string): void {
  expect(rows('SELECT step FROM counted ORDER BY rowid'), where).toEqual(
    Array.from({ length: STEPS }, (_, at) => ({ step: at + 1 })),
  )
  expect(rows('SELECT count(*) AS n FROM customer WHERE phone = id'), where).toEqual([{ n: 2000 }])
  expect(rows('SELECT count(*) AS n FROM orders'), where).toEqual([{ n: 2000 }])
  const names = rows('SELECT name FROM d1_migrations').map(({ name }) => name)
  expect(new Set(names).size, where).toBe(names.length)
  expect(names, where).toHaveLength(STEPS + 1)
}

/** The history and `status` must agree on the number of applied migrations. */
async function expectTrueStatus(where: 'local' | 'remote', { rows }: Look): Promise<void> {
  const [found] = rows('SELECT count(*) AS n FROM d1_migrations')
  const status = await slipway(['status', `--${where}`])
  expect(status.text).toContain(`${Number(found?.['n'])} applied`)
}

const state = () => localState(root)

function localLook(): Look {
  const file = localDatabase(root)
  return {
    rows(sql) {
      const database = new DatabaseSync(file)
      const found = database.prepare(sql).all()
      database.close()
      return found.map((row) => ({ ...row }))
    },
  }
}

describe(`killed at ${POINTS} points`, () => {
  test('local', async () => {
    expect((await slipway(['deploy', '--local'])).exitCode).toBe(0)
    const database = new DatabaseSync(localDatabase(root))
    database.exec(ROWS)
    database.close()
    const filled = path.join(root, 'filled')
    cpSync(state(), filled, { recursive: true })
    addRebuilds()
    const { ms } = await slipway(['deploy', '--local'])
    expectWhole(localLook(), 'without a kill')
    const ends = new Set<unknown>()
    for (let at = 1; at <= POINTS; at++) {
      rmSync(state(), { recursive: true })
      cpSync(filled, state(), { recursive: true })
      await slipway(['deploy', '--local'], (ms * at) / POINTS)
      const look = localLook()
      ends.add(look.rows('SELECT count(*) AS n FROM d1_migrations')[0]?.['n'])
      await expectTrueStatus('local', look)
      const again = await slipway(['deploy', '--local'])
      expect(again.exitCode, again.text).toBe(0)
      expectWhole(look, `point ${at}`)
    }
    process.stderr.write(`local: applied when it was killed: ${[...ends].join(', ')}\n`)
  })

  test('remote', async () => {
    addRebuilds()
    const run = async (killAfterMs?: number) => {
      const shop = server.create('shop')
      configure(shop.address.databaseId)
      shop.d1.import(
        `${FIRST}${ROWS}CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL);
        INSERT INTO d1_migrations (name) VALUES ('0001_init.sql');`,
      )
      const look: Look = { rows: (sql) => shop.d1.inspect(sql).map((row) => ({ ...row })) }
      return { look, ...(await slipway(['deploy', '--remote'], killAfterMs)) }
    }
    const { ms, look: whole, text } = await run()
    expect(text).toContain(`${STEPS} of ${STEPS}`)
    expectWhole(whole, 'without a kill')
    const ends = new Set<unknown>()
    for (let at = 1; at <= POINTS; at++) {
      const { look } = await run((ms * at) / POINTS)
      ends.add(look.rows('SELECT count(*) AS n FROM d1_migrations')[0]?.['n'])
      const again = await slipway(['deploy', '--remote'])
      expect(again.exitCode, again.text).toBe(0)
      expectWhole(look, `point ${at}`)
      await expectTrueStatus('remote', look)
    }
    process.stderr.write(`remote: applied when it was killed: ${[...ends].join(', ')}\n`)
  })
})
