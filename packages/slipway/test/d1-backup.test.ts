import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  createBackup,
  type CreateRequest,
  folderStore,
  restoreBackup,
  type RestoreRequest,
  verifyBackup,
} from '../src/backup/index.ts'
import { EVERYTHING } from '../src/backup/sqlite/everything.fixture.ts'
import type { Address } from '../src/database/index.ts'
import type { TestDatabase } from './d1-call.ts'
import { type D1Server, startD1Server } from './d1-server.ts'

let server: D1Server
let shop: TestDatabase
let root: string

beforeEach(async () => {
  server = await startD1Server({ polls: 1 })
  shop = server.create('shop')
  root = mkdtempSync(path.join(tmpdir(), 'slipway-d1-backup-'))
})
afterEach(async () => {
  rmSync(root, { recursive: true })
  await server.stop()
})

function common() {
  const store = folderStore(path.join(root, 'store'))
  return { store, env: process.env, signal: new AbortController().signal, emit: () => {} }
}
const NEWEST = { id: undefined, environment: 'production' }
const NO_KEYS = { identities: [], passphrases: [] }

async function create(more: Partial<CreateRequest> = {}) {
  return await createBackup({
    ...common(),
    address: shop.address,
    environment: 'production',
    encryption: undefined,
    format: undefined,
    jobs: 1,
    globals: false,
    sums: true,
    excludedData: { asked: [], configured: [] },
    schemas: ['main'],
    before: [],
    version: '0.0.0',
    ...more,
  })
}

async function verify() {
  return await verifyBackup({
    ...common(),
    name: NEWEST,
    keys: NO_KEYS,
    quick: false,
    jobs: 1,
    server: undefined,
  })
}

async function restore(address: Address, more: Partial<RestoreRequest> = {}) {
  return await restoreBackup({
    ...common(),
    name: NEWEST,
    keys: NO_KEYS,
    address,
    jobs: 1,
    tables: [],
    dataOnly: false,
    noOwner: false,
    dropOld: false,
    mayConsent: true,
    consent: async () => {},
    ...more,
  })
}

/** Writes to the file of the database, without the rules of D1. */
function fill(sql: string): void {
  const database = new DatabaseSync(shop.d1.file, { defensive: false })
  database.exec(sql)
  database.close()
}

/** All rows of all tables of a file, value by value and exact. */
function contents(file: string): unknown {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    const objects = database
      .prepare(
        `SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND tbl_name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY type, name`,
      )
      .all()
    const tables = database
      .prepare(`SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow')
        AND name <> 'sqlite_schema' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY name`)
      .all() as { name: string; wr: number }[]
    const rows = tables.map(({ name, wr }) => {
      const quoted = `"${name.replaceAll('"', '""')}"`
      const columns = database.prepare(`SELECT * FROM ${quoted}`).columns()
      const values = columns.map(({ column }) => {
        const one = `"${String(column).replaceAll('"', '""')}"`
        return `typeof(${one}) || CASE WHEN typeof(${one}) IN ('text', 'blob') THEN hex(${one}) WHEN ${one} = 0.0 AND typeof(${one}) = 'real' THEN atan2(${one}, -1) ELSE quote(${one}) END`
      })
      const id = wr || name === 'taken' ? '' : `_rowid_, `
      const statement = database.prepare(`SELECT ${id}${values.join(', ')} FROM ${quoted}`)
      statement.setReturnArrays(true)
      statement.setReadBigInts(true)
      return [name, statement.all().map(String).toSorted()]
    })
    return { objects, rows }
  } finally {
    database.close()
  }
}

test('a database with everything is the same after backup, verification and restore into a file', async () => {
  fill(EVERYTHING)
  const manifest = await create()
  expect(manifest).toMatchObject({ database: 'shop', dump: 'sqlite-sql' })
  const { compared, verification } = await verify()
  expect(compared.differences).toEqual([])
  expect(verification?.compared).toEqual(['schema', 'rows', 'sequences', 'integrity'])
  const file = path.join(root, 'copy.db')
  await restore({ kind: 'sqlite', file })
  expect(contents(file)).toEqual(contents(shop.d1.file))
})

/** Of `EVERYTHING`, what D1 can have. */
const D1_CONTENTS = EVERYTHING.replace(/^PRAGMA (user_version|application_id).*$/gm, '').replace(
  /^.*contentless.*$/gm,
  '',
)

test('a database is restored as it was, and the bookmark returns to the state before', async () => {
  fill(D1_CONTENTS)
  const file = path.join(root, 'before.db')
  await create()
  await restore({ kind: 'sqlite', file })
  shop.d1
    .import(`DELETE FROM customers; DROP TABLE words; CREATE TABLE later (id INTEGER PRIMARY KEY);
    CREATE VIEW of_later AS SELECT * FROM later; CREATE VIRTUAL TABLE more USING fts5(a); INSERT INTO more VALUES ('x')`)
  const changed = contents(shop.d1.file)
  const outcome = await restore(shop.address)
  expect(outcome.compared?.differences).toEqual([])
  expect(outcome.compared?.compared).toEqual(['schema', 'rows', 'sequences', 'integrity'])
  expect(plain(shop.d1.file)).toEqual(plain(file))
  expect(shop.d1.inspect(`SELECT rowid FROM posts_fts WHERE posts_fts MATCH 'quick'`).length).toBe(
    1,
  )
  expect(shop.d1.inspect(`SELECT rowid FROM notes WHERE notes MATCH 'hello'`).length).toBe(1)
  expect(shop.d1.inspect('SELECT label FROM places WHERE min_x < 1')).toEqual([{ label: 'here' }])
  shop.d1.restore(outcome.bookmark ?? '')
  expect(contents(shop.d1.file)).toEqual(changed)
})

/** Without the tables of indexes, which are built again. */
function plain(file: string): unknown {
  const { objects, rows } = contents(file) as { objects: unknown; rows: [string, unknown][] }
  const isIndex = /_(?:data|idx|docsize|config|node|parent|rowid)$/
  return { objects, rows: rows.filter(([name]) => !isIndex.test(name)) }
}
