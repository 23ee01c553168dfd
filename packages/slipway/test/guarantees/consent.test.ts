import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { checksum } from '../../src/statements/index.ts'
import { type CliOptions, runCli } from '../cli-in-process.ts'
import { addMigration, type TestMigration, writeProject } from '../project.ts'
import { createTarget, shareImages, type TestTarget } from '../target.ts'

// Guarantee 7: nothing is destroyed on a protected target without consent by its name. Nothing else is consent.

const INIT: TestMigration = {
  name: '1_init',
  sql: 'CREATE TABLE "Customer" ("id" integer PRIMARY KEY, "name" text); CREATE TABLE "Note" ("id" integer);',
}

let root: string
let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  root = writeProject([INIT])
  writeFileSync(
    join(root, 'slipway.config.ts'),
    "export default { environments: { production: { url: 'env:DATABASE_URL' }, testing: {} } }\n",
  )
  shareImages(root)
  expect(await slipway(['deploy'])).toMatchObject({ exitCode: 0 })
  await target.sql('INSERT INTO "Customer" VALUES (1, $$Ann$$); INSERT INTO "Note" VALUES (1)')
  return async () => {
    await target.drop()
    rmSync(root, { recursive: true })
  }
})

async function slipway(args: readonly string[], options: CliOptions = {}) {
  const env = { DATABASE_URL: target.url, NODE_ENV: 'development', ...options.env }
  const run = await runCli([...args, '--env', 'production', '--json'], {
    ...options,
    cwd: root,
    env,
  })
  const { failure } = JSON.parse(run.stdout) as { failure: { code: string } | null }
  return { exitCode: run.exitCode, code: failure?.code, stderr: run.stderr }
}

async function everything(): Promise<unknown> {
  const history = await target.sql(
    'SELECT migration_name, finished_at, rolled_back_at FROM _prisma_migrations ORDER BY 1',
  )
  const rows = await target.sql(
    'SELECT (SELECT count(*) FROM "Customer") AS customers, (SELECT count(*) FROM "Note") AS notes',
  )
  return { history, rows, hash: (await target.fingerprint()).hash }
}

/** Anything other than consent by name is refused and changes nothing; the name is accepted. */
async function expectConsentByName(command: readonly string[]): Promise<void> {
  const before = await everything()
  const refused = { exitCode: 2, code: 'DEPLOY.CONSENT_NEEDED' }
  for (const flags of [['-y'], ['--confirm', `${target.name}x`]]) {
    expect(await slipway([...command, ...flags]), flags.join(' ')).toMatchObject(refused)
  }
  expect(await everything()).toEqual(before)
  const done = await slipway([...command, '--confirm', target.name])
  expect(done, done.stderr).toMatchObject({ exitCode: 0 })
  expect(await everything().catch(() => 'dropped')).not.toEqual(before)
}

describe('on a protected target', () => {
  test.each([
    ['a column', 'ALTER TABLE "Customer" DROP COLUMN "name";'],
    ['a table', 'CREATE TABLE "More" (); DROP TABLE "Note";'],
    ['rows', 'DELETE FROM "Note";'],
    [
      'values, by a change of type that computes new ones',
      `ALTER TABLE "Customer" ALTER COLUMN "name" TYPE text USING upper("name");`,
    ],
    [
      'rows in a file that runs step by step',
      'CREATE INDEX CONCURRENTLY "i" ON "Note"("id"); TRUNCATE "Note";',
    ],
  ])('a deploy that destroys %s', async (_what, sql) => {
    addMigration(root, { name: '2_destroys', sql })
    await expectConsentByName(['deploy'])
  })

  test('a rollback that drops a column', async () => {
    addMigration(root, { name: '2_adds', sql: 'ALTER TABLE "Customer" ADD COLUMN "email" text;' })
    expect(await slipway(['deploy'])).toMatchObject({ exitCode: 0 })
    await expectConsentByName(['rollback'])
  })

  test('an undo that drops a column', async () => {
    const half = {
      name: '2_half',
      sql: 'ALTER TABLE "Customer" ADD COLUMN "email" text; ALTER TABLE "Customer" ADD COLUMN "fax" text;',
    }
    addMigration(root, half)
    await target.sql(`ALTER TABLE "Customer" ADD COLUMN "email" text;
      INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', '${checksum(half.sql)}', '${half.name}')`)
    await expectConsentByName(['repair', '--undo'])
  })

  test('a reset is refused, even with consent', async () => {
    const before = await everything()
    for (const flags of [
      [],
      ['-y'],
      ['--confirm', target.name],
      ['--confirm', target.name, '-y'],
    ]) {
      expect(await slipway(['reset', ...flags])).toMatchObject({
        exitCode: 2,
        code: 'REPAIR.RESET_REFUSED',
      })
    }
    expect(await everything()).toEqual(before)
  })

  test('changes that destroy nothing need no consent', async () => {
    addMigration(root, { name: '2_adds', sql: 'ALTER TABLE "Customer" ADD COLUMN "email" text;' })
    expect(await slipway(['deploy'])).toMatchObject({ exitCode: 0 })
  })
})

test.each([
  [['deploy']],
  [['rollback']],
  [['baseline']],
  [['baseline', '--write', 'first']],
  [['drift', '--write', 'found']],
  [['repair', '--undo']],
  [['kept', 'restore', '1']],
  [['kept', 'prune']],
  [['seed', 'run']],
])('with confirm: true, %j needs the name of the database', async (command) => {
  writeFileSync(
    join(root, 'slipway.config.ts'),
    "export default { environments: { production: { url: 'env:DATABASE_URL', confirm: true } } }\n",
  )
  const before = await everything()
  expect(await slipway([...command, '-y'])).toMatchObject({
    exitCode: 2,
    code: 'APP.CONSENT_NEEDED',
  })
  expect(await everything()).toEqual(before)
})

test('typing the name is consent, and typing any other word is not', async () => {
  addMigration(root, { name: '2_destroys', sql: 'DROP TABLE "Note";' })
  const declined = await slipway(['deploy'], { tty: true, answers: ['yes'] })
  expect(declined).toMatchObject({ exitCode: 3, code: 'DEPLOY.DECLINED' })
  const run = await slipway(['deploy'], { tty: true, answers: [target.name] })
  expect(run, run.stderr).toMatchObject({ exitCode: 0 })
})

test('the environment decides the protection, not the text of a variable', async () => {
  addMigration(root, { name: '2_destroys', sql: 'DROP TABLE "Note";' })
  const asked = { DATABASE_URL: target.url, NODE_ENV: 'development', SLIPWAY_ENV: 'production' }
  const refused = await runCli(['deploy', '--json'], { cwd: root, env: asked })
  expect(refused.stdout).toContain('DEPLOY.CONSENT_NEEDED')
  const local = { DATABASE_URL: target.url, NODE_ENV: 'production' }
  const known = await runCli(['deploy', '--json'], { cwd: root, env: local })
  expect(known.stdout).toContain('DEPLOY.OTHER_ENVIRONMENT')
  await target.sql('DELETE FROM slipway.environment')
  expect(await runCli(['deploy', '--json'], { cwd: root, env: local })).toMatchObject({
    exitCode: 0,
  })
})
