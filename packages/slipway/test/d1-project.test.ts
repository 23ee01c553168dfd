import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withSession } from '../src/database/index.ts'
import { readMigrations } from '../src/project/index.ts'
import { loadProject } from '../src/project/index.ts'
import { resolveTarget } from '../src/project/index.ts'
import { wrangler } from './wrangler.ts'

// Slipway's reading of a Worker's databases and migrations, compared with wrangler's.

const CONFIG = {
  name: 'shop',
  compatibility_date: '2026-10-01',
  d1_databases: [
    { binding: 'DB', database_name: 'shop', database_id: '11111111-2222-3333-4444-555555555555' },
    { binding: 'PREVIEWED', database_id: 'aaaa', preview_database_id: 'bbbb' },
    { binding: 'UNNAMED' },
    {
      binding: 'FOLDERS',
      migrations_dir: 'prisma/migrations',
      migrations_pattern: 'prisma/migrations/*/migration.sql',
    },
  ],
  env: { staging: { d1_databases: [{ binding: 'DB', database_id: 'cccc' }] } },
}

let root: string

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'slipway-d1-project-'))
  mkdirSync(path.join(root, '.git'))
  write('wrangler.jsonc', JSON.stringify(CONFIG))
  write('prisma/schema.prisma', 'datasource db {\n  provider = "sqlite"\n}\n')
  return () => rmSync(root, { recursive: true })
})
afterEach(() => expect(existsSync(path.join(root, 'prisma', '.wrangler'))).toBe(false))

function write(file: string, content = 'SELECT 1;\n'): void {
  const place = path.join(root, file)
  mkdirSync(path.dirname(place), { recursive: true })
  writeFileSync(place, content)
}

async function projectOf(binding: string, { env = '', persistTo = '' } = {}) {
  const d1 = { binding, ...(persistTo === '' ? {} : { persistTo }) }
  write(
    'slipway.config.mjs',
    `export default ${JSON.stringify({ d1, environments: { staging: {} } })}`,
  )
  return await loadProject({ cwd: root, env: {}, flags: { location: 'local', env } })
}

async function run(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await wrangler(args, { cwd: root })
  expect(code, stderr + stdout).toBe(0)
  return stdout
}

test.each([
  ['DB', {}, []],
  ['PREVIEWED', {}, []],
  ['UNNAMED', {}, []],
  ['DB', { env: 'staging' }, ['--env', 'staging']],
  ['DB', { persistTo: 'state' }, ['--persist-to', 'state']],
])(
  'wrangler finds what Slipway wrote: %s %o',
  async (binding, asked, flags) => {
    const { address } = await resolveTarget(await projectOf(binding, asked))
    await withSession(address, {}, (session) =>
      session.execute("CREATE TABLE of_slipway (x); INSERT INTO of_slipway VALUES ('seen')"),
    )
    const command = 'CREATE TABLE of_wrangler (y); SELECT x FROM of_slipway'
    const ran = await run(
      'd1',
      'execute',
      binding,
      '--local',
      ...flags,
      '--json',
      '--command',
      command,
    )
    expect(ran).toContain('"x": "seen"')
    const tables = await withSession(address, {}, (session) =>
      session.query("SELECT name FROM sqlite_schema WHERE name LIKE 'of_%' ORDER BY name"),
    )
    expect(tables).toEqual([{ name: 'of_slipway' }, { name: 'of_wrangler' }])
  },
  90_000,
)

test('both find the same migration files, in the same order', async () => {
  for (const file of ['0001_init', '2_b', '10_c', 'last', '.hidden', 'down/0001_init', 'sub/3_x'])
    write(`migrations/${file}.sql`)
  const { migrationsDir, migrationsLayout: layout } = await projectOf('DB')
  const names = readMigrations(migrationsDir, { layout }).map(({ name }) => `${name}.sql`)
  expect(names).toEqual(['0001_init.sql', '2_b.sql', '10_c.sql', 'last.sql'])
  expect(namesIn(await run('d1', 'migrations', 'list', 'DB', '--local'))).toEqual(names)

  // wrangler would apply a down migration next to its migration.
  write('migrations/0001_init.down.sql')
  const listed = namesIn(await run('d1', 'migrations', 'list', 'DB', '--local'))
  expect(listed).toContain('0001_init.down.sql')
}, 90_000)

test('wrangler names migrations in folders like the history of a target', async () => {
  for (const name of ['20240101000000_init', '20240102000000_next']) {
    write(`prisma/migrations/${name}/migration.sql`)
    write(`prisma/migrations/${name}/down.sql`)
  }
  const project = await projectOf('FOLDERS')
  const { address } = await resolveTarget(project)
  const ending = 'd1' in address ? (address.d1?.nameEnding ?? '.sql') : ''
  const { migrationsDir, migrationsLayout: layout } = project
  const names = readMigrations(migrationsDir, { layout }).map(({ name }) => name + ending)
  expect(names[0]).toBe('20240101000000_init/migration.sql')
  expect(namesIn(await run('d1', 'migrations', 'list', 'FOLDERS', '--local'))).toEqual(names)
}, 90_000)

/** The names in the table that wrangler prints. */
function namesIn(output: string): string[] {
  return [...output.matchAll(/│ (\S+\.sql)\s+│/g)].map(([, name = '']) => name)
}
