import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { d1Statement, isQuery, isRead, withoutEnd } from './parameters.ts'

test('numbered parameters keep their values, however they are written', () => {
  expect(d1Statement('SELECT $2, $1, $2', ['a', 'b'])).toEqual({
    sql: 'SELECT ?1, ?2, ?1',
    params: ['b', 'a'],
  })
  expect(d1Statement('SELECT ?2, ?1', ['a', 'b'])).toEqual({
    sql: 'SELECT ?1, ?2',
    params: ['b', 'a'],
  })
  expect(d1Statement('SELECT ?, ?', ['a', null])).toEqual({
    sql: 'SELECT ?1, ?2',
    params: ['a', null],
  })
})

test('text that looks like a parameter stays in strings, names and comments', () => {
  const sql = `SELECT '$1', 'it''s ?', "a$1", \`?\`, [?1], $1 -- $1\n/* ? */`
  expect(d1Statement(sql, [7]).sql).toBe(
    `SELECT '$1', 'it''s ?', "a$1", \`?\`, [?1], 7 -- $1\n/* ? */`,
  )
})

test('every value arrives as it was given', () => {
  const values = [
    1,
    -5,
    2n ** 62n,
    -(2n ** 63n),
    true,
    false,
    1.5,
    1e300,
    Infinity,
    -Infinity,
    'text',
    '',
    'a\0b',
    null,
    undefined,
    new Uint8Array([0, 255]),
    new Uint8Array(),
    { a: [1] },
  ]
  const db = new DatabaseSync(':memory:')
  const quoted = values.map((value) => {
    const { sql, params } = d1Statement('SELECT quote($1) AS quoted, typeof(0 -$1) AS less', [
      value,
    ])
    return db.prepare(sql).get(...params)?.['quoted']
  })
  expect(quoted).toEqual([
    '1',
    '-5',
    '4611686018427387904',
    '-9223372036854775808',
    '1',
    '0',
    '1.5',
    '1.0e+300',
    '9.0e+999',
    '-9.0e+999',
    `'text'`,
    `''`,
    expect.stringContaining('a'),
    'NULL',
    'NULL',
    "X'00FF'",
    "X''",
    `'{"a":[1]}'`,
  ])
})

test.each([
  ['SELECT 1', true, true],
  ['  -- INSERT\n /* UPDATE */ select "DELETE", \'INTO\' from t', true, true],
  ['WITH a AS (SELECT 1) SELECT * FROM a', true, true],
  ['VALUES (1)', true, true],
  ['PRAGMA table_list', true, false],
  ['EXPLAIN QUERY PLAN SELECT 1', true, false],
  [`SELECT replace('a', 'b', 'c')`, true, true],
  ['WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a', false, false],
  ['WITH a AS (SELECT 1) DELETE FROM t', false, false],
  ['REPLACE INTO t VALUES (1)', false, false],
  ['INSERT INTO t VALUES (1) RETURNING *', false, false],
  ['DROP TABLE t', false, false],
  ['', false, false],
])('%s', (sql, reads, queries) => {
  expect(isRead(sql)).toBe(reads)
  expect(isQuery(sql)).toBe(queries)
})

test('semicolons and comments at the end of a statement are removed', () => {
  expect(withoutEnd(`SELECT ';' ; -- end;\n ;/* x */ `)).toBe(`SELECT ';'`)
})
