import { beforeEach, expect, test } from 'vitest'
import {
  createTarget,
  migration,
  type TestMigration,
  type TestTarget,
} from '../../../test/target.ts'
import { deploy } from '../../deploy/index.ts'

// Each file begins in a reset session, and runs within our limits whatever it sets.

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  return () => target.drop()
})

async function deployed(...migrations: readonly TestMigration[]) {
  const consent = { confirm: undefined }
  const outcome = await deploy({ ...target.request(migrations), consent, acceptDrift: true })
  expect(outcome.failure).toBeUndefined()
  return outcome
}

const SETTINGS = `CREATE TABLE seen_N AS SELECT name, current_setting(name) AS value
  FROM unnest(ARRAY['search_path', 'role', 'work_mem', 'lock_timeout', 'statement_timeout']) AS name;`

async function seen(table: string): Promise<Record<string, string>> {
  const rows = await target.sql(`SELECT name, value FROM public.${table}`)
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
}

const SETS = `SET search_path TO other;
SET ROLE pg_monitor; RESET ROLE;
SET work_mem = '9MB';
SET lock_timeout = 0;
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', 'other', false);
`

test.each([
  ['in one transaction', `${SETS}CREATE TABLE own (id int);`],
  ['in steps', `${SETS}CREATE TABLE own (id int);\nCREATE INDEX CONCURRENTLY own_id ON own (id);`],
])('settings of a file end with it, %s', async (_how, sql) => {
  await target.sql('CREATE SCHEMA other')
  await deployed(migration('1_sets', sql), migration('2_looks', SETTINGS.replace('N', '2')))
  expect(await target.sql("SELECT to_regclass('other.own') IS NOT NULL AS made")).toEqual([
    { made: true },
  ])
  expect(await seen('seen_2')).toMatchObject({
    search_path: 'public',
    role: 'none',
    work_mem: '4MB',
    lock_timeout: '100ms',
    statement_timeout: expect.stringMatching(/^\d+(?:ms|s)$/),
  })
  const rows = await target.sql('SELECT finished_at IS NOT NULL AS done FROM _prisma_migrations')
  expect(rows).toEqual([{ done: true }, { done: true }])
})

test('a file that lowers its privileges is still recorded, and the next file has them again', async () => {
  await target.sql(`DO $$ BEGIN CREATE ROLE slipway_test_low; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
    GRANT ALL ON SCHEMA public TO slipway_test_low`)
  const low = 'SET ROLE slipway_test_low; CREATE TABLE low (id int);'
  const steps = `${low} CREATE INDEX CONCURRENTLY low_id ON low (id); CREATE TABLE low_2 (id int);`
  await deployed(
    migration('1_low', low.replace('TABLE low', 'TABLE low_0')),
    migration('2_steps', steps),
    migration('3_high', 'CREATE TABLE high (id int);'),
  )
  const owners = await target.sql(
    "SELECT tablename AS name, tableowner = current_user AS own FROM pg_tables WHERE schemaname = 'public' AND tablename ~ '^(low|high)' ORDER BY 1",
  )
  expect(owners).toEqual([
    { name: 'high', own: true },
    { name: 'low', own: false },
    { name: 'low_0', own: false },
    { name: 'low_2', own: false },
  ])
  await target.sql('DROP OWNED BY slipway_test_low CASCADE')
})

test('our timeouts replace those of a file; stricter ones of the file stay', async () => {
  const looks = (number: number) => SETTINGS.replace('N', String(number))
  await deployed(
    migration('1_loose', `SET lock_timeout = 0;\nSET statement_timeout = 0;\n${looks(1)}`),
    migration('2_strict', `SET lock_timeout = '7ms';\nSET statement_timeout = '3s';\n${looks(2)}`),
    migration(
      '3_code',
      `DO $$ BEGIN PERFORM set_config('lock_timeout', '1h', false); END $$;\n${looks(3)}`,
    ),
    migration(
      '4_serializable',
      `SET lock_timeout = 0;\nSET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\n${looks(4)}`,
    ),
  )
  expect(await seen('seen_1')).toMatchObject({
    lock_timeout: '100ms',
    statement_timeout: expect.stringMatching(/^(?!0)/),
  })
  expect(await seen('seen_2')).toMatchObject({ lock_timeout: '7ms', statement_timeout: '3s' })
  expect(await seen('seen_3')).toMatchObject({ lock_timeout: '100ms' })
  expect(await seen('seen_4')).toMatchObject({ lock_timeout: '100ms' })
})

test('a BEGIN chooses the isolation level of its block, and of no other', async () => {
  const look = (name: string) =>
    `CREATE TABLE ${name} AS SELECT current_setting('transaction_isolation') AS level;`
  await deployed(
    migration(
      '1_block',
      `START TRANSACTION READ WRITE, ISOLATION LEVEL REPEATABLE READ;\n${look('one')}\nCOMMIT;`,
    ),
    migration(
      '2_blocks',
      `BEGIN ISOLATION LEVEL SERIALIZABLE;\nSET LOCAL work_mem = '1MB';\n${look('two')}\nCOMMIT;\n${look('three')}\nBEGIN;\n${look('four')}\nCOMMIT;`,
    ),
    migration(
      '3_drops',
      `BEGIN ISOLATION LEVEL SERIALIZABLE;\nSET LOCAL work_mem = '1MB';\n${look('five')}\nDROP TABLE four;\nCOMMIT;`,
    ),
  )
  const levels = await target.sql(
    'SELECT level FROM (SELECT 1, level FROM one UNION ALL SELECT 2, level FROM two UNION ALL SELECT 3, level FROM three UNION ALL SELECT 5, level FROM five) AS all_levels (at, level) ORDER BY at',
  )
  expect(levels.map(({ level }) => level)).toEqual([
    'repeatable read',
    'serializable',
    'read committed',
    // What it drops must be kept with the rows that others wrote just before.
    'read committed',
  ])
})
