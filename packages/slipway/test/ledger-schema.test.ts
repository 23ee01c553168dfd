import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CliRun } from './cli-in-process.ts'
import { runCli } from './cli-in-process.ts'
import { addMigration, writeProject } from './project.ts'
import { createTarget, shareImages, type TestTarget } from './target.ts'

// A role without CREATE on the database keeps the ledger in a schema that an administrator created for it.

let target: TestTarget
let root: string
let role: string

beforeEach(async () => {
  target = await createTarget()
  role = `${target.name}_deployer`
  root = projectWith("ledger: { schema: 'operations' }")
  await target.sql(`REVOKE ALL ON DATABASE ${target.name} FROM PUBLIC;
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    CREATE SCHEMA operations;
    CREATE SCHEMA billing; CREATE TABLE billing.ledger (id int); CREATE TABLE billing.journal (id int);
    CREATE ROLE ${role} LOGIN PASSWORD 'x';
    GRANT CONNECT, TEMPORARY ON DATABASE ${target.name} TO ${role};
    GRANT USAGE, CREATE ON SCHEMA public, operations TO ${role};`)
})
afterEach(async () => {
  await target.sql(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`)
  await target.drop()
})

function projectWith(config: string): string {
  const folder = writeProject([
    { name: '1_init', sql: 'CREATE TABLE customer (id int PRIMARY KEY, name text);' },
  ])
  shareImages(folder)
  writeFileSync(join(folder, 'slipway.config.ts'), `export default { ${config} }\n`)
  return folder
}

async function slipway(line: string, cwd = root, parameters = ''): Promise<CliRun> {
  const url = new URL(target.url + parameters)
  url.username = role
  url.password = 'x'
  return await runCli(line.split(' '), { cwd, env: { DATABASE_URL: url.href } })
}

async function succeeds(line: string): Promise<string> {
  const { exitCode, stdout, stderr } = await slipway(line)
  expect(exitCode, `${line}\n${stdout}${stderr}`).toBe(0)
  return stdout
}

/** The failure of a command that must fail without changing anything. */
async function refused(line: string, cwd = root, parameters = ''): Promise<unknown> {
  const before = await everything()
  const { stdout } = await slipway(`${line} --json`, cwd, parameters)
  expect(await everything(), line).toEqual(before)
  return (JSON.parse(stdout) as { failure: unknown }).failure
}

/** All tables and functions outside of system schemas, with their schemas. */
async function everything(): Promise<string[]> {
  const rows =
    await target.sql(`SELECT n.nspname || '.' || o.name AS name FROM pg_namespace n JOIN (
      SELECT relnamespace AS home, relname AS name FROM pg_class WHERE relkind = 'r'
      UNION ALL SELECT pronamespace, proname FROM pg_proc) AS o ON o.home = n.oid
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1`)
  return rows.map(({ name }) => String(name))
}

const schemas = async () => new Set((await everything()).map((name) => name.split('.', 1)[0]))

test('every command works with a ledger in a schema of another name', async () => {
  await succeeds('deploy')
  expect(await everything()).toContain('operations.journal')
  await target.sql("INSERT INTO customer VALUES (1, 'Ann')")
  addMigration(root, { name: '2_drop', sql: 'ALTER TABLE customer DROP COLUMN name;' })
  await succeeds('deploy')
  expect(await everything()).toContain('operations.kept_1')
  expect(await succeeds('kept list')).toContain('customer')
  await succeeds('status --exit-code')
  await succeeds('drift')
  await succeeds('rollback')
  expect(await target.sql('SELECT * FROM customer')).toEqual([{ id: 1, name: 'Ann' }])
  await succeeds('deploy')

  addMigration(root, {
    name: '3_wrong',
    sql: 'CREATE INDEX CONCURRENTLY by_id ON customer (id); ALTER TABLE missing ADD COLUMN age int;',
  })
  expect((await slipway('deploy')).exitCode).toBe(6)
  expect((await slipway('status')).exitCode).toBe(4)
  await succeeds(`repair --undo 3_wrong --confirm ${target.name}`)
  addMigration(root, { name: '3_wrong', sql: 'ALTER TABLE customer ADD COLUMN age int;' })
  await succeeds('deploy')

  const set = join(root, 'prisma/seeds/base')
  mkdirSync(set, { recursive: true })
  const tables = { customer: { key: ['id'] } }
  writeFileSync(join(set, 'set.json'), JSON.stringify({ version: 1, tables }))
  writeFileSync(join(set, 'customer.csv'), 'id,age\n7,70\n')
  await succeeds('seed run')
  await succeeds('seed status')
  expect(await target.sql('SELECT name FROM operations.seed')).toEqual([{ name: 'base' }])

  await target.sql(`ALTER TABLE customer ADD COLUMN extra int`)
  expect((await slipway('drift')).exitCode).toBe(4)
  await target.sql(`ALTER TABLE customer DROP COLUMN extra`)
  await succeeds('drift')

  await succeeds(`reset --confirm ${target.name} -y`)
  expect(await everything()).toContain('operations.journal')
  expect(await everything()).not.toContain('operations.kept_1')
  expect(await target.sql('SELECT id FROM operations.kept')).toEqual([])
  expect(await schemas()).toEqual(new Set(['billing', 'operations', 'public']))
  await succeeds('doctor')
})

test('every command reports a ledger in a schema other than the configured one', async () => {
  await succeeds('deploy')
  const other = projectWith('')
  addMigration(other, { name: '2_more', sql: 'CREATE TABLE more (id int);' })
  const failure = {
    code: 'HISTORY.LEDGER_ELSEWHERE',
    message: expect.stringContaining(
      'is in the schema operations, but this project keeps it in slipway',
    ),
    nextActions: [{ label: expect.stringContaining("ledger: { schema: 'operations' }") }],
  }
  for (const line of [
    'status',
    'plan',
    'deploy',
    'rollback',
    'drift',
    'kept list',
    'repair',
    'seed status',
  ])
    expect(await refused(line, other), line).toMatchObject(failure)
  // Another project in the database must use the same ledger.
  await target.sql(`CREATE SCHEMA shop; GRANT USAGE, CREATE ON SCHEMA shop TO ${role};
    CREATE SCHEMA second; GRANT USAGE, CREATE ON SCHEMA second TO ${role}`)
  const second = projectWith("ledger: { schema: 'second' }")
  expect(await refused('deploy', second, '?schema=shop')).toMatchObject({
    code: 'HISTORY.LEDGER_ELSEWHERE',
  })
  expect(await slipway('deploy', root, '?schema=shop')).toMatchObject({ exitCode: 0 })
  expect(await target.sql('SELECT history_schema FROM operations.schema_state ORDER BY 1')).toEqual(
    [{ history_schema: 'public' }, { history_schema: 'shop' }],
  )
})

test.each([
  ["ledger: { schema: 'billing' }", 'HISTORY.LEDGER_SCHEMA'],
  ["ledger: { schema: 'public' }", 'PROJECT.CONFIG_INVALID'],
  ["ledger: { schema: 'order' }", 'HISTORY.LEDGER_SCHEMA'],
  ["ledger: { schema: 'Operations' }", 'PROJECT.CONFIG_INVALID'],
  ["ledger: { schema: 'pg_operations' }", 'PROJECT.CONFIG_INVALID'],
  ["ledger: { schema: 'a; DROP SCHEMA billing' }", 'PROJECT.CONFIG_INVALID'],
  ["ledger: { schema: 'absent' }", 'DATABASE.PERMISSION'],
])('%s is refused with %s', async (config, code) => {
  const failure = await slipway('deploy --json', projectWith(config))
  expect(JSON.parse(failure.stdout)).toMatchObject({ failure: { code } })
  expect(await schemas()).not.toContain('slipway')
})

test('the ledger of an environment takes precedence over that of the whole configuration', async () => {
  root = projectWith(
    "ledger: { schema: 'absent' }, environments: { development: { ledger: { schema: 'operations' } } }",
  )
  await succeeds('deploy')
  expect(await schemas()).toEqual(new Set(['billing', 'operations', 'public']))
})
