import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { BASE, migrationOf, parser } from '../../../test/sqlite-hazard-input.ts'
import { judge, rewrite } from '../index.ts'

// SQLite's integrity-check is the reference: the hazard must be found exactly if the check fails.

function found(setup: string, sql: string) {
  const hazards = judge({
    history: [migrationOf('1', setup)],
    migrations: [migrationOf('2', sql)],
    facts: BASE,
  })
  return hazards.filter(({ id }) => id === 'rebuild-full-text')
}

function fixed(setup: string, sql: string): string {
  const history = [migrationOf('1', setup)]
  const [one] = rewrite({ history, migrations: [migrationOf('2', sql)], facts: BASE, parser })
  return one?.sql ?? ''
}

/** Whether the index `i` is correct after a migration: it finds exactly the rows that contain the word. */
function isRight(setup: string, sql: string, module: 'fts5' | 'fts4'): boolean {
  const database = new DatabaseSync(':memory:')
  database.exec(setup)
  database.exec(sql)
  try {
    database.exec(
      module === 'fts5'
        ? `INSERT INTO i(i, rank) VALUES('integrity-check', 1)`
        : `INSERT INTO i(i) VALUES('integrity-check')`,
    )
    return true
  } catch {
    return false
  }
}

const ROWS = `INSERT INTO t (id, a, b, n) VALUES (1, 'apple', NULL, 10), (2, 'pear', 'y', 20), (3, 'plum', 'z', 30); DELETE FROM t WHERE id = 1;
INSERT INTO i(i) VALUES('rebuild');`

const rebuildOf = (columns: string, values = 'id, a, b, n') => `CREATE TABLE new_t (${columns});
INSERT INTO new_t (id, a, b, n) SELECT ${values} FROM t;
DROP TABLE t;
ALTER TABLE new_t RENAME TO t;`

const NUMBERED = 'id INTEGER PRIMARY KEY, a TEXT, b TEXT, n INTEGER'
const UNNUMBERED = 'id INT PRIMARY KEY, a TEXT, b TEXT, n INTEGER'

const index = (rest: string, module = 'fts5') => `CREATE VIRTUAL TABLE i USING ${module} (${rest});`

interface Case {
  readonly table?: string
  readonly index?: string
  readonly sql: string
  readonly stale?: 'rowids' | 'texts'
}

const CASES: Readonly<Record<string, Case>> = {
  'rows with a number of their own keep it': { sql: rebuildOf(NUMBERED) },
  'others get new ones': { table: UNNUMBERED, sql: rebuildOf(UNNUMBERED), stale: 'rowids' },
  'a key that is the rowid no longer': { sql: rebuildOf(UNNUMBERED), stale: 'rowids' },
  'a key that is computed': {
    sql: rebuildOf(NUMBERED, 'id + 1, a, b, n'),
    stale: 'rowids',
  },
  'a text that is not indexed': {
    index: index(`a, content='t'`),
    sql: rebuildOf(NUMBERED, `id, a, coalesce(b, 'x'), n`),
  },
  'a text that is indexed': {
    sql: rebuildOf(NUMBERED, `id, coalesce(a || 's', 'x'), b, n`),
    stale: 'texts',
  },
  'texts that change places': { sql: rebuildOf(NUMBERED, 'id, b, a, n'), stale: 'texts' },
  'a column of its own numbers the rows': {
    table: UNNUMBERED,
    index: index(`"a", [b] UNINDEXED, content = "T", content_rowid = n`),
    sql: rebuildOf(UNNUMBERED),
  },
  'and is computed': {
    table: UNNUMBERED,
    index: index(`a, content=t, content_rowid='n'`),
    sql: rebuildOf(UNNUMBERED, 'id, a, b, n + 5'),
    stale: 'rowids',
  },
  'the content is a view': {
    table: UNNUMBERED,
    index: `CREATE VIEW v AS SELECT rowid AS number, a FROM t; ${index(`a, content='v', content_rowid='number'`)}`,
    sql: `DROP VIEW v; ${rebuildOf(UNNUMBERED)} CREATE VIEW v AS SELECT rowid AS number, a FROM t;`,
    stale: 'texts',
  },
  FTS4: {
    table: UNNUMBERED,
    index: index(`content="t", a, b`, 'fts4'),
    sql: rebuildOf(UNNUMBERED),
    stale: 'rowids',
  },
  'a short name of the option': {
    table: UNNUMBERED,
    index: index(`a, b, cont='t'`),
    sql: rebuildOf(UNNUMBERED),
    stale: 'rowids',
  },
  'an index with texts of its own': {
    table: UNNUMBERED,
    index: index('a, b'),
    sql: rebuildOf(UNNUMBERED),
  },
  'built again behind it': {
    table: UNNUMBERED,
    sql: `${rebuildOf(UNNUMBERED)} INSERT INTO i ("I") VALUES ( 'REBUILD' );`,
  },
  'built again before it': {
    table: UNNUMBERED,
    sql: `INSERT INTO i (i) VALUES ('rebuild'); ${rebuildOf(UNNUMBERED)}`,
    stale: 'rowids',
  },
}

test.each(Object.entries(CASES))('%s', (_, { table = NUMBERED, index: own, sql, stale }) => {
  const setup = `CREATE TABLE t (${table}); ${own ?? index(`a, b, content='t'`)} ${ROWS}`
  const module = own?.includes('fts4') ? 'fts4' : 'fts5'
  expect(isRight(setup, '', module)).toBe(true)
  const hazards = found(setup, sql)
  expect(hazards.map(({ object }) => object)).toEqual(
    stale ? [{ kind: 'table', schema: null, name: 'i' }] : [],
  )
  if (stale)
    expect(hazards[0]?.message).toContain(`change the ${stale === 'texts' ? 'text' : stale}`)
  expect(isRight(setup, sql, module)).toBe(stale === undefined)
  const repaired = fixed(setup, sql)
  expect(isRight(setup, repaired, module)).toBe(true)
  expect(found(setup, repaired)).toEqual([])
})

test('an index that reads a dropped column is not rebuilt', () => {
  const setup = `CREATE TABLE t (${NUMBERED}); ${index(`a, b, content='t'`)} ${ROWS}`
  const sql = `CREATE TABLE new_t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, n INTEGER);
INSERT INTO new_t (id, a, n) SELECT id, coalesce(a, ''), n FROM t;
DROP TABLE t;
ALTER TABLE new_t RENAME TO t;`
  expect(found(setup, sql)).toMatchObject([
    { severity: 'warning', message: expect.stringContaining('without b') },
  ])
  expect(fixed(setup, sql)).not.toContain('rebuild')
})

test('if fix rebuilds a table for a new column, it also rebuilds the index', () => {
  const setup = `CREATE TABLE t (${UNNUMBERED}); ${index(`a, b, content='t'`)} ${ROWS}`
  const repaired = fixed(setup, `ALTER TABLE t ADD COLUMN at TEXT NOT NULL DEFAULT (datetime());`)
  expect(repaired).toContain('new_t')
  expect(isRight(setup, repaired, 'fts5')).toBe(true)
})
