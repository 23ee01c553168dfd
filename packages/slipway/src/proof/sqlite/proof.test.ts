import { expect, test } from 'vitest'
import { type ShadowOptions, withShadowDatabase } from '../../shadow/index.ts'
import { objectName } from '../../statements/index.ts'
import { effectText, type Proof, prove } from '../index.ts'

const SHADOW: ShadowOptions = { dialect: 'sqlite', cacheDir: '' }

const SHOP = `
CREATE TABLE customer (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, phone TEXT, age INTEGER);
CREATE TABLE "Order" (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customer (id) ON DELETE CASCADE, note TEXT);
CREATE TABLE item (id INTEGER PRIMARY KEY, "order" INTEGER REFERENCES "Order" (id) ON DELETE SET NULL, amount REAL);
CREATE TABLE log (what TEXT);
CREATE TABLE audit (id INTEGER PRIMARY KEY, state TEXT);
CREATE TABLE never (a INT NOT NULL CHECK (a > 5 AND a < 5));`

async function proofOf(
  sql: string,
  { down, init = SHOP }: { down?: string; init?: string } = {},
): Promise<Proof> {
  const history = [{ name: '1_init', sql: init }]
  return await prove('sqlite', (work) => withShadowDatabase(SHADOW, history, work), {
    migration: { name: '2_change', sql },
    ...(down === undefined ? {} : { down: { name: 'down.sql', sql: down } }),
    catalogs: async () => {
      throw new TypeError('of PostgreSQL')
    },
  })
}

const texts = ({ effects }: Proof) =>
  effects.map((one) => `${one.statement} ${one.relation}: ${effectText(one)}`)

const lost = ({ lost: all }: Proof) =>
  all.map(({ what, object }) => `${what} ${objectName(object)}`)

const REBUILD = `CREATE TABLE new_customer (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL DEFAULT '', phone TEXT, age INTEGER);
  INSERT INTO new_customer (id, name, phone, age) SELECT id, name, phone, age FROM customer;
  INSERT INTO sqlite_sequence (name, seq) SELECT 'x', 1 WHERE 0;
  UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'customer') WHERE name = 'new_customer';
  DROP TABLE customer; ALTER TABLE new_customer RENAME TO customer;`

test('additions are lossless', async () => {
  const proof = await proofOf(
    'ALTER TABLE customer ADD COLUMN x TEXT; CREATE TABLE a (id INTEGER PRIMARY KEY)',
  )
  expect(proof).toMatchObject({
    grade: 'lossless',
    proven: true,
    schemaEqual: true,
    rowsEqual: true,
    shadow: { kind: 'sqlite' },
    emptyTables: ['never'],
    locks: [],
    effects: [],
  })
  expect(proof.rows).toBeGreaterThan(20)
  expect(proof.changes.map(({ change, object }) => `${change} ${objectName(object)}`)).toEqual([
    'added a',
    'changed customer',
  ])
})

test('a rebuild with foreign keys off is lossless; with foreign keys on it loses child rows', async () => {
  expect(await proofOf(`PRAGMA foreign_keys=OFF;${REBUILD}`)).toMatchObject({
    grade: 'lossless',
    effects: [],
  })
  const proof = await proofOf(REBUILD)
  expect(proof.grade).toBe('lossy')
  expect(lost(proof)).toEqual(['values item.order', 'rows Order'])
  expect(texts(proof)).toEqual(['5 "Order": 6 deleted', '5 item: 5 updated'])
})

test('a rebuild that loses the AUTOINCREMENT counter is lossy', async () => {
  const proof =
    await proofOf(`PRAGMA foreign_keys=OFF; CREATE TABLE new_customer (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL);
    INSERT INTO new_customer (id, name) SELECT id, name FROM customer; DROP TABLE customer; ALTER TABLE new_customer RENAME TO customer`)
  expect(lost(proof)).toEqual(['object customer.age', 'object customer.phone', 'values customer'])
})

test('values that a conversion changes are lost', async () => {
  const proof =
    await proofOf(`PRAGMA foreign_keys=OFF; CREATE TABLE new_item (id INTEGER PRIMARY KEY, "order" INTEGER REFERENCES "Order" (id) ON DELETE SET NULL, amount INTEGER);
    INSERT INTO new_item SELECT id, "order", amount FROM item; DROP TABLE item; ALTER TABLE new_item RENAME TO item`)
  expect(proof).toMatchObject({ grade: 'lossless' })
  const text =
    await proofOf(`CREATE TABLE new_log (what INTEGER); INSERT INTO new_log (what) SELECT what FROM log;
    DROP TABLE log; ALTER TABLE new_log RENAME TO log`)
  expect(lost(text)).toEqual(['values log.what'])
})

