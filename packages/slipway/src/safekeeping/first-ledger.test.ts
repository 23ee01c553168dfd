import path from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { runFiles } from '../../test/dump.ts'
import { createTarget, type TestTarget } from '../../test/target.ts'
import { withSession } from '../database/index.ts'
import { withTarget } from '../deploy/index.ts'
import { readSeedLedger } from '../seeds/index.ts'
import { readKept, restoreKept } from './index.ts'

// Kept data and seeds in a ledger of the first layout, before and after its upgrade.

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  runFiles(target.url, [path.join(import.meta.dirname, '../../test/fixtures/ledger-1.sql')])
  return () => target.drop()
})

const restore = (id: number) =>
  withTarget(target.request([]), (_session, working) => restoreKept(working, id))

/** Writes this database's OIDs and column numbers into the fixture, as if its data had been kept here. */
const asOnItsDatabase = () =>
  target.sql(`UPDATE slipway.kept SET relation = to_regclass(table_schema || '.' || table_name) WHERE kind <> 'table';
    UPDATE slipway.kept SET details = jsonb_set(details, '{numbers}', '{"id": 1, "name": 2, "note": 3}') WHERE id = 4`)

test('kept data and seeds are listed the same before and after the upgrade', async () => {
  const read = () =>
    withSession(target.request([]).address, {}, async (session) => ({
      kept: await readKept(session),
      seeds: await readSeedLedger(session),
    }))
  const before = await read()
  expect(
    before.kept.map(({ id, kind, table, state, rows }) => [id, kind, table.name, state, rows]),
  ).toEqual([
    [1, 'columns', 'customer', 'kept', 4],
    [2, 'table', 'old_order', 'kept', undefined],
    [3, 'rows', 'visit', 'kept', 2],
    [4, 'rows', 'customer', 'kept', 4],
    [5, 'columns', 'visit', 'kept', undefined],
  ])
  expect(before.seeds).toMatchObject([{ name: 'base', version: 2, rows: 4, commit: 'abc123' }])
  expect(await target.sql('SELECT version FROM slipway.ledger')).toEqual([{ version: 1 }])
  await withTarget(target.request([]), async () => {})
  expect(await read()).toEqual(before)
})

test('after an upgrade on another database, kept data is restored by table name', async () => {
  await restore(4)
  expect(await target.sql('SELECT name FROM customer WHERE id = 1')).toEqual([{ name: 'name 1' }])
  await target.sql('CREATE TABLE old_order (id integer PRIMARY KEY, total numeric)')
  expect((await restore(2)).restored).toEqual({ rows: 2, since: 0 })
  await target.sql('ALTER TABLE visit ADD COLUMN place text')
  expect((await restore(5)).restored?.rows).toBe(3)
})

test('after an upgrade on the same database, kept data is restored even into a renamed table', async () => {
  await asOnItsDatabase()
  await withTarget(target.request([]), async () => {})
  await target.sql('ALTER TABLE customer RENAME TO client; ALTER TABLE client RENAME name TO title')
  await restore(4)
  expect(await target.sql('SELECT title FROM client WHERE id = 1')).toEqual([{ title: 'name 1' }])
})
