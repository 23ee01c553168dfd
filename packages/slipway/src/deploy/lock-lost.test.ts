import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTarget, migration, type TestMigration, type TestTarget } from '../../test/target.ts'
import { withSession } from '../database/index.ts'
import { compareHistory, findInterruption, readHistory, readJournal } from '../history/index.ts'
import { attempt, type Failure } from '../kernel/index.ts'
import { deploy, type DeployOutcome } from './index.ts'

// Work under the deploy lock runs only while the lock is held. A migration that releases it is the simplest
// way to lose it on a direct connection.

const RELEASE = 'SELECT pg_advisory_unlock_all();'
const first = migration('1_first', 'CREATE TABLE "a" ("id" INTEGER PRIMARY KEY);')
const releasing = migration('2_releasing', `INSERT INTO "a" VALUES (2);\n${RELEASE}`)
const third = migration('3_third', 'INSERT INTO "a" VALUES (3);')

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
})
afterEach(() => target.drop())

async function run(migrations: readonly TestMigration[]): Promise<DeployOutcome> {
  return await deploy({
    ...target.request(migrations),
    consent: { confirm: undefined },
    acceptDrift: false,
  })
}

async function failureIn(migrations: readonly TestMigration[]): Promise<Failure | undefined> {
  const ran = await attempt(() => run(migrations))
  return ran.ok ? ran.value.failure : ran.failure
}

async function stateOf(migrations: readonly TestMigration[]) {
  return await withSession(target.request([]).address, {}, async (session) => {
    const history = await readHistory(session)
    const comparison = compareHistory(history, migrations)
    const interruption = findInterruption(comparison, history, await readJournal(session))
    return { ...comparison, interruption }
  })
}

const rows = async () => (await target.sql('SELECT id FROM a ORDER BY 1')).map(({ id }) => id)

test('a migration before which the lock was lost leaves nothing and is pending', async () => {
  const migrations = [first, releasing, third]
  const { receipts, failure } = await run(migrations)
  expect(receipts.map(({ status }) => status)).toEqual(['done', 'done', 'failed'])
  expect(failure).toMatchObject({ code: 'DATABASE.LOCK_LOST' })
  expect(failure?.why).toContain('2 migrations were applied before it')
  expect(await rows()).toEqual([2])
  expect(await stateOf(migrations)).toMatchObject({ state: 'behind', pending: [third.name] })
  expect(await failureIn(migrations)).toBeUndefined()
  expect(await rows()).toEqual([2, 3])
})

test('a migration that runs step by step stops where the lock was lost, and a deploy continues there', async () => {
  const steps = migration(
    '2_steps',
    `INSERT INTO "a" VALUES (1); ${RELEASE}\nCREATE INDEX CONCURRENTLY "a_i" ON "a"("id");\nINSERT INTO "a" VALUES (4);`,
  )
  const migrations = [first, steps]
  const failure = await failureIn(migrations)
  expect(failure).toMatchObject({ code: 'DEPLOY.INCOMPLETE' })
  expect(failure?.message).toContain('no longer holds the deploy lock')
  expect(await target.sql("SELECT to_regclass('a_i')::text AS index")).toEqual([{ index: null }])
  expect(await stateOf(migrations)).toMatchObject({
    state: 'failed',
    interruption: { migration: steps.name, direction: 'up', done: 1 },
  })
  expect(await failureIn(migrations)).toBeUndefined()
  expect(await rows()).toEqual([1, 4])
  expect(await stateOf(migrations)).toMatchObject({ state: 'up-to-date' })
})

test('losing the lock in the last migration is also a failure', async () => {
  const migrations = [first, releasing]
  // The fingerprint is also recorded under the lock.
  expect(await failureIn(migrations)).toMatchObject({ code: 'DEPLOY.VERIFY_FAILED' })
  expect(await stateOf(migrations)).toMatchObject({ state: 'up-to-date' })
  expect(await failureIn(migrations)).toBeUndefined()
})

test('the lock counts as lost if another session has taken it since', async () => {
  const taking = migration(
    '2_taking',
    `${RELEASE}
     CREATE EXTENSION dblink;
     SELECT dblink_connect('other', format('host=%s port=%s dbname=%s user=%s password=%s', split_part(inet_server_addr()::text, '/', 1),
       inet_server_port(), current_database(), current_user, '${new URL(target.url).password}'));
     SELECT * FROM dblink('other', 'SELECT pg_advisory_lock(72707369)::text') AS t(done text);`,
  )
  expect(await failureIn([first, taking, third])).toMatchObject({ code: 'DATABASE.LOCK_LOST' })
  expect(await rows()).toEqual([])
})
