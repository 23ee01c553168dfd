import { expect, test } from 'vitest'
import { type Session, withSession } from '../../database/index.ts'
import { parserFor } from '../../statements/index.ts'
import { invertedChanges, readSqliteState, sqliteScriptBetween, tableChanges } from '../index.ts'

const SHOP = `
CREATE TABLE customer (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, phone TEXT, age INTEGER DEFAULT 0);
CREATE INDEX customer_name ON customer (name);
CREATE UNIQUE INDEX customer_phone ON customer (phone) WHERE phone <> '';
CREATE TABLE "order" (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer (id) ON DELETE CASCADE,
  total REAL CHECK (total >= 0), net REAL AS (total / 2), note TEXT COLLATE NOCASE);
CREATE TABLE tag (name TEXT, "order" INTEGER REFERENCES "order" (id) ON DELETE SET NULL, PRIMARY KEY (name)) WITHOUT ROWID, STRICT;
CREATE VIEW big AS SELECT o.id, c.name FROM "order" o JOIN customer c ON c.id = o.customer_id WHERE o.total > 10;
CREATE VIEW bigger AS SELECT * FROM big;
CREATE TRIGGER touch AFTER UPDATE ON customer BEGIN UPDATE "order" SET note = 'x' WHERE customer_id = NEW.id; END;
CREATE TRIGGER through INSTEAD OF INSERT ON big BEGIN INSERT INTO customer (name) VALUES (NEW.name); END;
CREATE VIRTUAL TABLE search USING fts5(note, content='order', content_rowid='id');
INSERT INTO customer VALUES (1, 'Ann', '1', 30), (2, 'Bob', '', 40), (9, 'Cid', NULL, NULL);
DELETE FROM customer WHERE id = 9;
INSERT INTO "order" (id, customer_id, total, note) VALUES (1, 1, 20, 'a'), (2, 2, 5, NULL);
INSERT INTO tag VALUES ('red', 1), ('blue', NULL);
INSERT INTO search (search) VALUES ('rebuild');`

/** All rows by table, as `sqlite3 .dump` writes them. */
async function dump(session: Session): Promise<Record<string, unknown>> {
  const rows: Record<string, unknown> = {}
  for (const table of ['customer', 'order', 'tag', 'sqlite_sequence'])
    rows[table] = await session.query(`SELECT * FROM "${table}"`)
  return rows
}

/**
 * The script that undoes a migration. Both have run, and everything that the statements do not destroy is
 * restored.
 */
async function back(sql: string, { lossy = false } = {}): Promise<string[]> {
  const parser = await parserFor('sqlite')
  return await withSession({ kind: 'sqlite' }, {}, async (session) => {
    await session.execute(SHOP)
    const before = await readSqliteState(session)
    const rows = await dump(session)
    await session.execute(`PRAGMA foreign_keys = OFF;\n${sql}`)
    await session.execute('PRAGMA foreign_keys = ON')
    const after = await readSqliteState(session)
    const changes = tableChanges(before.tables, after.tables, parser.parse(sql))
    const script = await sqliteScriptBetween(after, before, invertedChanges(changes))
    const statements = script.statements.map((one) => one.sql)
    await session.execute(statements.join(';\n'))
    expect((await readSqliteState(session)).fingerprint).toEqual(before.fingerprint)
    expect(await session.query('PRAGMA foreign_key_check')).toEqual([])
    if (!lossy) expect(await dump(session)).toEqual(rows)
    return [
      ...statements.map((one) => one.split(/\s*\n\s*/).join(' ')),
      ...script.choices.map(({ message }) => message),
    ]
  })
}

