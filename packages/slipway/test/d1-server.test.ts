import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TestDatabase } from './d1-call.ts'
import { type D1Server, startD1Server } from './d1-server.ts'
import { wrangler, writeWorker } from './wrangler.ts'

/** The stand-in of Cloudflare's API as wrangler sees it. */

let server: D1Server
let shop: TestDatabase
let cwd: string

beforeEach(async () => {
  server = await startD1Server({ polls: 1 })
  shop = server.create('shop')
  cwd = writeWorker(shop)
})

afterEach(() => server.stop())

const remote = (...args: string[]) =>
  wrangler(['d1', ...args, '--remote'], { cwd, env: server.env })

async function query(sql: string) {
  const { stdout, code } = await remote('execute', 'DB', '--json', '--command', sql)
  expect(code).toBe(0)
  return (JSON.parse(stdout) as { readonly results: unknown }[]).map(({ results }) => results)
}

function write(name: string, text: string): string {
  const file = path.join(cwd, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

describe('wrangler on the stand-in', () => {
  it('runs a command and a file', async () => {
    const file = write(
      'init.sql',
      "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT);\nINSERT INTO customers VALUES (1, 'Ada');\n",
    )
    const imported = await remote('execute', 'DB', '--json', '--yes', '--file', file)
    expect(imported).toMatchObject({ code: 0 })
    // wrangler prints its progress before the JSON.
    const report = imported.stdout.slice(imported.stdout.indexOf('['))
    expect(JSON.parse(report)).toMatchObject([
      { success: true, results: [{ 'Total queries executed': 2 }] },
    ])
    expect(server.calls.map(({ action }) => action)).toEqual([
      'import-init',
      'upload',
      'import-ingest',
      'import-poll',
    ])
    expect(await query('SELECT * FROM customers; SELECT 2 AS two')).toEqual([
      [{ id: 1, name: 'Ada' }],
      [{ two: 2 }],
    ])
  })

  it('reports the error of a file, which is rolled back', async () => {
    const file = write('bad.sql', 'CREATE TABLE a (id);\nINSERT INTO missing VALUES (1);\n')
    const imported = await remote('execute', 'DB', '--yes', '--file', file)
    expect(imported.code).toBe(1)
    expect(imported.stdout + imported.stderr).toContain('no such table: missing: SQLITE_ERROR')
    expect(shop.d1.inspect(`SELECT name FROM sqlite_schema`)).toEqual([{ name: '_cf_KV' }])
  })

  it('applies migrations, and deletes the child rows of a rebuilt table', async () => {
    write(
      'migrations/0001_init.sql',
      `CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT);
       CREATE TABLE child (id INTEGER PRIMARY KEY, parent INT NOT NULL REFERENCES parent (id) ON DELETE CASCADE);
       INSERT INTO parent VALUES (1, 'a'); INSERT INTO child VALUES (1, 1), (2, 1);`,
    )
    const rebuild = write(
      'migrations/0002_rebuild.sql',
      `PRAGMA foreign_keys=OFF;
       CREATE TABLE new_parent (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
       INSERT INTO new_parent SELECT id, name FROM parent;
       DROP TABLE parent;
       ALTER TABLE new_parent RENAME TO parent;`,
    )
    const listed = await remote('migrations', 'list', 'DB')
    expect(listed.stdout).toMatch(/0001_init\.sql[\s\S]*0002_rebuild\.sql/)
    const applied = await remote('migrations', 'apply', 'DB')
    expect(applied).toMatchObject({ code: 0 })
    const history = shop.d1.inspect('SELECT id, name FROM d1_migrations')
    expect(history).toEqual([
      { id: 1, name: '0001_init.sql' },
      { id: 2, name: '0002_rebuild.sql' },
    ])
    expect(shop.d1.inspect('SELECT count(*) AS children FROM child')).toEqual([{ children: 0 }])
    // The import of the same file can switch foreign keys off.
    shop.d1.query('INSERT INTO child VALUES (3, 1)')
    expect(await remote('execute', 'DB', '--yes', '--file', rebuild)).toMatchObject({ code: 0 })
    expect(shop.d1.inspect('SELECT count(*) AS children FROM child')).toEqual([{ children: 1 }])
  })

  it('exports, shows the bookmark, and restores it', async () => {
    shop.d1.query(`CREATE TABLE t (a TEXT, b BLOB); INSERT INTO t VALUES ('it''s', x'00ff')`)
    const output = path.join(cwd, 'dump.sql')
    expect(await remote('export', 'DB', '--output', output)).toMatchObject({ code: 0 })
    expect(readFileSync(output, 'utf8')).toBe(
      `PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE t (a TEXT, b BLOB);\nINSERT INTO "t" ("a","b") VALUES('it''s',X'00FF');\n`,
    )
    const options = { cwd, env: server.env }
    const info = await wrangler(['d1', 'time-travel', 'info', 'DB', '--json'], options)
    const { bookmark } = JSON.parse(info.stdout) as { readonly bookmark: string }
    shop.d1.query('DROP TABLE t')
    const restore = ['d1', 'time-travel', 'restore', 'DB', '--json', '--bookmark', bookmark]
    expect(await wrangler(restore, options)).toMatchObject({ code: 0 })
    expect(shop.d1.inspect('SELECT a FROM t')).toEqual([{ a: "it's" }])
  })

  it('is refused with a token that has no rights', async () => {
    const env = { ...server.env, CLOUDFLARE_API_TOKEN: 'another-token-of-forty-characters-000000' }
    const args = ['d1', 'execute', 'DB', '--remote', '--command', 'SELECT 1']
    const refused = await wrangler(args, { cwd, env })
    expect(refused.code).toBe(1)
    expect(refused.stdout + refused.stderr).toContain('10000')
  })
})
