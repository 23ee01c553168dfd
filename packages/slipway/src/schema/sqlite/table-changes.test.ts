import { expect, test } from 'vitest'
import { withSession } from '../../database/index.ts'
import { parserFor } from '../../statements/index.ts'
import { readRowTables, tableChanges } from '../index.ts'

/**
 * What becomes of each table and column: `a.x → b.y`. A missing side means dropped or new, `~` rebuilt, `?`
 * computed.
 */
async function changes(before: string, sql: string): Promise<string[]> {
  const parser = await parserFor('sqlite')
  return await withSession({ kind: 'sqlite' }, {}, async (session) => {
    await session.execute(before)
    const old = await readRowTables(session)
    await session.execute(sql)
    const found = tableChanges(old, await readRowTables(session), parser.parse(sql))
    return found.flatMap((change) => {
      const head = `${change.before?.name ?? ''} → ${change.after?.name ?? ''}${change.rebuilt ? ' ~' : ''}`
      const columns = change.columns
        .filter((one) => one.before !== one.after || !one.exact)
        .map(
          (one) =>
            `  ${one.before ?? ''} → ${one.after ?? ''}${one.before && one.after && !one.exact ? ' ?' : ''}`,
        )
      return change.before?.name === change.after?.name && !change.rebuilt && columns.length === 0
        ? []
        : [head, ...columns]
    })
  })
}

const SHOP = `CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, phone TEXT);
CREATE TABLE "order" (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customer (id) ON DELETE CASCADE);`

test.each([
  ['a rename', 'ALTER TABLE customer RENAME TO Client', ['customer → Client']],
  [
    'a renamed column',
    'ALTER TABLE customer RENAME COLUMN phone TO tel',
    ['customer → customer', '  phone → tel'],
  ],
  [
    'a rebuild as Prisma writes it',
    `CREATE TABLE "new_customer" (id INTEGER PRIMARY KEY, name TEXT NOT NULL, tel TEXT NOT NULL DEFAULT '');
     INSERT INTO "new_customer" ("id", "name", "tel") SELECT "id", "name", coalesce("phone", '') AS "phone" FROM "customer";
     DROP TABLE "customer"; ALTER TABLE "new_customer" RENAME TO "customer";`,
    ['customer → customer ~', '  phone → tel ?'],
  ],
  [
    'a rebuild that loses a column',
    `CREATE TABLE new_customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
     INSERT INTO new_customer SELECT id, name FROM customer;
     DROP TABLE customer; ALTER TABLE new_customer RENAME TO customer;`,
    ['customer → customer ~', '  phone → '],
  ],
  [
    'a rebuild beside a table that archives the rows',
    `CREATE TABLE new_customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
     INSERT INTO new_customer SELECT id, name FROM customer;
     CREATE TABLE archive (id INTEGER PRIMARY KEY, phone TEXT);
     INSERT INTO archive SELECT id, phone FROM customer;
     DROP TABLE customer; ALTER TABLE new_customer RENAME TO customer;`,
    [' → archive', '   → id', '   → phone', 'customer → customer ~', '  phone → '],
  ],
  [
    'a temporary table that hides another one',
    `CREATE TEMP TABLE customer (id INTEGER, note TEXT);
     INSERT INTO customer SELECT id, name FROM main.customer;
     ALTER TABLE customer ADD COLUMN extra TEXT; ALTER TABLE customer RENAME COLUMN note TO name;
     ALTER TABLE customer RENAME TO "order"; DROP TABLE "order";
     CREATE TEMP TABLE customer (id INTEGER); DROP TABLE customer;`,
    [],
  ],
  [
    'a table that is dropped while a temporary one hides it, and one after that',
    `CREATE TEMP TABLE customer (id INTEGER); CREATE TEMP TABLE "order" (id INTEGER);
     DROP TABLE main."order"; DROP TABLE customer; DROP TABLE customer;`,
    [
      'customer → ',
      '  id → ',
      '  name → ',
      '  phone → ',
      'order → ',
      '  id → ',
      '  customer_id → ',
    ],
  ],
  [
    'a reused name',
    `ALTER TABLE customer RENAME TO customer_old; CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT);`,
    [' → customer', '   → id', '   → name', 'customer → customer_old'],
  ],
  [
    'a copy of a table that stays',
    `CREATE TABLE archive (id INTEGER, name TEXT); INSERT INTO archive (id, name) SELECT id, name FROM customer;`,
    [' → archive', '   → id', '   → name'],
  ],
  [
    'a dropped table, and a new one that is not filled from it',
    `DROP TABLE "order"; CREATE TABLE "order" (id INTEGER PRIMARY KEY, total INTEGER);`,
    [' → order', '   → id', '   → total', 'order → ', '  id → ', '  customer_id → '],
  ],
  [
    'a column that is dropped and added again',
    `ALTER TABLE customer DROP COLUMN phone; ALTER TABLE customer ADD COLUMN phone INTEGER;`,
    ['customer → customer', '   → phone', '  phone → '],
  ],
])('%s', async (_, sql, expected) => {
  expect(await changes(SHOP, sql)).toEqual(expected)
})
