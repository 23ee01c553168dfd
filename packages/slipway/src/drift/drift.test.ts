import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { differences, stateOf } from '../../test/round-trip.ts'
import { shortForm } from '../../test/short-form.ts'
import { createTarget, migration, type TestTarget } from '../../test/target.ts'
import { deploy } from '../deploy/index.ts'
import { choiceText } from '../schema/index.ts'
import { destructionText, objectText } from '../statements/index.ts'
import { adoptDrift, inspectDrift } from './index.ts'

const HISTORY = [
  migration(
    '1_init',
    `CREATE TABLE customer (id integer PRIMARY KEY, name text NOT NULL);
CREATE INDEX customer_name_idx ON customer (name);
CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * n';
CREATE VIEW customer_name AS SELECT c.name FROM customer c;`,
  ),
]

const BY_HAND = `DROP INDEX customer_name_idx;
ALTER TABLE customer ADD COLUMN email text;
CREATE OR REPLACE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS 'SELECT n + n';`

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
})
afterEach(() => target.drop())

async function deployed() {
  const outcome = await deploy({
    ...target.request(HISTORY),
    consent: { confirm: undefined },
    acceptDrift: false,
  })
  expect(outcome.failure).toBeUndefined()
}

test('a deployed database has not drifted', async () => {
  await deployed()
  const report = await inspectDrift(target.request(HISTORY))
  expect(report).toMatchObject({
    drifted: false,
    basis: 'shadow',
    changes: [],
    toHistory: '',
    toTarget: '',
  })
})

test('a comparison is repeated if the target or the project has changed', async () => {
  await deployed()
  const request = target.request(HISTORY)
  const first = await inspectDrift(request)
  const phases: string[] = []
  const again = { ...request, emit: (event: { kind: string }) => phases.push(event.kind) }
  expect(await inspectDrift(again)).toEqual(first)
  expect(phases).toEqual([])
  await target.sql('ALTER TABLE customer ADD COLUMN email text')
  expect(await inspectDrift(again)).toMatchObject({ drifted: true })
  expect(phases).toEqual(['phase'])
  await target.sql('ALTER TABLE customer DROP COLUMN email')
  expect(await inspectDrift(again)).toEqual(first)
  expect(await inspectDrift(again)).toEqual(first)
  expect(phases).toEqual(['phase', 'phase'])
  const edited = {
    ...again,
    migrations: [migration('1_init', 'CREATE TABLE customer (id integer);')],
  }
  expect(await inspectDrift(edited)).toMatchObject({ drifted: true })
  await target.sql('UPDATE _prisma_migrations SET rolled_back_at = now()')
  expect(await inspectDrift(again)).toMatchObject({ drifted: true })
})

test('findings that are not drift are reported every time', async () => {
  await deployed()
  await target.sql('CREATE STATISTICS order_stats ON id, name FROM customer')
  const report = await inspectDrift(target.request(HISTORY))
  expect(report.unmodelled).toEqual(['statistics object order_stats'])
  expect(await inspectDrift(target.request(HISTORY))).toEqual(report)
})

test('objects of a kind that is not compared are named', async () => {
  await deployed()
  await target.sql(`CREATE STATISTICS order_stats ON id, name FROM customer;
${[1, 2, 3, 4, 5, 6, 7].map((n) => `CREATE TEXT SEARCH DICTIONARY words_${n} (TEMPLATE = simple);`).join('\n')}`)
  const { unmodelled } = await inspectDrift(target.request(HISTORY))
  expect(unmodelled.toSorted()).toEqual([
    'statistics object order_stats',
    'text search dictionary words_1, words_2, words_3, words_4, words_5 and others',
  ])
})

test('the report names each object, and its SQL makes the database match its history', async () => {
  await deployed()
  const before = await target.fingerprint()
  await target.sql(BY_HAND)
  const report = await inspectDrift(target.request(HISTORY))
  expect(report.changes.map(({ change, object }) => `${change} ${objectText(object)}`)).toEqual([
    'added column customer.email',
    'changed function twice(integer)',
    'removed index customer_name_idx',
  ])
  expect(report.toHistory).not.toMatch(/OWNER|VIEW/)
  await target.sql(report.toHistory)
  expect(await target.fingerprint()).toEqual(before)
})

test('the SQL to the target is a migration that makes another database equal', async () => {
  await deployed()
  await target.sql(BY_HAND)
  const { toTarget } = await inspectDrift(target.request(HISTORY))
  const other = await createTarget()
  const outcome = await deploy({
    ...other.request([...HISTORY, migration('2_by_hand', toTarget)]),
    consent: { confirm: undefined },
    acceptDrift: false,
  })
  expect(outcome.failure).toBeUndefined()
  expect(await other.fingerprint()).toEqual(await target.fingerprint())
  await other.drop()
})

