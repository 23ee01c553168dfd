import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deploy } from '../../src/deploy/index.ts'
import { attempt } from '../../src/kernel/index.ts'
import { rollback } from '../../src/rollback/index.ts'
import { dumpSchema } from '../dump.ts'
import { createDatabase, postgresBin, type TestDatabase } from '../postgres.ts'
import { createTarget, migration, type TestMigration, type TestTarget } from '../target.ts'
import { BEGINNING, ddl } from './random-ddl.ts'

// Law 2: rollback(deploy(x)) = x, for whatever x does to a schema, and however many of them there are.

const RUNS = process.env['FULL'] === '1' ? 100 : 6
const consent = { confirm: undefined }
const INIT = migration('0_init', BEGINNING)

let trial: TestDatabase

beforeAll(async () => {
  trial = await createDatabase()
})
afterAll(() => trial.drop())

/** Keeps of proposed statements those that PostgreSQL takes, one after the other; gives one list a migration. */
async function possible(proposals: readonly (readonly string[])[]): Promise<TestMigration[]> {
  const client = new pg.Client({ connectionString: trial.url })
  await client.connect()
  try {
    await client.query(`BEGIN; ${BEGINNING}`)
    const migrations: TestMigration[] = []
    for (const [index, statements] of proposals.entries()) {
      const taken: string[] = []
      for (const statement of statements) {
        await client.query('SAVEPOINT trial')
        const ran = await client.query(statement).then(
          () => true,
          () => false,
        )
        await client.query(ran ? 'RELEASE trial' : 'ROLLBACK TO trial')
        if (ran) taken.push(`${statement};\n`)
      }
      migrations.push(migration(`${index + 1}_change`, taken.join('')))
    }
    return migrations
  } finally {
    await client.end()
  }
}

async function stateOf(target: TestTarget) {
  const dump = postgresBin() === undefined ? undefined : dumpSchema(target.url)
  return { ...(await target.fingerprint()), dump }
}

/** Deploys one migration after the other and takes them back, one after the other. */
async function thereAndBack(target: TestTarget, changes: readonly TestMigration[]): Promise<void> {
  const request = (count: number) => target.request([INIT, ...changes].slice(0, count))
  const before: Awaited<ReturnType<typeof stateOf>>[] = []
  for (const [index, { sql }] of [INIT, ...changes].entries()) {
    const done = await deploy({ ...request(index + 1), consent, acceptDrift: true })
    expect(done.failure, sql).toBeUndefined()
    before.push(await stateOf(target))
  }
  for (let count = changes.length + 1; count > 1; count--) {
    const steps = { extent: { kind: 'steps' as const, steps: 1 }, acceptUnproven: false }
    const back = await rollback({ ...request(count), consent, ...steps, announce: () => {} })
    expect(back).toMatchObject({ rehearsal: { kind: 'proven' }, verification: { verified: true } })
    expect(back.failure).toBeUndefined()
    expect(await stateOf(target)).toEqual(before[count - 2])
  }
}

import { appendFileSync } from 'node:fs'
import { failureOf } from '../../src/kernel/index.ts'
test('fuzz', async () => {
  const seed = Number(process.env['SEED'] ?? 1)
  const lists = fc.sample(
    fc.array(fc.array(ddl, { minLength: 15, maxLength: 15 }), { minLength: 3, maxLength: 3 }),
    { numRuns: Number(process.env['N'] ?? 20), seed },
  )
  let ok = 0
  for (const proposed of lists) {
    const changes = await possible(proposed)
    const target = await createTarget()
    try {
      await thereAndBack(target, changes)
      ok++
    } catch (error) {
      const f = failureOf(error)
      appendFileSync(
        '/tmp/w/fuzz.txt',
        JSON.stringify(
          {
            seed,
            f: f ?? String((error as Error).message).slice(0, 1500),
            n: changes.map((c) => c.sql),
          },
          null,
          1,
        ) + '\n=====\n',
      )
    }
    await target.drop()
  }
  process.stderr.write(`ok ${ok} of ${lists.length}\n`)
}, 3_600_000)
