import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.ts'
import { runCli } from '../cli-in-process.ts'
import { startCli } from '../cli.ts'
import { createDatabase, serverUrl, type TestDatabase } from '../postgres.ts'
import { prismaCli } from '../prisma.ts'
import { addMigration, writeProject } from '../project.ts'
import { shareImages } from '../target.ts'

// Guarantee 10: a password or a row's content never reaches stdout, stderr, a failure, the ledger or a file.

const PASSWORD = 'KpwQ7zmarkerpassword'
const ROW = 'KrowQ7zmarker'
const ROLE = `slipway_secret_${randomBytes(4).toString('hex')}`
const INIT = {
  name: '1_init',
  sql: `CREATE TYPE "Kind" AS ENUM ('A', 'B');
CREATE TABLE "Parent" ("id" TEXT PRIMARY KEY);
CREATE TABLE "Secret" ("id" SERIAL PRIMARY KEY, "v" TEXT NOT NULL, "w" TEXT);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no change of %', NEW.v USING DETAIL = NEW.v, HINT = NEW.v; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON "Secret" FOR EACH ROW EXECUTE FUNCTION refuse();
`,
}

/** Statements that the server refuses while it processes a row. */
const REFUSED: Readonly<Record<string, string>> = {
  duplicates: 'CREATE UNIQUE INDEX "u" ON "Secret"("v");',
  check: 'ALTER TABLE "Secret" ADD CONSTRAINT "short" CHECK (length("v") < 3);',
  'foreign key': 'ALTER TABLE "Secret" ADD FOREIGN KEY ("v") REFERENCES "Parent"("id");',
  'to integer': 'ALTER TABLE "Secret" ALTER COLUMN "v" TYPE INTEGER USING "v"::integer;',
  'to json': 'ALTER TABLE "Secret" ALTER COLUMN "v" TYPE JSONB USING "v"::jsonb;',
  'to enum': 'ALTER TABLE "Secret" ALTER COLUMN "v" TYPE "Kind" USING "v"::"Kind";',
  'a row that fails': 'INSERT INTO "Secret" ("v", "id") SELECT "v", NULL FROM "Secret";',
  'a block that raises': `DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM "Secret" LOOP
    RAISE WARNING 'looking at %', r.v; RAISE EXCEPTION 'cannot use %', r.v; END LOOP; END $$;`,
  'a trigger that raises': 'UPDATE "Secret" SET "w" = \'x\';',
  'a password in the file': `CREATE ROLE "${ROLE}" LOGIN PASSWORD '${PASSWORD}';`,
  'a later step': `CREATE INDEX CONCURRENTLY "ok" ON "Secret"("w");
    ALTER TABLE "Secret" ALTER COLUMN "v" TYPE INTEGER USING "v"::integer;`,
}

let root: string
let database: TestDatabase
let url: string

beforeAll(async () => {
  await sql(serverUrl(), `CREATE ROLE ${ROLE} LOGIN SUPERUSER PASSWORD '${PASSWORD}'`)
})
afterAll(() => sql(serverUrl(), `DROP ROLE ${ROLE}`))

beforeEach(async () => {
  root = writeProject(
    [INIT],
    'model Secret {\n  id Int @id @default(autoincrement())\n  v String\n  w String?\n}\n',
  )
  writeFileSync(
    join(root, 'slipway.config.ts'),
    "export default { environments: { development: { deploy: { deadline: '5s' } } } }\n",
  )
  shareImages(root)
  database = await createDatabase()
  const own = new URL(database.url)
  own.username = ROLE
  own.password = PASSWORD
  url = own.href
  expect(await runCli(['deploy', '--url', url], { cwd: root })).toMatchObject({ exitCode: 0 })
  await sql(url, `INSERT INTO "Secret" ("v") SELECT '${ROW}' FROM generate_series(1, 2)`)
  return async () => {
    await database.drop()
    rmSync(root, { recursive: true })
  }
})

async function sql(on: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: on })
  await client.connect()
  try {
    const results: unknown = await client.query(text)
    return [results].flat().flatMap((result) => (result as pg.QueryResult).rows as unknown[])
  } finally {
    await client.end()
  }
}

type OutputFlags = readonly string[]
const SCRIPT: OutputFlags = ['--json', '--verbose']
const PERSON: OutputFlags = ['--verbose']

/** Runs a command. Returns everything that it wrote. */
async function said(
  args: readonly string[],
  outputFlags: OutputFlags = SCRIPT,
  env: Readonly<Record<string, string>> = { DATABASE_URL: url },
): Promise<string> {
  const { stdout, stderr } = await runCli([...args, ...outputFlags], { cwd: root, env })
  return stdout + stderr
}

