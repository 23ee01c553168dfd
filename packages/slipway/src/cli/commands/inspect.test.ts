import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../../../test/cli-in-process.ts'
import { addMigration, writeProject } from '../../../test/project.ts'
import { runSql } from '../../../test/run-sql.ts'
import { createTarget, shareImages, type TestTarget } from '../../../test/target.ts'
import type { InspectResult } from '../../app/index.ts'

const INIT = `CREATE TABLE "Carrier" ("id" SERIAL PRIMARY KEY, "name" TEXT NOT NULL);
CREATE TABLE "Load" ("id" SERIAL PRIMARY KEY, "carrierId" INTEGER NOT NULL, "note" TEXT,
  CONSTRAINT "Load_carrierId_fkey" FOREIGN KEY ("carrierId") REFERENCES "Carrier"("id") ON DELETE CASCADE);
CREATE INDEX "Load_note_idx" ON "Load"("note");
`
const SECRET = 'row-content-4711'

let target: TestTarget
let root: string

beforeAll(async () => {
  target = await createTarget()
  root = writeProject([{ name: '1_init', sql: INIT }])
  shareImages(root)
  expect((await slipway('deploy')).exitCode).toBe(0)
  await target.sql(`INSERT INTO "Carrier" SELECT n, '${SECRET}' FROM generate_series(1, 500) n;
    INSERT INTO "Load" ("carrierId", "note") SELECT n % 500 + 1, '${SECRET}' FROM generate_series(1, 30000) n`)
  await target.sql('CREATE INDEX by_hand ON "Load"("note"); ANALYZE')
})
afterAll(async () => {
  await target.drop()
  rmSync(root, { recursive: true })
})

async function slipway(line: string, options: Partial<Parameters<typeof runCli>[1]> = {}) {
  return await runCli(line.split(' '), { cwd: root, env: { DATABASE_URL: target.url }, ...options })
}

async function inspected(
  flags = '',
): Promise<{ result: InspectResult; findings: { id: string; message: string }[]; next: object[] }> {
  const { stdout } = await slipway(`inspect --json${flags}`)
  return JSON.parse(stdout) as Awaited<ReturnType<typeof inspected>>
}

