import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EVERYTHING } from '../src/backup/sqlite/everything.fixture.ts'
import { failureOf } from '../src/kernel/index.ts'
import {
  backupsIn,
  contents,
  contentsWithoutIndexes,
  D1_CONTENTS,
  fileIn,
  fill,
  type TestBackups,
} from './d1-backups.ts'
import type { TestDatabase } from './d1-call.ts'
import { type D1Server, startD1Server } from './d1-server.ts'

// Backups of a remote D1 database and restores into one.

let server: D1Server
let shop: TestDatabase
let root: string
let at: TestBackups

beforeEach(async () => {
  server = await startD1Server({ polls: 1 })
  shop = server.create('shop')
  root = mkdtempSync(path.join(tmpdir(), 'slipway-d1-backup-'))
  at = backupsIn(path.join(root, 'store'))
})
afterEach(async () => {
  rmSync(root, { recursive: true })
  await server.stop()
})

const codeOf = async (work: Promise<unknown>) =>
  failureOf(await work.catch((error: unknown) => error))?.code

/** Texts that are not valid UTF-8, and U+FFFD, which JSON has in their place. */
const BROKEN = `CREATE TABLE broken (id INTEGER PRIMARY KEY, v TEXT);
  INSERT INTO broken (v) VALUES (CAST(x'F09F98' AS TEXT)), (CAST(x'61FF62' AS TEXT)), (char(0xFFFD)), ('plain'), (CAST(x'EDA080' AS TEXT)), (CAST(x'610062' AS TEXT));`

/** More data than is read in one transaction. */
const FILLER = `CREATE TABLE filler (id INTEGER PRIMARY KEY, bytes BLOB);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
    INSERT INTO filler (bytes) SELECT randomblob(CASE i WHEN 3 THEN 1900000 ELSE 840000 + i END) FROM n;`

/** The same, with each kind of key and rows of very different sizes. */
const LARGE = `${FILLER}
  CREATE TABLE many (v INT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45000) INSERT INTO many SELECT i * i FROM n;
  DELETE FROM many WHERE v % 7 = 0;
  CREATE TABLE keyed (a TEXT COLLATE NOCASE, b, v TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 21000)
    INSERT INTO keyed SELECT char(65 + i % 7, 97 + i % 5, 0x1F600 + i % 3), CASE i % 3 WHEN 0 THEN i WHEN 1 THEN 'k' || i ELSE CAST(i AS BLOB) END, i FROM n;
  CREATE TABLE unordered (rowid TEXT, _rowid_ TEXT, oid TEXT);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20100) INSERT INTO unordered SELECT i, i % 3, 'x' FROM n;
  ${BROKEN}`

describe.each([
  ['in one transaction', EVERYTHING],
  [
    'page by page',
    `${EVERYTHING.replace('CREATE TABLE taken (rowid TEXT, _rowid_ TEXT, oid TEXT);', 'CREATE TABLE taken (v, w, x);')}${LARGE}`.replace(
      'unordered (rowid TEXT, _rowid_ TEXT, oid TEXT)',
      'unordered (rowid TEXT, oid TEXT, other TEXT)',
    ),
  ],
])('a database with every kind of object, read %s', (_how, sql) => {
  test('is unchanged after backup, verification and restore into a file', async () => {
    fill(shop.d1.file, sql)
    const manifest = await at.create(shop.address)
    expect(manifest).toMatchObject({ database: 'shop', dump: 'sqlite-sql' })
    const { compared, verification } = await at.verify()
    expect(compared.differences).toEqual([])
    expect(verification?.compared).toEqual(['schema', 'rows', 'sequences', 'integrity'])
    const copy = fileIn(root, 'copy.db')
    await at.restore(copy)
    expect(contents(copy.file)).toEqual(contents(shop.d1.file))
  }, 60_000)
})

test('a database is restored, and the bookmark leads to the state before the restore', async () => {
  fill(shop.d1.file, D1_CONTENTS)
  await at.create(shop.address)
  const before = contentsWithoutIndexes(shop.d1.file)
  shop.d1
    .import(`DELETE FROM customers; DROP TABLE words; CREATE TABLE later (id INTEGER PRIMARY KEY);
    CREATE VIEW of_later AS SELECT * FROM later; CREATE VIRTUAL TABLE more USING fts5(a); INSERT INTO more VALUES ('x')`)
  const changed = contents(shop.d1.file)
  const outcome = await at.restore(shop.address)
  expect(outcome.compared?.differences).toEqual([])
  expect(outcome.compared?.compared).toEqual(['schema', 'rows', 'sequences', 'integrity'])
  expect(contentsWithoutIndexes(shop.d1.file)).toEqual(before)
  const found = (sql: string) => shop.d1.inspect(sql).length
  expect(found(`SELECT 1 FROM posts_fts WHERE posts_fts MATCH 'quick'`)).toBe(1)
  expect(found(`SELECT 1 FROM notes WHERE notes MATCH 'hello'`)).toBe(1)
  expect(shop.d1.inspect('SELECT label FROM places WHERE min_x < 1')).toEqual([{ label: 'here' }])
  shop.d1.restore(outcome.bookmark ?? '')
  expect(contents(shop.d1.file)).toEqual(changed)
})

test('statistics of ANALYZE do not outlive their tables', async () => {
  const local = fileIn(root, 'local.db')
  fill(local.file, 'CREATE TABLE t (v); INSERT INTO t VALUES (1)')
  await at.create(local)
  shop.d1.import('CREATE TABLE u (v); CREATE INDEX u_v ON u (v); INSERT INTO u VALUES (1); ANALYZE')
  await at.restore(shop.address)
  expect(contents(shop.d1.file)).toEqual(contents(local.file))
})

