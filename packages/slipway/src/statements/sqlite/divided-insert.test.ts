import { DatabaseSync } from 'node:sqlite'
import { beforeAll, expect, test } from 'vitest'
import { loadSqliteParser } from '../index.ts'
import { sqliteDividedInsert } from './divided-insert.ts'

beforeAll(() => loadSqliteParser())

const rows = Array.from({ length: 300 }, (_, at) => `(${at}, 'it''s (${'ä'.repeat(at % 40)}), --')`)

test.each([
  ['plain', `INSERT INTO "t" ("a", "b") VALUES ${rows.join(',\n ')}`],
  [
    'with a conflict clause and comments',
    `INSERT INTO t VALUES /* first */ ${rows.join(' -- next (\n,')} ON CONFLICT (a) DO UPDATE SET b = excluded.b`,
  ],
  ['or replace', `INSERT OR REPLACE INTO t (a, b) VALUES ${rows.join(',')}`],
])('an INSERT of many rows has the same effect in parts: %s', (_what, text) => {
  const parts = sqliteDividedInsert({ text }, 2000) ?? []
  expect(parts.length).toBeGreaterThan(5)
  expect(parts.every((part) => Buffer.byteLength(part) <= 2000)).toBe(true)
  const contents = (statements: readonly string[]) => {
    const database = new DatabaseSync(':memory:')
    database.exec('CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t VALUES (3, NULL)')
    if (!/REPLACE|CONFLICT/.test(text)) database.exec('DELETE FROM t')
    for (const statement of statements) database.exec(statement)
    return database.prepare('SELECT a, b FROM t ORDER BY rowid').all()
  }
  expect(contents(parts)).toEqual(contents([text]))
})

test.each([
  ['short', 'INSERT INTO t VALUES (1)', 2000],
  ['a row that is too long', `INSERT INTO t VALUES (1), ('${'x'.repeat(3000)}')`, 2000],
  ['a query', `INSERT INTO t SELECT '${'x'.repeat(3000)}'`, 2000],
  ['a value that a query reads', `INSERT INTO t VALUES ${rows.join()}, ((SELECT 1), 2)`, 2000],
  ['no INSERT', `UPDATE t SET b = '${'x'.repeat(3000)}'`, 2000],
])('is left whole: %s', (_what, text, bytes) => {
  expect(sqliteDividedInsert({ text }, bytes)).toBeUndefined()
})
