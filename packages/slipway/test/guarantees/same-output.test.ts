import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.ts'
import { runCli } from '../cli-in-process.ts'
import { addMigration, writeProject } from '../project.ts'
import { createTarget, shareImages, type TestTarget } from '../target.ts'

// Guarantee 11: the same input gives the same output: generated SQL, JSON with a fixed order of keys, failures.

const HISTORY = [
  {
    name: '1_init',
    sql: `CREATE TYPE "Status" AS ENUM ('NEW', 'PAID');
CREATE TABLE "Carrier" ("id" SERIAL PRIMARY KEY, "name" TEXT NOT NULL, "status" "Status" NOT NULL DEFAULT 'NEW');
CREATE INDEX "recent" ON "Carrier"("name") WHERE "status" = 'NEW';
CREATE VIEW "paid" AS SELECT "id", "name" FROM "Carrier" WHERE "status" = 'PAID';
`,
  },
]
const MODELS = `enum Status {
  NEW
  PAID
  LOST
}

model Carrier {
  id     Int    @id @default(autoincrement())
  name   String
  status Status @default(NEW)
  city   String @default("x")
  loads  Load[]
}

model Load {
  id        Int     @id @default(autoincrement())
  carrier   Carrier @relation(fields: [carrierId], references: [id])
  carrierId Int
}
`
const NOW = () => Date.UTC(2026, 4, 17, 9, 30)

interface Copy {
  readonly root: string
  readonly target: TestTarget
}

let copies: readonly [Copy, Copy]

async function copy(): Promise<Copy> {
  const root = writeProject(HISTORY, MODELS)
  shareImages(root)
  return { root, target: await createTarget() }
}

beforeAll(async () => {
  copies = [await copy(), await copy()]
})
afterAll(async () => {
  for (const { root, target } of copies) {
    await target.drop()
    rmSync(root, { recursive: true })
  }
})

/** Runs a command in a copy. Returns its output without parts specific to the copy, the machine or the time. */
async function output({ root, target }: Copy, args: readonly string[]): Promise<string> {
  const run = await runCli([...args, '--url', target.url], { cwd: root, now: NOW })
  return (
    `${run.stdout}\n${run.stderr}\nexit ${run.exitCode}`
      .replaceAll(root, '<root>')
      .replaceAll(target.name, '<database>')
      // A plan's hash depends on the database's name; plan/deploy-plan.test.ts compares equal names.
      .replaceAll(/("hash": "|^Plan )[0-9a-f]{64}/gm, '$1<hash>')
      .replaceAll(/"(ms|lockWaitMs|upMs|downMs)": [\d.]+/g, '"$1": 0')
      .replaceAll(/\b[\d.]+ (?:ms|s)\b/g, '0 ms')
      .replaceAll(/\d+(?:\.\d+)? GB free/g, '0 GB free')
  )
}

async function same(args: readonly string[]): Promise<string> {
  const [one, other] = [await output(copies[0], args), await output(copies[1], args)]
  expect(other, args.join(' ')).toBe(one)
  return one
}

function written({ root }: Copy, name: string): string[] {
  const folder = join(root, 'prisma', 'migrations', name)
  return readdirSync(folder).map((file) => `${file}\n${readFileSync(join(folder, file), 'utf8')}`)
}

/** The keys of a JSON document in order, those of nested objects as paths. */
function keysOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return keysOf(value[0], `${path}[]`)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    `${path}.${key}`,
    ...keysOf(inner, `${path}.${key}`),
  ])
}

const RUN = [
  ...[
    '',
    '[].migration',
    '[].status',
    '[].ms',
    '[].attempts',
    '[].lockWaitMs',
    '[].statements',
  ].map((key) => `.result.receipts${key}`),
  ...['backup', 'kept', 'verified'].map((key) => `.result.${key}`),
]
const STATUS = [
  'environment',
  'database',
  'state',
  'applied',
  'pending',
  'failed',
  'edited',
  'missing',
  'rolledBack',
]

