import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { sqliteCorpus } from '../../../test/sqlite-corpus.ts'
import { dialectOf, type Session } from '../../database/index.ts'
import { failureOf } from '../../kernel/index.ts'
import { fillSqliteTables, replay, type ShadowOptions, withShadowDatabase } from '../index.ts'

const SHADOW: ShadowOptions = { dialect: 'sqlite', cacheDir: '' }

const file = (name: string, sql: string) => ({ name, sql, path: `prisma/migrations/${name}.sql` })

async function onShadow<T>(
  history: readonly string[],
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const files = history.map((sql, index) => file(`${index + 1}`, sql))
  return await withShadowDatabase(SHADOW, files, work)
}

async function failureIn(work: Promise<unknown>) {
  return failureOf(await work.then(() => undefined).catch((error: unknown) => error))
}

test('a history is replayed in memory, and rebuilds run without foreign keys', async () => {
  const history = [
    `CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p (id) ON DELETE CASCADE);
     INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);`,
    `PRAGMA foreign_keys=OFF; CREATE TABLE new_p (id INTEGER PRIMARY KEY, n TEXT); INSERT INTO new_p (id) SELECT id FROM p;
     DROP TABLE p; ALTER TABLE new_p RENAME TO p; PRAGMA foreign_keys=ON;`,
  ]
  await onShadow(history, async (session) => {
    expect(dialectOf(session)).toBe('sqlite')
    expect(await session.query('SELECT * FROM p, c')).toEqual([{ id: 1, n: null, p: 1 }])
    await replay(session, [file('3', 'DELETE FROM p')])
    expect(await session.query('SELECT * FROM c')).toEqual([])
  })
})

test.each([
  ['a missing table', 'CREATE TABLE a (id);\nDROP TABLE b;', 'no such table: b', [2, 12]],
  [
    'a missing column',
    'CREATE TABLE a (id);\n\nCREATE INDEX i ON a (nope);',
    'no such column: nope',
    [3, 22],
  ],
  [
    'a row that breaks a constraint',
    'CREATE TABLE a (id INTEGER PRIMARY KEY, n TEXT NOT NULL);\nINSERT INTO a VALUES (1, NULL);',
    'NOT NULL constraint failed: a.n',
    [2, 1],
  ],
  [
    'a foreign key that is violated while keys are off',
    'PRAGMA foreign_keys=OFF;\nCREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id));\nINSERT INTO c VALUES (7);',
    'rows of c refer to no row of p',
    undefined,
  ],
  [
    'a deferred foreign key that stays violated',
    'CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE c (p REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO c VALUES (7);',
    'rows of c refer to no row of p',
    undefined,
  ],
  ['another file', "CREATE TABLE a (id);\nATTACH 'other.db' AS other;", 'not authorized', [2, 1]],
  [
    'a setting beyond the database',
    'CREATE TABLE a (id);\nPRAGMA writable_schema = ON;',
    'not authorized',
    [2, 1],
  ],
  ['an extension', "CREATE TABLE a (id);\nSELECT load_extension('x');", undefined, [2, 1]],
] as const)('%s is refused with its place', async (_, sql, why, place) => {
  await onShadow([], async (session) => {
    const failure = await failureIn(replay(session, [file('1_bad', sql)]))
    expect(failure?.code).toBe('SHADOW.REPLAY_FAILED')
    if (why !== undefined) expect(failure?.why).toBe(`${why}.`)
    expect(failure?.sqlite).toBeDefined()
    const { line, column, file: at, excerpt } = failure?.where ?? {}
    expect(place && [line, column, at]).toEqual(place && [...place, 'prisma/migrations/1_bad.sql'])
    if (place) expect(excerpt).toContain('^')
    expect(await session.query("SELECT name FROM sqlite_schema WHERE type = 'table'")).toEqual([])
    expect(await session.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }])
  })
})

