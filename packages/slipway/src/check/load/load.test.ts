import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runCli } from '../../../test/cli-in-process.ts'
import { createDatabase, serverUrl } from '../../../test/postgres.ts'
import { addMigration, writeProject } from '../../../test/project.ts'
import { withSession } from '../../database/index.ts'
import { ConnectionString } from '../../kernel/index.ts'
import type { Load } from './load.ts'

const USERS = `CREATE TABLE users (id integer PRIMARY KEY, email text, name text NOT NULL);`

/** A project whose shadow databases are on the test server; its last migration is `sql`. */
function project(sql: string, shadow = 'env:SHADOW_SERVER_URL'): string {
  const root = writeProject([
    { name: '1_users', sql: USERS },
    { name: '2_change', sql },
  ])
  writeFileSync(path.join(root, 'slipway.config.ts'), `export default { shadow: '${shadow}' }`)
  return root
}

async function check(cwd: string, ...args: string[]) {
  const env = { SHADOW_SERVER_URL: serverUrl() }
  return await runCli(['check', '--load', '--fail-on', 'never', ...args], { cwd, env })
}

interface Document {
  readonly result: { readonly migrations: readonly { readonly load: Load | null }[] }
  readonly findings: readonly { readonly id: string; readonly message: string }[]
}

async function loadOf(sql: string, rows: number): Promise<Load> {
  const { stdout } = await check(project(sql), '--json', '--rows', String(rows))
  const [one] = (JSON.parse(stdout) as Document).result.migrations
  if (!one?.load) throw new Error(stdout)
  return one.load
}

/** The longest wait of a class during the migration. */
function longest({ waits }: Load, kind: string): number {
  return waits.find((one) => one.class === kind)?.during.longestMs ?? NaN
}

test('a plain index build blocks writes while it runs; a concurrent build does not', async () => {
  const inPlace = await loadOf('CREATE INDEX users_email ON users (email);', 300_000)
  const concurrent = await loadOf(
    'CREATE INDEX CONCURRENTLY users_email ON users (email);',
    300_000,
  )
  expect(inPlace.tables).toEqual([{ table: 'users', rows: 300_000, wanted: 300_000, from: 'flag' }])
  const took = ({ window }: Load) => window.to - window.from
  expect(longest(inPlace, 'write')).toBeGreaterThan(took(inPlace) / 2)
  expect(longest(inPlace, 'read')).toBeLessThan(longest(inPlace, 'write'))
  expect(longest(concurrent, 'write')).toBeLessThan(took(concurrent) / 2)
  expect(inPlace.waits.find((one) => one.class === 'write')?.statement).toBe(1)
})

test('a lock that conflicts with the long reader is retried, so that no query waits for long', async () => {
  const load = await loadOf('ALTER TABLE users ADD COLUMN age integer;', 1000)
  expect(load).toMatchObject({ status: 'done', leftOut: [] })
  expect(load.attempts).toBeGreaterThan(1)
  expect(load.spans.length).toBe(load.attempts)
  expect(longest(load, 'read')).toBeGreaterThan(50)
})

test('a table whose columns cannot be updated has no failed writes', async () => {
  const cwd = project('ALTER TABLE tags ADD COLUMN note text;')
  const tags = 'CREATE TABLE tags (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY);'
  addMigration(cwd, { name: '1_users', sql: tags })
  const { stdout } = await check(cwd, '--json', '--rows', '1000')
  const [one] = (JSON.parse(stdout) as Document).result.migrations
  expect(one?.load?.tables).toMatchObject([{ table: 'tags', rows: 1000 }])
  expect(one?.load?.waits.map(({ class: kind, during }) => [kind, during.failed])).toEqual([
    ['read', 0],
    ['write', 0],
    ['long-read', 0],
  ])
})

test('updates that fail for another reason than a generated column are counted', async () => {
  const cwd = project('ALTER TABLE users ADD COLUMN age integer; SELECT pg_sleep(0.2);')
  const refuses = `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'append only'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION refuse();`
  addMigration(cwd, { name: '1_users', sql: USERS + refuses })
  const { stdout } = await check(cwd, '--json', '--rows', '1000')
  const [one] = (JSON.parse(stdout) as Document).result.migrations
  const write = one?.load?.waits.find((waits) => waits.class === 'write')
  expect(write?.during.failed).toBeGreaterThan(0)
})

