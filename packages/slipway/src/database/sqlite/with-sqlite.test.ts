import { spawn } from 'node:child_process'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from 'vitest'
import { failureOf } from '../../kernel/index.ts'
import { dialectOf, type Session, withSession } from '../index.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'slipway-sqlite-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileWith(name: string, sql: string): string {
  const file = path.join(folder, name)
  const database = new DatabaseSync(file)
  database.exec(sql)
  database.close()
  return file
}

async function inMemory<T>(work: (session: Session) => Promise<T>): Promise<T> {
  return await withSession({ kind: 'sqlite' }, {}, work)
}

async function failureIn(work: Promise<unknown>) {
  return failureOf(await work.then(() => undefined).catch((error: unknown) => error))
}

test('reads the rows of a file, with values by name and in text form', async () => {
  const file = fileWith(
    'values.db',
    `CREATE TABLE t (id INTEGER PRIMARY KEY, big BIGINT, label TEXT, data BLOB, at DATETIME);
     INSERT INTO t VALUES (1, 9223372036854775807, 'x', x'00ff', 1700000000000)`,
  )
  await withSession({ kind: 'sqlite', file }, {}, async (session) => {
    expect(dialectOf(session)).toBe('sqlite')
    expect(session.server).toMatchObject({ database: 'values.db', schema: 'main' })
    const [row] = await session.query('SELECT * FROM t WHERE id = $1 AND label = $2', [1, 'x'])
    expect(row).toMatchObject({ id: 1, big: '9223372036854775807', label: 'x', at: 1700000000000 })
    const raw = await session.queryRaw('SELECT big, data, at, count(*) AS n FROM t')
    expect(raw.rows).toEqual([['9223372036854775807', '00ff', '1700000000000', '1']])
    expect(raw.columns.map(({ type }) => type)).toEqual(['BIGINT', 'BLOB', 'DATETIME', 'INTEGER'])
    expect((await session.queryRaw('UPDATE t SET label = $1', ['y'])).affected).toBe(1)
  })
})

test('creates no file, and reports what is wrong with one', async () => {
  const missing = path.join(folder, 'missing.db')
  const failure = await failureIn(
    withSession({ kind: 'sqlite', file: missing }, {}, async () => {}),
  )
  expect(failure?.code).toBe('DATABASE.NOT_FOUND')
  expect(existsSync(missing)).toBe(false)
  const unnamable = path.join(folder, 'x'.repeat(300))
  for (const options of [{ createFile: true }, {}])
    expect(
      (await failureIn(withSession({ kind: 'sqlite', file: unnamable }, options, async () => {})))
        ?.code,
    ).toBe('DATABASE.NOT_FOUND')
  const other = path.join(folder, 'other.db')
  writeFileSync(other, 'this is not a database, and long enough to be read as one')
  expect(
    (await failureIn(withSession({ kind: 'sqlite', file: other }, {}, async () => {})))?.code,
  ).toBe('DATABASE.CORRUPT')
})

test('a lock of another process is a failure after the wait', async () => {
  const file = fileWith('locked.db', 'CREATE TABLE t (id INTEGER)')
  const other = new DatabaseSync(file)
  other.exec('BEGIN EXCLUSIVE')
  const failure = await failureIn(
    withSession({ kind: 'sqlite', file }, { connectTimeoutMs: 50 }, (session) =>
      session.execute('INSERT INTO t VALUES (1)'),
    ),
  )
  other.close()
  expect(failure?.code).toBe('DATABASE.LOCKED')
})

test.runIf(process.platform === 'linux')('the process that holds a lock is named', async () => {
  const file = fileWith('held.db', 'CREATE TABLE t (id INTEGER)')
  const program = `const { DatabaseSync } = require('node:sqlite')
    new DatabaseSync(process.argv[1]).exec('BEGIN EXCLUSIVE')
    process.stdout.write('held')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--eval', program, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(holder.stdout, 'data')
  const failure = await failureIn(
    withSession({ kind: 'sqlite', file }, { connectTimeoutMs: 50 }, (session) =>
      session.execute('INSERT INTO t VALUES (1)'),
    ),
  )
  holder.kill('SIGKILL')
  expect(failure).toMatchObject({
    code: 'DATABASE.LOCKED',
    why: expect.stringContaining(`(process ${holder.pid}) has the file open`) as string,
  })
})

test('a refused statement keeps the code of SQLite, and no row content', async () => {
  await inMemory(async (session) => {
    await session.execute(`
      CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
      CREATE TABLE b (id INTEGER REFERENCES a (id));
      CREATE TRIGGER keep BEFORE DELETE ON a BEGIN SELECT RAISE(ABORT, 'it''s kept'); END;
      CREATE TRIGGER say BEFORE UPDATE ON a BEGIN SELECT RAISE(ABORT, 'secret of ' || OLD.name); END;
      INSERT INTO a VALUES (1, 'Ann')`)
    const refused = (sql: string) => failureIn(session.execute(sql))
    expect(await refused('INSERT INTO b VALUES (7)')).toMatchObject({
      code: 'DATABASE.STATEMENT',
      sqlite: { code: 787, name: 'SQLITE_CONSTRAINT_FOREIGNKEY' },
    })
    expect(await refused("INSERT INTO a VALUES (2, 'Ann')")).toMatchObject({
      sqlite: { name: 'SQLITE_CONSTRAINT_UNIQUE', message: 'UNIQUE constraint failed: a.name' },
    })
    expect((await refused('DELETE FROM a'))?.sqlite?.message).toBe("it's kept")
    expect(JSON.stringify(await refused('UPDATE a SET id = 2'))).not.toContain('Ann')
    const badPath = await refused(`SELECT json_extract('{}', name) FROM a`)
    expect(badPath?.sqlite?.message).toBe('bad JSON path: …')
    expect((await refused(`SELECT json_extract('{}', 'id')`))?.sqlite?.message).toBe(
      `bad JSON path: 'id'`,
    )
    expect((await refused('SELEC 1'))?.sqlite?.message).toBe('near "SELEC": syntax error')
    await session.execute(
      'CREATE TABLE c (a INTEGER REFERENCES a ON DELETE RESTRICT); INSERT INTO c VALUES (1); DROP TRIGGER keep',
    )
    expect((await refused('DELETE FROM a'))?.sqlite?.message).toBe('FOREIGN KEY constraint failed')
  })
})

test('closing a session early ends it', async () => {
  await inMemory(async (session) => {
    session.destroy()
    session.destroy()
  })
})

test('the warning of node:sqlite is suppressed, other warnings are not', () => {
  const load = path.join(import.meta.dirname, 'load.ts')
  const program = `const { loadSqlite } = await import(${JSON.stringify(load)})
    new (loadSqlite().DatabaseSync)(':memory:').close(); process.emitWarning('still said')`
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  })
  expect(stderr).not.toContain('SQLite')
  expect(stderr).toContain('still said')
})