test('nothing is written outside the database', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway-shadow-'))
  const target = path.join(folder, 'copy.db')
  try {
    await onShadow(['CREATE TABLE a (id)'], async (session) => {
      await replay(session, [file('2', `VACUUM INTO '${target}'`)])
      expect(await failureIn(session.execute(`ATTACH '${target}' AS x`))).toBeDefined()
      expect(await failureIn(session.execute(`VACUUM INTO '${target}'`))).toBeDefined()
    })
    expect(existsSync(target)).toBe(false)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

const ZOO = `
CREATE TABLE country (code TEXT PRIMARY KEY CHECK (length(code) <= 3), name TEXT NOT NULL UNIQUE) WITHOUT ROWID;
CREATE TABLE person (
  id INTEGER PRIMARY KEY AUTOINCREMENT, country TEXT NOT NULL REFERENCES country, boss INTEGER REFERENCES person (id) ON DELETE SET NULL,
  best_friend INTEGER REFERENCES friend (id), email VARCHAR(20) NOT NULL COLLATE NOCASE, born DATETIME NOT NULL, died DATETIME CHECK (died > born),
  status TEXT NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'old', 'gone')), level INT NOT NULL CHECK (level BETWEEN 10 AND 20),
  about JSONB NOT NULL CHECK (json_valid(about)), photo BLOB, score DECIMAL, active BOOLEAN NOT NULL, shout TEXT AS (upper(email)) STORED);
CREATE UNIQUE INDEX person_email ON person (lower(email)) WHERE status <> 'gone';
CREATE TABLE friend (id INTEGER PRIMARY KEY, person INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE);
CREATE TABLE team (org INT, nr INT, PRIMARY KEY (org, nr)) STRICT;
CREATE TABLE member (org INT NOT NULL, nr INT NOT NULL, person INT NOT NULL REFERENCES person (id), extra ANY, at REAL,
  PRIMARY KEY (org, nr, person), FOREIGN KEY (org, nr) REFERENCES team (org, nr)) STRICT, WITHOUT ROWID;
CREATE TABLE log (at, what);
CREATE TRIGGER person_log AFTER INSERT ON person BEGIN INSERT INTO log VALUES (NEW.born, NEW.email); END;
CREATE TRIGGER one_boss BEFORE INSERT ON person WHEN (SELECT boss FROM person WHERE id = NEW.boss) IS NOT NULL
  BEGIN SELECT RAISE(ABORT, 'a boss has no boss'); END;
CREATE VIRTUAL TABLE notes USING fts5(title, body);
CREATE VIRTUAL TABLE people USING fts5(email, content='person', content_rowid='id');
CREATE VIRTUAL TABLE area USING rtree(id, x0, x1);
CREATE TABLE impossible (a INT NOT NULL CHECK (a > 5 AND a < 5));`

test('rows satisfy their constraints, refer to each other, and reach the limits of their types', async () => {
  await onShadow([ZOO], async (session) => {
    const filling = await fillSqliteTables(session, { style: 'edge' })
    expect(filling.empty.map(({ name }) => name)).toEqual(['impossible'])
    expect(await session.query('PRAGMA foreign_key_check')).toEqual([])
    expect(await session.query('PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
    const counts = await session.query(
      `SELECT (SELECT count(*) FROM person) AS person, (SELECT count(*) FROM friend) AS friend, (SELECT count(*) FROM member) AS member,
        (SELECT count(*) FROM log) AS log, (SELECT count(*) FROM person WHERE boss IS NOT NULL) AS led,
        (SELECT count(DISTINCT status) FROM person) AS states, (SELECT count(*) FROM people WHERE people MATCH 'a0') AS found`,
    )
    expect(counts[0]).toMatchObject({ person: 6, friend: 6, member: 6, states: 3, found: 1 })
    expect(Number(counts[0]?.['led'])).toBeGreaterThan(2)
    expect(Number(counts[0]?.['log'])).toBeGreaterThanOrEqual(6)
    const again = await onShadow([ZOO], async (other) => {
      await fillSqliteTables(other, { style: 'edge' })
      return await other.query('SELECT * FROM person')
    })
    expect(again).toEqual(await session.query('SELECT * FROM person'))
  })
})

test('rows have the values that a migration looks for, and tables can stay empty', async () => {
  await onShadow([ZOO], async (session) => {
    const compared = [{ status: "'gone'", email: "'x@y.z'" }]
    const filling = await fillSqliteTables(session, {
      style: 'plain',
      compared,
      without: ['friend', 'member'],
    })
    expect(filling.empty.map(({ name }) => name)).toEqual(['friend', 'member', 'impossible'])
    expect(await session.query("SELECT email FROM person WHERE status = 'gone'")).toContainEqual({
      email: 'x@y.z',
    })
  })
})

test.skipIf(sqliteCorpus.length === 0)('every table of the corpus gets rows', async () => {
  await withShadowDatabase(SHADOW, sqliteCorpus, async (session) => {
    const filling = await fillSqliteTables(session, { style: 'edge' })
    expect(filling.empty).toEqual([])
    expect(await session.query('PRAGMA foreign_key_check')).toEqual([])
  })
})
