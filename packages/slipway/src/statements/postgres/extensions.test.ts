import { beforeAll, expect, test } from 'vitest'
import { extensionsIn } from './extensions.ts'
import { loadParser } from './parser.ts'
import { identifiersIn, masked } from './tokens.ts'

beforeAll(loadParser)

test.each<[string, string[]]>([
  [
    '\uFEFFCREATE EXTENSION IF NOT EXISTS "uuid-ossp"; create extension Citext with schema x',
    ['citext', 'uuid-ossp'],
  ],
  ['CREATE /* x */ EXTENSION -- y\n IF NOT /* z */ EXISTS pg_trgm', ['pg_trgm']],
  ['CREATE EXTENSION "Odd ""name"""', ['Odd "name"']],
  ['DO $do$ BEGIN CREATE EXTENSION hstore; END $do$', ['hstore']],
  [
    `DO $$ BEGIN EXECUTE 'CREATE EXTENSION "btree_gin"'; EXECUTE format('CREATE EXTENSION %I', n); END $$`,
    ['btree_gin'],
  ],
  ['-- CREATE EXTENSION a\n/* CREATE EXTENSION b */ SELECT 1', []],
  [
    `COMMENT ON EXTENSION citext IS 'x'; DROP EXTENSION hstore; CREATE TABLE "extension" (id int)`,
    [],
  ],
])('%j creates the extensions %j', async (sql, names) => {
  expect(await extensionsIn([sql])).toEqual(names)
})

test('a masked text has no literal and no comment', () => {
  const sql = `UPDATE "it's"  SET a = 'x''y', -- 'c'\n b = $q$ 'z' $q$, c = E'\\'' /* /* d */ 'e' */ WHERE id=1`
  expect(masked(sql)).toBe(`UPDATE "it's" SET a = '…', b = '…', c = '…' WHERE id=1`)
})

test('literals and numbers are not identifiers', () => {
  expect([...identifiersIn(`SELECT "A""b", É, E'x', $t$y$t$, 12, U&'z' -- w`)]).toEqual([
    'select',
    'A"b',
    'é',
  ])
})
