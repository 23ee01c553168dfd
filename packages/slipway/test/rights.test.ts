import { readFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCli } from './cli-in-process.ts'
import { addMigration, writeProject } from './project.ts'
import { createTarget, shareImages, type TestTarget } from './target.ts'

// The statements in docs/guides/rights.md grant enough for what the guide promises.

const GUIDE = readFileSync(path.join(import.meta.dirname, '../../../docs/guides/rights.md'), 'utf8')

let target: TestTarget
let root: string
const roleOf = (name: string) => `${target.name}_${name}`

beforeEach(async () => {
  target = await createTarget()
  root = writeProject([
    { name: '1_init', sql: 'CREATE TABLE customer (id int PRIMARY KEY, name text);' },
  ])
  shareImages(root)
  await target.sql(`REVOKE ALL ON DATABASE ${target.name} FROM PUBLIC;
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    CREATE ROLE ${roleOf('deployer')} LOGIN PASSWORD 'x'; CREATE ROLE ${roleOf('reader')} LOGIN PASSWORD 'x'`)
})
afterEach(async () => {
  const roles = `${roleOf('deployer')}, ${roleOf('reader')}`
  await target.sql(`DROP OWNED BY ${roles} CASCADE; DROP ROLE ${roles}`)
  await target.drop()
})

/** Runs the SQL of a section of the guide. */
async function grant(section: string): Promise<void> {
  const [, sql = ''] = GUIDE.split(`## ${section}\n`)[1]?.split(/```(?:sql)?\n/) ?? []
  expect(sql).toContain('GRANT')
  await target.sql(
    sql
      .replaceAll('shop', target.name)
      .replaceAll(/\b(deployer|reader)\b/g, (name) => roleOf(name)),
  )
}

async function slipway(role: string, line: string) {
  const url = new URL(target.url)
  url.username = roleOf(role)
  url.password = 'x'
  const env = { DATABASE_URL: url.href }
  const { exitCode, stdout } = await runCli([...line.split(' '), '--json'], { cwd: root, env })
  return {
    exitCode,
    ...(JSON.parse(stdout) as { failure: { code: string; nextActions: unknown } | null }),
  }
}

test('a role without CREATE on the database can deploy, roll back and restore; another role can read', async () => {
  const refused = await slipway('deployer', 'deploy')
  expect(refused.failure).toBeTruthy()
  await grant('Deploying')
  expect(await slipway('deployer', 'deploy')).toMatchObject({ exitCode: 0 })
  await target.sql("INSERT INTO customer VALUES (1, 'Ann')")
  addMigration(root, { name: '2_drop', sql: 'ALTER TABLE customer DROP COLUMN name;' })
  expect(await slipway('deployer', 'deploy')).toMatchObject({ exitCode: 0 })
  expect(await slipway('deployer', 'rollback')).toMatchObject({ exitCode: 0 })
  expect(await target.sql('SELECT * FROM customer')).toEqual([{ id: 1, name: 'Ann' }])

  expect((await slipway('reader', 'status')).failure).toBeTruthy()
  await grant('Read-only commands')
  for (const line of ['status', 'plan --fail-on never', 'drift', 'kept list', 'seed status'])
    expect(await slipway('reader', line), line).toMatchObject({ exitCode: 0, failure: null })
  expect(await slipway('reader', 'deploy')).toMatchObject({ exitCode: 2 })
})

test('a deploy names the statement for each missing right', async () => {
  const role = roleOf('deployer')
  await target.sql(`GRANT CONNECT ON DATABASE ${target.name} TO ${role}`)
  const next = async () =>
    JSON.stringify((await slipway('deployer', 'deploy')).failure?.nextActions)
  const home = `GRANT USAGE, CREATE ON SCHEMA \\"public\\" TO \\"${role}\\"`
  const ledger = `CREATE SCHEMA \\"slipway\\" AUTHORIZATION \\"${role}\\"`
  const both = await next()
  expect(both).toContain(home)
  expect(both).toContain(ledger)
  await target.sql(`GRANT USAGE, CREATE ON SCHEMA public TO ${role}`)
  const one = await next()
  expect(one).not.toContain(home)
  expect(one).toContain(ledger)
  await target.sql('CREATE SCHEMA slipway')
  const other = await next()
  expect(other).not.toContain('CREATE SCHEMA')
  expect(other).toContain(`GRANT USAGE, CREATE ON SCHEMA \\"slipway\\" TO \\"${role}\\"`)
  await target.sql(`GRANT USAGE, CREATE ON SCHEMA slipway TO ${role}`)
  expect(await slipway('deployer', 'deploy')).toMatchObject({ exitCode: 0 })
})
