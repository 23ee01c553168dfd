import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { zstdDecompressSync } from 'node:zlib'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, describe, expect, test } from 'vitest'
import { failureOf } from '../../kernel/index.ts'
import {
  createBackup,
  type CreateRequest,
  folderStore,
  listBackups,
  restoreBackup,
  type RestoreRequest,
  verifyBackup,
  type VerifyRequest,
} from '../index.ts'
import { EVERYTHING } from './everything.fixture.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'slipway-sqlite-backup-'))
afterAll(() => rmSync(folder, { recursive: true }))
const hasProgram = spawnSync('sqlite3', ['--version']).status === 0

let count = 0
function place() {
  const root = path.join(folder, String((count += 1)))
  const file = `${root}.db`
  const store = folderStore(`${root}-store`)
  const common = { store, env: process.env, signal: new AbortController().signal, emit: () => {} }
  const name = { id: undefined, environment: 'testing' }
  const keys = { identities: [], passphrases: [] }
  return {
    file,
    storeFolder: `${root}-store`,
    store,
    create: async (more: Partial<CreateRequest> = {}) =>
      await createBackup({
        ...common,
        address: { kind: 'sqlite', file },
        environment: 'testing',
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
      }),
    verify: async (more: Partial<VerifyRequest> = {}) =>
      await verifyBackup({
        ...common,
        name,
        keys,
        quick: false,
        jobs: 1,
        server: undefined,
        ...more,
      }),
    restore: async (into: string, more: Partial<RestoreRequest> = {}) =>
      await restoreBackup({
        ...common,
        name,
        keys,
        address: { kind: 'sqlite', file: into },
        jobs: 1,
        tables: [],
        dataOnly: false,
        noOwner: false,
        dropOld: false,
        command: ['backup', 'restore'],
        mayConsent: false,
        consent: async () => {},
        ...more,
      }),
  }
}

function make(file: string, sql: string): void {
  const database = new DatabaseSync(file, { defensive: false })
  database.exec(sql)
  database.close()
}

/** Definitions and rows from plain SELECTs, with values by storage class and bytes. */
function contents(file: string): unknown {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    const objects = database
      .prepare('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name')
      .all()
    const tables = database
      .prepare(`SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main'
        AND type <> 'view' AND name NOT IN ('sqlite_schema') ORDER BY name`)
      .all() as { name: string; type: string; wr: number }[]
    const rows = tables.map(({ name, type, wr }) => {
      const quoted = `"${name.replaceAll('"', '""')}"`
      const columns = database.prepare(`SELECT * FROM ${quoted}`).columns()
      const values = columns.map(({ column }) => {
        const one = `"${String(column).replaceAll('"', '""')}"`
        // Reads the exact number, or the bytes of a text.
        return `typeof(${one}), CASE typeof(${one}) WHEN 'text' THEN hex(${one}) WHEN 'blob' THEN hex(${one}) ELSE ${one} END`
      })
      const shown = type === 'virtual' ? '*' : values.join(', ')
      const statement = database.prepare(
        `SELECT ${wr || type === 'virtual' || ids(database, quoted) ? '' : 'rowid, '}${shown} FROM ${quoted}`,
      )
      statement.setReadBigInts(true)
      statement.setReturnArrays(true)
      const all = statement.all() as unknown as unknown[][]
      return [name, all.map((row) => row.map(exact).join(' ')).toSorted()]
    })
    const settings = ['user_version', 'application_id', 'encoding', 'page_size', 'auto_vacuum'].map(
      (name) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {}),
    )
    return { objects, rows, settings }
  } finally {
    database.close()
  }
}

function ids(database: DatabaseSync, quoted: string): boolean {
  try {
    database.prepare(`SELECT rowid FROM ${quoted}`)
    return false
  } catch {
    return true
  }
}

function exact(value: unknown): string {
  if (Object.is(value, -0)) return 'number:-0'
  return `${typeof value}:${value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)}`
}

function dumpBy(file: string): string {
  return execFileSync('sqlite3', [file, '.dump'], { encoding: 'utf8', maxBuffer: 1 << 28 })
}

const codeOf = async (work: Promise<unknown>) =>
  failureOf(await work.catch((error: unknown) => error))?.code

