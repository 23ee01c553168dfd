import { beforeAll, describe, expect, test } from 'vitest'
import { sqliteCorpus } from '../../../test/sqlite-corpus.ts'
import { failureOf } from '../../kernel/index.ts'
import { destructionsBy } from '../destruction.ts'
import { transactionGroupsOf } from '../index.ts'
import { parserFor, type StatementParser } from '../index.ts'
import { sqliteDefinitionParts } from './definition-parts.ts'

let parser: StatementParser
beforeAll(async () => {
  parser = await parserFor('sqlite')
})

const actions = (sql: string) => parser.parse(sql).flatMap((statement) => statement.actions)

test('numbers may have separators', () => {
  expect(actions('INSERT INTO x (a, b, c) VALUES (1_000, 0x1_F, -1_0.5_0)')).toMatchObject([
    { inserted: { rows: [['1000', '31', '-10.50']] } },
  ])
})

test('a trigger with statements in its body is one statement', () => {
  const sql = `-- é
CREATE TRIGGER t AFTER UPDATE OF a ON x WHEN NEW.a > 1 BEGIN
  UPDATE x SET b = CASE WHEN 1 THEN ';' END; DELETE FROM y;
END;
INSERT INTO x (a, b) VALUES (1, 'it''s'), (-2, NULL), (random(), 'x'), (0x10, - 5), (+7, NOT 1);`
  const [trigger, insert] = parser.parse(sql)
  expect(trigger).toMatchObject({ number: 1, line: 2, column: 1 })
  expect(trigger?.actions).toEqual([{ kind: 'create-trigger', table: { name: 'x' }, name: 't' }])
  expect(trigger?.text.endsWith('END')).toBe(true)
  expect(insert).toMatchObject({ number: 2, line: 5 })
  expect(insert?.actions).toEqual([
    {
      kind: 'insert',
      table: { name: 'x' },
      inserted: {
        columns: ['a', 'b'],
        rows: [
          ['1', "it's"],
          ['-2', undefined],
          [undefined, 'x'],
          ['16', '-5'],
          ['7', undefined],
        ],
      },
    },
  ])
})

test('columns and constraints of a table', () => {
  const [made] = actions(`CREATE TABLE main."t" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, [n] VARCHAR(20) DEFAULT 'x' UNIQUE,
    full TEXT GENERATED ALWAYS AS (n || id) STORED, a, p REFERENCES other ON DELETE CASCADE,
    CONSTRAINT "t_a_fkey" FOREIGN KEY ("a", "p") REFERENCES "u" ("x", "y"), CHECK (a > 0), UNIQUE (a, n COLLATE NOCASE)
  ) STRICT, WITHOUT ROWID`)
  expect(made).toMatchObject({
    kind: 'create-table',
    table: { schema: 'main', name: 't' },
    columns: [
      {
        name: 'id',
        type: 'INTEGER',
        notNull: true,
        filledBy: 'identity',
        constraints: [{ kind: 'primary-key', columns: ['id'] }],
      },
      { name: 'n', type: 'VARCHAR(20)', default: { kind: 'constant' }, notNull: false },
      { name: 'full', type: 'TEXT', filledBy: 'stored' },
      { name: 'a', type: '', constraints: [] },
      { name: 'p', constraints: [{ references: { table: { name: 'other' }, columns: [] } }] },
    ],
    constraints: [
      {
        kind: 'foreign-key',
        name: 't_a_fkey',
        columns: ['a', 'p'],
        references: { table: { name: 'u' }, columns: ['x', 'y'] },
      },
      { kind: 'check', expression: 'a > 0' },
      { kind: 'unique', columns: ['a', 'n'] },
    ],
  })
})

