import { describe, expect, test } from 'vitest'
import { outline, type TableFacts } from '../hazards/index.ts'
import { objectKey, parseMigration, parserFor } from '../statements/index.ts'
import { deployPlan, type DeployPlan } from './deploy-plan.ts'

const parser = await parserFor('postgres')

const MEASURED = { rows: 5_000_000, bytes: 641_000_000 }

interface Given {
  readonly sql?: string
  readonly database?: string
  readonly serverVersion?: number
  readonly applied?: string
  readonly sizes?: Readonly<Record<string, TableFacts>>
}

const ADD = 'ALTER TABLE users ADD a int'

function planOf({
  sql = ADD,
  database = 'shop',
  serverVersion = 150_018,
  applied = 'CREATE TABLE users (id integer, email text)',
  sizes = { users: MEASURED },
}: Given = {}): DeployPlan {
  const history = parseMigration({ name: '1', path: '1', sql: applied }, parser)
  const plans = [parseMigration({ name: '2', path: '2', sql }, parser)]
  const tables = new Map(
    Object.entries(sizes).map(([name, size]) => [
      objectKey({ kind: 'table', schema: null, name }),
      size,
    ]),
  )
  const facts = { serverVersion, defaultSchema: 'public', tables }
  return deployPlan({
    database,
    serverVersion,
    defaultSchema: 'public',
    applied: [history],
    plans,
    outline: outline({ history: [history], migrations: plans, facts }),
    keeps: () => new Set(),
  })
}

test('a step is a statement, with its transaction, lock, table and table size', () => {
  const { steps } = planOf({
    sql: `BEGIN;
ALTER TABLE users DROP COLUMN email;
COMMIT;
CREATE INDEX CONCURRENTLY a ON users (id);
CREATE TABLE other (id integer);`,
  })
  const table = { kind: 'table', schema: null, name: 'users' }
  expect(steps).toMatchObject([
    { line: 2, statement: 2, transaction: 1, lock: 'ACCESS EXCLUSIVE', table, ...MEASURED },
    { line: 4, transaction: null, lock: 'SHARE UPDATE EXCLUSIVE', table, ...MEASURED },
    { line: 5, transaction: 3, lock: null, table: null, rows: null, bytes: null, destroys: [] },
  ])
  const email = { kind: 'column', schema: null, table: 'users', name: 'email' }
  const destroys = [{ what: 'object', object: email }]
  expect(steps[0]).toMatchObject({ destroys, rewrite: false, kept: false })
})

test.each<[string, number | null, Given['sizes']?]>([
  ['ALTER TABLE users ADD a int', 1],
  ['ALTER TABLE users ALTER id SET NOT NULL', 560],
  ['CREATE INDEX ON users (id)', 2100],
  ['CREATE INDEX CONCURRENTLY a ON users (id)', 5200],
  ['ALTER TABLE users ALTER id TYPE bigint', 23_000],
  ['ALTER TABLE users ADD u uuid DEFAULT gen_random_uuid()', 44_000],
  ['UPDATE users SET id = 1', 250_000],
  ['UPDATE users SET id = 1 WHERE id = 2', null],
  ['DO $$ BEGIN END $$', null],
  ['CREATE INDEX ON users (id)', null, {}],
  ['CREATE INDEX ON users (id)', 1, { users: { rows: 0, bytes: 0 } }],
  ['CREATE INDEX ON users (id)', 5.2, { users: { rows: 12_345, bytes: 1_000_000 } }],
])('%s takes about %s ms', (sql, ms, sizes) => {
  expect(planOf({ sql, ...(sizes ? { sizes } : {}) }).steps[0]?.estimateMs).toBe(ms)
})

describe('the hash', () => {
  test('is the same for the same input, and so is the plan', () => {
    expect(JSON.stringify(planOf())).toBe(JSON.stringify(planOf()))
  })

  test.each<[string, Given]>([
    ['rows of the same class', { sizes: { users: { rows: 1000, bytes: 8192 } } }],
    ['a table that no step touches', { sizes: { users: MEASURED, x: MEASURED } }],
    ['another minor version', { serverVersion: 150_019 }],
  ])('does not change with %s', (_what, given) => {
    expect(planOf(given).hash).toBe(planOf().hash)
  })

  test.each<[string, Given]>([
    ['another database', { database: 'shop_2' }],
    ['another history', { applied: 'CREATE TABLE users (id integer, email text) -- edited' }],
    ['another file', { sql: `${ADD} -- edited` }],
    ['an empty table', { sizes: { users: { rows: 0, bytes: 0 } } }],
    ['a small table', { sizes: { users: { rows: 999, bytes: 8192 } } }],
    ['another major version', { serverVersion: 160_000 }],
  ])('changes with %s', (_what, given) => {
    expect(planOf(given).hash).not.toBe(planOf().hash)
  })
})
