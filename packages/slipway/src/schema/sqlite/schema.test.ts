import { beforeAll, describe, expect, test } from 'vitest'
import { sqliteCorpus } from '../../../test/sqlite-corpus.ts'
import { type Session, withSession } from '../../database/index.ts'
import {
  objectKey,
  objectOfKey,
  objectText,
  parserFor,
  type StatementParser,
} from '../../statements/index.ts'
import {
  applyStatement,
  type Constraint,
  type DatabaseSchema,
  emptySchema,
  primaryKeyOf,
  readFingerprint,
  readSchema,
  referencingTables,
  tableNamed,
} from '../index.ts'
import { readObjects } from './objects.ts'
import { readPragmas } from './read-pragmas.ts'

let parser: StatementParser
beforeAll(async () => {
  parser = await parserFor('sqlite')
})

async function after<T>(sql: string, work: (session: Session) => Promise<T>): Promise<T> {
  return await withSession({ kind: 'sqlite' }, {}, async (session) => {
    await session.execute(sql)
    return await work(session)
  })
}

const ALL = { keys: true, types: true, filling: true, values: true } as const

const SHOP = `
  CREATE TABLE _prisma_migrations (id TEXT);
  CREATE TABLE _cf_KV (key TEXT PRIMARY KEY) WITHOUT ROWID;
  CREATE TABLE customer (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE, name TEXT DEFAULT 'x');
  CREATE TABLE "order" (
    id TEXT NOT NULL PRIMARY KEY, customerId INTEGER NOT NULL, total REAL, net REAL GENERATED ALWAYS AS (total / 2) VIRTUAL,
    CONSTRAINT "order_customerId_fkey" FOREIGN KEY (customerId) REFERENCES customer (id) ON DELETE CASCADE,
    CONSTRAINT "positive" CHECK (total > 0)
  );
  CREATE TABLE item (a TEXT, b TEXT REFERENCES "order", PRIMARY KEY (b, a)) WITHOUT ROWID, STRICT;
  CREATE UNIQUE INDEX order_total ON "order" (total, lower(id)) WHERE total > 1;
  CREATE VIEW v AS SELECT 1;
  CREATE TRIGGER t AFTER INSERT ON item BEGIN DELETE FROM "order"; END;
  CREATE VIRTUAL TABLE search USING fts5(title, body);`

test('reads tables, columns, keys, indexes and foreign keys', async () => {
  const schema = await after(SHOP, (session) => readSchema(session, ALL))
  expect([...schema.tables.values()].map(({ name }) => name)).toEqual([
    'customer',
    'item',
    'order',
    'search',
  ])
  const order = tableNamed(schema, { name: 'order' })
  expect(tableNamed(schema, { schema: 'main', name: 'order' })).toBe(order)
  expect([...(order?.columns ?? [])]).toMatchObject([
    ['id', { type: 'TEXT', notNull: true, filling: { hasDefault: false } }],
    ['customerId', { type: 'INTEGER', notNull: true }],
    ['total', { type: 'REAL', notNull: false }],
    ['net', { type: 'REAL', filling: { generated: true } }],
  ])
  expect(order?.constraints).toEqual([
    { kind: 'primary-key', name: 'order_pkey', columns: ['id'], valid: true },
    { kind: 'check', name: 'positive', columns: [], expression: 'total > 0', valid: true },
    {
      kind: 'foreign-key',
      name: 'order_customerId_fkey',
      columns: ['customerId'],
      valid: true,
      references: { table: { schema: null, name: 'customer' }, columns: ['id'] },
      passesOn: true,
    },
  ])
  const item = tableNamed(schema, { name: 'item' })
  expect(item && primaryKeyOf(item)).toEqual(['b', 'a'])
  expect(item?.triggers).toEqual(['t'])
  expect(item?.columns.get('a')?.notNull).toBe(true)
  expect(referencingTables(schema, { name: 'order' }).map(({ name }) => name)).toEqual(['item'])
  const customer = tableNamed(schema, { name: 'customer' })
  expect(customer?.columns.get('id')).toMatchObject({
    notNull: true,
    filling: { hasDefault: true },
  })
  expect([...schema.indexes.values()].find(({ name }) => name === 'order_total')).toMatchObject({
    columns: ['total', ''],
    unique: true,
    partial: true,
  })
  expect([...(tableNamed(schema, { name: 'search' })?.columns.keys() ?? [])]).toEqual([
    'title',
    'body',
  ])
})

