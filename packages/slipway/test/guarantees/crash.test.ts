import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withSession } from '../../src/database/index.ts'
import { ConnectionString } from '../../src/kernel/index.ts'
import { fingerprint, readCatalog } from '../../src/schema/index.ts'
import { type CliRun, runCli, startCli } from '../cli.ts'
import { createDatabase, type TestDatabase } from '../postgres.ts'
import { addMigration, type TestMigration, writeProject } from '../project.ts'
import { startProxy, type Verdict } from '../proxy.ts'
import { ALL_ROWS_SQL, INDIRECT_DESTRUCTION } from './indirect-destruction.ts'
import { KEPT_SQL, ROWS_SQL, SHOP } from './shop.ts'

// Guarantee 4: a SIGKILL or a lost connection at any moment leaves a state that `status` reports correctly
// and one command completes. Nothing runs twice, nothing is skipped, nothing is lost.

const FULL = process.env['FULL'] === '1'
interface State {
  readonly fingerprint: string
  readonly rows: readonly object[]
  readonly applied: readonly string[]
  readonly kept: readonly object[]
}

async function stateOf(url: string, rowsSql: string): Promise<State> {
  return await withSession(
    { kind: 'postgres', url: new ConnectionString(url) },
    {},
    async (session) => {
      const invalid = await session.query(
        'SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid',
      )
      expect(invalid).toEqual([])
      const applied = await session.query<{ name: string }>(
        'SELECT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY 1',
      )
      return {
        fingerprint: fingerprint(await readCatalog(session)).hash,
        rows: await session.query(rowsSql),
        applied: applied.map(({ name }) => name),
        kept: await session.query(KEPT_SQL),
      }
    },
  )
}

/** A history, and the states of databases with all of it and with only its first migration. */
interface Fixture {
  readonly migrations: readonly TestMigration[]
  readonly rowsSql: string
  readonly project: string
  readonly filled: TestDatabase
  readonly deployed: State
  /** After a rollback to the first migration. */
  readonly emptied: State
}

async function createFixture(
  migrations: readonly TestMigration[],
  rowsSql: string,
): Promise<Fixture> {
  const [init, ...others] = migrations
  const first = init?.name ?? ''
  const project = writeProject(migrations.slice(0, 1))
  const filled = await createDatabase()
  await ranWell(['deploy'], { cwd: project, url: filled.url })
  const { fingerprint: schema, rows } = await stateOf(filled.url, rowsSql)
  for (const migration of others) addMigration(project, migration)
  await ranWell(['deploy'], { cwd: project, url: filled.url })
  const deployed = await stateOf(filled.url, rowsSql)
  const back = await createDatabase({ template: filled.name })
  await ranWell(['rollback', '--to', first], { cwd: project, url: back.url })
  const emptied = await stateOf(back.url, rowsSql)
  // Without a disturbance, the rollback restores everything.
  expect(emptied).toMatchObject({ fingerprint: schema, rows, applied: [first] })
  await back.drop()
  return { migrations, rowsSql, project, filled, deployed, emptied }
}

async function ranWell(command: readonly string[], at: { cwd: string; url: string }) {
  const ran = await runCli(command, at)
  expect(ran.code, ran.stdout + ran.stderr).toBe(0)
}

interface Scenario {
  readonly command: readonly string[]
  readonly from: 'empty' | 'filled'
  readonly expected: State
}

function scenariosOf({ migrations, deployed, emptied }: Fixture) {
  const first = migrations[0]?.name ?? ''
  return {
    deploy: { command: ['deploy'], from: 'empty', expected: deployed },
    rollback: { command: ['rollback', '--to', first], from: 'filled', expected: emptied },
  } as const satisfies Readonly<Record<string, Scenario>>
}

interface Disturbance {
  readonly by: 'SIGKILL' | 'cut'
  /** The number of the disturbed message. */
  readonly at: number
  readonly verdict: Verdict
}

