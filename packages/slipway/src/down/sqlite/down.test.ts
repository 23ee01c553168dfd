import { expect, test } from 'vitest'
import type { ShadowOptions } from '../../shadow/index.ts'
import { loadParser, markersIn, parserFor } from '../../statements/index.ts'
import { type DownMigration, readDownFacts, writeDownMigration } from '../index.ts'

const SHADOW: ShadowOptions = { dialect: 'sqlite', cacheDir: '' }

const SHOP = `
CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, phone TEXT);
CREATE TABLE "order" (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer (id) ON DELETE CASCADE);
CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE pair (a TEXT, b TEXT, PRIMARY KEY (a, b));
CREATE VIRTUAL TABLE notes USING fts5(body);`

async function down(sql: string): Promise<DownMigration> {
  const before = [{ name: '1_init', sql: SHOP }]
  return await writeDownMigration({ shadow: SHADOW, before, migration: { name: '2_change', sql } })
}

/** The statements of it, without comments. */
async function statements(sql: string): Promise<string[]> {
  const parser = await parserFor('sqlite')
  return parser.parse((await down(sql)).sql).map(({ text }) => text)
}

test('the file has the header for programs and people', async () => {
  const written = await down('ALTER TABLE customer DROP COLUMN phone')
  expect(written.sql).toContain('-- slipway: down of 2_change\n-- slipway: checksum ')
  expect(written.sql).toContain('-- slipway: lossy column customer.phone\n')
  expect(written.sql).toContain('\nALTER TABLE "customer" ADD COLUMN phone TEXT;\n')
  expect(written).toMatchObject({ proven: true, grade: 'lossy', notRestored: [] })
  await loadParser()
  const facts = await readDownFacts(markersIn(written.sql))
  expect(facts?.losses).toEqual(written.losses)
})

test('it reports no losses that the migration does not cause', async () => {
  const written = await down(`PRAGMA foreign_keys=OFF;
    CREATE TABLE new_customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL DEFAULT '');
    INSERT INTO new_customer (id, name) SELECT id, name FROM customer;
    DROP TABLE customer; ALTER TABLE new_customer RENAME TO customer; PRAGMA foreign_keys=ON;`)
  expect(written.losses).toEqual([
    { what: 'object', object: { kind: 'column', schema: null, table: 'customer', name: 'phone' } },
  ])
})

test.each<[string, string, string[]]>([
  ['rows that are deleted', 'DELETE FROM setting WHERE key = 1', ['rows setting']],
  [
    'rows that a rebuild leaves out',
    `CREATE TABLE new_setting (key TEXT PRIMARY KEY, value TEXT);
    INSERT INTO new_setting (key, value) SELECT key, value FROM setting WHERE value IS NOT NULL;
    DROP TABLE setting; ALTER TABLE new_setting RENAME TO setting`,
    ['rows setting'],
  ],
  ['rows that are replaced', "INSERT OR REPLACE INTO setting VALUES ('a', 'b')", ['rows setting']],
  [
    'values that are updated',
    'ALTER TABLE setting RENAME TO config; UPDATE config SET value = 1',
    ['values value'],
  ],
  [
    'values of the migration itself',
    'ALTER TABLE setting ADD COLUMN x; UPDATE setting SET x = 1; CREATE TABLE a (id); DELETE FROM a',
    [],
  ],
  [
    'values that are computed',
    `CREATE TABLE new_setting (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    INSERT INTO new_setting (key, value) SELECT key, coalesce(value, '') FROM setting;
    DROP TABLE setting; ALTER TABLE new_setting RENAME TO setting`,
    ['values value'],
  ],
  ['a table', 'DROP TABLE "order"', ['object order']],
  ['a virtual table', 'DROP TABLE notes', ['object notes']],
])('announces %s', async (_, sql, expected) => {
  const { losses } = await down(sql)
  expect(
    losses.map(({ what, object }) => `${what} ${'name' in object ? object.name : ''}`),
  ).toEqual(expected)
})

test('it deletes the rows that the migration inserted, unless others refer to them', async () => {
  expect(
    await statements(`INSERT INTO setting (key, value) VALUES ('a', '1'), ('b', NULL);
      INSERT INTO customer (id, name) VALUES (7, 'it''s'); INSERT INTO pair (a, b) VALUES ('x', 'y');
      INSERT INTO setting (value) VALUES ('no key'); CREATE TABLE own (id INTEGER PRIMARY KEY); INSERT INTO own (id) VALUES (1)`),
  ).toEqual([
    `DELETE FROM "pair" WHERE ("a" = 'x' AND "b" = 'y')`,
    `DELETE FROM "customer" WHERE ("id" = '7') AND NOT EXISTS (SELECT 1 FROM "order" AS referrer WHERE referrer."customer_id" = "customer"."id")`,
    `DELETE FROM "setting" WHERE (("key" = 'a') OR ("key" = 'b'))`,
    'PRAGMA foreign_keys=OFF',
    'DROP TABLE "own"',
    'PRAGMA foreign_keys=ON',
  ])
})

test('it does not look for inserted rows by a part of a unique key', async () => {
  const deletes = await statements(`CREATE UNIQUE INDEX phones ON customer (name, lower(phone));
    INSERT INTO customer (name, phone) VALUES ('Ann', '1')`)
  expect(deletes.filter((sql) => sql.startsWith('DELETE'))).toEqual([])
})

test('a migration that does not run has none', async () => {
  await expect(down('ALTER TABLE nope ADD COLUMN x')).rejects.toMatchObject({
    failure: { code: 'SHADOW.REPLAY_FAILED' },
  })
})
