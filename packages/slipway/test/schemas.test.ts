import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv, type AnySchema } from 'ajv'
import formats from 'ajv-formats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { COMMANDS } from '../src/cli/commands.ts'
import { checkedSchemas, makeSchemas, SCHEMAS } from '../write-schemas.ts'
import { runCli } from './cli-in-process.ts'
import { addMigration, writeProject } from './project.ts'
import { createTarget, shareImages, type TestTarget } from './target.ts'

const ajv = new Ajv({ strict: false, allErrors: true })
formats.default(ajv)
let root = ''
let target: TestTarget

/** Commands about the command line itself: their results are for people and shells. */
const WITHOUT_SCHEMA = ['help', 'completion', 'engine']
const FILES = [
  'backup-manifest',
  'backup-verification',
  'command-line',
  'config',
  'plan-file',
  'seed-set',
  'proof',
  'down-facts',
]

beforeAll(async () => {
  for (const [name, schema] of makeSchemas()) ajv.addSchema(schema as AnySchema, name)
  target = await createTarget()
  root = writeProject(
    [
      {
        name: '1_init',
        sql: 'CREATE TABLE "Plan" ("code" TEXT NOT NULL, "note" TEXT, CONSTRAINT "Plan_pkey" PRIMARY KEY ("code"));',
      },
    ],
    'model Plan {\n  code String @id\n  note String?\n}\n',
  )
  shareImages(root)
  const set = join(root, 'prisma/seeds/plans')
  mkdirSync(set, { recursive: true })
  writeFileSync(
    join(set, 'set.json'),
    JSON.stringify({ version: 1, tables: { Plan: { key: ['code'], rows: [{ code: 'free' }] } } }),
  )
}, 900_000)

afterAll(async () => {
  await target.drop()
  rmSync(root, { recursive: true, force: true })
})

function expectValid(name: string, value: unknown, what: string): void {
  const valid = ajv.validate(name, value)
  expect(valid ? [] : ajv.errors, `${what} by ${name}.json`).toEqual([])
}

/** Runs a command, and validates its JSON document and its result against their schemas. */
async function expectDocument(command: string, ...flags: string[]): Promise<number> {
  const argv = [...command.split(' '), ...flags, '--json', '--no-interactive']
  const env = { DATABASE_URL: target.url }
  const { stdout, exitCode } = await runCli(argv, { cwd: root, env })
  const document = JSON.parse(stdout) as { result: object; failure: unknown; command: string }
  expect(document.command).toBe(command)
  expectValid('command-line', document, command)
  if (Object.keys(document.result).length > 0)
    expectValid(command.replace(' ', '-'), document.result, `${command} ${flags.join(' ')}`)
  else expect(document.failure, command).not.toBe(null)
  return exitCode
}

test('each command with a result has a schema, and each schema a command or a file', () => {
  const commands = COMMANDS.map(({ name }) => name)
  const wanted = commands.filter((name) => !WITHOUT_SCHEMA.includes(name))
  expect(Object.keys(SCHEMAS).toSorted()).toEqual(
    [...FILES, ...wanted.map((name) => name.replace(' ', '-'))].toSorted(),
  )
})

test('the file schemas are generated from the types: run `npm run schemas` after a change', () => {
  for (const { file, text } of checkedSchemas()) expect(readFileSync(file, 'utf8')).toBe(text)
})

test('the JSON of all commands in the life of a project is valid by the published schemas', async () => {
  expect(await expectDocument('init')).toBe(0)
  await expectDocument('doctor')
  await expectDocument('status')
  expect(await expectDocument('plan', '--out', 'plan.json')).toBe(0)
  const plan = readFileSync(join(root, 'plan.json'), 'utf8')
  expectValid('plan-file', JSON.parse(plan), 'plan.json')
  expect(await expectDocument('deploy', '--plan', 'plan.json')).toBe(0)
  expect(await expectDocument('seed run')).toBe(0)
  await expectDocument('seed status')
  await expectDocument('seed verify')
  await expectDocument('seed export', '--tables', 'Plan', '--set', 'core', '--dry-run')
  await expectDocument('seed sync', '--from', 'development', '--tables', 'Plan')
  addMigration(root, { name: '2_drop', sql: 'ALTER TABLE "Plan" DROP COLUMN "note";' })
  await expectDocument('check', '--static')
  await expectDocument('check')
  expect(await expectDocument('check', '--save')).toBe(4)
  const migration = join(root, 'prisma/migrations/2_drop')
  const proof = readFileSync(join(migration, 'proof.json'), 'utf8')
  expectValid('proof', JSON.parse(proof), 'proof.json')
  rmSync(join(migration, 'proof.json'))
  await expectDocument('fix')
  expect(await expectDocument('deploy')).toBe(0)
  await expectDocument('kept list')
  await expectDocument('drift')
  expect(await expectDocument('inspect', '--try')).toBe(0)
  expect(await expectDocument('rollback')).toBe(0)
  await expectDocument('kept restore', '1')
  await expectDocument('kept prune', '--all')
  await expectDocument('squash')
  await expectDocument('baseline')
  addMigration(root, { name: '3_fails', sql: 'ALTER TABLE "Nobody" DROP COLUMN "note";' })
  expect(await expectDocument('deploy')).toBe(5)
  await expectDocument('repair')
  rmSync(join(root, 'prisma/migrations/3_fails'), { recursive: true })
  await expectDocument('create', 'again', '--empty')
  await expectDocument('reset')
  await expectDocument('dev')
}, 600_000)

test('the file schemas refuse everything that reading the files refuses', () => {
  const set = { version: 1, tables: { Plan: { key: ['code'], rows: 'plans.csv' } } }
  expect(ajv.validate('seed-set', set)).toBe(true)
  expect(ajv.validate('seed-set', { ...set, verson: 2 })).toBe(false)
  expect(ajv.validate('seed-set', { version: 1 })).toBe(false)
  const tables = { Plan: { key: ['code'], mode: 'replace' } }
  expect(ajv.validate('seed-set', { ...set, tables })).toBe(false)
  const config = { environments: { production: { url: 'env:URL', deploy: { deadline: '5min' } } } }
  expect(ajv.validate('config', config)).toBe(true)
  expect(ajv.validate('config', { enviroments: {} })).toBe(false)
  const backup = { environments: { production: { backup: 'sometimes' } } }
  expect(ajv.validate('config', backup)).toBe(false)
})
