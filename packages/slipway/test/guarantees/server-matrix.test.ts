import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CliRun, runCli } from '../cli-in-process.ts'
import { startPolyglot } from '../locales.ts'
import { type Cluster, startCluster } from '../postgres.ts'
import { addMigration, writeProject } from '../project.ts'
import { shareImages } from '../target.ts'

// Roles and databases can have their own settings. With any of them, each command has the same result as
// without, or fails before it changes anything.

interface Settings {
  readonly name: string
  /** Settings of the role. */
  readonly role?: Readonly<Record<string, string>>
  /** Options of CREATE DATABASE. */
  readonly database?: string
  /** SQL to run before the role connects; `{role}` is the name of the role and of the database. */
  readonly before?: string
  readonly language?: boolean
  /** Tested by `npm test`, too. */
  readonly short?: boolean
}

const OPTIONS: Readonly<Record<string, string>> = {
  search_path: 'app, public',
  quote_all_identifiers: 'on',
  DateStyle: 'German, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kolkata',
  bytea_output: 'escape',
  extra_float_digits: '-9',
  array_nulls: 'off',
  standard_conforming_strings: 'off',
  statement_timeout: '300ms',
  default_transaction_isolation: 'serializable',
}

const encoded = (encoding: string, more = "LOCALE 'C'") =>
  `TEMPLATE template0 ENCODING '${encoding}' ${more}`

const SETTINGS: readonly Settings[] = [
  ...Object.entries(OPTIONS).map(([name, value]) => ({ name, role: { [name]: value } })),
  { name: 'all of these', role: OPTIONS, short: true },
  { name: 'lc_messages de_DE', role: { lc_messages: 'de_DE.UTF-8' }, language: true },
  { name: 'lc_messages ja_JP', role: { lc_messages: 'ja_JP.UTF-8' }, language: true },
  { name: 'LATIN1', database: encoded('LATIN1'), short: true },
  { name: 'SQL_ASCII', database: encoded('SQL_ASCII') },
  { name: 'ICU', database: encoded('UTF8', "LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'de'") },
  {
    name: 'NOINHERIT with a granted role',
    before: `CREATE ROLE {role}_owner; ALTER ROLE {role} NOINHERIT; GRANT {role}_owner TO {role};
      ALTER DATABASE {role} OWNER TO {role}_owner; ALTER ROLE {role} SET role = {role}_owner`,
  },
]

let cluster: Cluster
let languages = true

beforeAll(async () => {
  const polyglot = await startPolyglot()
  languages = polyglot !== undefined
  cluster = polyglot ?? (await startCluster())
})
afterAll(() => cluster.stop())

const INIT = `-- Gr\u00f6\u00dfe
CREATE SCHEMA IF NOT EXISTS app;
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE TABLE "Order" (
  id integer PRIMARY KEY,
  "user" text NOT NULL DEFAULT 'a\\b',
  day date NOT NULL DEFAULT '2024-05-06',
  at timestamptz NOT NULL DEFAULT '2024-05-06 07:08:09+00',
  span interval NOT NULL DEFAULT '-1 day +02:03:00',
  raw bytea NOT NULL DEFAULT '\\x00ff',
  ratio double precision NOT NULL DEFAULT 0.1,
  mood mood,
  CONSTRAINT positive CHECK (id > 0 AND day > '2000-01-02')
);
CREATE TABLE log (at timestamptz NOT NULL, note text) PARTITION BY RANGE (at);
CREATE TABLE log_2024 PARTITION OF log FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2025-01-01 00:00:00+00');
CREATE VIEW recent AS SELECT id, "user", day FROM "Order" WHERE day > '2024-01-02';
CREATE INDEX late ON "Order" (at) WHERE at > '2024-01-01 00:00:00+00';
`
const SECOND = `ALTER TABLE log ADD COLUMN span interval DEFAULT '1 day';
ALTER TABLE "Order" DROP COLUMN ratio, DROP COLUMN raw;
`
const BROKEN = `CREATE INDEX CONCURRENTLY slow ON "Order" (mood);
CREATE TABLE counted AS SELECT "user"::integer FROM "Order";
`
const SEED = {
  'base/set.json': JSON.stringify({ version: 1, tables: { Order: { key: ['id'] } } }),
  'base/Order.csv': `id,user,day,at,span,raw,ratio,mood
1,kqzw\u00e4 a\\b,2024-03-04,2024-03-04 05:06:07+00,1 day 02:00:00,\\x00fe61,0.30000000000000004,glad
`,
}

