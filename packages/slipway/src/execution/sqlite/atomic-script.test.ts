import { beforeAll, describe, expect, test } from 'vitest'
import { sqliteCorpus } from '../../../test/sqlite-corpus.ts'
import { atomic, type Session, withSession } from '../../database/index.ts'
import { parseMigration, parserFor, type StatementParser } from '../../statements/index.ts'
import { type AtomicScript, atomicScriptOf } from '../index.ts'

let parser: StatementParser
beforeAll(async () => {
  parser = await parserFor('sqlite')
})

const scriptOf = (sql: string) => atomicScriptOf(parseMigration({ name: 'm', sql }, parser))

async function inMemory<T>(sql: string, work: (session: Session) => Promise<T>): Promise<T> {
  return await withSession({ kind: 'sqlite' }, {}, async (session) => {
    await session.execute(sql)
    return await work(session)
  })
}

const run = (session: Session, { script, foreignKeys }: AtomicScript) =>
  atomic(session).runAtomically(script, { foreignKeys })

const texts = (statements: readonly { readonly text: string }[]) =>
  statements.map(({ text }) => text)

const why = ({ dropped }: AtomicScript) => dropped.map((one) => `${one.statement.text}: ${one.why}`)

const FAMILY = `
  CREATE TABLE p (id INTEGER PRIMARY KEY, note TEXT);
  CREATE TABLE c (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p (id) ON DELETE CASCADE);
  INSERT INTO p VALUES (1, 'a'), (2, 'b'); INSERT INTO c VALUES (10, 1), (20, 2);`

const REBUILD = `PRAGMA defer_foreign_keys=ON;
  PRAGMA foreign_keys=OFF;
  CREATE TABLE new_p (id INTEGER PRIMARY KEY, note TEXT NOT NULL);
  INSERT INTO new_p (id, note) SELECT id, note FROM p;
  DROP TABLE p;
  ALTER TABLE new_p RENAME TO p;
  PRAGMA foreign_keys=ON;
  PRAGMA defer_foreign_keys=OFF;`

test('a rebuild by Prisma keeps the rows that refer to the table', async () => {
  const script = scriptOf(REBUILD)
  expect(script.foreignKeys).toBe(false)
  expect(script.unenforced).toEqual([])
  expect(why(script)).toEqual([
    'PRAGMA foreign_keys=OFF: foreign-keys',
    'PRAGMA foreign_keys=ON: foreign-keys',
  ])
  await inMemory(FAMILY, async (session) => {
    await run(session, script)
    expect(await session.query('SELECT * FROM c')).toHaveLength(2)
    expect(await session.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }])
  })
})

test('statements before the PRAGMA of a rebuild do not make it delete rows', async () => {
  const before = 'CREATE TABLE other (id INTEGER);\nUPDATE p SET note = upper(note);\n'
  const script = scriptOf(before + REBUILD)
  expect(script.foreignKeys).toBe(false)
  expect(texts(script.unenforced)).toEqual(['UPDATE p SET note = upper(note)'])
  await inMemory(FAMILY, async (session) => {
    await run(session, script)
    expect(await session.query('SELECT * FROM c')).toHaveLength(2)
  })
})

test('foreign keys are enforced if no change is made while they are off', async () => {
  const script = scriptOf('PRAGMA foreign_keys(0); PRAGMA foreign_keys = "yes"; DELETE FROM p;')
  expect(script.foreignKeys).toBe(true)
  await inMemory(FAMILY, async (session) => {
    await run(session, script)
    expect(await session.query('SELECT * FROM c')).toEqual([])
  })
})

test('transactions of the file become part of the one transaction', async () => {
  const script = scriptOf(`
    BEGIN; CREATE TABLE a (id); SAVEPOINT s; INSERT INTO a VALUES (1); RELEASE s; END;
    BEGIN IMMEDIATE; DROP TABLE a; ROLLBACK;
    -- the last one
    INSERT INTO a VALUES (2) -- without a semicolon`)
  expect(texts(script.statements)).toEqual([
    'CREATE TABLE a (id)',
    'INSERT INTO a VALUES (1)',
    'INSERT INTO a VALUES (2)',
  ])
  expect(script.dropped.map((one) => one.why)).toEqual([
    ...Array.from({ length: 5 }, () => 'transaction'),
    'rolled-back',
    'transaction',
  ])
  await inMemory('', async (session) => {
    await run(session, script)
    expect(await session.query('SELECT id FROM a')).toEqual([{ id: 1 }, { id: 2 }])
  })
})

test('a savepoint that the file rolls back to stays', async () => {
  const script = scriptOf(
    'CREATE TABLE a (id); SAVEPOINT s; INSERT INTO a VALUES (1); ROLLBACK TO s; RELEASE s;',
  )
  expect(script.dropped).toEqual([])
  await inMemory('', async (session) => {
    await run(session, script)
    expect(await session.query('SELECT id FROM a')).toEqual([])
  })
})

test('drops settings that a transaction refuses, and resets others before the next migration', async () => {
  const script =
    scriptOf(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; VACUUM; PRAGMA quick_check;
    PRAGMA foreign_keys; PRAGMA user_version = 7; PRAGMA legacy_alter_table = ON; PRAGMA recursive_triggers = 1;
    PRAGMA recursive_triggers = off;`)
  expect(script.dropped).toHaveLength(5)
  await inMemory('', async (session) => {
    await run(session, script)
    expect(await session.query('PRAGMA user_version')).toEqual([{ user_version: 7 }])
    expect(await session.query('PRAGMA legacy_alter_table')).toEqual([{ legacy_alter_table: 0 }])
  })
})

describe.skipIf(sqliteCorpus.length === 0)('the corpus', () => {
  test('every file runs, and rebuilds run without foreign keys', async () => {
    await inMemory('', async (session) => {
      let rebuilds = 0
      for (const { name, sql } of sqliteCorpus) {
        const script = scriptOf(sql)
        const withoutKeys = sql.includes('PRAGMA foreign_keys=OFF')
        expect(script.foreignKeys, name).toBe(!withoutKeys)
        if (withoutKeys) rebuilds++
        await run(session, script)
      }
      expect(rebuilds).toBeGreaterThan(20)
    })
  })
})
