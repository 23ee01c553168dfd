import { beforeAll, expect, test } from 'vitest'
import { transactionGroupsOf } from '../transaction-group.ts'
import { parsePieces, parseStatements } from './parse-statements.ts'
import { loadParser } from './parser.ts'
import { sameMeaning } from './same-meaning.ts'

/** Each has a semicolon at the end of a line that ends no statement. */
const STATEMENTS = [
  `CREATE FUNCTION one() RETURNS integer LANGUAGE sql BEGIN ATOMIC\nSELECT 2;\nSELECT 1;\nEND`,
  `CREATE FUNCTION two() RETURNS void LANGUAGE plpgsql AS $$ BEGIN\nPERFORM 1;\nEND $$`,
  `CREATE RULE three AS ON INSERT TO a DO ALSO (DELETE FROM b;\nDELETE FROM c)`,
  `INSERT INTO a VALUES ('ä;\n', "b;\n")`,
  `SELECT 1 -- a;\n + 2`,
  `SELECT /* a;\n */ 3`,
]
const FILLING = Array.from({ length: 40 }, (_, at) => `SELECT '${'ä'.repeat(at)}'`)

beforeAll(loadParser)

test('a large file has the same statements as its parts', () => {
  const texts = Array.from({ length: 400 }, (_, at) => [
    ...FILLING.slice(0, at % 40),
    STATEMENTS[at % STATEMENTS.length] ?? '',
  ]).flat()
  const sql = texts.map((text) => `${text};\n`).join('')
  expect([...parsePieces(sql)].length).toBeGreaterThan(5)
  const found = parseStatements(sql)
  expect(found.map(({ text }) => text)).toEqual(texts)
  expect(found.map(({ number }) => number)).toEqual(texts.map((_, at) => at + 1))
  expect(found.map(({ start, end }) => sql.slice(start, end))).toEqual(texts)
  const actionsOf = new Map(
    [...new Set(texts)].map((text) => [text, parseStatements(text)[0]?.actions]),
  )
  expect(found.map(({ actions }) => actions)).toEqual(texts.map((text) => actionsOf.get(text)))
})

test('a file with line ends of Windows is also parsed in pieces', () => {
  const sql = 'SELECT 1;\r\n'.repeat(5000)
  expect([...parsePieces(sql)].length).toBeGreaterThan(3)
  expect(parseStatements(sql).map(({ line }) => line)).toEqual(
    Array.from({ length: 5000 }, (_, at) => at + 1),
  )
})

test('a text may contain control characters', () => {
  const sql = `UPDATE a SET b = '\f' WHERE c = '\u0001ä' RETURNING d`
  expect(parseStatements(sql)[0]?.actions).toMatchObject([{ where: `c = '\u0001ä'` }])
  expect(sameMeaning(sql, sql.replace('a SET', 'a\f\nSET'))).toBe(true)
  expect(sameMeaning(sql, sql.replace('\u0001', '\u0002'))).toBe(false)
})

test('no-transaction also separates an enum value whose use is not visible', () => {
  const sql = `-- slipway: no-transaction\nALTER TYPE mood ADD VALUE 'new';\nINSERT INTO a SELECT b::text::mood FROM c;`
  const groups = transactionGroupsOf(sql, parseStatements(sql))
  expect(groups.map(({ statements }) => statements.length)).toEqual([1, 1])
})

test.each([
  'DELETE FROM a -- all;\n WHERE id = 1',
  'CREATE SCHEMA s -- s;\n CREATE TABLE t ()',
  'SELECT 1 -- a;\n UNION SELECT 2',
])('a file is not split at a semicolon that ends a comment, not a statement: %j', (text) => {
  const filling = 'SELECT 1;\n'.repeat(1000)
  const before = parseStatements(filling)
  const found = parseStatements(`${filling}${text};\n${filling}`)
  expect(found).toHaveLength(2 * before.length + 1)
  expect(found[before.length]).toMatchObject({ text, actions: parseStatements(text)[0]?.actions })
})

test('an error far into a large file is reported at its position in the file', () => {
  const lines = Array.from({ length: 4000 }, () => 'SELECT 1;')
  const sql = [...lines, 'SELEC 2;', ...lines].join('\n')
  expect(() => parseStatements(sql, 'a.sql')).toThrow(
    expect.objectContaining({
      failure: expect.objectContaining({
        code: 'STATEMENTS.SYNTAX',
        where: { file: 'a.sql', line: 4001, column: 1, excerpt: 'SELEC 2;\n^' },
      }),
    }),
  )
})