test('values longer than a statement, rows that violate a CHECK, and invalid UTF-8 are restored', async () => {
  fill(
    shop.d1.file,
    `CREATE TABLE many (v); INSERT INTO many VALUES (1); ${BROKEN} PRAGMA ignore_check_constraints = ON;
    CREATE TABLE long (id INTEGER PRIMARY KEY, t TEXT CHECK (length(t) > 100000), b BLOB UNIQUE, n INT CHECK (n > 0));
    INSERT INTO long VALUES (1, printf('%.*c', 950000, 'ü'), NULL, 1), (4, NULL, randomblob(1990000), 1), (2, 'short', zeroblob(120000), -1),
      (3, 'nul' || char(0) || printf('%.*c', 150000, 'x') || '''quoted''', x'00', 5);
    CREATE TABLE wide (${Array.from({ length: 99 }, (_, column) => `c${column}`).join()});
    INSERT INTO wide SELECT ${Array.from({ length: 99 }, () => 'hex(randomblob(2000))').join()};`,
  )
  const before = contents(shop.d1.file)
  await at.create(shop.address)
  shop.d1.import('DROP TABLE long; DELETE FROM many')
  const outcome = await at.restore(shop.address)
  expect(outcome.compared).toMatchObject({ differences: [], notCompared: [] })
  expect(contents(shop.d1.file)).toEqual(before)
  expect(shop.d1.query('PRAGMA ignore_check_constraints')[0]?.rows).toEqual([[0]])
}, 60_000)

describe('content that D1 does not accept is refused before anything is changed', () => {
  test.each([
    ['a long value', 'CREATE TABLE t (v); INSERT INTO t VALUES (zeroblob(2000001))'],
    ['many columns', `CREATE TABLE t (${Array.from({ length: 101 }, (_, n) => `c${n}`).join()})`],
    [
      'an index without content',
      `CREATE VIRTUAL TABLE t USING fts5(a, content=''); INSERT INTO t VALUES ('x')`,
    ],
    ['another encoding', `PRAGMA encoding = 'UTF-16'; CREATE TABLE t (v)`],
  ])('%s', async (_what, sql) => {
    const local = fileIn(root, 'local.db')
    fill(local.file, sql)
    await at.create(local)
    shop.d1.import('CREATE TABLE mine (v)')
    const before = contents(shop.d1.file)
    expect(await codeOf(at.restore(shop.address))).toBe('BACKUP.D1_LIMIT')
    expect(contents(shop.d1.file)).toEqual(before)
  })
})

test('a restore needs consent by name, except into an empty database', async () => {
  const local = fileIn(root, 'local.db')
  fill(local.file, 'CREATE TABLE t (v); INSERT INTO t VALUES (1)')
  await at.create(local)
  const { bookmark } = await at.restore(shop.address, { mayConsent: false })
  expect(bookmark).toBeDefined()
  expect(await codeOf(at.restore(shop.address, { mayConsent: false }))).toBe(
    'BACKUP.TARGET_NOT_EMPTY',
  )
  const asked: string[] = []
  await at.restore(shop.address, { consent: async (name) => void asked.push(name) })
  expect(asked).toEqual(['shop'])
  expect(await codeOf(at.restore(shop.address, { dropOld: true }))).toBe('BACKUP.NOT_SUPPORTED')
})

describe('while others write', () => {
  /** Writes two rows before each call of a kind. */
  function write(action: string, times = Infinity): void {
    let written = 0
    server.fault = (call) => {
      if (call.action === action && (written += 1) <= times)
        shop.d1.import('INSERT INTO a VALUES (0); INSERT INTO b VALUES (0)')
      return undefined
    }
  }
  const TABLES =
    'CREATE TABLE a (v); CREATE TABLE b (v); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1);'

  test('a small database is read consistently', async () => {
    fill(shop.d1.file, TABLES)
    write('raw')
    const { sums } = await at.create(shop.address)
    const [a, b] = sums?.tables ?? []
    expect(a?.rows).toBe(b?.rows)
    expect((await at.verify()).compared.differences).toEqual([])
  })

  test('a large one is read again, and refused after three attempts', async () => {
    fill(shop.d1.file, TABLES + FILLER)
    write('raw', 1)
    const { sums } = await at.create(shop.address)
    expect(sums?.tables.slice(0, 2).map(({ rows }) => rows)).toEqual([2, 2])
    write('bookmark')
    expect(await codeOf(at.create(shop.address))).toBe('BACKUP.CHANGED_MEANWHILE')
  }, 120_000)

  test.each([
    ['a table is dropped', 'DROP TABLE later'],
    ['rows are deleted', 'DELETE FROM filler; DELETE FROM later; DROP TABLE later'],
  ])(
    'a large one is read again when %s while it is read',
    async (_what, sql) => {
      fill(shop.d1.file, `${TABLES}${FILLER} CREATE TABLE later (v); INSERT INTO later VALUES (1)`)
      let calls = 0
      server.fault = ({ action }) => {
        if (action === 'raw' && (calls += 1) === 10) shop.d1.import(sql)
        return undefined
      }
      const { sums } = await at.create(shop.address)
      expect(sums?.tables.map(({ table }) => table)).toEqual(['a', 'b', 'filler'])
    },
    60_000,
  )

  test('a restore is not reported as proven', async () => {
    fill(shop.d1.file, TABLES)
    await at.create(shop.address)
    let restored = false
    server.fault = ({ action }) => {
      restored ||= action === 'import-poll'
      if (restored && action === 'raw') shop.d1.import('INSERT INTO a VALUES (0)')
      return undefined
    }
    const { compared } = await at.restore(shop.address)
    expect(compared).toMatchObject({ compared: [], differences: [] })
    expect(compared?.notCompared.join()).toContain('not proven')
  })
})
