import type { Address } from '../database/index.ts'
import { deploy, createHistoryTables, withTarget } from '../deploy/index.ts'
import { rethrow } from '../kernel/index.ts'
import type { MigrationFolder, Project, Target } from '../project/index.ts'
import type { SeedSet } from '../seeds/index.ts'
import { seededSets, type SeededSetResult } from './seed-result.ts'
import { runChosenSets } from './seed.ts'
import { type Work, workRequest } from './work.ts'

/** The project, migrations and seed sets for a test database. */
export interface TestDatabaseContent {
  readonly project: Project
  readonly migrations: readonly MigrationFolder[]
  readonly sets: readonly SeedSet[]
}

const POLICY = {
  lockTimeoutMs: 200,
  statementTimeoutMs: 15 * 60_000,
  deadlineMs: 30 * 60_000,
  backup: { when: 'never' },
  keepMs: 0,
  confirm: false,
} as const

/** The events of a test's set-up are discarded. */
const QUIET = { signal: new AbortController().signal, emit: () => {} }

/** Deploys a project's migrations to a new database and runs its sets there. Raises the failures of both. */
export async function fillDatabase(content: TestDatabaseContent, address: Address): Promise<void> {
  const request = await workRequest(QUIET, workOnTestDatabase(content, address))
  // A new database has no data to lose, so no consent is needed.
  const { failure } = await deploy({
    ...request,
    consent: { confirm: undefined },
    acceptDrift: false,
  })
  if (failure) rethrow(failure)
  await seedDatabase(content, address)
}

/** Runs the sets of a project on a database that has its migrations. Raises the codes of `seedFailures`. */
export async function seedDatabase(
  filling: TestDatabaseContent,
  address: Address,
): Promise<readonly SeededSetResult[]> {
  const { sets } = filling
  if (sets.length === 0) return []
  const work = workOnTestDatabase(filling, address)
  const request = await workRequest(QUIET, work)
  return await withTarget(request, async (session) => {
    await createHistoryTables(session, request)
    return seededSets(await runChosenSets(QUIET, work, session, { sets }), false)
  })
}

/** The work on a test database, which is not a target of the project and is given by its address. */
function workOnTestDatabase({ project, migrations }: TestDatabaseContent, address: Address): Work {
  const target: Target = {
    environment: 'testing',
    address,
    source: 'slipway/testing',
    protected: false,
    policy: POLICY,
    schemas: ['public'],
    settings: [],
  }
  return { project, target, migrations }
}
