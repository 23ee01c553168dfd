import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { sqliteWork } from '../../../test/sqlite-work.ts'
import { deploy } from '../../deploy/index.ts'
import { destructionText } from '../../statements/index.ts'
import { inspectDrift } from '../index.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'slipway-drift-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
const CUSTOMER = 'CREATE TABLE customer (id INTEGER PRIMARY KEY, visits BIGINT)'

test.each([
  ['CREATE TABLE extra (a)', ['table extra']],
  ['CREATE VIRTUAL TABLE extra USING fts5(a)', ['table extra']],
  ['CREATE VIRTUAL TABLE extra USING rtree(id, x0, x1)', ['table extra']],
  [`CREATE VIRTUAL TABLE extra USING fts5(visits, content = 'customer')`, []],
  ['ALTER TABLE customer ADD COLUMN note TEXT', ['column customer.note']],
  [
    'DROP TABLE customer; CREATE TABLE customer (id INTEGER PRIMARY KEY, visits TEXT)',
    ['column customer.visits'],
  ],
  ['CREATE INDEX customer_visits ON customer (visits)', []],
])('data that the SQL after %s destroys', async (drift, lossy) => {
  const file = path.join(folder, `${files++}.db`)
  const opened = new DatabaseSync(file)
  const work = {
    ...sqliteWork(file, folder),
    migrations: [{ name: '0001_customer', sql: CUSTOMER }],
  }
  await deploy({ ...work, acceptDrift: false })
  opened.exec(drift)
  opened.close()
  const { drifted, toHistory, loses } = await inspectDrift(work)
  expect(drifted).toBe(true)
  expect(loses.toHistory.map(destructionText)).toEqual(lossy)
  for (const text of lossy) expect(toHistory).toContain(`-- slipway: lossy ${text}\n`)
})

test('a history table of wrangler under another name is not drift', async () => {
  const address = {
    kind: 'sqlite',
    file: path.join(folder, 'wrangler.db'),
    d1: { name: 'shop', migrationsTable: 'applied' },
  } as const
  const work = {
    ...sqliteWork(address.file, folder),
    address,
    migrations: [{ name: '0001_customer', sql: CUSTOMER }],
  }
  await deploy({ ...work, acceptDrift: false })
  expect(await inspectDrift(work)).toMatchObject({ drifted: false, toHistory: '' })
})