test('triggers and foreign keys may name their table in other letter case', async () => {
  const sql = `CREATE TABLE customer (id INTEGER PRIMARY KEY);
    CREATE TABLE visit (customer INTEGER REFERENCES Customer (Id));
    CREATE TRIGGER counted AFTER INSERT ON VISIT BEGIN SELECT 1; END;`
  const schema = await after(sql, (session) => readSchema(session, ALL))
  expect(tableNamed(schema, { name: 'visit' })?.triggers).toEqual(['counted'])
  expect(referencingTables(schema, { name: 'customer' }).map(({ name }) => name)).toEqual(['visit'])
  const { objects } = await after(sql, readFingerprint)
  expect(Object.keys(objects).map((key) => objectText(objectOfKey(key)))).toContain(
    'trigger visit.counted',
  )
})

test('the time to read a schema does not grow with the square of its tables', async () => {
  const plans = await after(SHOP, async (session) => {
    const found: { readonly detail: string }[] = []
    const query: Session['query'] = async (text, values) => {
      found.push(...(await session.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${text}`, values)))
      return await session.query(text, values)
    }
    const explained = { ...session, query }
    await readPragmas(explained)
    await readObjects(explained)
    return found.map(({ detail }) => detail)
  })
  expect(plans.length).toBeGreaterThan(0)
  expect(plans.filter((plan) => plan.includes('CORRELATED'))).toEqual([])
  expect(plans.filter((plan) => /^SCAN o\b/.test(plan))).toEqual([])
})

test('an INTEGER PRIMARY KEY DESC is not the rowid: it may be NULL, and nothing fills it', async () => {
  const schema = await after('CREATE TABLE t (id INTEGER PRIMARY KEY DESC)', (session) =>
    readSchema(session, ALL),
  )
  expect(tableNamed(schema, { name: 't' })?.columns.get('id')).toMatchObject({
    notNull: false,
    filling: { hasDefault: false },
  })
})

test('a fingerprint names the objects that differ and ignores layout', async () => {
  const one = await after(SHOP, readFingerprint)
  expect(Object.keys(one.objects).map((key) => objectText(objectOfKey(key)))).toEqual([
    'index order_total',
    'table customer',
    'table item',
    'table order',
    'table search',
    'trigger item.t',
    'view v',
  ])
  const rebuilt = `${SHOP}
    PRAGMA foreign_keys = OFF;
    CREATE TABLE "new_customer" ("name" TEXT DEFAULT 'x', -- moved
      "email" TEXT NOT NULL UNIQUE, "id" INTEGER PRIMARY KEY AUTOINCREMENT);
    DROP TABLE customer; ALTER TABLE new_customer RENAME TO customer;`
  expect(await after(rebuilt, readFingerprint)).toEqual(one)
  const other = await after(`${SHOP} ALTER TABLE customer ADD COLUMN age INTEGER`, readFingerprint)
  expect(
    Object.keys(other.objects).filter((name) => one.objects[name] !== other.objects[name]),
  ).toEqual([objectKey({ kind: 'table', schema: null, name: 'customer' })])
})

describe.skipIf(sqliteCorpus.length === 0)('the corpus', () => {
  test('after each migration, the schema from the statements is what SQLite reports', async () => {
    await withSession({ kind: 'sqlite' }, {}, async (session) => {
      let folded = emptySchema('main')
      for (const { name, sql } of sqliteCorpus) {
        await session.execute(sql)
        for (const statement of parser.parse(sql)) folded = applyStatement(folded, statement, name)
        const read = await readSchema(session, { keys: true })
        expect(comparable(folded), name).toEqual(comparable(read))
      }
      expect(folded.tables.size).toBeGreaterThan(10)
    })
  })
})

/** What both schemas contain: no identities, and no names that SQLite does not report. */
function comparable(schema: DatabaseSchema) {
  const tables = [...schema.tables.values()].filter(({ schema: inSchema }) => inSchema === null)
  const indexes = [...schema.indexes.values()].filter(({ primary }) => !primary)
  return {
    tables: Object.fromEntries(
      tables.map(({ name, columns, constraints, triggers }) => [
        name,
        {
          columns: Object.fromEntries(
            [...columns].map(([column, { type, notNull }]) => [column, { type, notNull }]),
          ),
          constraints: constraints.map(comparableConstraint).toSorted(),
          triggers: triggers.toSorted(),
        },
      ]),
    ),
    indexes: Object.fromEntries(
      indexes.map(({ name, table, columns, unique, partial }) => [
        name,
        { table, columns, unique, partial },
      ]),
    ),
  }
}

function comparableConstraint({ kind, name, columns, references, expression }: Constraint): string {
  const named = kind === 'foreign-key' ? { name } : {}
  return JSON.stringify({ kind, ...named, columns, references, expression })
}