test('database-wide objects and table owners are not drift', async () => {
  await deployed()
  const role = `${target.name}_owner`
  await target.sql(
    `CREATE ROLE ${role}; ALTER TABLE customer OWNER TO ${role}; CREATE PUBLICATION all_of_it FOR ALL TABLES`,
  )
  await target.sql('ALTER TABLE customer ADD COLUMN email text')
  const report = await inspectDrift(target.request(HISTORY))
  expect(report.changes).toHaveLength(1)
  expect(report.toHistory).toBe(
    '-- slipway: lossy column customer.email\n\nALTER TABLE "public"."customer" DROP COLUMN "email";\n',
  )
  expect(report.toTarget).toBe('ALTER TABLE "customer" ADD COLUMN "email" text;\n')
  await target.sql(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`)
})

test('a different column order is reported but is not drift', async () => {
  await target.sql('CREATE TABLE customer (name text NOT NULL, id integer PRIMARY KEY)')
  const history = [
    migration('1_init', 'CREATE TABLE customer (id integer PRIMARY KEY, name text NOT NULL);'),
  ]
  const { baseline } = await import('../repair/index.ts')
  await baseline({ ...target.request(history), accept: false })
  const report = await inspectDrift(target.request(history))
  expect(report.drifted).toBe(false)
  expect(report.columnOrder).toEqual([
    { table: 'public.customer', history: ['id', 'name'], target: ['name', 'id'] },
  ])
})

test('the report says why it cannot compare if the project lacks an applied migration', async () => {
  await deployed()
  const report = await inspectDrift(target.request([]))
  expect(report).toMatchObject({ basis: 'unknown', drifted: false })
  expect(report.unknown).toContain('1_init')
})

test('adopts a drift as a migration that counts as applied here', async () => {
  await deployed()
  await target.sql(BY_HAND)
  const written = new Map<string, string>()
  const adopted = await adoptDrift({
    ...target.request(HISTORY),
    name: '2_by_hand',
    write: (name, sql) => {
      written.set(name, sql)
      return Promise.resolve(`migrations/${name}/migration.sql`)
    },
  })
  const all = [...HISTORY, migration('2_by_hand', written.get('2_by_hand') ?? '')]
  expect(adopted.migration.path).toBe('migrations/2_by_hand/migration.sql')
  expect((await inspectDrift(target.request(all))).drifted).toBe(false)
  const again = await deploy({
    ...target.request(all),
    consent: { confirm: undefined },
    acceptDrift: false,
  })
  expect(again).toMatchObject({ receipts: [], before: { state: 'up-to-date' } })
})

test('writes nothing without drift', async () => {
  await deployed()
  const adopt = adoptDrift({
    ...target.request(HISTORY),
    name: '2_none',
    write: async (name) => await Promise.resolve(name),
  })
  await expect(adopt).rejects.toMatchObject({ failure: { code: 'DRIFT.NOTHING' } })
})

describe('a script loses no rows of objects that both sides have', () => {
  const history = [
    migration(
      '1_init',
      `CREATE TABLE customer (id serial PRIMARY KEY, gone text, name text NOT NULL UNIQUE, note text);
       ALTER TABLE customer DROP COLUMN gone;
       CREATE TABLE event (id integer NOT NULL, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
       CREATE TABLE event_2026 PARTITION OF event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
       CREATE TABLE log (line text);
       CREATE SCHEMA archive;`,
    ),
  ]
  const rows = `INSERT INTO customer (name, note) VALUES ('Ada', 'first'), ('Bob', NULL);
    INSERT INTO event VALUES (1, '2026-03-01');
    INSERT INTO log VALUES ('a line')`

  async function deployedWithRows() {
    const request = { ...target.request(history), consent: { confirm: undefined } }
    expect((await deploy({ ...request, acceptDrift: false })).failure).toBeUndefined()
    await target.sql(rows)
  }

  test.each(
    shortForm([
      ['ALTER TABLE customer RENAME COLUMN name TO full_name'],
      [
        'ALTER TABLE customer RENAME COLUMN name TO was; ALTER TABLE customer RENAME COLUMN note TO "Full Name"',
      ],
      ['ALTER TABLE event RENAME TO happening; ALTER TABLE event_2026 RENAME TO happening_2026'],
      ['ALTER TABLE log SET SCHEMA archive'],
      ['ALTER TABLE log RENAME TO old_log; CREATE TABLE log_index (id integer)'],
      [
        'ALTER TABLE customer RENAME COLUMN name TO full_name; ALTER TABLE customer RENAME TO client',
      ],
    ]),
  )('%s', async (byHand) => {
    await deployedWithRows()
    const before = await stateOf(target)
    await target.sql(byHand)
    const { toHistory, toTarget } = await inspectDrift(target.request(history))
    expect(toHistory).not.toMatch(/DROP (?:TABLE "(?!public"."log_index)|COLUMN)/)
    expect(toTarget).not.toMatch(/DROP (?:TABLE|COLUMN)/)
    await target.sql(toHistory)
    expect(differences(before, await stateOf(target))).toEqual([])
    expect(await inspectDrift(target.request(history))).toMatchObject({ drifted: false })
    // The other script makes the same changes as were made by hand.
    await target.sql(toTarget)
    await target.sql(toHistory)
    expect(differences(before, await stateOf(target))).toEqual([])
  })

  test('if it is not the same column, the script says what it drops', async () => {
    await deployedWithRows()
    await target.sql(
      'ALTER TABLE customer DROP COLUMN note, ADD COLUMN remark text; DROP TABLE log',
    )
    const { toHistory, toTarget, loses } = await inspectDrift(target.request(history))
    const column = (name: string) => ({ kind: 'column', schema: null, table: 'customer', name })
    const lost = (object: object) => ({ what: 'object', object })
    expect(loses).toEqual({
      toHistory: [lost(column('remark'))],
      toTarget: [lost(column('note')), lost({ kind: 'table', schema: null, name: 'log' })],
    })
    expect(toHistory).toContain('-- slipway: lossy column customer.remark\n')
    expect(toTarget).toContain('-- slipway: lossy table log\n')
  })

  test.each([
    [
      'DROP TABLE log; CREATE TABLE log (line text) PARTITION BY LIST (line); CREATE TABLE log_a PARTITION OF log DEFAULT',
      ['table log', 'table log_a'],
      ['table log'],
    ],
    [
      'CREATE TABLE other (LIKE event) PARTITION BY LIST (id); CREATE TABLE event_1 PARTITION OF other DEFAULT; DROP TABLE event; ALTER TABLE other RENAME TO event',
      ['table event'],
      ['table event'],
    ],
    [
      'ALTER TABLE customer ALTER note TYPE varchar(4) USING left(note, 4)',
      [],
      ['column customer.note'],
    ],
    [
      `ALTER TABLE customer DROP note, ADD note text GENERATED ALWAYS AS (name || '!') STORED`,
      [],
      ['column customer.note'],
    ],
  ])('%s: recreated and narrowed objects are lossy', async (byHand, toHistory, toTarget) => {
    await deployedWithRows()
    await target.sql(byHand)
    const { loses, ...report } = await inspectDrift(target.request(history))
    const texts = (losses: typeof loses.toHistory) => losses.map(destructionText).toSorted()
    expect(texts(loses.toHistory)).toEqual(expect.arrayContaining(toHistory))
    expect(texts(loses.toTarget)).toEqual(expect.arrayContaining(toTarget))
    for (const one of toHistory) expect(report.toHistory).toContain(`-- slipway: lossy ${one}\n`)
  })

  test('the report says which objects are treated as the same; a join table is not treated as a different one', async () => {
    const tables = [
      migration(
        '1_init',
        `CREATE TABLE post (id integer PRIMARY KEY); CREATE TABLE tag (id integer PRIMARY KEY);
         CREATE TABLE "_PostToTag" ("A" integer REFERENCES post (id), "B" integer REFERENCES tag (id));
         CREATE TABLE line (id integer, name text);`,
      ),
    ]
    const request = { ...target.request(tables), consent: { confirm: undefined } }
    expect((await deploy({ ...request, acceptDrift: false })).failure).toBeUndefined()
    await target.sql(`DROP TABLE "_PostToTag";
      CREATE TABLE "_PostToPost" ("A" integer REFERENCES post (id), "B" integer REFERENCES post (id));
      ALTER TABLE line RENAME TO row`)
    const { toHistory, toTarget, choices } = await inspectDrift(target.request(tables))
    expect(choices.map(choiceText)).toEqual([
      'table row is treated as public.line, because it has the same columns and foreign keys',
    ])
    expect(toHistory).toContain('-- slipway: choice table row is treated as public.line')
    expect(toHistory).toContain('-- slipway: lossy table _PostToPost\n')
    expect(toTarget).toContain('-- slipway: lossy table _PostToTag\n')
  })
})
