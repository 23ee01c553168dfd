import { expect, test } from 'vitest'
import { withSession } from '../../database/index.ts'
import { keepInexpressibleOnSqlite } from './keep-inexpressible.ts'

// The SQL is what Prisma writes for a rebuild; the tables have parts that schema.prisma cannot express.

const REBUILD = (name: string, columns: string, values: string) => `-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_${name}" (
    ${columns}
);
INSERT INTO "new_${name}" (${values}) SELECT ${values} FROM "${name}";
DROP TABLE "${name}";
ALTER TABLE "new_${name}" RENAME TO "${name}";
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
`

interface Observed {
  readonly refuses: (statement: string) => Promise<boolean>
  readonly query: (text: string) => Promise<Record<string, unknown>[]>
}

async function keepOnSqlite(
  history: string,
  sql: string,
  {
    rows = '',
    observe = async () => undefined,
  }: { readonly rows?: string; readonly observe?: (after: Observed) => Promise<unknown> } = {},
) {
  return await withSession({ kind: 'sqlite' }, {}, async (session) => {
    await session.execute(history)
    const found = await keepInexpressibleOnSqlite(sql, { session })
    await session.execute(rows)
    await session.execute(found.sql)
    const refuses = async (statement: string) =>
      await session.execute(statement).then(
        () => false,
        () => true,
      )
    const query = async (text: string) => await session.query<Record<string, unknown>>(text)
    const reasons = found.kept.map(({ object, reason }) =>
      object.kind === 'column' ? `${object.name}: ${reason}` : reason,
    )
    return { ...found, reasons, checks: await observe({ refuses, query }) }
  })
}

test('a rebuilt table keeps CHECK, COLLATE, generated columns and STRICT, with its rows', async () => {
  const { reasons, checks, sql } = await keepOnSqlite(
    `CREATE TABLE "Item" (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE NOCASE CONSTRAINT named CHECK (name <> ''),
      price REAL, double REAL GENERATED ALWAYS AS (price * 2) STORED, CHECK (price >= 0)) STRICT`,
    REBUILD(
      'Item',
      '"id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,\n    "name" TEXT NOT NULL,\n    "price" REAL NOT NULL',
      '"id", "name", "price"',
    ),
    {
      rows: `INSERT INTO "Item" (id, name, price) VALUES (7, 'pen', 1.5), (9, 'ink', 2); DELETE FROM "Item" WHERE id = 9`,
      observe: async ({ refuses, query }) => [
        await refuses(`INSERT INTO "Item" (name, price) VALUES ('x', -1)`),
        await refuses(`INSERT INTO "Item" (name, price) VALUES ('', 1)`),
        await refuses(`INSERT INTO "Item" (name, price) VALUES ('x', 'much')`),
        await query(`SELECT id, double FROM "Item" WHERE name = 'PEN'`),
        await query(`SELECT name, seq FROM sqlite_sequence`),
      ],
    },
  )
  expect(reasons).toEqual([
    'name: COLLATE NOCASE',
    'double: generated',
    'name: CHECK',
    'CHECK',
    'STRICT',
    'AUTOINCREMENT counter',
  ])
  expect(checks).toEqual([true, true, true, [{ id: 7, double: 3 }], [{ name: 'Item', seq: 9 }]])
  expect(sql).toContain('PRAGMA foreign_keys=OFF')
})

test('parts that a new type or a dropped column rules out are not kept', async () => {
  const { reasons, checks } = await keepOnSqlite(
    `CREATE TABLE "Item" (id TEXT NOT NULL PRIMARY KEY, at TEXT, price REAL, tax REAL CHECK (tax < price),
      gross REAL AS (price + tax), CHECK (price > tax), CHECK (id <> '')) STRICT, WITHOUT ROWID`,
    REBUILD(
      'Item',
      '"id" TEXT NOT NULL PRIMARY KEY,\n    "at" DATETIME NOT NULL,\n    "price" REAL',
      '"id", "at", "price"',
    ),
    {
      observe: async ({ query }) =>
        await query(`SELECT sql FROM sqlite_schema WHERE name = 'Item'`),
    },
  )
  expect(reasons).toEqual(['CHECK', 'WITHOUT ROWID'])
  expect(checks).toEqual([{ sql: expect.stringMatching(/CHECK \(id <> ''\)\n\) WITHOUT ROWID$/) }])
})

test('generated columns that depend on others are kept with them, in their order', async () => {
  const { reasons, checks } = await keepOnSqlite(
    `CREATE TABLE "Item" (id INTEGER NOT NULL PRIMARY KEY, twice REAL AS (gross * 2), gross REAL AS (net + 1) CHECK (gross > 0),
      net REAL, gone REAL, other REAL AS (gone + 1), another REAL AS (other + 1), CHECK (twice > 0))`,
    REBUILD('Item', '"id" INTEGER NOT NULL PRIMARY KEY,\n    "net" REAL NOT NULL', '"id", "net"'),
    {
      rows: `INSERT INTO "Item" (id, net) VALUES (1, 2)`,
      observe: async ({ query }) => await query(`SELECT net, gross, twice FROM "Item"`),
    },
  )
  expect(reasons).toEqual(['twice: generated', 'gross: generated', 'CHECK'])
  expect(checks).toEqual([{ net: 2, gross: 3, twice: 6 }])
})

test('an index that Prisma creates again keeps its condition and collation', async () => {
  const { reasons, checks } = await keepOnSqlite(
    `CREATE TABLE "Item" (id INTEGER NOT NULL PRIMARY KEY, name TEXT, code TEXT, gone TEXT);
     CREATE UNIQUE INDEX "Item_name_key" ON "Item" (name COLLATE NOCASE);
     CREATE UNIQUE INDEX "Item_code_key" ON "Item" (code) WHERE gone IS NULL; CREATE INDEX plain ON "Item" (gone)`,
    `${REBUILD(
      'Item',
      '"id" INTEGER NOT NULL PRIMARY KEY,\n    "name" TEXT NOT NULL,\n    "code" TEXT,\n    "gone" TEXT',
      '"id", "name", "code", "gone"',
    )}CREATE UNIQUE INDEX "Item_name_key" ON "Item"("name");
CREATE UNIQUE INDEX "Item_code_key" ON "Item"("code");\nCREATE INDEX "plain" ON "Item"("gone" DESC);\n`,
    {
      rows: `INSERT INTO "Item" VALUES (1, 'pen', 'x', NULL)`,
      observe: async ({ refuses }) => [
        await refuses(`INSERT INTO "Item" VALUES (2, 'PEN', 'y', NULL)`),
        await refuses(`INSERT INTO "Item" VALUES (3, 'ink', 'x', NULL)`),
        await refuses(`INSERT INTO "Item" VALUES (4, 'ink', 'x', 'gone')`),
      ],
    },
  )
  expect(reasons).toEqual(['COLLATE', 'partial'])
  expect(checks).toEqual([true, true, false])
})

test('a table that loses nothing stays as Prisma writes it', async () => {
  const sql = REBUILD('Item', '"id" INTEGER NOT NULL PRIMARY KEY', '"id"')
  expect(
    await keepOnSqlite('CREATE TABLE "Item" (id INTEGER NOT NULL PRIMARY KEY, note TEXT)', sql),
  ).toMatchObject({
    sql,
    kept: [],
  })
})
