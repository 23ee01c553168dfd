import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCli } from '../../test/cli-in-process.ts'
import { writeProject } from '../../test/project.ts'
import { createTarget, shareImages, type TestTarget } from '../../test/target.ts'

const MODELS = `model Plan {
  code  String @id
  price Int

  @@map("plans")
}
`
const INIT = `CREATE TABLE "plans" (
    "code" TEXT NOT NULL,
    "price" INTEGER NOT NULL,

    CONSTRAINT "plans_pkey" PRIMARY KEY ("code")
);
`

let target: TestTarget
let root: string

beforeEach(async () => {
  target = await createTarget()
  root = writeProject([{ name: '20260101000000_init', sql: INIT }], MODELS)
  shareImages(root)
})
afterEach(() => target.drop())

function seeds(rows: string, changes: Record<string, unknown> = {}): void {
  const folder = path.join(root, 'prisma', 'seeds', 'plans')
  mkdirSync(folder, { recursive: true })
  const set = { version: 1, tables: { Plan: { key: ['code'], mode: 'own' } }, ...changes }
  writeFileSync(path.join(folder, 'set.json'), JSON.stringify(set))
  writeFileSync(path.join(folder, 'Plan.csv'), rows)
}

async function slipway(line: string) {
  const env = { DATABASE_URL: target.url }
  return await runCli(line.split(' '), { cwd: root, env })
}

async function json(line: string) {
  const { exitCode, stdout } = await slipway(`${line} --json`)
  const document = JSON.parse(stdout) as {
    result: { seeds: unknown; receipts: { status: string }[] } | null
    failure: { code: string } | null
  }
  return { exitCode, ...document }
}

const plans = () => target.sql('SELECT code, price FROM plans ORDER BY code')
const TWO = [
  { code: 'basic', price: 5 },
  { code: 'team', price: 20 },
]

test('a reset runs the seeds again, and the seed ledger starts empty', async () => {
  seeds('code,price\nbasic,5\nteam,20\n')
  const reset = `reset --confirm ${target.name}`
  expect(await json(reset)).toMatchObject({
    exitCode: 0,
    result: { seeds: [{ name: 'plans', version: 1, status: 'done', inserted: 2 }] },
  })
  await target.sql("INSERT INTO plans VALUES ('left', 1)")
  const again = await slipway(reset)
  expect(again.stdout).toContain('plans: 2 rows written')
  expect(await plans()).toEqual(TWO)

  expect(await json(`${reset} --no-seed`)).toMatchObject({ exitCode: 0, result: { seeds: null } })
  expect(await plans()).toEqual([])
  const status = await json('seed status')
  expect(status.result).toMatchObject({ sets: [{ name: 'plans', status: 'never' }] })
})

test('dev runs the seeds after its deploy, and a second run writes nothing', async () => {
  seeds('code,price\nbasic,5\nteam,20\n')
  expect(await json('dev')).toMatchObject({ exitCode: 0, result: { seeds: [{ inserted: 2 }] } })
  expect(await json('dev')).toMatchObject({
    exitCode: 0,
    result: { seeds: [{ inserted: 0, updated: 0, deleted: 0, unchanged: 2 }] },
  })
  await target.sql('DELETE FROM plans')
  expect(await json('dev --no-seed')).toMatchObject({ exitCode: 0, result: { seeds: null } })
  expect(await plans()).toEqual([])
})

test('a seed that fails is the failure of the command; the migrations stay applied', async () => {
  seeds('code,prize\nbasic,5\n')
  const failed = await json(`reset --confirm ${target.name}`)
  expect(failed).toMatchObject({
    exitCode: 2,
    failure: { code: 'SEEDS.COLUMN_UNKNOWN' },
    result: { seeds: null, receipts: [{ status: 'done' }] },
  })
  expect(await plans()).toEqual([])
  expect(await json('status')).toMatchObject({ result: { state: 'up-to-date' } })
  expect(await json('dev')).toMatchObject({
    exitCode: 2,
    failure: { code: 'SEEDS.COLUMN_UNKNOWN' },
  })
})

test('a set that cannot be read is reported before a reset drops anything', async () => {
  await json('deploy')
  await target.sql("INSERT INTO plans VALUES ('left', 1)")
  seeds('code,price\n', { version: 'one' })
  expect(await json(`reset --confirm ${target.name}`)).toMatchObject({
    exitCode: 2,
    failure: { code: 'SEEDS.SET_INVALID' },
  })
  expect(await plans()).toEqual([{ code: 'left', price: 1 }])
})

test('without sets for the environment, the report does not mention seeds', async () => {
  seeds('code,price\nbasic,5\n', { environments: ['production'] })
  const { stdout } = await slipway(`reset --confirm ${target.name}`)
  expect(stdout).not.toMatch(/seed|plans:/i)
  expect(await json(`reset --confirm ${target.name}`)).toMatchObject({ result: { seeds: [] } })
})
