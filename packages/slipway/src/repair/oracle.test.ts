import { rmSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { prismaCli } from '../../test/prisma.ts'
import { addMigration, writeProject } from '../../test/project.ts'
import { createTarget, migration, type TestMigration, type TestTarget } from '../../test/target.ts'
import { baseline, type Decision, repair } from './index.ts'

const INIT = migration('1_init', 'CREATE TABLE customer (id integer PRIMARY KEY);\n')
const BROKEN = migration(
  '2_two',
  'CREATE TABLE address (id integer);\nCREATE TABLE customer (id integer);\n',
)
const MENDED = migration(
  '2_two',
  'CREATE TABLE address (id integer);\nCREATE TABLE payment (id integer);\n',
)

let root: string
let broken: TestTarget

/** Prisma's own deploy fails here, and so creates the state that we repair. */
beforeAll(async () => {
  root = writeProject([INIT, BROKEN])
  broken = await createTarget()
  expect(await prisma(broken, 'migrate deploy')).toMatchObject({ code: 1 })
  expect((await prisma(broken, 'migrate status')).code).toBe(1)
  addMigration(root, MENDED)
})
afterAll(async () => {
  await broken.drop()
  rmSync(root, { recursive: true })
})

async function prisma(target: TestTarget, args: string) {
  const run = await prismaCli(args.split(' '), { cwd: root, databaseUrl: target.url })
  // Two runs may differ only in the name of the database.
  return { code: run.code, text: run.stdout.replaceAll(target.name, 'database') }
}

async function rows(target: TestTarget) {
  return await target.sql(`SELECT migration_name, checksum, finished_at IS NOT NULL AS finished,
    rolled_back_at IS NOT NULL AS back, applied_steps_count AS steps, logs IS NULL AS quiet
    FROM _prisma_migrations ORDER BY started_at`)
}

async function repairedBySlipway(
  decision: Decision,
  migrations: readonly TestMigration[],
): Promise<TestTarget> {
  const target = await createTarget({ template: broken.name })
  await repair({ ...target.request(migrations), consent: { confirm: undefined } }, decision)
  return target
}

test.each([
  ['mark-applied', 'migrate resolve --applied 2_two'],
  ['mark-rolled-back', 'migrate resolve --rolled-back 2_two'],
] as const)('%s leaves what prisma %s leaves', async (kind, resolve) => {
  const mine = await repairedBySlipway({ kind }, [INIT, MENDED])
  const theirs = await createTarget({ template: broken.name })
  expect(await prisma(theirs, resolve)).toMatchObject({ code: 0 })
  expect(await rows(mine)).toEqual(await rows(theirs))
  expect(await prisma(mine, 'migrate status')).toEqual(await prisma(theirs, 'migrate status'))
  await mine.drop()
  await theirs.drop()
})

test('after an undo, Prisma sees the migration as pending, and applies it', async () => {
  const target = await repairedBySlipway({ kind: 'undo' }, [INIT, MENDED])
  const status = await prisma(target, 'migrate status')
  expect(status.text).toContain('2_two')
  expect(status.code).toBe(1)
  expect(await prisma(target, 'migrate deploy')).toMatchObject({ code: 0 })
  expect((await prisma(target, 'migrate status')).text).toContain('up to date')
  await target.drop()
})

test('after a finish, Prisma sees the migration as applied', async () => {
  const target = await repairedBySlipway({ kind: 'finish' }, [INIT, MENDED])
  expect(await prisma(target, 'migrate status')).toMatchObject({
    code: 0,
    text: expect.stringContaining('up to date'),
  })
  expect((await prisma(target, 'migrate deploy')).text).toContain('No pending migrations')
  await target.drop()
})

test('after a baseline, Prisma deploys to a database that it refused before', async () => {
  const target = await createTarget()
  await target.sql(INIT.sql)
  expect((await prisma(target, 'migrate deploy')).code).toBe(1)
  await baseline({ ...target.request([INIT, MENDED]), accept: false })
  const theirs = await createTarget()
  await theirs.sql(INIT.sql)
  await prisma(theirs, 'migrate resolve --applied 1_init')
  expect(await rows(target)).toEqual(await rows(theirs))
  expect(await prisma(target, 'migrate status')).toEqual(await prisma(theirs, 'migrate status'))
  expect(await prisma(target, 'migrate deploy')).toMatchObject({ code: 0 })
  await target.drop()
  await theirs.drop()
})
