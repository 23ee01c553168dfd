import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { runCli } from '../../test/cli-in-process.ts'
import { dumpSchema } from '../../test/dump.ts'
import { addMigration, writeProject } from '../../test/project.ts'
import { createTarget, shareImages, type TestTarget } from '../../test/target.ts'

// Partitions that pg_partman or the application creates and drops are not drift, if the configuration says
// so.

const INIT = {
  name: '1_init',
  sql: `CREATE SCHEMA parts;
CREATE TABLE customer (id integer PRIMARY KEY);
CREATE TABLE events (id integer NOT NULL, at date NOT NULL, customer_id integer REFERENCES customer, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE TABLE logs (id integer NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
CREATE INDEX events_customer ON events (customer_id);`,
}
const ADDS = {
  name: '2_adds',
  sql: `ALTER TABLE events ADD COLUMN note text; CREATE INDEX by_note ON events (note);
ALTER TABLE events ADD CONSTRAINT plausible CHECK (at > '2000-01-01');`,
}
/**
 * Changes of the application at run time: partitions in two schemas, one of them partitioned itself, and a
 * dropped one that a migration had created.
 */
const AT_RUN_TIME = `DROP TABLE events_default;
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE parts.events_2025 (LIKE events INCLUDING ALL);
ALTER TABLE events ATTACH PARTITION parts.events_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01') PARTITION BY RANGE (at);
CREATE TABLE events_2027_one PARTITION OF events_2027 FOR VALUES FROM ('2027-01-01') TO ('2027-07-01');
INSERT INTO customer VALUES (1), (2);
INSERT INTO events SELECT n, '2025-03-01'::date + 300 * (n % 3), 1 FROM generate_series(1, 9) AS n`

let root: string
let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  root = writeProject([INIT])
  shareImages(root)
  configure("['events']")
  await slipway('deploy')
  await target.sql(AT_RUN_TIME)
  return async () => {
    await target.drop()
    rmSync(root, { recursive: true })
  }
})

function configure(tables: string): void {
  writeFileSync(
    path.join(root, 'slipway.config.ts'),
    `export default { environments: { production: { url: 'env:DATABASE_URL' } }, drift: { runtimePartitions: ${tables} } }\n`,
  )
}

async function slipway(...args: readonly string[]) {
  const { stdout, exitCode } = await runCli([...args, '--env', 'production', '--json'], {
    cwd: root,
    env: { DATABASE_URL: target.url },
  })
  const document = JSON.parse(stdout) as {
    readonly result: {
      readonly sql?: { readonly toHistory: string; readonly toTarget: string }
      readonly testRun?: { readonly kind: string }
    }
    readonly findings: readonly { readonly message: string }[]
    readonly next: readonly { readonly command?: string }[]
  }
  return { ...document, exitCode, stdout }
}

async function drift(): Promise<string[]> {
  return (await slipway('drift')).findings.map(({ message }) => message)
}

const rows = () =>
  target.sql(
    'SELECT tableoid::regclass::text AS part, to_jsonb(e) AS row FROM events AS e ORDER BY id',
  )

test('configured run-time partitions are not drift; without the setting, and for other tables, they are', async () => {
  expect(await drift()).toEqual([])
  configure("['public.events']")
  expect(await drift()).toEqual([])
  await target.sql(
    "CREATE TABLE logs_2026 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
  )
  expect(await drift()).toEqual([expect.stringContaining('logs_2026')])
  configure("['other.events', 'logs']")
  const all = (await drift()).join('\n')
  for (const name of ['events_default', 'events_2026', 'events_2025', 'events_2027_one'])
    expect(all).toContain(name)
  expect(all).not.toContain('logs_2026')
  configure("['events', 'logs']")
  expect(await drift()).toEqual([])
})

test('other differences are drift, and their SQL does not touch the partitions', async () => {
  await target.sql(
    'ALTER TABLE events ADD COLUMN extra text; CREATE INDEX by_extra ON events (extra)',
  )
  const found = await slipway('drift')
  expect(found.findings.map(({ message }) => message)).toEqual([
    expect.stringContaining('extra'),
    expect.stringContaining('extra'),
  ])
  const { toHistory = '', toTarget = '' } = found.result.sql ?? {}
  expect(toHistory + toTarget).not.toMatch(/events_|PARTITION/)
  await slipway('drift', '--write', 'adopt')
  const folder = readdirSync(path.join(root, 'prisma/migrations')).find((name) =>
    /adopt/.test(name),
  )
  const file = path.join(root, 'prisma/migrations', folder ?? '', 'migration.sql')
  expect(readFileSync(file, 'utf8')).not.toMatch(/events_|PARTITION/)
  expect(await drift()).toEqual([])
  // The index on the target must be valid, like the one of the history.
  const index = await target.sql(
    "SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_extra'::regclass",
  )
  expect(index).toEqual([{ indisvalid: true }])
})

test('a migration of the partitioned table is deployed, rolled back and deployed again, with its rows', async () => {
  const before = dumpSchema(target.url)
  const rowsBefore = await rows()
  addMigration(root, ADDS)
  const done = await slipway('deploy')
  expect(done.exitCode, done.stdout).toBe(0)
  await target.sql("UPDATE events SET note = 'note ' || id")
  const written = await rows()
  expect(await drift()).toEqual([])
  // A later partition also gets the new column, index and constraint.
  await target.sql(
    "CREATE TABLE events_2028 PARTITION OF events FOR VALUES FROM ('2028-01-01') TO ('2029-01-01')",
  )
  const back = await slipway('rollback', '--confirm', target.name)
  expect(back.exitCode, back.stdout).toBe(0)
  expect(back.result.testRun).toEqual({ kind: 'proven' })
  await target.sql('DROP TABLE events_2028')
  expect(dumpSchema(target.url)).toBe(before)
  expect(await rows()).toEqual(rowsBefore)
  expect(await drift()).toEqual([])
  const again = await slipway('deploy')
  const [restore = ''] = again.next.flatMap(({ command }) => command ?? [])
  expect((await slipway(...restore.split(' ').slice(1, 4))).exitCode, restore).toBe(0)
  expect(await rows()).toEqual(written)
})
