import { beforeAll, expect, test } from 'vitest'
import { loadParser } from '../../statements/index.ts'
import { prismaTagsIn, shownStatement } from './statement-text.ts'

beforeAll(loadParser)

test.each<[string, string | null, string | null]>([
  [`SELECT 1 /*action='findMany',application='shop',model='Carrier'*/`, 'Carrier', 'findMany'],
  [`/*model='Carrier',action='count'*/ SELECT 1`, 'Carrier', 'count'],
  [`SELECT 1 /*prismaQuery='User.findMany:eyJ3aGVyZSI6e30'*/`, 'User', 'findMany'],
  [`SELECT 1 /*prismaQuery='queryRaw'*/`, null, 'queryRaw'],
  [`SELECT 1 /*action='queryRaw',model='raw'*/`, null, 'queryRaw'],
  [`SELECT 1 /*traceparent='00-4bf92f35'*/`, null, null],
  [`SELECT 1 /*model='a%20secret',action='x;y'*/`, null, null],
  [`SELECT 'model=''Carrier'''`, null, null],
  ['SELECT 1', null, null],
  ['', null, null],
])('tags of %s', (sql, model, action) => {
  expect(prismaTagsIn(sql)).toEqual({ model, action })
})

test.each([
  ['SELECT a, b FROM t WHERE c = $1 -- secret', 'SELECT a, b FROM t WHERE c = $1'],
  [
    "SELECT 'secret', E'sec\\'ret', U&'secret', $$secret$$, $x$secret$x$",
    "SELECT '…', '…', '…', '…', '…'",
  ],
  ["SELECT B'1010', X'1FF', 12, 1.5, .5, 1e10, -7", "SELECT '…', '…', …, …, …, …, -…"],
  ['SELECT t."a 1", f(2)::int FROM s.t', 'SELECT t."a 1", f(…)::int FROM s.t'],
  ["SET app.user = 'secret'", 'SET app.user …'],
  ['SET LOCAL app.user TO secret', 'SET LOCAL app.user …'],
  ['SET ROLE secret', 'SET ROLE …'],
  ["set session authorization 'secret'", 'set session …'],
  ["ALTER ROLE x PASSWORD 'secret'", "ALTER ROLE x PASSWORD '…'"],
  ["EXECUTE p('secret', 7)", "EXECUTE p('…', …)"],
  ["INSERT INTO t VALUES ('unfinished secret", 'INSERT … (hidden: not readable as SQL)'],
  ['', ' … (hidden: not readable as SQL)'],
])('%s is shown without values', (sql, shown) => {
  expect(shownStatement(sql)).toBe(shown)
})