describe.each(['UTF-8', 'UTF-16le', 'UTF-16be'])('a database in %s with everything', (encoding) => {
  const at = place()
  make(at.file, `PRAGMA encoding = '${encoding}'; PRAGMA page_size = 8192; ${EVERYTHING}`)

  test('is the same after backup, verification and restore', async () => {
    const manifest = await at.create()
    expect(manifest.dump).toBe('sqlite-sql')
    expect(manifest.sums?.tables.length).toBeGreaterThan(15)
    const { compared, verification } = await at.verify()
    expect(compared.differences).toEqual([])
    expect(verification?.compared).toEqual(['schema', 'rows', 'sequences', 'integrity'])
    const into = `${at.file}-restored`
    const outcome = await at.restore(into)
    expect(outcome.compared?.differences).toEqual([])
    expect(contents(into)).toEqual(contents(at.file))
    const database = new DatabaseSync(into)
    expect(
      database.prepare(`SELECT rowid FROM posts_fts WHERE posts_fts MATCH 'quick'`).all(),
    ).toEqual([{ rowid: 1 }])
    expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
    database.close()
  })

  test.skipIf(!hasProgram)('can be restored by the sqlite3 program', async () => {
    const { parts } = await at.create()
    const [part] = parts
    const packed = readFileSync(path.join(at.storeFolder, part?.key ?? ''))
    const sql = `${at.file}.sql`
    writeFileSync(sql, zstdDecompressSync(packed))
    const into = `${at.file}-stock`
    const run = spawnSync('sh', ['-c', `sqlite3 -bail '${into}' < '${sql}'`], { encoding: 'utf8' })
    expect(run.stderr).toBe('')
    expect(contents(into)).toEqual(contents(at.file))
    expect(dumpBy(into)).toBe(dumpBy(at.file))
  })
})

test('replaces a database only with consent, and keeps the old one', async () => {
  const at = place()
  make(
    at.file,
    'PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)',
  )
  await at.create()
  make(at.file, 'INSERT INTO t VALUES (2)')
  expect(await codeOf(at.restore(at.file))).toBe('BACKUP.TARGET_NOT_EMPTY')
  const asked: string[] = []
  const consent = async (database: string) => void asked.push(database)
  const { old } = await at.restore(at.file, { mayConsent: true, consent })
  expect(asked).toEqual([path.basename(at.file)])
  const rowsOf = (file: string) => {
    const database = new DatabaseSync(file)
    const rows = database.prepare('SELECT id FROM t').all()
    const mode = database.prepare('PRAGMA journal_mode').get()
    database.close()
    return { rows: rows.length, ...mode }
  }
  expect(rowsOf(at.file)).toEqual({ rows: 1, journal_mode: 'wal' })
  expect(rowsOf(path.join(folder, old ?? '')).rows).toBe(2)
  await at.restore(at.file, { mayConsent: true, dropOld: true })
  const beside = readdirSync(folder).filter((name) => name.startsWith(path.basename(at.file)))
  expect(beside).toEqual([path.basename(at.file)])
})

test('a link to a database stays, and the file that it names is replaced', async () => {
  const { file, create, restore } = place()
  make(file, 'CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)')
  await create()
  const real = `${file}.real`
  const link = `${file}.link`
  make(real, 'CREATE TABLE other (a INTEGER)')
  symlinkSync(real, link)
  await restore(link, { mayConsent: true, dropOld: true })
  expect(readlinkSync(link)).toBe(real)
  expect(contents(real)).toEqual(contents(file))
})

test('a backup removes the parts that a killed one left a week ago', async () => {
  const { file, create, storeFolder, store } = place()
  make(file, 'CREATE TABLE t (a INTEGER)')
  await create()
  const now = new Date().toISOString().replaceAll(/[-:.]/g, '')
  const [old, recent] = [`backup-other-20200101T000000000Z.sql.zst`, `backup-other-${now}.sql.zst`]
  for (const name of [old, recent]) writeFileSync(path.join(storeFolder, name), '')
  await create()
  const left = readdirSync(storeFolder)
  expect(left).toContain(recent)
  expect(left).not.toContain(old)
  expect((await listBackups(store)).backups).toHaveLength(2)
})

test('a file that another process has open is not replaced', async () => {
  const at = place()
  make(at.file, 'CREATE TABLE t (id INTEGER PRIMARY KEY)')
  await at.create()
  const { spawn } = await import('node:child_process')
  const program = `const { DatabaseSync } = require('node:sqlite'); const d = new DatabaseSync(${JSON.stringify(at.file)});
    d.prepare('SELECT * FROM t').all(); console.log('open'); setInterval(() => {}, 1000)`
  const other = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    await new Promise((resolve) => other.stdout.once('data', resolve))
    const error = await at.restore(at.file, { mayConsent: true }).catch((one: unknown) => one)
    const failure = failureOf(error)
    expect(failure?.code).toBe('BACKUP.TARGET_IN_USE')
    if (process.platform === 'linux') expect(failure?.why).toContain(`process ${other.pid}`)
  } finally {
    other.kill()
  }
  expect(readdirSync(folder).filter((name) => name.includes('slipway-restore'))).toEqual([])
}, 20_000)

