import { DatabaseSync } from 'node:sqlite'
import { beforeAll, describe, expect, test } from 'vitest'
import { sqliteCorpus } from '../../../test/sqlite-corpus.ts'
import { parserFor, sqliteDetail, type StatementParser } from '../../statements/index.ts'
import { applySqlite, NO_DEFINITIONS, type SqliteDefinitions } from './defined-objects.ts'

let parser: StatementParser
beforeAll(async () => {
  parser = await parserFor('sqlite')
})

function defined(sql: string): SqliteDefinitions {
  return parser
    .parse(sql)
    .reduce((all, statement) => applySqlite(all, statement, { migration: '1' }), NO_DEFINITIONS)
}

/** What SQLite itself reports: the definitions in its schema after the statements ran. */
function read(sql: string): SqliteDefinitions {
  const database = new DatabaseSync(':memory:')
  database.exec(sql)
  const rows = database
    .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*'")
    .all()
  database.close()
  return defined(rows.map((row) => `${String(row['sql'])};`).join('\n'))
}

/** Without texts, which SQLite changes, and in an order of its own. */
function comparable({ tables, indexes, triggers, views }: SqliteDefinitions) {
  const plain = (map: ReadonlyMap<string, object>) =>
    Object.fromEntries(
      [...map]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([key, one]) => [key, JSON.parse(JSON.stringify(one, withoutTexts))]),
    )
  return {
    tables: plain(tables),
    indexes: plain(indexes),
    triggers: plain(triggers),
    views: plain(views),
  }
}

function withoutTexts(key: string, value: unknown): unknown {
  return TEXTS.has(key) ? undefined : value
}

const TEXTS = new Set([
  'text',
  'definition',
  'constraints',
  'renamed',
  'quotedAt',
  'at',
  'tableAt',
  'unnamed',
  'uniqueAt',
])

const SHOP = `
  CREATE TABLE customer (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, "level" INT DEFAULT 1 CHECK (level > 0));
  CREATE TABLE "order" (id TEXT PRIMARY KEY, customerId INTEGER REFERENCES customer (id) ON DELETE CASCADE, total REAL DEFAULT (1 + 1),
    half REAL AS (total / 2), CHECK (total > 0), UNIQUE (customerId, total)) STRICT, WITHOUT ROWID;
  CREATE TABLE log (what TEXT DEFAULT CURRENT_TIMESTAMP, "order" TEXT);
  CREATE INDEX order_total ON "order" (total, lower(id)) WHERE total > 1;
  CREATE VIEW rich AS SELECT c.email, o.total FROM customer c JOIN "order" o ON o.customerId = c.id;
  CREATE TRIGGER logged AFTER UPDATE OF total ON "order" WHEN new.total > 1 BEGIN
    INSERT INTO log ("order") VALUES (new.id); UPDATE customer SET level = 2 WHERE id = new.customerId; END;`

test.each([
  ['as created', ''],
  ['a column added', 'ALTER TABLE customer ADD COLUMN note TEXT CHECK (note <> level);'],
  [
    'a foreign key added',
    'ALTER TABLE log ADD COLUMN c INTEGER REFERENCES customer ON DELETE SET NULL;',
  ],
  ['a column renamed', 'ALTER TABLE "order" RENAME COLUMN total TO amount;'],
  ['a key renamed', 'ALTER TABLE customer RENAME COLUMN id TO number;'],
  ['a table renamed', 'ALTER TABLE customer RENAME TO client;'],
  ['a table with a trigger renamed', 'ALTER TABLE "order" RENAME TO purchase;'],
  ['a column dropped', 'ALTER TABLE log DROP COLUMN what;'],
  ['a table dropped', 'DROP VIEW rich; DROP TABLE "order";'],
  ['parts dropped', 'DROP INDEX order_total; DROP TRIGGER logged; DROP VIEW rich;'],
  ['a required column', 'ALTER TABLE log ALTER COLUMN what SET NOT NULL;'],
])('%s: as SQLite reports', (_, sql) => {
  const actual = comparable(defined(SHOP + sql))
  expect(actual).toEqual(comparable(read(SHOP + sql)))
})

test('a column with all its clauses', () => {
  const [detail] = parser
    .parse(
      'CREATE TABLE t (a TEXT DEFAULT "x", b DEFAULT (-1), c DEFAULT (1+1), d DEFAULT NULL, e DEFAULT true, PRIMARY KEY (b, a))',
    )
    .map(sqliteDetail)
  if (detail?.kind !== 'create-table') throw new TypeError('no table')
  expect(detail.table.columns.map(({ default: value }) => value?.kind)).toEqual([
    'quoted',
    'constant',
    'computed',
    'null',
    'constant',
  ])
  expect(detail.table.primaryKey).toEqual(['b', 'a'])
})

describe.skipIf(sqliteCorpus.length === 0)('the corpus', () => {
  test('after each migration, the definitions are those of SQLite', () => {
    const database = new DatabaseSync(':memory:')
    let all = NO_DEFINITIONS
    for (const { name, sql } of sqliteCorpus) {
      database.exec(sql)
      for (const statement of parser.parse(sql)) {
        all = applySqlite(all, statement, { migration: '1' })
      }
      const rows = database
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*'")
        .all()
      const texts = rows.map((row) => `${String(row['sql'])};`).join('\n')
      expect(comparable(all), name).toEqual(comparable(defined(texts)))
    }
    database.close()
  })
})
