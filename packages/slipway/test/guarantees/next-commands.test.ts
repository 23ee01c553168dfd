import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { runCli } from '../cli-in-process.ts'
import { addMigration, writeProject } from '../project.ts'
import { createTarget, shareImages, type TestTarget } from '../target.ts'

// Each suggested command is run as printed, in the same folder and with the same variables as the command
// that printed it. `development` is the trap: a command that omits its target's flags hits it.

const INIT = { name: '1_init', sql: 'CREATE TABLE customer (id int PRIMARY KEY, name text);' }

let development: TestTarget
let production: TestTarget
let root = ''
let above = ''
let env: Record<string, string> = {}

beforeAll(async () => {
  development = await createTarget()
})

afterAll(async () => {
  await development.drop()
})

beforeEach(async () => {
  production = await createTarget()
  const made = writeProject([INIT])
  above = `${made}-above`
  mkdirSync(above)
  root = path.join(above, 'my shop')
  renameSync(made, root)
  shareImages(root)
  mkdirSync(path.join(root, 'settings'))
  writeFileSync(
    path.join(root, 'settings/slipway.config.ts'),
    "export default { environments: { production: { url: 'env:PRODUCTION_URL' }, development: {} } }\n",
  )
  env = { DATABASE_URL: development.url, PRODUCTION_URL: production.url }
  return async () => {
    await production.drop()
    rmSync(above, { recursive: true })
  }
})

interface Document {
  readonly result: { readonly environment?: string; readonly database?: string }
  readonly failure: { readonly code: string } | null
  readonly next: readonly { readonly kind: string; readonly command?: string }[]
}

/** The words of a command line as a shell reads them, with variables expanded. */
function wordsOf(command: string): string[] {
  const script = `slipway() { printf '%s\\0' "$@"; }; ${command}`
  const text = execFileSync('sh', ['-c', script], { env: { ...env, PATH: process.env['PATH'] } })
  return text.toString().split('\0').slice(0, -1)
}

async function run(words: readonly string[]): Promise<Document> {
  const argv = [...words, '--json', '--no-interactive']
  const { stdout, stderr } = await runCli(argv, { cwd: above, env })
  expect(stdout + stderr).not.toContain(`:${new URL(production.url).password}@`)
  return JSON.parse(stdout) as Document
}

function commandsIn({ next }: Document): string[] {
  return next.flatMap(({ kind, command }) =>
    kind === 'command' && command?.startsWith('slipway ') ? [command] : [],
  )
}

/** The first words of the commands that were run as printed. */
const executed = new Set<string>()

/** Runs a command and each command that it suggests, as printed. None may hit another target. */
async function follow(
  how: readonly string[],
  command: string,
  ...more: string[]
): Promise<Document> {
  const document = await run([...command.split(' '), ...more, ...how])
  for (const suggested of commandsIn(document)) {
    const words = wordsOf(suggested)
    executed.add(words.slice(0, 2).join(' '))
    const followed = await run(words)
    const { environment, database } = followed.result
    if (database !== undefined) expect(database, suggested).toBe(production.name)
    if (environment !== undefined) expect(environment, suggested).toBe('production')
    const unread = ['PROJECT.', 'CLI.', 'DATABASE.'].find((one) =>
      followed.failure?.code.startsWith(one),
    )
    expect(unread, `${suggested}: ${followed.failure?.code}`).toBeUndefined()
  }
  expect(await development.sql("SELECT to_regclass('_prisma_migrations')::text AS t")).toEqual([
    { t: null },
  ])
  return document
}

const TARGET_SELECTIONS: readonly (readonly [string, () => readonly string[]])[] = [
  [
    'by environment, folder, configuration and schema',
    () => [
      '--cwd',
      'my shop',
      '--env',
      'production',
      '--config',
      'settings/slipway.config.ts',
      '--schema',
      'prisma/schema.prisma',
    ],
  ],
  [
    'by connection string',
    () => ['--cwd', 'my shop', '--env', 'production', '--url', env['PRODUCTION_URL'] ?? ''],
  ],
]

test.each(TARGET_SELECTIONS)(
  'each suggested command hits the target that was selected %s',
  async (_way, way) => {
    const how = way()
    const migration = (name: string) => path.join(root, 'prisma/migrations', name)
    executed.clear()
    await follow(how, 'status')
    await production.sql('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    await follow(how, 'plan', '--out', 'my plan.json')
    await follow(how, 'deploy')
    // The command that the deploy suggests has rolled it back.
    await run(['deploy', ...how])
    await follow(how, 'rollback')
    await run(['deploy', ...how])

    const text = readFileSync(path.join(migration('1_init'), 'migration.sql'), 'utf8')
    appendFileSync(path.join(migration('1_init'), 'migration.sql'), '-- edited\n')
    await follow(how, 'status')
    await follow(how, 'deploy')
    writeFileSync(path.join(migration('1_init'), 'migration.sql'), text)
    await run(['repair', '--accept-edit', ...how])

    await production.sql('CREATE TABLE by_hand (id int)')
    addMigration(root, { name: '2_more', sql: 'CREATE TABLE more (id int);' })
    await follow(how, 'deploy')
    await production.sql('DROP TABLE IF EXISTS by_hand')
    await run(['deploy', '--accept', 'drift', ...how])

    addMigration(root, { name: '3_fails', sql: 'ALTER TABLE nobody ADD a int;' })
    await follow(how, 'deploy')
    await follow(how, 'repair')
    rmSync(migration('3_fails'), { recursive: true, force: true })

    addMigration(root, { name: '4_index', sql: 'CREATE INDEX by_name ON customer (name);' })
    await production.sql(
      "INSERT INTO customer VALUES (1, 'a') ON CONFLICT DO NOTHING; ANALYZE customer",
    )
    await follow(how, 'plan')
    await follow(how, 'deploy')
    await follow(how, 'kept restore', '99')
    await follow(how, 'seed run', '--set', 'nothing')
    await follow(how, 'baseline')
    await follow(how, 'drift')
    await follow(how, 'squash')
    await follow(how, 'rollback', '--to', 'nothing')
    expect(executed.size).toBeGreaterThanOrEqual(8)
  },
  900_000,
)

test('suggestions repeat a variable that selects the target as a flag', async () => {
  env = { ...env, SLIPWAY_ENV: 'production' }
  const how = ['--cwd', 'my shop', '--config', 'settings/slipway.config.ts']
  const document = await run(['status', ...how])
  expect(document.failure).toBe(null)
  const [deploy = ''] = commandsIn(document)
  expect(deploy).toBe(
    "slipway deploy --env production --cwd 'my shop' --config settings/slipway.config.ts",
  )
  const { SLIPWAY_ENV: _name, ...without } = env
  env = without
  expect((await run(wordsOf(deploy))).result.database).toBe(production.name)
})

test('a misspelled environment: the most similar one is suggested, in the same project', async () => {
  const document = await run(['status', '--cwd', 'my shop', '--env', 'produktion'])
  expect(document.failure?.code).toBe('PROJECT.ENVIRONMENT_UNKNOWN')
  expect(commandsIn(document)).toEqual(["slipway status --env production --cwd 'my shop'"])
})
