import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeEach, expect } from 'vitest'
import { withSession } from '../../src/database/index.ts'
import { deploy } from '../../src/deploy/index.ts'
import { ConnectionString } from '../../src/kernel/index.ts'
import { reset } from '../../src/repair/index.ts'
import { rollback } from '../../src/rollback/index.ts'
import { readKept } from '../../src/safekeeping/index.ts'
import { testWithPrograms as test } from '../client-programs.ts'
import { postgresBin } from '../postgres.ts'
import { createTarget, migration, type TestMigration, type TestTarget, workOn } from '../target.ts'

// Two tenants in one database, each with the same migrations in its own schema: work on one does not change
// the other, neither in its schema nor in the ledger that they share.

const HISTORY = [
  migration('1_init', 'CREATE TABLE customer (id integer PRIMARY KEY, name text, note text);'),
  migration(
    '2_drop_note',
    'ALTER TABLE customer DROP COLUMN note;',
    'ALTER TABLE customer ADD COLUMN note text;',
  ),
]
const TENANTS = ['north', 'south'] as const
type Tenant = (typeof TENANTS)[number]

let database: TestTarget

beforeEach(async () => {
  database = await createTarget()
  for (const tenant of TENANTS) await database.sql(`CREATE SCHEMA ${tenant}`)
  return () => database.drop()
})

function work(tenant: Tenant, migrations: readonly TestMigration[]) {
  const url = new ConnectionString(`${database.url}?schema=${tenant}`)
  return {
    ...workOn({ kind: 'postgres', url }, migrations),
    consent: { confirm: database.name },
    acceptDrift: false,
  }
}

async function deployed(tenant: Tenant, migrations: readonly TestMigration[]): Promise<void> {
  const { failure } = await deploy(work(tenant, migrations))
  if (failure) throw new Error(failure.message)
}

/** A tenant's schema as pg_dump writes it, and its rows in the ledger. */
async function everythingOf(tenant: Tenant): Promise<unknown> {
  const bin = postgresBin() ?? ''
  const args = ['--no-owner', `--schema=${tenant}`, '-d', database.url]
  const dump = execFileSync(join(bin, 'pg_dump'), args, { encoding: 'utf8' })
  const rows = async (table: string) =>
    await database.sql(
      `SELECT * FROM slipway.${table} WHERE history_schema = '${tenant}' ORDER BY 1, 2`,
    )
  const tables = ['journal', 'schema_state', 'receipt', 'kept', 'seed', 'seed_row', 'seed_table']
  const kept = await withSession(work(tenant, []).address, {}, readKept)
  return {
    dump: dump.replaceAll(/^\\(?:un)?restrict .*$/gm, ''),
    ledger: await Promise.all(tables.map(rows)),
    kept,
  }
}

const keptTables = async () =>
  (
    await database.sql(
      "SELECT relname FROM pg_class WHERE relnamespace = 'slipway'::regnamespace AND relname ~ '^kept_[0-9]+$' ORDER BY 1",
    )
  ).map(({ relname }) => relname)

test('deploying, keeping, rolling back and resetting one tenant does not change the other or its ledger rows', async () => {
  for (const tenant of TENANTS) {
    await deployed(tenant, HISTORY.slice(0, 1))
    await database.sql(
      `INSERT INTO ${tenant}.customer VALUES (1, '${tenant}', 'note of ${tenant}')`,
    )
  }
  const south = await everythingOf('south')
  await deployed('north', HISTORY)
  expect(await everythingOf('south')).toEqual(south)

  await deployed('south', HISTORY)
  const keptOfSouth = await everythingOf('south')
  const back = await rollback({
    ...work('north', HISTORY),
    extent: { kind: 'steps', steps: 1 },
    acceptUnproven: false,
    announce: () => {},
  })
  expect(back.failure).toBeUndefined()
  expect(await database.sql('SELECT note FROM north.customer')).toEqual([{ note: 'note of north' }])
  expect(await everythingOf('south')).toEqual(keptOfSouth)

  await deployed('north', HISTORY)
  expect(await keptTables()).toHaveLength(2)
  const done = await reset({ ...work('north', HISTORY), environment: 'development' })
  expect(done.deploy.failure).toBeUndefined()
  expect(await everythingOf('south')).toEqual(keptOfSouth)
  expect(await keptTables()).toHaveLength(1)
  expect(await withSession(work('north', []).address, {}, readKept)).toEqual([])
})