/** Everything that Slipway stores in the database, except rows, and in its folder. */
async function kept(): Promise<string> {
  const ledger = ['journal', 'schema_state', 'receipt', 'kept', 'seed', 'ledger'].map(
    (table) => `slipway.${table}`,
  )
  const rows = await Promise.all(
    ['_prisma_migrations', ...ledger].map((table) => sql(url, `SELECT * FROM ${table}`)),
  )
  const folder = join(root, '.slipway', 'cache')
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())
  const texts = files.map(({ name }) => {
    const bytes = readFileSync(join(folder, name))
    const whole = name.endsWith('.image') ? zstdDecompressSync(bytes) : bytes
    return [PASSWORD, ROW].filter((marker) => whole.includes(marker)).join()
  })
  return JSON.stringify(rows) + texts.join('')
}

function expectNone(text: string): void {
  expect(text).not.toContain(PASSWORD)
  expect(text).not.toContain(ROW)
}

test('no error of the server repeats a row in any kind of output or in any record', async () => {
  for (const [what, text] of Object.entries(REFUSED)) {
    addMigration(root, { name: '2_refused', sql: text })
    const outputFlags = what.startsWith('a ') ? PERSON : SCRIPT
    expectNone(await said(['deploy', '--accept', 'drift'], outputFlags))
    const words = await said(['deploy', '--accept', 'drift,pre-check'], outputFlags)
    expect(words, what).toMatch(/DEPLOY\.(STATEMENT_FAILED|INCOMPLETE)/)
    expectNone(words)
  }
  expectNone(await said(['status'], PERSON))
  expectNone(await said(['repair'], PERSON))
  expectNone(await said(['repair', '--finish'], PERSON))
  expectNone(await kept())
})

test('a blocker is named without the values of its query', async () => {
  const blocker = new pg.Client({ connectionString: url })
  await blocker.connect()
  await blocker.query(
    `BEGIN; LOCK "Secret"; SELECT '${ROW}', E'\\'${ROW}', $$${ROW}$$ /* ${ROW} */`,
  )
  addMigration(root, { name: '2_blocked', sql: 'ALTER TABLE "Secret" ADD COLUMN "x" TEXT;' })
  const words = [await said(['deploy']), await said(['deploy', '--accept', 'drift'], PERSON)]
  await blocker.end()
  for (const text of words) {
    expect(text).toContain('LOCK_TIMEOUT')
    expect(text).toContain('LOCK')
    expectNone(text)
  }
})

const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  create: ['again', '--empty'],
  completion: ['bash'],
  'kept restore': ['1'],
  'backup schedule': ['cron'],
  // An invalid schedule: with a valid one the command would run until a signal.
  'backup run': ['--every', 'never'],
}

test('no command shows the password of its connection string, whatever the source', async () => {
  for (const { name } of COMMANDS) {
    expectNone(await said([...name.split(' '), ...(ARGUMENTS[name] ?? [])]))
  }
  for (const name of ['status', 'doctor', 'inspect']) expectNone(await said([name], PERSON))
  expectNone(await kept())
})

test.each([
  ['another database', `mysql://u:${PASSWORD}@localhost/d`],
  ['no scheme', `u:${PASSWORD}@localhost:5432/d`],
  ['half a scheme', `postgresql:/u:${PASSWORD}@localhost/d`],
  ['a bad port', `postgresql://u:${PASSWORD}@localhost:port/d`],
  ['marks in the password', `postgresql://u:a@/?#${PASSWORD}@localhost/d`],
  ['a space', `postgresql://u:a ${PASSWORD}@127.0.0.1:1/d`],
  ['a parameter', `postgresql://u@127.0.0.1:1/d?password=${PASSWORD}`],
  ['a proxy', `prisma+postgres://accelerate.example/?api_key=${PASSWORD}`],
])('an unusable connection string is not repeated: %s', async (_what, bad) => {
  for (const command of ['status', 'deploy', 'doctor']) {
    expectNone(await said([command, '--url', bad]))
    expectNone(await said([command], PERSON, { DATABASE_URL: bad }))
  }
})

test('the real process and the stock Prisma CLI on the Slipway engine reveal nothing, either', async () => {
  addMigration(root, { name: '2_refused', sql: REFUSED['to integer'] ?? '' })
  const run = await startCli(['deploy', '--accept', 'pre-check', '--json', '--verbose'], {
    cwd: root,
    url,
  }).ended
  expect(run.stdout).toContain('DEPLOY.STATEMENT_FAILED')
  const prisma = await prismaCli(['migrate', 'deploy'], { cwd: root, databaseUrl: url })
  expect(prisma.stderr).toContain('P3018')
  expectNone(run.stdout + run.stderr + prisma.stderr + prisma.stdout + (await kept()))
})
