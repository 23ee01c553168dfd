import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTarget, migration, type TestTarget } from '../../test/target.ts'
import { deploy } from '../deploy/index.ts'
import { baseline } from './index.ts'

const HISTORY = [
  migration('1_init', 'CREATE TABLE customer (id integer PRIMARY KEY, name text);'),
  migration('2_email', 'ALTER TABLE customer ADD COLUMN email text;'),
  migration('3_index', 'CREATE INDEX customer_email_idx ON customer (email);'),
  migration('4_rows', "UPDATE customer SET email = '';"),
  migration('5_address', 'CREATE TABLE address (id integer PRIMARY KEY);'),
]

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
})
afterEach(() => target.drop())

/** A database as `prisma db push` leaves it: tables, and no history. */
async function filled(count: number) {
  for (const { sql } of HISTORY.slice(0, count)) await target.sql(sql)
}

async function run(options: { upTo?: string; accept?: boolean } = {}) {
  return await baseline({ ...target.request(HISTORY), accept: false, ...options })
}

test.each([
  [1, ['1_init'], ['2_email', '3_index', '4_rows', '5_address']],
  [2, ['1_init', '2_email'], ['3_index', '4_rows', '5_address']],
  // The fourth changes only rows: whether it ran cannot be seen, so the part with it matches, too.
  [3, ['1_init', '2_email', '3_index', '4_rows'], ['5_address']],
  [5, HISTORY.map(({ name }) => name), []],
])(
  'finds that %i migrations are applied, and a deploy continues from there',
  async (count, recorded, pending) => {
    await filled(count)
    const undecided = count === 3 ? ['4_rows'] : []
    expect(await run()).toMatchObject({ recorded, pending, undecided, changes: [] })
    const rows = await target.sql(
      'SELECT migration_name, applied_steps_count FROM _prisma_migrations ORDER BY started_at',
    )
    expect(rows).toEqual(recorded.map((name) => ({ migration_name: name, applied_steps_count: 0 })))
    const outcome = await deploy({
      ...target.request(HISTORY),
      consent: { confirm: undefined },
      acceptDrift: false,
    })
    expect(outcome.failure).toBeUndefined()
    expect(outcome.before).toMatchObject({ applied: recorded, pending })
  },
)

test('refuses a database that matches no part of the history, with the differences from the nearest', async () => {
  await filled(3)
  await target.sql(
    'DROP INDEX customer_email_idx; CREATE INDEX by_hand ON customer (name); ALTER TABLE customer ADD phone text',
  )
  const failure = {
    code: 'REPAIR.NO_BASELINE',
    why: expect.stringContaining('index by_hand (added)'),
  }
  await expect(run()).rejects.toMatchObject({ failure })
  expect(await target.sql(`SELECT to_regclass('_prisma_migrations') AS history`)).toEqual([
    { history: null },
  ])
})

test('records the named migration if that is accepted, and names the differences', async () => {
  await filled(2)
  await expect(run({ upTo: '3_index' })).rejects.toMatchObject({
    failure: { code: 'REPAIR.NO_BASELINE' },
  })
  const outcome = await run({ upTo: '3_index', accept: true })
  expect(outcome).toMatchObject({
    recorded: ['1_init', '2_email', '3_index'],
    changes: [
      { change: 'removed', object: { kind: 'index', schema: null, name: 'customer_email_idx' } },
    ],
  })
})

test('refuses a database with a history or without tables, and an unknown migration', async () => {
  await expect(run()).rejects.toMatchObject({ failure: { code: 'REPAIR.NO_BASELINE' } })
  await filled(1)
  await expect(run({ upTo: '9_none' })).rejects.toMatchObject({
    failure: { code: 'REPAIR.UNKNOWN_MIGRATION' },
  })
  await run()
  await expect(run()).rejects.toMatchObject({ failure: { code: 'REPAIR.HISTORY_EXISTS' } })
})
