import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deploy } from '../../src/deploy/index.ts'
import { attempt } from '../../src/kernel/index.ts'
import { type Announcement, rollback } from '../../src/rollback/index.ts'
import { dumpSchema } from '../dump.ts'
import { createDatabase, postgresBin, type TestDatabase } from '../postgres.ts'
import { BEGINNING, ddl, acceptedStatements } from '../random-ddl.ts'
import { createTarget, migration, type TestMigration, type TestTarget } from '../target.ts'

// Guarantee 2: rollback(deploy(x)) = x, for any schema change x and any number of migrations.

// The usual run has a fixed seed; FULL=1 uses a new one each time.
const FULL = process.env['FULL'] === '1'
const RUNS = FULL ? 100 : 3
const PARAMETERS = { numRuns: RUNS, endOnFailure: true, ...(FULL ? {} : { seed: 20260517 }) }
const consent = { confirm: undefined }
const INIT = migration('0_init', BEGINNING)

let trial: TestDatabase

beforeAll(async () => {
  trial = await createDatabase()
})
afterAll(() => trial.drop())

/** The proposed statements that PostgreSQL accepts, one after the other, as one migration per list. */
async function possible(proposals: readonly (readonly string[])[]): Promise<TestMigration[]> {
  const client = new pg.Client({ connectionString: trial.url })
  await client.connect()
  try {
    await client.query(`BEGIN; ${BEGINNING}`)
    const migrations: TestMigration[] = []
    for (const [index, statements] of proposals.entries()) {
      const taken = await acceptedStatements(client, statements)
      migrations.push(migration(`${index + 1}_change`, taken.join('')))
    }
    return migrations
  } finally {
    await client.end()
  }
}

async function onTarget(work: (target: TestTarget) => Promise<void>): Promise<void> {
  const target = await createTarget()
  try {
    await work(target)
  } finally {
    await target.drop()
  }
}

async function stateOf(target: TestTarget) {
  const dump = postgresBin() === undefined ? undefined : dumpSchema(target.url)
  return { ...(await target.fingerprint()), dump }
}

/** Deploys the migrations one by one, and rolls them back one by one. */
async function deployAndRollBack(
  target: TestTarget,
  changes: readonly TestMigration[],
): Promise<void> {
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
    expect(back).toMatchObject({ testRun: { kind: 'proven' }, verification: { verified: true } })
    expect(back.failure).toBeUndefined()
    expect(await stateOf(target)).toEqual(before[count - 2])
  }
}

test(
  'the rollback of any schema change restores the schema',
  async () => {
    const proposals = fc.array(fc.array(ddl, { minLength: 15, maxLength: 15 }), {
      minLength: 3,
      maxLength: 3,
    })
    let statements = 0
    await fc.assert(
      fc.asyncProperty(proposals, async (proposed) => {
        const changes = await possible(proposed)
        statements += changes.reduce((sum, { sql }) => sum + sql.split(';\n').length - 1, 0)
        await onTarget((target) => deployAndRollBack(target, changes))
      }),
      PARAMETERS,
    )
    process.stderr.write(`${RUNS * 3} migrations of ${statements} statements rolled back\n`)
    expect(statements).toBeGreaterThan(RUNS * 5)
  },
  4 * 3_600_000,
)

/** Deploys and rolls back a change of filled tables. Failures must have been announced, and leave nothing. */
async function deployAndRollBackRows(target: TestTarget, change: TestMigration): Promise<void> {
  await deploy({ ...target.request([INIT]), consent, acceptDrift: true })
  await target.sql(
    `INSERT INTO "alpha" ("a", "b") VALUES (1, 'x'), (NULL, NULL), (3, 'b''s'); INSERT INTO "Be ta" ("a") VALUES (1)`,
  )
  const before = await target.fingerprint()
  const rows = await rowsOf(target)
  const done = await deploy({ ...target.request([INIT, change]), consent, acceptDrift: true })
  if (done.failure) {
    // Rows can make a change impossible.
    expect(await target.fingerprint()).toEqual(before)
    return
  }
  const after = await target.fingerprint()
  let announced: readonly Announcement[] = []
  const back = await attempt(() =>
    rollback({
      ...target.request([INIT, change]),
      consent,
      extent: { kind: 'steps', steps: 1 },
      acceptUnproven: false,
      announce: (downs) => (announced = downs.flatMap((down) => down.announced)),
    }),
  )
  const failed = !back.ok || back.value.failure !== undefined
  if (failed) expect(announced, JSON.stringify(back)).not.toEqual([])
  expect(await target.fingerprint()).toEqual(failed ? after : before)
  if (!failed) expect(await rowsOf(target), change.sql).toEqual(rows)
}

/** All rows of all tables, with columns by name, independent of their order. */
async function rowsOf(target: TestTarget): Promise<unknown> {
  const [found] =
    await target.sql(`SELECT json_object_agg(c.relname, (SELECT array_agg(x::text ORDER BY x::text) FROM
      unnest(xpath('/table/row', query_to_xml(format('SELECT to_jsonb(t) AS r FROM %s AS t', c.oid::regclass), false, false, ''))) AS x)) AS rows
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> '_prisma_migrations'`)
  return found
}

test(
  'on tables with rows it restores schema and rows, or has announced why it may not',
  async () => {
    const proposals = fc.array(ddl, { minLength: 15, maxLength: 15 })
    await fc.assert(
      fc.asyncProperty(proposals, async (proposed) => {
        const [change = INIT] = await possible([proposed])
        await onTarget((target) => deployAndRollBackRows(target, change))
      }),
      PARAMETERS,
    )
  },
  4 * 3_600_000,
)