test.each<[string, string, string[]]>([
  ['nothing', '', []],
  [
    'a new column',
    'ALTER TABLE customer ADD COLUMN x TEXT',
    ['ALTER TABLE "customer" DROP COLUMN "x"'],
  ],
  [
    'a renamed column, which indexes, views and triggers name',
    'ALTER TABLE customer RENAME COLUMN phone TO tel; ALTER TABLE customer RENAME COLUMN id TO key',
    [
      'ALTER TABLE "customer" RENAME COLUMN "key" TO "id"',
      'ALTER TABLE "customer" RENAME COLUMN "tel" TO "phone"',
    ],
  ],
  [
    'a renamed table, which keys, views and triggers name',
    'ALTER TABLE customer RENAME TO Client',
    ['ALTER TABLE "Client" RENAME TO "customer"'],
  ],
  [
    'swapped tables',
    `DROP VIEW bigger; DROP VIEW big; DROP TRIGGER touch;
     ALTER TABLE tag RENAME TO t; ALTER TABLE customer RENAME TO tag; ALTER TABLE t RENAME TO customer`,
    [],
  ],
  [
    'other case',
    `ALTER TABLE customer RENAME TO c; ALTER TABLE c RENAME TO Customer; ALTER TABLE tag RENAME COLUMN name TO Name`,
    [],
  ],
  ['a new index', 'CREATE INDEX i ON tag ("order")', ['DROP INDEX "i"']],
  [
    'another index with the same name',
    'DROP INDEX customer_phone; CREATE INDEX customer_phone ON customer (phone)',
    [
      'DROP INDEX "customer_phone"',
      "CREATE UNIQUE INDEX customer_phone ON customer (phone) WHERE phone <> ''",
    ],
  ],
  [
    'a rebuild by Prisma',
    `CREATE TABLE "new_customer" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "name" TEXT NOT NULL DEFAULT '', phone TEXT, age INTEGER DEFAULT 0);
     INSERT INTO "new_customer" ("id", "name", phone, age) SELECT "id", "name", phone, age FROM "customer";
     UPDATE sqlite_sequence SET seq = 9 WHERE name = 'new_customer';
     DROP TABLE "customer"; DROP VIEW bigger; DROP VIEW big; ALTER TABLE "new_customer" RENAME TO "customer"`,
    [],
  ],
  [
    'dropped views and triggers',
    'DROP TRIGGER touch; DROP VIEW bigger; DROP VIEW big',
    [
      'CREATE VIEW big AS SELECT o.id, c.name FROM "order" o JOIN customer c ON c.id = o.customer_id WHERE o.total > 10',
      'CREATE VIEW bigger AS SELECT * FROM big',
      `CREATE TRIGGER touch AFTER UPDATE ON customer BEGIN UPDATE "order" SET note = 'x' WHERE customer_id = NEW.id; END`,
      'CREATE TRIGGER through INSTEAD OF INSERT ON big BEGIN INSERT INTO customer (name) VALUES (NEW.name); END',
    ],
  ],
  [
    'a new table',
    'CREATE TABLE a (id INTEGER PRIMARY KEY REFERENCES customer (id)); CREATE INDEX a_id ON a (id)',
    ['PRAGMA foreign_keys=OFF', 'DROP TABLE "a"', 'PRAGMA foreign_keys=ON'],
  ],
  [
    'a full-text index, which is built from its table',
    'DROP TABLE search',
    [
      `CREATE VIRTUAL TABLE search USING fts5(note, content='order', content_rowid='id')`,
      `INSERT INTO "search"("search") VALUES('rebuild')`,
    ],
  ],
  [
    'another virtual table with the same name',
    `DROP TABLE search; CREATE VIRTUAL TABLE search USING fts5(note, content='order', content_rowid='id', prefix='2');
     INSERT INTO search (search) VALUES ('rebuild')`,
    [],
  ],
])('%s', async (_, sql, expected) => {
  const script = await back(sql)
  if (expected.length > 0 || sql === '') expect(script).toEqual(expected)
})

test('a dropped column is restored, and a required one gets a value', async () => {
  const sql = `DROP VIEW bigger; DROP VIEW big; DROP INDEX customer_name; ALTER TABLE customer DROP COLUMN name; ALTER TABLE customer DROP COLUMN age`
  const script = await back(sql, { lossy: true })
  expect(script).toContain(
    `INSERT INTO "new_customer" ("id", "name", "phone") SELECT "id", '', "phone" FROM "customer"`,
  )
  expect(script.at(-1)).toBe(
    `is restored as NOT NULL without a default: rows without a value get ''`,
  )
  const simple = await back('ALTER TABLE customer DROP COLUMN age', { lossy: true })
  expect(simple).toEqual(['ALTER TABLE "customer" ADD COLUMN age INTEGER DEFAULT 0'])
})

test('an object with the name of a renamed or dropped one is not taken for it', async () => {
  const sql = `ALTER TABLE tag RENAME TO tag_old; CREATE TABLE tag (name TEXT PRIMARY KEY) WITHOUT ROWID;
    ALTER TABLE "order" DROP COLUMN net; ALTER TABLE "order" ADD COLUMN net REAL AS (total / 2)`
  const script = await back(sql)
  expect(script).toContain('ALTER TABLE "tag_old" RENAME TO "tag"')
})

test('a dropped table is restored without its rows', async () => {
  const script = await back('DROP TABLE tag', { lossy: true })
  expect(script).toEqual([
    'CREATE TABLE tag (name TEXT, "order" INTEGER REFERENCES "order" (id) ON DELETE SET NULL, PRIMARY KEY (name)) WITHOUT ROWID, STRICT',
  ])
})
