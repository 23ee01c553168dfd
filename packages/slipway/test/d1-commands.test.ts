import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCli } from './cli-in-process.ts'
import type { TestDatabase } from './d1-call.ts'
import { type D1Server, startD1Server } from './d1-server.ts'

// The commands as a person types them, on a Worker's remote database.

let server: D1Server
let shop: TestDatabase
let root: string

beforeEach(async () => {
  server = await startD1Server({ polls: 1, analytics: { rowsRead: 1200, rowsWritten: 34 } })
  shop = server.create('shop')
  root = mkdtempSync(path.join(tmpdir(), 'slipway-d1-commands-'))
  mkdirSync(path.join(root, '.git'))
  const { databaseId } = shop.address
  const database = { binding: 'DB', database_name: 'shop', database_id: databaseId }
  write(
    'wrangler.jsonc',
    JSON.stringify({ name: 'shop', compatibility_date: '2026-10-01', d1_databases: [database] }),
  )
  write('prisma/schema.prisma', 'datasource db {\n  provider = "sqlite"\n}\n')
  write(
    'migrations/0001_init.sql',
    'CREATE TABLE customer (id INTEGER NOT NULL PRIMARY KEY, name TEXT);\n',
  )
})
afterEach(async () => {
  rmSync(root, { recursive: true })
  await server.stop()
})

function write(file: string, content: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
  writeFileSync(path.join(root, file), content)
}

async function slipway(
  command: string,
  where = '--remote',
): Promise<{ text: string; exitCode: number }> {
  const words = [...command.split(' '), where, '--no-interactive']
  const ran = await runCli(words, { cwd: root, env: server.env })
  return { text: ran.stdout + ran.stderr, exitCode: ran.exitCode }
}

test('a deploy names the rollback by Time Travel with its target, and the rollback restores the earlier state', async () => {
  expect((await slipway('deploy')).exitCode).toBe(0)
  shop.d1.import("INSERT INTO customer VALUES (1, 'Ann')")
  write('migrations/0002_more.sql', 'CREATE TABLE more (id INTEGER NOT NULL PRIMARY KEY);\n')
  const deployed = await slipway('deploy')
  expect(deployed.text).toMatch(/slipway rollback --from-bookmark.* --remote/)
  shop.d1.import("INSERT INTO customer VALUES (2, 'Bob')")
  const asks = await slipway('rollback --from-bookmark')
  expect(asks.text).toContain('everything written since')
  expect(asks.exitCode).toBe(2)
  const back = await slipway('rollback --from-bookmark --confirm shop')
  expect(back.exitCode, back.text).toBe(0)
  expect(back.text).toContain('to its state before 0002_more')
  const undo = /d1 time-travel restore shop --bookmark (\S+)/.exec(back.text)?.[1] ?? ''
  expect(shop.d1.inspect('SELECT name FROM customer')).toHaveLength(1)
  shop.d1.restore(undo)
  expect(shop.d1.inspect('SELECT name FROM customer')).toHaveLength(2)
})

test('status and doctor show the size, the rows read and written, and how far Time Travel reaches', async () => {
  await slipway('deploy')
  const status = await slipway('status')
  expect(status.text).toMatch(/Size: [\d.]+ k?B of at most 10\.0 GB/)
  expect(status.text).toContain('1200 rows read, 34 written')
  expect(status.text).toContain('Time Travel: the last 30 days')
  expect(status.text).toContain('Last backup: none')
  const doctor = await slipway('doctor --json')
  expect(doctor.text).toMatch(/database size.*the limit is 10\.0 GB/s)
  expect(doctor.text).toContain('1200 rows were read, and 34 written')
  expect(doctor.text).toContain('It reaches back 30 days')
})

test('doctor names analytics that the token may not read; status leaves them out', async () => {
  await slipway('deploy')
  server.fault = ({ action }) =>
    action === 'analytics' ? { kind: 'page', status: 403 } : undefined
  const status = await slipway('status')
  expect(status.exitCode).toBe(0)
  expect(status.text).not.toContain('rows read')
  expect((await slipway('doctor --json')).text).toContain(
    'not have permission to read the analytics',
  )
})

test('a deploy creates a backup first, which a rollback restores with consent', async () => {
  const environments = { production: { backup: 'verified-before-deploy' } }
  const settings = JSON.stringify({ backup: { store: './backups' }, environments })
  write('slipway.config.mjs', `export default ${settings}`)
  await slipway('deploy')
  shop.d1.import("INSERT INTO customer VALUES (9007199254740993, 'Ann')")
  write('migrations/0002_more.sql', 'CREATE TABLE more (id INTEGER NOT NULL PRIMARY KEY);\n')
  expect((await slipway('deploy')).text).toMatch(/Backup backup-production-\S+ {2}\S+ kB, verified/)
  shop.d1.import("INSERT INTO customer VALUES (2, 'Bob')")
  const asks = await slipway('rollback --from-backup')
  expect(asks.text).toContain('--confirm shop')
  expect(shop.d1.inspect('SELECT 1 FROM customer')).toHaveLength(2)
  const back = await slipway('rollback --from-backup --confirm shop')
  expect(back.exitCode, back.text).toBe(0)
  const [row] = shop.d1.inspect('SELECT CAST(id AS TEXT) AS id, name FROM customer')
  expect(row).toEqual({ id: '9007199254740993', name: 'Ann' })
  expect(shop.d1.inspect('SELECT name FROM d1_migrations')).toEqual([{ name: '0001_init.sql' }])
  const undo = /d1 time-travel restore shop --bookmark (\S+)/.exec(back.text)?.[1] ?? ''
  expect((await slipway('backup restore --confirm shop')).text).toContain('rows, sequences')
  shop.d1.restore(undo)
  expect(shop.d1.inspect('SELECT 1 FROM customer')).toHaveLength(2)
  expect((await slipway('status')).text).toMatch(/Last backup: \d{4}-/)
})

test('a backup of the remote database can be restored into the local one, and vice versa', async () => {
  write('slipway.config.mjs', `export default { backup: { store: './backups' } }`)
  await slipway('deploy')
  shop.d1.import("INSERT INTO customer VALUES (9007199254740993, 'Ann')")
  const idIn = (text: string) => /backup-\w+-\w+/.exec(text)?.[0] ?? ''
  const remote = idIn((await slipway('backup create')).text)
  const restored = await slipway(`backup restore ${remote}`, '--local')
  expect(restored.exitCode, restored.text).toBe(0)
  expect((await slipway('status', '--local')).text).toContain('1 applied, 0 pending')
  const local = idIn((await slipway('backup create', '--local')).text)
  shop.d1.import('DELETE FROM customer')
  const back = await slipway(`backup restore ${local} --confirm shop`)
  expect(back.text).toContain('Compared: schema, rows, sequences, integrity are equal')
  const [row] = shop.d1.inspect('SELECT CAST(id AS TEXT) AS id FROM customer')
  expect(row).toEqual({ id: '9007199254740993' })
})
