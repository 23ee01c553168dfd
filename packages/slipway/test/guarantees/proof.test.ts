import { readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import pg from 'pg'
import { expect, test } from 'vitest'
import { deploy } from '../../src/deploy/index.ts'
import { writeDownMigration } from '../../src/down/index.ts'
import { readMigrations } from '../../src/project/index.ts'
import { type Proof, prove } from '../../src/proof/index.ts'
import { rollback } from '../../src/rollback/index.ts'
import { catalogReader } from '../../src/schema/index.ts'
import { withShadowDatabase, withShadowServer } from '../../src/shadow/index.ts'
import { BEGINNING, changesOn, acceptedStatements } from '../random-ddl.ts'
import { createTarget, migration, SHADOW, type TestMigration, type TestTarget } from '../target.ts'

// A grade is a promise: a rollback that is proven lossless restores all rows, even rows new to the proof.

const FULL = process.env['FULL'] === '1'
const RUNS = FULL ? 300 : 4
const PARAMETERS = { numRuns: RUNS, endOnFailure: true, ...(FULL ? {} : { seed: 20261121 }) }

/** A history with rows, to which random changes are made. */
interface FilledHistory {
  readonly history: readonly TestMigration[]
  readonly rows: string
  readonly changes: fc.Arbitrary<string>
}

const RANDOM: FilledHistory = {
  history: [migration('0_init', BEGINNING)],
  rows: `INSERT INTO "alpha" ("a", "b") VALUES (1, 'x'), (NULL, NULL), (-7, ''), (2147483647, 'Zoë');
    INSERT INTO "Be ta" ("a") VALUES (1), (NULL)`,
  changes: changesOn(),
}

const PRISMA = path.join(import.meta.dirname, '../../../../examples/carriers/prisma')

const CARRIERS: FilledHistory = {
  history: readMigrations(path.join(PRISMA, 'migrations'), { downMigrations: false }),
  rows: readFileSync(path.join(PRISMA, 'sample.sql'), 'utf8'),
  changes: changesOn({
    tables: ['carriers', 'contacts', 'insurance_policies', 'loads'],
    columns: ['id', 'carrier_id', 'name', 'mc_number', 'email', 'status', 'rate', 'is_primary'],
  }),
}

/** The proposed statements that PostgreSQL accepts on tables with rows. */
async function possible(client: pg.Client, proposed: readonly string[]): Promise<string[]> {
  await client.query('BEGIN')
  const taken = await acceptedStatements(client, proposed)
  await client.query('ROLLBACK')
  return taken
}

/** All rows of all tables as the server writes them, independent of column order and of Slipway's code. */
async function rowsOf(client: pg.Client): Promise<Record<string, string[]>> {
  const { rows: tables } = await client.query<{ id: string }>(
    `SELECT c.oid::regclass::text AS id FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
       AND c.relname <> '_prisma_migrations'`,
  )
  const found: Record<string, string[]> = {}
  for (const { id } of tables) {
    const { rows } = await client.query<{ row: string }>(
      `SELECT to_jsonb(t)::text AS row FROM ${id} t ORDER BY 1`,
    )
    found[id] = rows.map(({ row }) => row)
  }
  return found
}

async function proofOf(
  { history }: FilledHistory,
  changed: TestMigration,
): Promise<{ proof: Proof; down: string }> {
  return await withShadowServer(SHADOW, async (shadow) => {
    const { sql: down } = await writeDownMigration({ shadow, before: history, migration: changed })
    const proof = await prove('postgres', (work) => withShadowDatabase(shadow, history, work), {
      migration: changed,
      down: { name: 'down.sql', sql: down },
      catalogs: async (session) => catalogReader(session),
    })
    return { proof, down }
  })
}

/** Judges the files alone, and a deploy with a rollback, each on rows that the proof never saw. */
async function judged(
  ground: FilledHistory,
  changed: TestMigration,
  grades: Record<string, number>,
): Promise<boolean> {
  const { history, rows } = ground
  const { proof, down } = await proofOf(ground, changed)
  const grade = `${proof.kept?.grade ?? proof.grade ?? 'none'}${proof.proven ? '' : ', not proven'}`
  grades[grade] = (grades[grade] ?? 0) + 1
  if (!proof.proven) return false
  const target = await createTarget()
  const client = new pg.Client({ connectionString: target.url })
  await client.connect()
  try {
    await deployed(target, history)
    await client.query(rows)
    const before = await rowsOf(client)
    if (proof.grade === 'lossless') {
      await client.query(`${changed.sql}; ${down}`)
    } else if (proof.kept?.grade === 'lossless (kept)') {
      await deployed(target, [...history, { ...changed, down }])
      await rolledBack(target, [...history, { ...changed, down }])
    } else return false
    expect(await rowsOf(client), changed.sql).toEqual(before)
    return true
  } finally {
    await client.end()
    await target.drop()
  }
}

const consent = { confirm: undefined }

async function deployed(target: TestTarget, history: readonly TestMigration[]): Promise<void> {
  const done = await deploy({ ...target.request(history), consent, acceptDrift: true })
  expect(done.failure, history.at(-1)?.sql).toBeUndefined()
}

async function rolledBack(target: TestTarget, history: readonly TestMigration[]): Promise<void> {
  const steps = { extent: { kind: 'steps' as const, steps: 1 }, acceptUnproven: false }
  const back = await rollback({ ...target.request(history), consent, ...steps, announce: () => {} })
  expect(back.failure, history.at(-1)?.sql).toBeUndefined()
}

test.each([
  ['a random schema', RANDOM],
  ['carriers', CARRIERS],
])(
  '%s: no grade promises more than rows show',
  async (_name, ground) => {
    const trial = await createTarget()
    const client = new pg.Client({ connectionString: trial.url })
    await client.connect()
    await deployed(trial, ground.history)
    await client.query(ground.rows)
    const grades: Record<string, number> = {}
    let compared = 0
    try {
      const changes = fc.array(ground.changes, { minLength: 4, maxLength: 4 })
      await fc.assert(
        fc.asyncProperty(changes, async (proposed) => {
          const sql = (await possible(client, proposed)).join('')
          if (await judged(ground, migration('99991231_change', sql), grades)) compared++
        }),
        PARAMETERS,
      )
    } finally {
      await client.end()
      await trial.drop()
    }
    process.stderr.write(
      `${RUNS} changes: ${JSON.stringify(grades)}; ${compared} compared row by row\n`,
    )
    expect(compared).toBeGreaterThan(RUNS / 4)
  },
  4 * 3_600_000,
)