test('refuses options that only PostgreSQL supports', async () => {
  const at = place()
  make(at.file, 'CREATE TABLE t (id INTEGER PRIMARY KEY)')
  for (const more of [{ jobs: 4 }, { globals: true }, { format: 'directory' as const }])
    expect(await codeOf(at.create(more))).toBe('BACKUP.NOT_SUPPORTED')
  await at.create()
  expect(await codeOf(at.verify({ jobs: 2 }))).toBe('BACKUP.NOT_SUPPORTED')
  const into = `${at.file}-new`
  for (const more of [{ tables: ['t'] }, { dataOnly: true }, { noOwner: true }, { jobs: 2 }])
    expect(await codeOf(at.restore(into, more))).toBe('BACKUP.NOT_SUPPORTED')
  const excludedData = { asked: ['absent'], configured: [] }
  expect(await codeOf(at.create({ excludedData }))).toBe('BACKUP.TABLE_UNKNOWN')
})

test('skips the rows of excluded tables', async () => {
  const at = place()
  make(
    at.file,
    'CREATE TABLE a (x); CREATE TABLE b (x); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)',
  )
  const manifest = await at.create({ excludedData: { asked: ['main.b'], configured: ['later'] } })
  expect(manifest.excludedData).toEqual(['b'])
  expect((await at.verify()).compared).toMatchObject({
    differences: [],
    notCompared: ['rows that were skipped: b'],
  })
})

test('an encrypted store contains no plaintext of a row', async () => {
  const at = place()
  make(at.file, `CREATE TABLE t (x); INSERT INTO t VALUES ('a very secret row')`)
  const [identity, other] = [await generateX25519Identity(), await generateX25519Identity()]
  const recipients = [await identityToRecipient(identity)]
  await at.create({ encryption: { kind: 'recipients', recipients } })
  for (const name of readdirSync(at.storeFolder))
    expect(readFileSync(path.join(at.storeFolder, name)).includes('secret')).toBe(false)
  const keys = { identities: [identity], passphrases: [] }
  expect((await at.verify({ keys })).compared.differences).toEqual([])
  const wrong = { identities: [other], passphrases: [] }
  expect(await codeOf(at.verify({ keys: wrong }))).toBe('BACKUP.KEY_WRONG')
})

test('a backup reads one snapshot while others write', async () => {
  const at = place()
  make(
    at.file,
    `PRAGMA journal_mode = WAL; CREATE TABLE a (x); CREATE TABLE b (x);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO a SELECT i FROM n`,
  )
  const writer = new DatabaseSync(at.file)
  const { write } = at.store
  const store = {
    ...at.store,
    write: async (...given: Parameters<typeof write>) => {
      writer.exec('INSERT INTO a VALUES (0); INSERT INTO b VALUES (0)')
      await write(...given)
    },
  }
  const { sums } = await at.create({ store })
  writer.close()
  expect(sums?.tables.map(({ rows }) => rows)).toEqual([20_000, 0])
  expect((await at.verify()).compared.differences).toEqual([])
})

describe('damage', () => {
  const at = place()
  make(at.file, EVERYTHING)

  test('of any kind is detected', async () => {
    const { id, parts } = await at.create()
    const name = { id, environment: 'testing' }
    const [part] = parts
    const file = path.join(at.storeFolder, part?.key ?? '')
    const good = `${file}.good`
    copyFileSync(file, path.join(folder, 'good'))
    const size = statSync(file).size
    const damages: (() => void)[] = [
      () => truncateSync(file, size - 1),
      () => truncateSync(file, 0),
      () => appendFileSync(file, 'x'),
      ...Array.from({ length: 20 }, (_, bit) => () => {
        const bytes = readFileSync(file)
        const index = Math.floor((bit * size) / 20)
        bytes[index] = (bytes[index] ?? 0) ^ (1 << (bit % 8))
        writeFileSync(file, bytes)
      }),
    ]
    for (const damage of damages) {
      damage()
      expect(await codeOf(at.verify({ quick: true, name }))).toBe('BACKUP.DAMAGED')
      expect(await codeOf(at.restore(`${at.file}-damaged`, { name }))).toBe('BACKUP.DAMAGED')
      copyFileSync(path.join(folder, 'good'), file)
    }
    expect(existsSync(good)).toBe(false)
    expect(existsSync(`${at.file}-damaged`)).toBe(false)
    expect((await listBackups(at.store)).backups).toHaveLength(1)
  })
})

test('a damaged database file is not backed up', async () => {
  const at = place()
  make(
    at.file,
    `CREATE TABLE t (x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    INSERT INTO t SELECT hex(randomblob(100)) FROM n`,
  )
  const bytes = readFileSync(at.file)
  bytes.fill(0xff, 4096 * 20, 4096 * 60)
  writeFileSync(at.file, bytes)
  expect(await codeOf(at.create())).toBe('DATABASE.CORRUPT')
  expect((await at.store.list()).length).toBe(0)
})