test('the human report shows evidence, advice and SQL of each finding, and what was read', async () => {
  const { stdout, exitCode } = await slipway('inspect')
  expect(exitCode).toBe(0)
  expect(stdout).toContain(`${target.name} (development): 2 warnings`)
  expect(stdout).toMatch(
    /! The foreign key Load_carrierId_fkey of Load has no index on carrierId: .* reads the whole table \(30,000 rows, /,
  )
  expect(stdout).toMatch(
    /Evidence {2}columns carrierId, references Carrier, onDelete CASCADE, rows 30000, bytes \d+/,
  )
  expect(stdout).toContain(
    'Do        Add @@index([carrierId]) to the model of Load, and create a migration.',
  )
  expect(stdout).toContain(
    '  CREATE INDEX CONCURRENTLY "Load_carrierId_idx" ON "Load" ("carrierId");',
  )
  expect(stdout).toContain('The index by_hand')
  expect(stdout).toMatch(/✓ Read: blocked sessions, /)
  expect(stdout).toMatch(/· statements {2}not readable: needs the extension pg_stat_statements/)
  expect(stdout).toContain('slipway inspect --try')
  expect(stdout).not.toContain(SECRET)
})

test('as JSON, Markdown, annotations and SARIF; nothing is left out silently', async () => {
  const { result, findings, next } = await inspected()
  expect(result).toMatchObject({
    environment: 'development',
    database: target.name,
    trials: null,
    statements: null,
  })
  expect(result.findings.map(({ id }) => id)).toEqual(['foreign-key-unindexed', 'index-duplicate'])
  for (const { evidence } of result.findings) expect(Object.keys(evidence)).not.toEqual([])
  const unread = result.checks.filter(({ reason }) => reason !== null)
  expect(unread.map(({ name }) => name)).toContain('last backup')
  expect(findings.filter(({ id }) => id === 'not-readable')).toHaveLength(unread.length)
  expect(next).toMatchObject([{ args: ['inspect', '--try'] }])
  expect((await slipway('inspect --format markdown')).stdout).toMatch(
    /^! The foreign key .* — foreign-key-unindexed$/m,
  )
  expect((await slipway('inspect --format github')).stdout).toMatch(
    /^::warning title=index-duplicate::The index by\\?_hand .* DROP INDEX CONCURRENTLY/m,
  )
  const { runs } = JSON.parse((await slipway('inspect --format sarif')).stdout) as {
    runs: { results: { ruleId: string; level: string }[] }[]
  }
  expect(runs[0]?.results).toContainEqual(
    expect.objectContaining({ ruleId: 'index-duplicate', level: 'warning' }),
  )
  expect(runs[0]?.results).toContainEqual(
    expect.objectContaining({ ruleId: 'not-readable', level: 'note' }),
  )
})

test('warnings exit 0, except with --fail-on warning; errors exit 4', async () => {
  expect((await slipway('inspect --fail-on warning')).exitCode).toBe(4)
  await target.sql(`SELECT setval('"Load_id_seq"', 2100000000)`)
  try {
    expect((await slipway('inspect')).exitCode).toBe(4)
    expect((await slipway('inspect --prometheus')).exitCode).toBe(4)
    expect((await slipway('inspect --fail-on never')).exitCode).toBe(0)
  } finally {
    await target.sql(`SELECT setval('"Load_id_seq"', 30000)`)
  }
})

test('--prometheus: each line follows the text format, and each series occurs once', async () => {
  const { stdout, stderr, exitCode } = await slipway('inspect --prometheus')
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
  const lines = stdout.trimEnd().split('\n')
  const sample = /^(slipway_\w+\{(?:\w+="(?:[^"\\\n]|\\["\\n])*",?)+\}) -?[\d.e+-]+$/
  const series = lines
    .filter((line) => !line.startsWith('#'))
    .map((line) => sample.exec(line)?.[1] ?? line)
  expect(series.every((one) => one.endsWith('}'))).toBe(true)
  expect(new Set(series).size).toBe(series.length)
  const names = new Set(series.map((one) => one.split('{')[0]))
  for (const name of names) {
    expect(lines.filter((line) => line.startsWith(`# TYPE ${name} `))).toHaveLength(1)
    expect(lines.filter((line) => line.startsWith(`# HELP ${name} `))).toHaveLength(1)
  }
  expect(lines).toContain(
    `slipway_inspect_findings{target="${target.name}",id="index-duplicate",severity="warning"} 1`,
  )
  expect(lines).toContain(`slipway_inspect_readable{target="${target.name}",check="statements"} 0`)
  expect(names).toContain('slipway_connections_used')
  const down = await slipway('inspect --prometheus --url postgresql://nobody@127.0.0.1:1/none')
  expect(down).toMatchObject({
    stdout: '',
    exitCode: 2,
    stderr: expect.stringContaining('DATABASE.UNREACHABLE') as string,
  })
})

test('shows how long ago Slipway made the last backup', async () => {
  expect((await slipway('backup create')).exitCode).toBe(0)
  const { stdout } = await slipway('inspect')
  expect(stdout).toMatch(/✓ Last backup: [\d.]+ (?:ms|s|min) ago/)
})

describe('--try', () => {
  test('measures the cost of a lookup before and after on a shadow database, and does not touch the target', async () => {
    const before = await target.fingerprint()
    const { result } = await inspected(' --try')
    const [trial] = result.trials ?? []
    expect(result.trials).toHaveLength(1)
    expect(trial).toMatchObject({
      object: { kind: 'constraint', schema: null, table: 'Load', name: 'Load_carrierId_fkey' },
      statement: 'SELECT * FROM "Load" WHERE "carrierId" = $1',
      index: 'CREATE INDEX "Load_carrierId_idx" ON "Load" ("carrierId");',
      method: 'shadow',
      rows: 30_000,
      targetRows: 30_000,
      before: { scan: 'Seq Scan' },
      reason: null,
    })
    expect(trial?.after?.scan).toMatch(/Index Scan/)
    expect(trial?.before?.cost).toBeGreaterThan((trial?.after?.cost ?? 0) * 2)
    expect(await target.fingerprint()).toEqual(before)
    const { stdout } = await slipway('inspect --try')
    expect(stdout).toMatch(
      /Load\.Load_carrierId_fkey +30,000 +[\d.]+ +[\d.]+ +Seq Scan; .*Index Scan/,
    )
    expect(stdout).not.toContain('slipway inspect --try')
  })

  test('a key that the history does not create is not tried, and the reason is reported', async () => {
    await target.sql(`CREATE TABLE by_hand_too (load_id int CONSTRAINT odd REFERENCES "Load")`)
    const { result } = await inspected(' --try')
    await target.sql('DROP TABLE by_hand_too')
    expect(
      result.trials?.find(({ object }) => 'name' in object && object.name === 'odd'),
    ).toMatchObject({
      before: null,
      after: null,
      reason: 'The history of the project does not create this table.',
    })
  })

  test('a history that cannot be replayed is a failure in addition to the findings', async () => {
    const other = writeProject([{ name: '1_init', sql: INIT }])
    addMigration(other, { name: '2_fails', sql: 'ALTER TABLE nobody ADD a int;' })
    await target.sql(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count) VALUES ('x', 'x', '2_fails', now(), 1)`,
    )
    const { stdout, exitCode } = await slipway('inspect --try --json', { cwd: other })
    await target.sql(`DELETE FROM _prisma_migrations WHERE id = 'x'`)
    rmSync(other, { recursive: true })
    const document = JSON.parse(stdout) as { result: InspectResult; failure: { code: string } }
    expect(document.failure.code).toMatch(/^SHADOW\./)
    expect(document.result.findings.length).toBeGreaterThan(1)
    expect(exitCode).not.toBe(0)
  })
})

describe('--try with HypoPG', () => {
  beforeEach(async ({ skip }) => {
    const available = `SELECT name FROM pg_available_extensions WHERE name = 'hypopg'`
    const [found] = await runSql(target.url, available)
    if (!found) return skip('The test server does not have the extension HypoPG.')
    await target.sql('CREATE SCHEMA "Tools"; CREATE EXTENSION hypopg SCHEMA "Tools"')
  })
  afterEach(async () => {
    await target.sql('DROP EXTENSION IF EXISTS hypopg; DROP SCHEMA IF EXISTS "Tools"')
  })

  test('plans on the target with its statistics, and creates nothing there', async () => {
    await target.sql(`CREATE TABLE by_hand_too (load_id int CONSTRAINT odd REFERENCES "Load")`)
    const before = await target.fingerprint()
    const { result } = await inspected(' --try')
    const { stdout } = await slipway('inspect --try')
    expect(await target.fingerprint()).toEqual(before)
    await target.sql('DROP TABLE by_hand_too')
    const [trial, other] = result.trials ?? []
    expect(trial).toMatchObject({
      method: 'hypopg',
      object: { name: 'Load_carrierId_fkey' },
      statement: 'SELECT * FROM "Load" WHERE "carrierId" = $1',
      rows: 30_000,
      targetRows: 30_000,
      before: { scan: 'Seq Scan' },
      reason: null,
    })
    expect(trial?.after?.scan).toMatch(/Index Scan/)
    expect(trial?.before?.cost).toBeGreaterThan((trial?.after?.cost ?? 0) * 2)
    // The history does not create this table, so a shadow database would not have it.
    expect(other).toMatchObject({ method: 'hypopg', object: { name: 'odd' }, reason: null })
    expect(stdout).toContain('Indexes, tried with HypoPG on the statistics of the target')
    expect(stdout).not.toContain('shadow database')
  })

  test('uses a shadow database for a table that the role may not read', async () => {
    const role = `reader_${target.name}`
    await target.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA "Tools" TO ${role};
      GRANT SELECT ON _prisma_migrations TO ${role}`)
    const url = Object.assign(new URL(target.url), { username: role, password: 'x' })
    const { stdout } = await slipway(`inspect --try --json --url ${url.href}`)
    await target.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    const { result } = JSON.parse(stdout) as { result: InspectResult }
    expect(result.trials).toMatchObject([{ method: 'shadow', reason: null }])
  })
})

