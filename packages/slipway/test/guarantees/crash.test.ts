import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { withSession } from '../../src/database/index.ts'
import { ConnectionString } from '../../src/kernel/index.ts'
import { fingerprint, readCatalog } from '../../src/schema/index.ts'
import { type CliRun, runCli, startCli } from '../cli.ts'
import { createDatabase, type TestDatabase } from '../postgres.ts'
import { writeProject } from '../project.ts'
import { startProxy, type Verdict } from '../proxy.ts'
import { KEPT_SQL, ROWS_SQL, SHOP } from './shop.ts'

// Guarantee 4: a SIGKILL or a lost connection at any moment leaves a state that `status` names truthfully and
// that one command finishes; nothing runs twice, nothing is skipped, nothing is lost.

const FULL = process.env['FULL'] === '1'
const FIRST = SHOP[0]?.name ?? ''

let project: string
let filled: TestDatabase
let emptied: State
let deployed: State

interface State {
  readonly fingerprint: string
  readonly rows: readonly object[]
  readonly applied: readonly string[]
  readonly kept: readonly object[]
}

async function stateOf(url: string): Promise<State> {
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
        rows: await session.query(ROWS_SQL),
        applied: applied.map(({ name }) => name),
        kept: await session.query(KEPT_SQL),
      }
    },
  )
}

beforeAll(async () => {
  project = writeProject(SHOP)
  filled = await createDatabase()
  expect((await runCli(['deploy'], { cwd: project, url: filled.url })).stderr).toContain(FIRST)
  deployed = await stateOf(filled.url)
  const back = await createDatabase({ template: filled.name })
  const ran = await runCli(['rollback', '--to', FIRST], { cwd: project, url: back.url })
  expect(ran.code, ran.stdout + ran.stderr).toBe(0)
  emptied = await stateOf(back.url)
  expect(emptied.applied).toEqual([FIRST])
  await back.drop()
})

afterAll(async () => {
  await filled.drop()
  rmSync(project, { recursive: true })
})

interface Scenario {
  readonly command: readonly string[]
  readonly from: 'empty' | 'filled'
  readonly expected: () => State
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  deploy: { command: ['deploy'], from: 'empty', expected: () => deployed },
  rollback: { command: ['rollback', '--to', FIRST], from: 'filled', expected: () => emptied },
}

/** Runs a command through the proxy and disturbs it at one message; gives how many messages it sent. */
async function disturb(
  scenario: Scenario,
  by: 'SIGKILL' | 'cut',
  at: number,
  verdict: Verdict,
): Promise<number> {
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
    const status = await statusOf(database.url)
    if (by === 'cut') expectExit(code, scenario, status)
    await finish(scenario, status, database.url)
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

async function statusOf(url: string): Promise<Status> {
  const { stdout } = await runCli(['status', '--json'], { cwd: project, url })
  return (JSON.parse(stdout) as { result: Status }).result
}

/** A command that was cut off while migrations ran does not say that it could not begin. */
function expectExit(code: number | null, { from }: Scenario, { state, applied }: Status): void {
  const begun = applied.length > (from === 'empty' ? 0 : 1) && applied.length < SHOP.length
  if (state === 'failed') expect(code).toBe(6)
  else if (begun) expect([5, 6]).toContain(code)
}

/** One more command: then all is as if nothing had happened. */
async function finish(scenario: Scenario, status: Status, url: string): Promise<void> {
  const { state } = status
  expect(['empty', 'behind', 'failed', 'up-to-date']).toContain(state)
  // A command whose work was done says so when it is repeated.
  const once: CliRun = await runCli(scenario.command, { cwd: project, url })
  expect(once.code, `${state}\n${once.stdout}\n${once.stderr}`).toBe(0)
  expect(await stateOf(url)).toEqual(scenario.expected())
}

describe.each(Object.entries(SCENARIOS))('%s', (_name, scenario) => {
  test.each(['SIGKILL', 'cut'] as const)(
    '%s at any message',
    async (by) => {
      const total = await disturb(scenario, by, Number.POSITIVE_INFINITY, 'forward')
      expect(total).toBeGreaterThan(20)
      const every = Array.from({ length: total }, (_, index) => index + 1)
      const step = Math.ceil(total / (FULL ? 200 : 5))
      const points = every.filter((at) => at % step === 0)
      let disturbed = 0
      for (const at of points) {
        for (const verdict of FULL
          ? (['stop-before', 'stop-after'] as const)
          : (['stop-after'] as const)) {
          await disturb(scenario, by, at, verdict)
          disturbed++
        }
      }
      process.stderr.write(
        `${scenario.command[0]} disturbed by ${by} at ${disturbed} points of ${total} messages\n`,
      )
    },
    FULL ? 3_600_000 : 240_000,
  )
})
