import { beforeEach, describe, expect, test } from 'vitest'
import { copyByDump } from '../../test/dump.ts'
import { createTarget, migration, type TestMigration, type TestTarget } from '../../test/target.ts'
import { deploy, withTarget } from '../deploy/index.ts'
import { readKept, restoreKept } from '../safekeeping/index.ts'
import { rollback } from './index.ts'

// Kept data and its tables are moved to another database with pg_dump and pg_restore. There, every table has
// a new OID, and a recorded OID may be that of a different table.

const INIT = migration(
  '1_init',
  `CREATE TABLE customer (id integer PRIMARY KEY, name text NOT NULL, note text);
   CREATE TABLE supplier (id integer PRIMARY KEY, name text NOT NULL, note text, country text);`,
)
const UPPER = migration('2_upper', 'UPDATE customer SET name = upper(name);')
const DROP_NOTE = migration(
  '3_drop_note',
  'ALTER TABLE customer DROP COLUMN note;',
  'ALTER TABLE customer ADD COLUMN note text;',
)
const RENAME = migration(
  '4_rename',
  `ALTER TABLE customer RENAME TO client;
   CREATE TABLE customer (id integer PRIMARY KEY, name text NOT NULL, note text);
   INSERT INTO customer VALUES (1, 'Corp', 'new');`,
)

let source: TestTarget
let target: TestTarget

beforeEach(async () => {
  source = await createTarget()
  target = await createTarget()
  await deployed([INIT])
  await source.sql(`INSERT INTO customer VALUES (1, 'Ann', 'a'), (2, 'Bob', 'b');
    INSERT INTO supplier VALUES (1, 'One', 'o', 'FR'), (2, 'Two', 't', 'GR');`)
  return async () => {
    await source.drop()
    await target.drop()
  }
})

async function deployed(migrations: readonly TestMigration[]): Promise<void> {
  const consent = { confirm: undefined }
  const { failure } = await deploy({ ...source.request(migrations), consent, acceptDrift: false })
  if (failure) throw new Error(failure.message)
}

/** Moves the source to the target, where the OID recorded for kept data is that of the table `supplier`. */
async function moved(): Promise<void> {
  copyByDump(source.url, target.url)
  await target.sql(`UPDATE slipway.kept SET relation = 'public.supplier'::regclass`)
}

const restore = (on: TestTarget, id: number) =>
  withTarget(on.request([]), (_session, working) => restoreKept(working, id))

const names = async (on: TestTarget, table: string) =>
  (await on.sql(`SELECT name FROM ${table} ORDER BY id`)).map(({ name }) => name)

describe('kept restore', () => {
  test('finds the table by its name, not by an OID of another database', async () => {
    await deployed([INIT, UPPER])
    await moved()
    expect((await restore(target, 1)).restored).toEqual({ rows: 2, since: 0 })
    expect(await names(target, 'customer')).toEqual(['Ann', 'Bob'])
    expect(await names(target, 'supplier')).toEqual(['One', 'Two'])
  })

  test('finds a table that was renamed between keeping and the dump', async () => {
    await deployed([INIT, UPPER])
    await deployed([INIT, UPPER, RENAME])
    await moved()
    await restore(target, 1)
    expect(await names(target, 'client')).toEqual(['Ann', 'Bob'])
    expect(await names(target, 'customer')).toEqual(['Corp'])
  })

  test('finds a table and a column that were renamed on the same database', async () => {
    await deployed([INIT, UPPER])
    await source.sql(`ALTER TABLE customer RENAME TO client; ALTER TABLE client RENAME name TO title;
      CREATE TABLE customer (id integer PRIMARY KEY, name text NOT NULL, note text)`)
    await restore(source, 1)
    expect(await source.sql('SELECT title FROM client ORDER BY id')).toEqual([
      { title: 'Ann' },
      { title: 'Bob' },
    ])
    expect(await names(source, 'customer')).toEqual([])
  })

  test('follows a rename on the new database from the first command there', async () => {
    await deployed([INIT, UPPER])
    await moved()
    await withTarget(target.request([]), (session) => readKept(session))
    await target.sql('ALTER TABLE customer RENAME TO client')
    await restore(target, 1)
    expect(await names(target, 'client')).toEqual(['Ann', 'Bob'])
  })

  test.each([
    ['lacks a column that it had then', 'ALTER TABLE customer DROP COLUMN note'],
    [
      'is one of two with all columns of that time, if its name was not recorded',
      `UPDATE slipway.kept SET present = NULL; CREATE TABLE customer_copy (LIKE customer)`,
    ],
  ])('refuses a table that %s', async (_, script) => {
    await deployed([INIT, UPPER])
    await moved()
    await target.sql(script)
    await expect(restore(target, 1)).rejects.toMatchObject({
      failure: { code: 'SAFEKEEPING.TABLE_UNCERTAIN' },
    })
    expect(await names(target, 'customer')).toEqual(['ANN', 'BOB'])
    expect(await names(target, 'supplier')).toEqual(['One', 'Two'])
  })

  test('fails if the table no longer exists', async () => {
    await deployed([INIT, UPPER])
    await moved()
    await target.sql('ALTER TABLE customer RENAME TO client')
    await expect(restore(target, 1)).rejects.toMatchObject({
      failure: { code: 'SAFEKEEPING.NO_PLACE' },
    })
  })
})

test('a rollback on the new database restores the values to their own table', async () => {
  const history = [INIT, DROP_NOTE]
  await deployed(history)
  await moved()
  const { failure } = await rollback({
    ...target.request(history),
    consent: { confirm: undefined },
    extent: { kind: 'steps', steps: 1 },
    acceptUnproven: false,
    announce: () => {},
  })
  expect(failure).toBeUndefined()
  expect(await target.sql('SELECT note FROM customer ORDER BY id')).toEqual([
    { note: 'a' },
    { note: 'b' },
  ])
  expect(await target.sql('SELECT note FROM supplier ORDER BY id')).toEqual([
    { note: 'o' },
    { note: 't' },
  ])
})
