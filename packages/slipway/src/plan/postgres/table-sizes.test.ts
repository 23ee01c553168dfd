import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTarget, type TestTarget } from '../../../test/target.ts'
import { withSession } from '../../database/index.ts'
import { objectName, objectOfKey } from '../../statements/index.ts'
import { readTableSizes } from './table-sizes.ts'

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
})
afterEach(() => target.drop())

async function sizes() {
  const read = await withSession(target.request([]).address, {}, readTableSizes)
  return Object.fromEntries([...read].map(([key, size]) => [objectName(objectOfKey(key)), size]))
}

const FILL = `INSERT INTO t SELECT n, 'name ' || n FROM generate_series(1, 4000) AS n;`

test.each<[string, string, number, number]>([
  ['without pages: certainly empty', '', 0, 0],
  ['analyzed', `${FILL} ANALYZE t;`, 4000, 4000],
  ['never analyzed: by its bytes', FILL, 2000, 8000],
  ['four times as big as at ANALYZE', `${FILL} ANALYZE t; ${FILL.repeat(3)}`, 15_000, 17_000],
  ['truncated after ANALYZE', `${FILL} ANALYZE t; TRUNCATE t;`, 0, 0],
  ['filled after ANALYZE of the empty table', `ANALYZE t; ${FILL}`, 2000, 8000],
  ['emptied by DELETE: its pages may hold rows again', `${FILL} DELETE FROM t; ANALYZE t;`, 1, 1],
])('rows of a table, %s', async (_what, sql, least, most) => {
  await target.sql(`CREATE TABLE t (id integer, name text); ${sql}`)
  const { t } = await sizes()
  expect(t?.rows).toBeGreaterThanOrEqual(least)
  expect(t?.rows).toBeLessThanOrEqual(most)
  expect(t?.bytes === 0).toBe(most === 0)
})

test('names include the schema, and a partitioned table has the rows of its partitions', async () => {
  await target.sql(`CREATE SCHEMA "My"; CREATE TABLE "My"."Order" (id integer);
    CREATE TABLE day (id integer, at date) PARTITION BY RANGE (at);
    CREATE TABLE day_1 PARTITION OF day FOR VALUES FROM ('2026-01-01') TO ('2026-01-02');
    CREATE TABLE day_2 PARTITION OF day FOR VALUES FROM ('2026-01-02') TO ('2026-01-03') PARTITION BY LIST (id);
    CREATE TABLE day_2_1 PARTITION OF day_2 FOR VALUES IN (1);
    INSERT INTO day VALUES (1, '2026-01-01'), (1, '2026-01-02'), (1, '2026-01-02'); ANALYZE`)
  const rows = Object.entries(await sizes()).map(([name, size]) => [name, size.rows])
  expect(rows).toEqual([
    ['My.Order', 0],
    ['day', 3],
    ['day_1', 1],
    ['day_2', 2],
    ['day_2_1', 2],
  ])
})

test('a table with a foreign partition has no known size', async () => {
  await target.sql(`CREATE FOREIGN DATA WRAPPER none; CREATE SERVER elsewhere FOREIGN DATA WRAPPER none;
    CREATE TABLE day (id integer) PARTITION BY LIST (id); CREATE TABLE day_1 PARTITION OF day FOR VALUES IN (1);
    CREATE FOREIGN TABLE day_2 PARTITION OF day FOR VALUES IN (2) SERVER elsewhere`)
  expect(Object.keys(await sizes())).toEqual(['day_1'])
})

test('does not wait for a table that another session locks or waits to lock', async () => {
  await target.sql(`CREATE TABLE t (id integer, name text); CREATE TABLE unknown (id integer); ${FILL}
    INSERT INTO unknown VALUES (1); ANALYZE t`)
  const holder = new pg.Client({ connectionString: target.url })
  await holder.connect()
  await holder.query('BEGIN; LOCK TABLE t, unknown IN ACCESS EXCLUSIVE MODE')
  const began = performance.now()
  const seen = await sizes()
  expect(performance.now() - began).toBeLessThan(1000)
  await holder.end()
  expect(seen['t']?.rows).toBe(4000)
  expect(seen).not.toHaveProperty('unknown')
})
