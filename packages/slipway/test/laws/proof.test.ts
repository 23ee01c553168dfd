import fc from 'fast-check'
import pg from 'pg'
import { expect, test } from 'vitest'
import { type Proof, proveOn, writeWayBack } from '../../src/create/index.ts'
import { type ReplayMigration, withScratch, withScratchServer } from '../../src/rehearsal/index.ts'
import { createDatabase } from '../postgres.ts'
import { BEGINNING, ddl, takenOf } from '../random-ddl.ts'
import { SCRATCH } from '../target.ts'

// A grade is a promise: what is proven lossless brings every row back, on rows that the proof never saw.

const FULL = process.env['FULL'] === '1'
const RUNS = FULL ? 300 : 8
const PARAMETERS = { numRuns: RUNS, endOnFailure: true, ...(FULL ? {} : { seed: 20261121 }) }
const INIT = { name: '0_init', sql: BEGINNING }

const ROWS = `INSERT INTO "alpha" ("a", "b") VALUES (1, 'x'), (NULL, NULL), (-7, ''), (2147483647, 'Zoë');
  INSERT INTO "Be ta" ("a") VALUES (1), (NULL)`

/** Keeps of proposed statements those that PostgreSQL takes on tables with rows. */
async function possible(client: pg.Client, proposed: readonly string[]): Promise<string[]> {
  await client.query('BEGIN')
  const taken = await takenOf(client, proposed)
  await client.query('ROLLBACK')
  return taken
}

/** All rows of all tables as the server writes them, whatever the order of columns: not by our own means. */
async function rowsOf(client: pg.Client): Promise<Record<string, string[]>> {
  const { rows: tables } = await client.query<{ id: string }>(
    `SELECT c.oid::regclass::text AS id FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace`,
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

async function proofOf(migration: ReplayMigration): Promise<{ proof: Proof; down: string }> {
  return await withScratchServer(SCRATCH, async (scratch) => {
    const { sql: down } = await writeWayBack({ scratch, before: [INIT], migration })
    const proof = await withScratch(scratch, [INIT], (session) =>
      proveOn(session, {
        migration,
        down: { name: 'down.sql', sql: down },
        scope: () => true,
      }),
    )
    return { proof, down }
  })
}

test('no grade promises more than rows show', async () => {
  const grades: Record<string, number> = {}
  let compared = 0
  await fc.assert(
    fc.asyncProperty(fc.array(ddl, { minLength: 4, maxLength: 4 }), async (proposed) => {
      const database = await createDatabase()
      const client = new pg.Client({ connectionString: database.url })
      await client.connect()
      try {
        await client.query(`${BEGINNING}; ${ROWS}`)
        const migration = { name: '1_change', sql: (await possible(client, proposed)).join('') }
        const { proof, down } = await proofOf(migration)
        const grade = `${proof.grade ?? 'none'}${proof.proven ? '' : ', not proven'}`
        grades[grade] = (grades[grade] ?? 0) + 1
        if (proof.grade !== 'lossless' || !proof.proven) return
        const before = await rowsOf(client)
        await client.query(migration.sql)
        await client.query(down)
        compared++
        expect(await rowsOf(client), migration.sql).toEqual(before)
      } finally {
        await client.end()
        await database.drop()
      }
    }),
    PARAMETERS,
  )
  process.stderr.write(
    `${RUNS} changes: ${JSON.stringify(grades)}; ${compared} compared row by row\n`,
  )
  expect(compared).toBeGreaterThan(RUNS / 4)
}, 1_800_000)