test('a statement that changes no row is not proven', async () => {
  const proof = await proofOf(`DELETE FROM audit WHERE id > 100000000`, { down: '' })
  expect(proof.grade).toBe('lossy')
  const update = await proofOf(`UPDATE log SET what = 'x' WHERE length(what) > 100000000`, {
    down: '',
  })
  expect(update.grade).toBe('lossy')
  const met = await proofOf(
    `UPDATE audit SET state = 'done' WHERE state = 'finished'; UPDATE audit SET state = 'finished' WHERE state = 'done'`,
  )
  expect(texts(met)).toEqual(['1 audit: 1 updated', '2 audit: 2 updated'])
})

test('a change of a table that accepts no rows is not proven', async () => {
  const proof = await proofOf('ALTER TABLE never ADD COLUMN b INT')
  expect(proof).toMatchObject({
    grade: 'not proven',
    proven: false,
    reasons: ['No rows could be generated for never.'],
  })
})

test('a trigger whose changes were not observed is not proven', async () => {
  const init = `${SHOP} CREATE TRIGGER clean AFTER INSERT ON log WHEN NEW.what = 'never ever' BEGIN DELETE FROM audit; END;`
  const proof = await proofOf(`INSERT INTO log (what) VALUES ('x')`, {
    init,
    down: 'DELETE FROM log WHERE rowid = (SELECT max(rowid) FROM log)',
  })
  expect(proof.grade).toBe('not proven')
  expect(proof.reasons).toEqual([
    'Statement 1 may fire the trigger clean, whose effects were not all observed.',
  ])
  const fires = `${SHOP} CREATE TRIGGER clean AFTER INSERT ON log BEGIN DELETE FROM audit WHERE id > 2; END;`
  const seen = await proofOf(`INSERT INTO log (what) VALUES ('x')`, {
    init: fires,
    down: 'DELETE FROM log WHERE rowid = (SELECT max(rowid) FROM log)',
  })
  expect(seen.grade).toBe('lossy')
  expect(texts(seen)).toEqual(['1 audit: 4 deleted', '1 log: 1 inserted'])
})

test('a down migration that fails on rows, or always, is reported', async () => {
  const stopped = await proofOf('ALTER TABLE customer DROP COLUMN phone', {
    down: `PRAGMA foreign_keys=OFF; CREATE TABLE new_customer (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, phone TEXT, age INTEGER NOT NULL);
      INSERT INTO new_customer (id, name) SELECT id, name FROM customer; DROP TABLE customer; ALTER TABLE new_customer RENAME TO customer;`,
  })
  expect(stopped.reasons[0]).toBe(
    'The down migration fails if there are rows: NOT NULL constraint failed: new_customer.age.',
  )
  expect(
    await proofOf('ALTER TABLE customer DROP COLUMN phone', { down: 'DROP TABLE nope' }),
  ).toMatchObject({
    grade: 'irreversible',
    schemaEqual: false,
    reasons: ['The down migration fails: No such table: nope.'],
  })
  const incomplete = await proofOf(
    'CREATE INDEX i ON log (what); ALTER TABLE customer ADD COLUMN x',
    { down: 'DROP INDEX i' },
  )
  expect(incomplete.grade).toBeUndefined()
  expect(incomplete.reasons).toEqual([
    'The down migration does not restore table customer (changed).',
    'After the down migration, the migration does not run again: Duplicate column name: x.',
  ])
})

test('a migration that fails on some rows is proven on others', async () => {
  const unique = await proofOf('CREATE UNIQUE INDEX i ON log (what)')
  expect(unique.grade).toBe('lossless')
  expect(unique.conditions).toEqual([
    'Statement 1 fails on generated rows: UNIQUE constraint failed: log.what.',
  ])
  const required =
    await proofOf(`PRAGMA foreign_keys=OFF; CREATE TABLE new_item (id INTEGER PRIMARY KEY, "order" INTEGER REFERENCES "Order" (id) ON DELETE SET NULL, amount REAL, name TEXT NOT NULL);
    INSERT INTO new_item (id, "order", amount) SELECT id, "order", amount FROM item; DROP TABLE item; ALTER TABLE new_item RENAME TO item`)
  expect(required).toMatchObject({ grade: 'lossless', emptyTables: ['item', 'never'] })
  expect(required.conditions).toEqual([
    'Statement 3 fails wherever item has rows: NOT NULL constraint failed: new_item.name.',
  ])
})

test('a migration that does not run fails with the position of the statement', async () => {
  await expect(proofOf('CREATE TABLE a (id);\nDROP TABLE nope')).rejects.toMatchObject({
    failure: { code: 'SHADOW.REPLAY_FAILED', where: { line: 2 } },
  })
})

test('a rebuild after a row change is judged by its actual effect', async () => {
  const proof = await proofOf(
    `DELETE FROM customer WHERE id = 1; PRAGMA foreign_keys=OFF;${REBUILD}`,
  )
  expect(proof.grade).toBe('lossy')
  expect(lost(proof)).toContain('rows customer')
})