const PLAN = [
  'hash',
  'steps',
  ...['migration', 'statement', 'line', 'transaction', 'lock', 'table', 'rows', 'bytes'].map(
    (key) => `steps[].${key}`,
  ),
  ...['rewrite', 'estimateMs', 'destroys', 'kept'].map((key) => `steps[].${key}`),
  'preChecks',
].map((key) => `.result.${key}`)

/** Commands with the keys of their results, in the order that scripts and output diffs rely on. */
const JOURNEY: readonly (readonly [readonly string[], readonly string[]])[] = [
  [['status', '--json'], STATUS.map((key) => `.result.${key}`)],
  [
    ['create', 'loads', '--json'],
    [
      'migration',
      'migration.name',
      'migration.path',
      'down',
      'down.path',
      'down.grade',
      'down.proven',
      'statements',
    ].map((key) => `.result.${key}`),
  ],
  [['plan', '--json'], PLAN],
  [['plan'], []],
  [['deploy', '--json'], RUN],
  [['status'], []],
  [
    ['drift', '--json'],
    ['.result.drifted', '.result.changes', '.result.sql'],
  ],
  [['rollback', '--json'], RUN],
  [['deploy'], []],
  [['rollback', '--to', '1_init'], []],
]

describe('in two copies of a project', () => {
  test('each command gives the same output, from the first status to the rollback', async () => {
    const name = '20260517093000_loads'
    for (const [args, promised] of JOURNEY) {
      const text = await same(args)
      expect(text, args.join(' ')).toMatch(/exit 0$/)
      if (!args.includes('--json')) continue
      const keys = keysOf(JSON.parse(text.slice(0, text.lastIndexOf('}') + 1)))
      expect(keys.filter((key) => promised.includes(key))).toEqual(promised)
    }
    const [migration] = written(copies[0], name)
    expect(written(copies[1], name)).toEqual(written(copies[0], name))
    expect(migration).toContain('checksum ')
  })

  test('a failure is the same in each format', async () => {
    for (const { root } of copies)
      addMigration(root, { name: '9_broken', sql: 'SELECT 1;\nSELECT 1 / 0;\n' })
    for (const format of ['json', 'human', 'markdown', 'github', 'sarif']) {
      expect(await same(['deploy', '--format', format])).toMatch(/exit 5$/)
    }
    for (const { root } of copies)
      rmSync(join(root, 'prisma', 'migrations', '9_broken'), { recursive: true })
    for (const args of [
      ['deploi'],
      ['deploy', '--jsonn'],
      ['rollback', '--to', 'nowhere', '--json'],
    ]) {
      expect(await same(args)).toMatch(/exit 2$/)
    }
  })

  test('drift is reported and written in the same order', async () => {
    const sql =
      'CREATE INDEX "z" ON "Carrier"("id"); CREATE TABLE "b" (); CREATE TABLE "a" (); DROP VIEW "paid"'
    await Promise.all(copies.map(({ target }) => target.sql(sql)))
    expect(await same(['drift', '--json'])).toMatch(/exit 4$/)
    expect(await same(['drift', '--format', 'sarif'])).toMatch(/exit 4$/)
  })
})

const KEYS = ['.slipway', '.command', '.ok', '.result', '.findings', '.failure', '.next']

test('the JSON of every command has the keys of the contract, in its order, whatever the outcome', async () => {
  const args: Readonly<Record<string, readonly string[]>> = {
    create: ['x', '--empty'],
    completion: ['bash'],
    'kept restore': ['1'],
    'backup schedule': ['cron'],
  }
  const [first] = copies
  writeFileSync(join(first.root, 'slipway.config.ts'), 'export default { unknown: 1 }\n')
  for (const { name } of COMMANDS) {
    const given = [...name.split(' '), ...(args[name] ?? []), '--json', '--url', first.target.url]
    const failed = await runCli(given, { cwd: first.root, now: NOW })
    const keys = Object.keys(JSON.parse(failed.stdout) as object)
    expect(
      keys.map((key) => `.${key}`),
      name,
    ).toEqual(KEYS)
  }
  rmSync(join(first.root, 'slipway.config.ts'))
})