test('waits are assigned to one of several statements of a transaction', async () => {
  const sql = `ALTER TABLE users ADD COLUMN n integer;\n\nUPDATE users SET n = length(name);`
  const load = await loadOf(sql, 200_000)
  expect(load.spans.at(-1)).toMatchObject({ statement: 2, line: 3 })
  expect(load.waits.find((one) => one.class === 'read')).toMatchObject({
    table: 'users',
    statement: 2,
    before: { queries: expect.any(Number) as number },
    during: { failed: 0 },
  })
})

test('queries that fail because of the migration are counted', async () => {
  const load = await loadOf('ALTER TABLE users RENAME TO people; SELECT pg_sleep(0.2);', 1000)
  expect(load.waits.some(({ during }) => during.failed > 0)).toBe(true)
})

test('a failure of the migration under load is a finding', async () => {
  const sql = `DO $$ BEGIN IF (SELECT count(*) FROM users) > 50 THEN RAISE 'too many'; END IF; END $$;
    ALTER TABLE users ADD COLUMN n integer;`
  const run = await check(project(sql), '--json', '--rows', '100')
  const { findings } = JSON.parse(run.stdout) as Document
  expect(findings.find(({ id }) => id === 'load-fails')?.message).toContain('too many')
})

test('a migration that touches no existing table has no load', async () => {
  const load = await loadOf('CREATE TABLE other (id integer);', 1000)
  expect(load).toMatchObject({ tables: [], waits: [], status: 'not-run' })
})

test('the markdown report and the HTML report show the load', async () => {
  const cwd = project('CREATE INDEX users_email ON users (email);')
  const run = await check(cwd, '--format', 'markdown', '--rows', '2000', '--html', 'report.html')
  expect(run.stdout).toMatch(/\| point writes \| users \| .*█ \|/)
  const html = readFileSync(path.join(cwd, 'report.html'), 'utf8')
  expect(html).toContain('users, 2,000 rows')
  expect(html).toMatch(/<path class="write" d="M/)
})

test('tables get the row count of the target, times a factor', async () => {
  const target = await createDatabase()
  onTestFinished(target.drop)
  await withSession({ kind: 'postgres', url: new ConnectionString(target.url) }, {}, (session) =>
    session.execute(
      `${USERS} INSERT INTO users SELECT n, n, n FROM generate_series(1, 4000) n; ANALYZE`,
    ),
  )
  const cwd = project('ALTER TABLE users ADD COLUMN n integer;')
  const run = await check(cwd, '--json', '--url', target.url, '--factor', '2')
  expect(JSON.parse(run.stdout)).toMatchObject({
    result: { migrations: [{ load: { tables: [{ rows: 8000, wanted: 8000, from: 'target' }] } }] },
  })
})

test('a SQLite project has no load test', async () => {
  const cwd = writeProject([{ name: '1_users', sql: USERS }], '', 'sqlite')
  const run = await check(cwd, '--json')
  expect(run.exitCode).toBe(2)
  expect(JSON.parse(run.stdout)).toMatchObject({ failure: { code: 'CHECK.LOAD_NOT_SUPPORTED' } })
})

test('a target that does not answer is a notice, and tables get the default number of rows', async () => {
  const cwd = project('ALTER TABLE users ADD COLUMN n integer;')
  const run = await check(cwd, '--json', '--url', 'postgresql://nobody@127.0.0.1:1/none')
  expect(JSON.parse(run.stdout)).toMatchObject({
    result: { migrations: [{ load: { tables: [{ rows: 100_000, from: 'default' }] } }] },
  })
})

test('the embedded database, which has only one session, is refused', async () => {
  const run = await check(project('SELECT 1;', 'embedded'), '--json')
  expect(JSON.parse(run.stdout)).toMatchObject({ failure: { code: 'CHECK.LOAD_NEEDS_SERVER' } })
  expect(run.exitCode).toBe(2)
})

test.each([
  [['--rows', '10', '--factor', '2'], 'CLI.FLAG_CONFLICT'],
  [['--static'], 'CLI.FLAG_CONFLICT'],
  [['--deadline', 'soon'], 'CLI.FLAG_VALUE'],
])('%j is refused', async (args, code) => {
  const run = await check(project('SELECT 1;'), '--json', ...args)
  expect(JSON.parse(run.stdout)).toMatchObject({ failure: { code } })
})

test('flags of a load test need --load', async () => {
  const run = await runCli(['check', '--rows', '5', '--json'], { cwd: project('SELECT 1;') })
  expect(JSON.parse(run.stdout)).toMatchObject({ failure: { code: 'CLI.FLAG_CONFLICT' } })
})