test.each([
  [
    'ALTER TABLE t RENAME /* as asked */ COLUMN a TO b',
    { kind: 'rename', of: 'column', from: 'a', to: 'b' },
  ],
  [
    'ALTER TABLE main.t RENAME TO u',
    { kind: 'rename', of: 'table', schema: 'main', from: 't', to: 'u' },
  ],
  ['ALTER TABLE t DROP COLUMN c', { kind: 'drop-column', column: 'c' }],
  [
    'ALTER TABLE t ADD COLUMN c TEXT NOT NULL',
    { kind: 'add-column', column: { name: 'c', notNull: true } },
  ],
  [
    'CREATE UNIQUE INDEX i ON t (a, lower(b)) WHERE a > 0',
    {
      kind: 'create-index',
      unique: true,
      columns: ['a', ''],
      keys: ['a', 'lower(b)'],
      where: 'a > 0',
    },
  ],
  ['DROP INDEX IF EXISTS i', { kind: 'drop-index', ifExists: true }],
  ['DROP TABLE t', { kind: 'drop', of: 'table', object: { name: 't' } }],
  ['DELETE FROM t WHERE a = 1', { kind: 'delete', where: 'a = 1' }],
  ['UPDATE t SET (a, b) = (1, 2)', { kind: 'update', columns: ['a', 'b'] }],
  ['REPLACE INTO t (a) VALUES (1)', { kind: 'insert', updates: true }],
  [
    "CREATE VIRTUAL TABLE f USING fts5(a, content='t')",
    { kind: 'create-table', table: { name: 'f' } },
  ],
  ['CREATE TEMP TABLE t (a)', { kind: 'create-table', table: { schema: 'temp', name: 't' } }],
  ['CREATE TABLE t AS SELECT 1', { kind: 'create-table', filled: true }],
  ['PRAGMA Foreign_Keys = OFF', { kind: 'pragma', name: 'foreign_keys', value: 'OFF' }],
])('%s', (sql, action) => {
  expect(actions(sql)).toMatchObject([action])
})

test('the data that statements destroy is named', () => {
  const destroys = (sql: string) =>
    (parser.parse(sql)[0]?.actions ?? []).flatMap((action) => destructionsBy(action, 'main'))
  expect(destroys('DROP TABLE t')).toHaveLength(1)
  expect(destroys('ALTER TABLE t DROP COLUMN a')).toHaveLength(1)
  expect(destroys('DELETE FROM t')).toHaveLength(1)
  expect(destroys('DROP INDEX i')).toEqual([])
})

test('SQL that does not parse fails with its position', () => {
  let failure
  try {
    parser.parse('SELECT 1;\nCREATE TABL t (a)', 'migration.sql')
  } catch (error) {
    failure = failureOf(error)
  }
  expect(failure).toMatchObject({
    code: 'STATEMENTS.SYNTAX',
    where: { file: 'migration.sql', line: 2, column: 8 },
  })
})

test('settings that a transaction ignores run outside it', () => {
  const sql = `PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_t" ("id" TEXT NOT NULL PRIMARY KEY);
INSERT INTO "new_t" ("id") SELECT "id" FROM "t";
DROP TABLE "t";
ALTER TABLE "new_t" RENAME TO "t";
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;`
  const groups = transactionGroupsOf(sql, parser.parse(sql))
  expect(groups.map(({ kind, statements }) => [kind, statements.length])).toEqual([
    ['transaction', 1],
    ['alone', 1],
    ['transaction', 4],
    ['alone', 1],
    ['transaction', 1],
  ])
})

test('definitions are equal regardless of layout, quotes and column order', () => {
  const one = sqliteDefinitionParts(
    'CREATE TABLE "t" ("a" INTEGER, b TEXT DEFAULT \'A b\', UNIQUE (a, b))',
  )
  const other = sqliteDefinitionParts(
    'create table t(\n  [b] TEXT default \'A b\', -- the b\n  a INTEGER, unique ("a","b"))',
  )
  expect(one).toEqual(other)
  expect(
    sqliteDefinitionParts("CREATE TABLE t (a INTEGER, b TEXT DEFAULT 'a b', UNIQUE (a, b))"),
  ).not.toEqual(one)
  expect(
    sqliteDefinitionParts("CREATE TABLE t (a INTEGER, b TEXT DEFAULT 'A b', UNIQUE (b, a))"),
  ).not.toEqual(one)
  expect(
    sqliteDefinitionParts("CREATE TABLE t (a INTEGER, b TEXT DEFAULT 'A b', UNIQUE (a, b)) STRICT"),
  ).not.toEqual(one)
})

describe.skipIf(sqliteCorpus.length === 0)('the corpus', () => {
  test('each statement has its position, with only semicolons and comments between them', () => {
    let statements = 0
    for (const { sql } of sqliteCorpus) {
      const found = parser.parse(sql)
      statements += found.length
      for (const { text, start, end } of found) {
        expect(sql.slice(start, end)).toBe(text)
        expect(text).toBe(text.trim())
        expect(parser.parse(text)).toHaveLength(1)
      }
      const edges = found.flatMap(({ start, end }) => [start, end])
      const between = [0, ...edges].flatMap((from, at) =>
        at % 2 === 0 ? [sql.slice(from, edges[at] ?? sql.length)] : [],
      )
      expect(parser.parse(between.join('\n'))).toEqual([])
    }
    expect(statements).toBe(505)
  })
})
