import os from 'node:os'
import path from 'node:path'
import type { Address } from '../database/index.ts'
import { deploy, prepareBooks, withTarget, type WorkRequest } from '../deploy/index.ts'
import { compareHistory, readHistory } from '../history/index.ts'
import { rethrow } from '../kernel/index.ts'
import { schemaNames } from '../project/index.ts'
import { runSeeds, type SeedOutcome } from '../seeds/index.ts'
import type { TestProject } from './test-project.ts'

const LIMITS = { lockTimeoutMs: 200, statementTimeoutMs: 15 * 60_000 }
const DEADLINE_MS = 30 * 60_000

/** Work on a database of tests. */
function workOn({ project, migrations }: TestProject, address: Address): WorkRequest {
  return {
    address,
    protected: false,
    migrations,
    limits: LIMITS,
    deadlineMs: DEADLINE_MS,
    shadow: { cacheDir: path.join(project.root, '.slipway', 'cache') },
    signal: new AbortController().signal,
    emit: () => {},
  }
}

/** Deploys the migrations of a project to a new database, and runs its sets there. Fails as both do. */
export async function fill(from: TestProject, address: Address): Promise<void> {
  const { failure } = await deploy({
    ...workOn(from, address),
    // What is new has nothing to lose: nobody is asked.
    consent: { confirm: undefined },
    acceptDrift: false,
  })
  if (failure) rethrow(failure)
  await runSets(from, address)
}

/** Runs the sets of a project on a database that has its migrations. Fails with the codes of `seedFailures`. */
export async function runSets(
  from: TestProject,
  address: Address,
): Promise<readonly SeedOutcome[]> {
  const { project, migrations, sets } = from
  if (sets.length === 0) return []
  return await withTarget(workOn(from, address), async (session) => {
    await prepareBooks(session)
    const { pending } = compareHistory(await readHistory(session), migrations)
    return await runSeeds(session, {
      sets,
      names: schemaNames(project.schema.files),
      pending,
      author: { by: `${os.userInfo().username} as ${session.server.user}` },
      dryRun: false,
      consent: async () => {},
      emit: () => {},
    })
  })
}
