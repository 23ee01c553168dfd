import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { failureOf } from '../kernel/index.ts'
import {
  checksum,
  destructionsBy,
  destructionText,
  hasComment,
  loadParser,
  matchesChecksum,
  parseStatements,
  sameMeaning,
  tokensOf,
  transactionGroupsOf,
} from './index.ts'

beforeAll(loadParser)

const groups = (sql: string) =>
  transactionGroupsOf(sql, parseStatements(sql)).map(
    (group) => `${group.kind}: ${group.statements.map(({ number }) => number).join(' ')}`,
  )

describe('statements', () => {
  test('several on a line, in comments, in dollar quotes, with CRLF and UTF-8', () => {
    const sql =
      '-- Größe; nicht hier\r\nCREATE TABLE "größe" (a int); /* ; */ SELECT \'ü;\';\r\n' +
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $body$ SELECT 1; $body$;\r\nSELECT 2'
    const found = parseStatements(sql)
    expect(found.map(({ line, column }) => [line, column])).toEqual([
      [2, 1],
      [2, 39],
      [3, 1],
      [4, 1],
    ])
    for (const { text, start, end } of found) expect(sql.slice(start, end)).toBe(text)
    expect(found[2]?.text).toContain('$body$ SELECT 1; $body$')
  })

  test('control characters in literals and comments are text', () => {
    const sql = '-- red \u001b[31m\nSELECT \'a\u0001é\', "b\u000b";\nSELECT 2'
    expect(parseStatements(sql).map(({ text }) => text)).toEqual([
      'SELECT \'a\u0001é\', "b\u000b"',
      'SELECT 2',
    ])
    expect(hasComment(sql)).toBe(true)
    expect(tokensOf(sql).map(({ text }) => text)).toContain("'a\u0001é'")
  })

  test.each(['', '  \n', '-- only a comment\n', ';;', '\uFEFF'])('a file %j has none', (sql) => {
    expect(parseStatements(sql)).toEqual([])
  })

  test('positions are correct whatever text surrounds the statements', () => {
    const filler = fc
      .string({ unit: 'grapheme', maxLength: 12 })
      .map((text) => text.replaceAll(/[*/]/g, ''))
    fc.assert(
      fc.property(fc.array(filler, { minLength: 1, maxLength: 6 }), (fillers) => {
        const clean = fillers.map((text) => text.replaceAll('\0', '').toWellFormed())
        const sql = clean
          .map((text, index) => `/* ${text} */ SELECT '${text.replaceAll("'", "''")}' AS c${index}`)
          .join(';\n')
        const found = parseStatements(sql)
        return (
          found.length === clean.length &&
          found.every(
            ({ text, start, end }, index) =>
              sql.slice(start, end) === text &&
              text.endsWith(`AS c${index}`) &&
              text.startsWith('SELECT'),
          )
        )
      }),
    )
  })

  test('a syntax error fails with its position and a caret', () => {
    const sql = '-- é\nCREATE TABLE x (\n  é int,);\n'
    try {
      parseStatements(sql, 'a/migration.sql')
      expect.unreachable()
    } catch (error) {
      const failure = failureOf(error)
      expect(failure?.code).toBe('STATEMENTS.SYNTAX')
      expect(failure?.where).toEqual({
        file: 'a/migration.sql',
        line: 3,
        column: 9,
        excerpt: '  é int,);\n        ^',
      })
    }
  })

  test('the data that they destroy is named', () => {
    const sql =
      'DROP TABLE a, s."B"; ALTER TABLE s.t DROP COLUMN c, ADD d int; TRUNCATE x; DELETE FROM other.y; DROP INDEX i'
    const destroyed = parseStatements(sql)
      .flatMap(({ actions }) => actions)
      .flatMap((action) => destructionsBy(action, 's'))
    expect(destroyed).toEqual([
      { what: 'object', object: { kind: 'table', schema: null, name: 'a' } },
      { what: 'object', object: { kind: 'table', schema: null, name: 'B' } },
      { what: 'object', object: { kind: 'column', schema: null, table: 't', name: 'c' } },
      { what: 'rows', object: { kind: 'table', schema: null, name: 'x' } },
      { what: 'rows', object: { kind: 'table', schema: 'other', name: 'y' } },
    ])
    expect(destroyed.map(destructionText).at(-1)).toBe('rows of other.y')
  })
})

describe('groups', () => {
  test.each([
    ['CREATE TABLE a (x int); CREATE INDEX ON a (x)', ['transaction: 1 2']],
    ['BEGIN; CREATE TABLE a (x int); COMMIT;', ['transaction: 2']],
    ['CREATE INDEX CONCURRENTLY i ON a (x)', ['alone: 1']],
    [
      'CREATE TABLE a (x int); CREATE INDEX CONCURRENTLY i ON a (x); SELECT 1; SELECT 2',
      ['transaction: 1', 'alone: 2', 'transaction: 3 4'],
    ],
    ['SELECT 1; BEGIN; SELECT 2; COMMIT; SELECT 3', ['transaction: 1 3', 'transaction: 5']],
    ["ALTER TYPE t ADD VALUE 'x'; UPDATE a SET b = 'x'", ['transaction: 1', 'transaction: 2']],
    ["ALTER TYPE t ADD VALUE 'x'; ALTER TYPE t ADD VALUE 'y'; SELECT 1", ['transaction: 1 2 3']],
    ['-- slipway: no-transaction\nSELECT 1; SELECT 2', ['transaction: 1', 'transaction: 2']],
    [
      'VACUUM FULL a; DROP INDEX CONCURRENTLY i; REINDEX TABLE CONCURRENTLY a',
      ['alone: 1', 'alone: 2', 'alone: 3'],
    ],
    ['', []],
  ])('%s', (sql, expected) => {
    expect(groups(sql)).toEqual(expected)
  })

  test('a BEGIN inside a group is blanked, and all other text keeps its position', () => {
    const sql = 'SELECT 1; BEGIN; SELECT 2; COMMIT;'
    const [group] = transactionGroupsOf(sql, parseStatements(sql))
    expect(group?.sql).toBe('SELECT 1;      ; SELECT 2')
    expect(group?.sql.indexOf('SELECT 2')).toBe(sql.indexOf('SELECT 2'))
  })
})

test('the checksum is the SHA-256 of the text, and line endings do not matter', () => {
  const sql = 'SELECT 1;\nSELECT 2;\n'
  expect(checksum('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(matchesChecksum(sql.replaceAll('\n', '\r\n'), checksum(sql))).toBe(true)
  expect(matchesChecksum(sql, checksum(sql.replaceAll('\n', '\r\n')))).toBe(true)
  expect(matchesChecksum(`${sql} `, checksum(sql))).toBe(false)
})

test.each([
  ['SELECT 1', '/* why */ select 1 -- so', false],
  ['SELECT 1', 'SELECT  1 -- so\n', true],
  ["SELECT 'a  b'", "SELECT 'a b'", false],
  ['SELECT 1; SELECT 2', 'SELECT 1;\n\n-- second\nSELECT 2', true],
])('%j means the same as %j: %s', (one, other, same) => {
  expect(sameMeaning(one, other)).toBe(same)
})