describe('--watch', () => {
  test('draws the report again and again on a terminal, until it is interrupted', async () => {
    const stop = new AbortController()
    const failure = { code: 'CLI.INTERRUPTED', message: 'Stopped.', nextActions: [] }
    const clock = setTimeout(() => stop.abort(Object.assign(new Error('stop'), { failure })), 6000)
    const { stdout, exitCode } = await slipway('inspect --watch 1', {
      tty: true,
      signal: stop.signal,
    })
    clearTimeout(clock)
    expect(exitCode).toBe(130)
    const frames = stdout.split('\u001b[H\u001b[J')
    expect(frames[0]).toBe('')
    expect(frames.length).toBeGreaterThan(2)
    expect(frames[1]).toContain('Load_carrierId_fkey')
  })

  test('ends if the first inspection fails', async () => {
    const down = await slipway('inspect --watch 1 --url postgresql://nobody@127.0.0.1:1/none', {
      tty: true,
    })
    expect(down).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('DATABASE.UNREACHABLE') as string,
    })
  })

  test('needs a terminal', async () => {
    const run = await slipway('inspect --watch 1')
    expect(run).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('CLI.NOT_A_TERMINAL') as string,
    })
  })
})

test.each([
  ['--watch 1 --json', 'CLI.FLAG_CONFLICT'],
  ['--watch 1 --prometheus', 'CLI.FLAG_CONFLICT'],
  ['--prometheus --format markdown', 'CLI.FLAG_CONFLICT'],
  ['--try --watch 1', 'CLI.FLAG_CONFLICT'],
  ['--deadline soon', 'CLI.FLAG_VALUE'],
  ['--deadline 0s', 'CLI.FLAG_VALUE'],
  ['--watch 0', 'CLI.FLAG_VALUE'],
])('%s is refused', async (flags, code) => {
  const run = await slipway(`inspect ${flags}`)
  expect(run.exitCode).toBe(2)
  expect(run.stdout + run.stderr).toContain(code)
})

test('the embedded database is inspected, too', async () => {
  const embedded = writeProject([{ name: '1_init', sql: INIT }])
  shareImages(embedded)
  writeFileSync(
    path.join(embedded, 'prisma.config.ts'),
    `export default { schema: 'prisma/schema.prisma' }\n`,
  )
  const run = (line: string) => runCli(line.split(' '), { cwd: embedded, env: {} })
  expect((await run('deploy')).exitCode).toBe(0)
  const { stdout, exitCode } = await run('inspect --json')
  rmSync(embedded, { recursive: true })
  const { result } = JSON.parse(stdout) as { result: InspectResult }
  expect(exitCode, stdout).toBe(0)
  expect(result.findings.map(({ id }) => id)).toEqual(['foreign-key-unindexed'])
  expect(
    result.checks.filter(({ status }) => status === 'not-readable').map(({ name }) => name),
  ).toEqual(expect.arrayContaining(['statements']))
})
