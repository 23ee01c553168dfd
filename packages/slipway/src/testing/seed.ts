import { seedDatabase as runSets } from '../app/index.ts'
import { type Address, isLoopback, locate, withSession } from '../database/index.ts'
import { advice, command, ConnectionString } from '../kernel/index.ts'
import { raise } from './failures.ts'
import { MARKED } from './own-databases.ts'
import { refuseProtected } from './server.ts'
import { readTestProject, type TestContent } from './test-project.ts'

/** The result of seeding a set. */
export interface SeededSet {
  readonly name: string
  readonly version: number
  readonly inserted: number
  readonly updated: number
  readonly deleted: number
  readonly unchanged: number
}

/** Runs sets on a test database. Fails with TESTING.PROTECTED on others, and with codes of `seedFailures`. */
export async function seedDatabase(url: string, content: TestContent): Promise<SeededSet[]> {
  const from = await readTestProject(content)
  const address = { kind: 'postgres', url: new ConnectionString(url) } as const
  if (!(await isOurs(address))) {
    await refuseProtected(from.project, address.url)
    refuseRemote(address.url)
  }
  const sets = await runSets(from, address)
  return sets.map(({ name, version, inserted, updated, deleted, unchanged }) => ({
    name,
    version,
    inserted,
    updated,
    deleted,
    unchanged,
  }))
}

async function isOurs(address: Address): Promise<boolean> {
  return await withSession(address, {}, async (session) => {
    const sql = `SELECT FROM pg_database WHERE datname = current_database() AND shobj_description(oid, 'pg_database') LIKE $1`
    return (await session.query(sql, [MARKED])).length > 0
  })
}

function refuseRemote(url: ConnectionString): void {
  const { host, database } = locate(url)
  if (isLoopback(host)) return
  raise('TESTING.PROTECTED', {
    message: `${database} on ${host} is not a database that Slipway created for tests.`,
    why: 'A database on another machine counts as production, unless Slipway created it for tests.',
    nextActions: [
      advice('Use testDatabase().'),
      command(['seed', 'run', '--env', 'testing'], 'or seed the database of this environment'),
    ],
  })
}