function project(): string {
  const root = writeProject([{ name: '1_init', sql: INIT }], '')
  for (const [name, content] of Object.entries(SEED)) {
    const file = path.join(root, 'prisma/seeds', name)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  shareImages(root)
  return root
}

/** The content of the database, read by a session without settings. */
const CONTENT = `SELECT o."user", o.day::text, o.at::text, o.span::text, o.raw::text, o.ratio::text, o.mood::text FROM public."Order" o`
const ROWS = [
  {
    user: 'kqzw\u00e4 a\\b',
    day: '2024-03-04',
    at: '2024-03-04 05:06:07+00',
    span: '1 day 02:00:00',
    raw: '\\x00fe61',
    ratio: '0.30000000000000004',
    mood: 'glad',
  },
]
const PLACES = `SELECT n.nspname AS schema, count(*)::int AS tables FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('public', 'app') GROUP BY 1`

const chosen = SETTINGS.filter(({ short }) => short || process.env.FULL)

test.each(chosen)('deploy, drift, rollback, check and seed: $name', async (settings) => {
  if (settings.language && !languages) {
    console.warn('This server has no messages in German and Japanese: not tested.')
    return
  }
  if (settings.name === 'ICU' && cluster.version < 15) return
  const target = await createTarget(settings)
  const root = project()
  const sent = recordSentTo(target.name)
  const slipway = async (...args: string[]): Promise<CliRun> => {
    const ran = await runCli([...args, '--url', target.url, '--json'], { cwd: root })
    expect(ran.stdout + ran.stderr).not.toContain('kqzw')
    return ran
  }
  const succeeds = async (...args: string[]) => {
    const ran = await slipway(...args)
    expect(ran.exitCode, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`).toBe(0)
  }
  try {
    await succeeds('deploy')
    expect(await target.read(PLACES)).toEqual([{ schema: 'public', tables: 4 }])
    await succeeds('drift')
    await succeeds('seed', 'run')
    expect(await target.read(CONTENT)).toEqual(ROWS)
    await succeeds('seed', 'verify')
    addMigration(root, { name: '2_second', sql: SECOND })
    await succeeds('check', '--fail-on', 'never')
    await succeeds('deploy', '--confirm', target.name)
    await succeeds('drift')
    await succeeds('rollback', '--confirm', target.name)
    expect(await target.read(CONTENT)).toEqual(ROWS)
    await succeeds('drift')
    rmSync(path.join(root, 'prisma/migrations/2_second'), { recursive: true })
    addMigration(root, { name: '3_broken', sql: BROKEN })
    const broken = await slipway('deploy', '--accept', 'pre-check')
    expect(broken.exitCode, broken.stdout).toBe(6)
    const [{ logs } = {}] = await target.read(
      "SELECT logs FROM _prisma_migrations WHERE migration_name = '3_broken'",
    )
    expect(logs).toMatch(/"(?:…|\.\.\.)"/)
    expect((await slipway('status')).exitCode).not.toBe(0)
    const own = sent.filter((text) => !/Gr\u00f6|kqzw|SET logs = /.test(text))
    expect(own.length).toBeGreaterThan(50)
    expect(own.filter((text) => /[^\0-\x7F]/.test(text))).toEqual([])
  } finally {
    sent.stop()
    rmSync(root, { recursive: true })
    await target.drop()
  }
})

test('a read-only role is refused before anything changes', async () => {
  const target = await createTarget({ name: '', role: { default_transaction_read_only: 'on' } })
  const root = project()
  const before = await target.read(PLACES)
  for (const args of [['deploy'], ['seed', 'run']]) {
    const ran = await runCli([...args, '--url', target.url, '--json'], { cwd: root })
    expect(ran.exitCode, ran.stdout).not.toBe(0)
    expect(ran.stdout).toContain('DATABASE.READ_ONLY')
  }
  expect(await target.read(PLACES)).toEqual(before)
  rmSync(root, { recursive: true })
  await target.drop()
})

async function createTarget({ role = {}, database = '', before = '' }: Settings) {
  const id = `matrix_${randomBytes(4).toString('hex')}`
  await onServer(cluster.url, `CREATE ROLE ${id} LOGIN PASSWORD 'x'`)
  await onServer(cluster.url, `CREATE DATABASE ${id} OWNER ${id} ${database}`)
  const set = Object.entries(role).map(([name, value]) => {
    const values = name === 'search_path' ? value : `'${value}'`
    return `ALTER ROLE ${id} SET ${name} = ${values};`
  })
  await onServer(cluster.url, set.join('\n') + before.replaceAll('{role}', id))
  const url = new URL(cluster.url)
  url.pathname = `/${id}`
  const admin = url.href
  url.username = id
  url.password = 'x'
  return {
    url: url.href,
    name: id,
    read: (sql: string) => onServer(admin, `SET TimeZone = 'UTC'; ${sql}`),
    drop: () => onServer(cluster.url, `DROP DATABASE ${id} WITH (FORCE)`),
  }
}

async function onServer(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const results: unknown = await client.query(sql)
    return ((Array.isArray(results) ? results.at(-1) : results) as pg.QueryResult).rows
  } finally {
    await client.end()
  }
}

/** All SQL that this process sends to a database, until `stop`. */
function recordSentTo(database: string): string[] & { stop(): void } {
  const prototype = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown }
  const { query } = prototype
  const sent: string[] = []
  prototype.query = function recorded(this: pg.Client, ...args: unknown[]) {
    const [first] = args
    const text = typeof first === 'string' ? first : (first as { text?: string } | undefined)?.text
    if (text !== undefined && this.database === database) sent.push(text)
    return query.apply(this, args)
  }
  return Object.assign(sent, { stop: () => void (prototype.query = query) })
}
