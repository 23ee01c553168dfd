import { expect, test } from 'vitest'
import { parserFor } from '../statements/index.ts'
import { createdBefore, tableKey } from './created-objects.ts'
import { keepHooksOf } from './keep-hooks.ts'

const statementsOf = async (sql: string) => (await parserFor('postgres')).parse(sql)

/**
 * The calls before each statement that keep data. A capture that names no table or no column keeps none.
 */
async function keptBy(sql: string, history = 'public'): Promise<string[]> {
  const { hooks } = keepHooksOf(await statementsOf(sql), {
    history,
    ledger: 'slipway',
    migration: '1_x',
  })
  return [...hooks.values()]
    .flatMap(({ before = [] }) => before)
    .filter((one) => !one.includes('.capture(') || !one.includes('ARRAY[]::text[]'))
}

test.each([
  ['CREATE TABLE x (id int); DROP TABLE public.x;', 'public'],
  ['CREATE TABLE public.x (id int); DROP TABLE x;', 'public'],
  ['CREATE TABLE x (id int); DELETE FROM public.x WHERE id = 1;', 'public'],
  ['CREATE TABLE public.x (id int); TRUNCATE x;', 'public'],
  ['CREATE TABLE public.y (id int); ALTER TABLE y RENAME TO x; DROP TABLE public.x;', 'public'],
  ['ALTER TABLE x ADD COLUMN c int; ALTER TABLE public.x DROP COLUMN c;', 'public'],
  ['ALTER TABLE public.x ADD COLUMN c int; UPDATE x SET c = 1;', 'public'],
  ['CREATE TABLE x (id int); DROP TABLE app.x;', 'app'],
  ['CREATE TABLE app.x (id int); DROP TABLE x;', 'app'],
  ['CREATE TABLE x (id int); ALTER TABLE x SET SCHEMA app; DROP TABLE app.x;', 'public'],
  ['ALTER TABLE x ADD c int; ALTER TABLE x RENAME TO y; ALTER TABLE y DROP COLUMN c;', 'public'],
])(
  'a table that the migration itself created is not kept, however its name is written: %s',
  async (sql, schema) => {
    expect(await keptBy(sql, schema)).toEqual([])
  },
)

test.each([
  ['CREATE TABLE app.x (id int); DROP TABLE x;', 'public'],
  ['CREATE TABLE x (id int); DROP TABLE app.x;', 'public'],
  ['CREATE TABLE public.x (id int); DROP TABLE x;', 'app'],
  ['CREATE TABLE x (id int); DROP TABLE public.x; DROP TABLE x;', 'public'],
])('another table with the same name is kept: %s in %s', async (sql, schema) => {
  const kept = await keptBy(sql, schema)
  expect(kept).toHaveLength(1)
  expect(kept[0]).toContain('keep_tables')
})

test.each([
  ['ALTER TABLE x ADD c int; ALTER TABLE x RENAME TO y; ALTER TABLE z RENAME TO x;'],
  ['ALTER TABLE x ADD c int; DROP TABLE IF EXISTS x; ALTER TABLE z RENAME TO x;'],
  ['ALTER TABLE x ADD c int; ALTER TABLE x SET SCHEMA app; ALTER TABLE z RENAME TO x;'],
  ['CREATE TABLE x (c int); ALTER TABLE x SET SCHEMA app; ALTER TABLE z RENAME TO x;'],
])('a column of a table that takes the name of another one is kept: %s', async (sql) => {
  const kept = await keptBy(`${sql} ALTER TABLE x DROP COLUMN c;`)
  expect(kept.at(-1)).toContain('keep_columns')
})

test('an unqualified name belongs to the default schema', async () => {
  const made = createdBefore(await statementsOf('CREATE TABLE x (id int); SELECT 1;'), 'public')
  expect(made[1]?.tables.has(tableKey({ schema: 'public', name: 'x' }, 'public'))).toBe(true)
  expect(made[1]?.tables.has(tableKey({ schema: 'app', name: 'x' }, 'public'))).toBe(false)
})