/** Runs a command through the proxy and disturbs it at one message. Returns the number of messages it sent. */
async function disturb(
  ground: Fixture,
  scenario: Scenario,
  { by, at, verdict }: Disturbance,
): Promise<number> {
  const { project, filled } = ground
  const database = await createDatabase(scenario.from === 'filled' ? { template: filled.name } : {})
  let kill = () => {}
  const proxy = await startProxy(
    database.url,
    (message) => (message === at ? verdict : 'forward'),
    () => kill(),
  )
  try {
    const running = startCli(scenario.command, { cwd: project, url: proxy.url })
    if (by === 'SIGKILL') kill = () => void running.child.kill('SIGKILL')
    const { code } = await running.ended
    const status = await statusOf(database.url, project)
    if (by === 'cut') expectExit(code, status, ground, scenario)
    await finish(status, database.url, ground, scenario)
    return proxy.messages()
  } finally {
    await proxy.close()
    await database.drop()
  }
}

interface Status {
  readonly state: string
  readonly applied: readonly string[]
}

async function statusOf(url: string, project: string): Promise<Status> {
  const { stdout } = await runCli(['status', '--json'], { cwd: project, url })
  return (JSON.parse(stdout) as { result: Status }).result
}

/** A command whose connection was cut while migrations ran must not report that it could not begin. */
function expectExit(
  code: number | null,
  { state, applied }: Status,
  { migrations }: Fixture,
  { from }: Scenario,
): void {
  const begun = applied.length > (from === 'empty' ? 0 : 1) && applied.length < migrations.length
  if (state === 'failed') expect(code).toBe(6)
  else if (begun) expect([5, 6]).toContain(code)
}

/** Runs one more command, after which the state must be as without a disturbance. */
async function finish(
  { state }: Status,
  url: string,
  { project, rowsSql }: Fixture,
  { command, expected }: Scenario,
): Promise<void> {
  expect(['empty', 'behind', 'failed', 'up-to-date']).toContain(state)
  // Repeating a completed command succeeds.
  const once: CliRun = await runCli(command, { cwd: project, url })
  expect(once.code, `${state}\n${once.stdout}\n${once.stderr}`).toBe(0)
  expect(await stateOf(url, rowsSql)).toEqual(expected)
}

describe.each([
  ['changes that the text of the history names', SHOP, ROWS_SQL],
  ['changes that only the server sees', INDIRECT_DESTRUCTION, ALL_ROWS_SQL],
] as const)('%s', (_title, migrations, rowsSql) => {
  let ground: Fixture

  beforeAll(async () => {
    ground = await createFixture(migrations, rowsSql)
  }, 240_000)

  afterAll(async () => {
    await ground.filled.drop()
    rmSync(ground.project, { recursive: true })
  })

  test.each([
    ['deploy', 'SIGKILL'],
    ['deploy', 'cut'],
    ['rollback', 'SIGKILL'],
    ['rollback', 'cut'],
  ] as const)(
    '%s: %s at any message',
    async (command, by) => {
      const scenario = scenariosOf(ground)[command]
      const undisturbed = { by, at: Number.POSITIVE_INFINITY, verdict: 'forward' } as const
      const total = await disturb(ground, scenario, undisturbed)
      expect(total).toBeGreaterThan(20)
      const step = Math.ceil(total / (FULL ? 200 : 3))
      const points = Array.from(
        { length: Math.floor(total / step) },
        (_, index) => (index + 1) * step,
      )
      const verdicts = FULL ? (['stop-before', 'stop-after'] as const) : (['stop-after'] as const)
      for (const at of points) {
        for (const verdict of verdicts) await disturb(ground, scenario, { by, at, verdict })
      }
      process.stderr.write(
        `${command} disturbed by ${by} at ${points.length * verdicts.length} points of ${total} messages\n`,
      )
    },
    4 * 3_600_000,
  )
})
