import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startProxy } from '../../test/proxy.ts'
import {
  createTarget,
  migration,
  type TestMigration,
  type TestTarget,
  workOn,
} from '../../test/target.ts'
import { withSession } from '../database/index.ts'
import { deploy } from '../deploy/index.ts'
import { startedRowSql } from '../history/index.ts'
import { attempt, ConnectionString } from '../kernel/index.ts'
import { rollback } from '../rollback/index.ts'
import { checksum } from '../statements/index.ts'
import { type Decision, describeStop, examine, type FailedProblem, repair } from './index.ts'

const INIT = migration('1_init', 'CREATE TABLE customer (id integer PRIMARY KEY, name text);')
const STEPS = migration(
  '2_steps',
  `ALTER TABLE customer ADD COLUMN email text;
CREATE INDEX customer_email_idx ON customer (email);
UPDATE customer SET email = name || '@example.org';
ALTER TABLE customer ALTER COLUMN name SET NOT NULL;
CREATE TABLE address (id integer PRIMARY KEY);
`,
)
const STATEMENTS = STEPS.sql.trim().split('\n')
const ALL = [INIT, STEPS]

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
})
afterEach(() => target.drop())

async function deployed(migrations: readonly TestMigration[]) {
  return await deploy({
    ...target.request(migrations),
    consent: { confirm: undefined },
    acceptDrift: false,
  })
}

/** Writes the row that Prisma writes before it runs a migration; with logs, that of a failed one. */
async function begin({ name, sql }: TestMigration, logs?: string) {
  await target.sql(`INSERT INTO _prisma_migrations (id, checksum, migration_name, logs)
    VALUES (gen_random_uuid(), '${checksum(sql)}', '${name}', ${logs === undefined ? 'NULL' : `'${logs}'`})`)
}

async function failed(migrations: readonly TestMigration[] = ALL): Promise<FailedProblem> {
  const [problem, ...others] = (await examine(target.request(migrations))).problems
  expect(others).toEqual([])
  return problem as FailedProblem
}

async function decide(
  decision: Decision,
  migrations: readonly TestMigration[] = ALL,
  confirm?: string,
) {
  return await repair({ ...target.request(migrations), consent: { confirm } }, decision)
}

async function rows() {
  return await target.sql(`SELECT migration_name AS name, finished_at IS NOT NULL AS finished,
    rolled_back_at IS NOT NULL AS back, applied_steps_count AS steps, logs FROM _prisma_migrations ORDER BY started_at`)
}

const APPLIED = { finished: true, back: false, steps: 1, logs: null }

/** The fingerprint after a plain deploy of all migrations. */
async function wanted(migrations: readonly TestMigration[] = ALL) {
  const other = await createTarget()
  const outcome = await deploy({
    ...other.request(migrations),
    consent: { confirm: undefined },
    acceptDrift: false,
  })
  expect(outcome.failure).toBeUndefined()
  const result = await other.fingerprint()
  await other.drop()
  return result
}

describe('a migration that was run by hand and stopped', () => {
  test.each([
    [0, 'no statement of it is applied'],
    [4, 'stopped after statement 4 of 5'],
    [5, 'all statements of it are applied'],
  ])(
    'after %i statements: %s; finish and undo lead to the states that they name',
    async (done, says) => {
      await deployed([INIT])
      const before = await target.fingerprint()
      await begin(STEPS)
      if (done > 0) await target.sql(STATEMENTS.slice(0, done).join('\n'))
      const { stop } = await failed()
      expect(describeStop(stop)).toBe(says)

      const finished = await decide({ kind: 'finish' })
      expect(finished).toMatchObject({ verified: true, changes: [] })
      expect(await target.fingerprint()).toEqual(await wanted())
      expect(await rows()).toMatchObject([
        { name: '1_init', ...APPLIED },
        { name: '2_steps', ...APPLIED },
      ])
      expect(await deployed(ALL)).toMatchObject({ before: { state: 'up-to-date' }, receipts: [] })

      await target.sql(
        `UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '2_steps'`,
      )
      const undone = await decide({ kind: 'undo' })
      expect(undone).toMatchObject({ verified: true, changes: [] })
      expect(await target.fingerprint()).toEqual(before)
      expect(await rows()).toMatchObject([
        { name: '1_init', ...APPLIED },
        { name: '2_steps', finished: false, back: true },
      ])
      expect(await deployed(ALL)).toMatchObject({
        before: { pending: ['2_steps'] },
        receipts: [{ status: 'done' }],
      })
    },
  )

  test('does not guess whether a statement that changes rows ran', async () => {
    await deployed([INIT])
    await begin(STEPS)
    await target.sql(STATEMENTS.slice(0, 2).join('\n'))
    const { stop, offers } = await failed()
    expect(stop).toEqual({ kind: 'in-doubt', possible: [2, 3], total: 5 })
    expect(describeStop(stop)).toContain('it is unknown whether statement 3 of 5 ran')
    expect(offers.map(({ args }) => `slipway ${args.join(' ')}`)).toEqual([
      'slipway repair --finish --from 3',
      'slipway repair --finish --from 4',
      'slipway repair --undo',
      'slipway repair --mark applied',
      'slipway repair --mark rolled-back',
    ])
    await expect(decide({ kind: 'finish' })).rejects.toMatchObject({
      failure: { code: 'REPAIR.NOT_OFFERED' },
    })
    await expect(decide({ kind: 'finish', from: 2 })).rejects.toMatchObject({
      failure: { code: 'REPAIR.NOT_OFFERED' },
    })
    await target.sql(`INSERT INTO customer VALUES (1, 'ada')`)
    expect(await decide({ kind: 'finish', from: 3 })).toMatchObject({ verified: true })
    expect(await target.sql('SELECT email FROM customer')).toEqual([{ email: 'ada@example.org' }])
  })

  test('names the differences of a database that is in none of its states', async () => {
    await deployed([INIT])
    const before = await target.fingerprint()
    await begin(STEPS)
    await target.sql(
      `${STATEMENTS.slice(0, 2).join('\n')} ALTER TABLE customer ADD COLUMN phone text`,
    )
    const { stop, offers } = await failed()
    expect(stop).toMatchObject({
      kind: 'unlike',
      nearest: 2,
      changes: [
        {
          change: 'added',
          object: { kind: 'column', schema: null, table: 'customer', name: 'phone' },
        },
      ],
    })
    expect(offers.map(({ decision }) => decision)).toEqual([
      'undo',
      'mark-applied',
      'mark-rolled-back',
    ])
    expect(await decide({ kind: 'undo' })).toMatchObject({ verified: true })
    expect(await target.fingerprint()).toEqual(before)
  })
})

test('objects that are not from the migration do not prevent a repair, and stay', async () => {
  await deployed([INIT])
  await target.sql('CREATE TABLE by_hand (id integer)')
  await begin(STEPS)
  await target.sql(STATEMENTS.slice(0, 4).join('\n'))
  const beside = [{ change: 'added', object: { kind: 'table', schema: null, name: 'by_hand' } }]
  expect(await failed()).toMatchObject({ stop: { kind: 'stopped', done: 4, total: 5 }, beside })
  const undone = await decide({ kind: 'undo' })
  expect(undone.failure).toBeUndefined()
  expect(undone).toMatchObject({ verified: false, changes: beside })
  expect(await examine(target.request(ALL))).toMatchObject({ problems: [], pending: ['2_steps'] })
  expect(await target.sql('SELECT count(*)::int AS n FROM by_hand')).toEqual([{ n: 0 }])
})

test('an embedded database is repaired like a server', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway-repair-'))
  const request = workOn({ kind: 'embedded', dataDir: path.join(folder, 'database') }, [
    INIT,
    STEPS,
  ])
  await deploy({
    ...request,
    migrations: [INIT],
    consent: { confirm: undefined },
    acceptDrift: false,
  })
  await withSession(request.address, {}, async (session) => {
    await session.execute(
      startedRowSql(session, STEPS.name, checksum(STEPS.sql)) + STATEMENTS.slice(0, 4).join('\n'),
    )
  })
  expect(await examine(request)).toMatchObject({
    problems: [{ stop: { kind: 'stopped', done: 4, total: 5 } }],
  })
  const outcome = await repair({ ...request, consent: { confirm: undefined } }, { kind: 'finish' })
  expect(outcome).toMatchObject({ verified: true, receipts: [{ status: 'done' }] })
  expect(await examine(request)).toMatchObject({ state: 'up-to-date', problems: [] })
  rmSync(folder, { recursive: true })
})

test('a failed file that Prisma ran as one transaction has left nothing behind', async () => {
  const rowsOnly = migration(
    '2_rows',
    `UPDATE customer SET name = 'x';\nINSERT INTO customer VALUES (1), (1);`,
  )
  await deployed([INIT])
  await begin(rowsOnly, 'duplicate key')
  const { stop } = await failed([INIT, rowsOnly])
  expect(stop).toEqual({ kind: 'stopped', done: 0, total: 2, evidence: 'transaction' })
})

const CONCURRENT = migration(
  '2_unique',
  `ALTER TABLE customer ADD COLUMN email text;
UPDATE customer SET email = 'same';
CREATE UNIQUE INDEX CONCURRENTLY customer_email_key ON customer (email);
CREATE INDEX CONCURRENTLY customer_name_idx ON customer (name);
`,
)

describe('a migration that Slipway ran step by step', () => {
  beforeEach(async () => {
    await deployed([INIT])
    await target.sql(`INSERT INTO customer VALUES (1, 'ada'), (2, 'bob')`)
    expect(await deployed([INIT, CONCURRENT])).toMatchObject({
      failure: { code: 'DEPLOY.INCOMPLETE' },
    })
  })

  test('is finished once the cause of its failure is gone', async () => {
    const problem = await failed([INIT, CONCURRENT])
    expect(problem).toMatchObject({
      direction: 'up',
      stop: { kind: 'stopped', done: 2, total: 4 },
      editedSince: false,
    })
    await target.sql(`UPDATE customer SET email = name`)
    const outcome = await decide({ kind: 'finish' }, [INIT, CONCURRENT])
    expect(outcome).toMatchObject({ verified: true, receipts: [{ status: 'done' }] })
    expect(await target.fingerprint()).toEqual(await wanted([INIT, CONCURRENT]))
    expect(await target.sql('SELECT email FROM customer ORDER BY id')).toEqual([
      { email: 'ada' },
      { email: 'bob' },
    ])
    expect(await target.sql('SELECT count(*)::int AS entries FROM slipway.journal')).toEqual([
      { entries: 0 },
    ])
  })

  test('stays failed, and unchanged, while the cause remains', async () => {
    const outcome = await decide({ kind: 'finish' }, [INIT, CONCURRENT])
    expect(outcome).toMatchObject({ verified: false, failure: { code: 'REPAIR.STATEMENT_FAILED' } })
    expect(await failed([INIT, CONCURRENT])).toMatchObject({
      stop: { kind: 'stopped', done: 2 },
      invalidIndexes: [],
    })
  })

  test('an existing invalid index counts as not built, and is built again', async () => {
    await expect(
      target.sql('CREATE UNIQUE INDEX CONCURRENTLY customer_email_key ON customer (email)'),
    ).rejects.toThrow()
    expect(await failed([INIT, CONCURRENT])).toMatchObject({
      stop: { kind: 'stopped', done: 2 },
      invalidIndexes: ['public.customer_email_key'],
    })
    await target.sql(`UPDATE customer SET email = name`)
    expect(await decide({ kind: 'finish' }, [INIT, CONCURRENT])).toMatchObject({ verified: true })
    expect(await target.fingerprint()).toEqual(await wanted([INIT, CONCURRENT]))
  })

  test('an undo drops columns of a protected database only with consent', async () => {
    const request = { ...target.request([INIT, CONCURRENT]), protected: true }
    const undo = repair({ ...request, consent: { confirm: undefined } }, { kind: 'undo' })
    await expect(undo).rejects.toMatchObject({ failure: { code: 'DEPLOY.CONSENT_NEEDED' } })
    expect(await failed([INIT, CONCURRENT])).toMatchObject({ stop: { done: 2 } })
    const outcome = await repair(
      { ...request, consent: { confirm: target.name } },
      { kind: 'undo' },
    )
    expect(outcome).toMatchObject({ verified: true })
    expect(await target.fingerprint()).toEqual(await wanted([INIT]))
    expect(await rows()).toMatchObject([{ name: '1_init' }, { name: '2_unique', back: true }])
  })
})

test('a finish keeps what the remaining statements destroy, for a rollback', async () => {
  const drops = migration(
    '2_drops',
    `${CONCURRENT.sql.split('\n').slice(0, 3).join('\n')}\nALTER TABLE customer DROP COLUMN name;`,
  )
  await deployed([INIT])
  await target.sql(`INSERT INTO customer VALUES (1, 'ada'), (2, 'bob')`)
  expect(await deployed([INIT, drops])).toMatchObject({ failure: { code: 'DEPLOY.INCOMPLETE' } })
  await target.sql('UPDATE customer SET email = name')
  expect(await decide({ kind: 'finish' }, [INIT, drops])).toMatchObject({ verified: true })
  const back = await rollback({
    ...target.request([INIT, drops]),
    consent: { confirm: undefined },
    extent: { kind: 'steps', steps: 1 },
    acceptUnproven: false,
    announce: () => {},
  })
  expect(back.failure).toBeUndefined()
  expect(await target.sql('SELECT name FROM customer ORDER BY id')).toEqual([
    { name: 'ada' },
    { name: 'bob' },
  ])
})

test('an undo restores what the deploy kept, and keeps what was written since', async () => {
  const drops = migration(
    '2_drops',
    `ALTER TABLE customer ADD COLUMN email text;
UPDATE customer SET email = 'x', code = 0;
ALTER TABLE customer DROP COLUMN name;
CREATE UNIQUE INDEX CONCURRENTLY customer_email ON customer (email);`,
  )
  const init = migration(
    '1_init',
    'CREATE TABLE customer (id integer PRIMARY KEY, name text NOT NULL, code integer);',
  )
  await deployed([init])
  await target.sql(`INSERT INTO customer VALUES (1, 'ada', 7), (2, 'bob', 8)`)
  expect(await deployed([init, drops])).toMatchObject({ failure: { code: 'DEPLOY.INCOMPLETE' } })
  const { offers } = await failed([init, drops])
  expect(offers[1]).toMatchObject({
    decision: 'undo',
    label: expect.stringContaining('the kept data') as string,
    warnings: [expect.stringContaining('NOT NULL')],
  })
  await target.sql(`UPDATE customer SET email = 'new' WHERE id = 2`)
  const request = {
    ...target.request([init, drops]),
    protected: true,
    consent: { confirm: target.name },
  }
  const undone = await repair(request, { kind: 'undo' })
  expect(undone).toMatchObject({ verified: true, changes: [] })
  expect(undone.failure).toBeUndefined()
  expect(await target.sql('SELECT * FROM customer ORDER BY id')).toEqual([
    { id: 1, code: 7, name: 'ada' },
    { id: 2, code: 8, name: 'bob' },
  ])
  const kept = await target.sql(
    `SELECT columns, rows::int FROM slipway.kept WHERE migration <> '2_drops' AND restored_at IS NULL ORDER BY columns`,
  )
  expect(kept).toEqual([
    { columns: ['code'], rows: 2 },
    { columns: ['email'], rows: 2 },
  ])
  expect(await deployed([init, drops])).toMatchObject({ before: { pending: ['2_drops'] } })
})

describe('an interrupted rollback', () => {
  const UP = migration(
    '2_index',
    `ALTER TABLE customer ADD COLUMN email text;\nCREATE INDEX customer_email_idx ON customer (email);`,
    `DROP INDEX CONCURRENTLY customer_email_idx;\nALTER TABLE customer DROP COLUMN email;\n`,
  )
  beforeEach(async () => {
    await deployed([INIT, UP])
    await target.sql(`UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '2_index';
      INSERT INTO slipway.journal (history_schema, migration, direction, transaction_group, checksum)
        VALUES ('public', '2_index', 'down', 1, 'begun');`)
    await target.sql('DROP INDEX customer_email_idx')
  })

  test('is finished: the migration is then pending', async () => {
    expect(await failed([INIT, UP])).toMatchObject({
      direction: 'down',
      stop: { kind: 'stopped', done: 1, total: 2 },
    })
    expect(await decide({ kind: 'finish' }, [INIT, UP])).toMatchObject({ verified: true })
    expect(await target.fingerprint()).toEqual(await wanted([INIT]))
    expect(await deployed([INIT, UP])).toMatchObject({ before: { pending: ['2_index'] } })
  })

  test('is recognized without its file', async () => {
    expect(await failed([INIT])).toMatchObject({
      direction: 'down',
      stop: { kind: 'unexamined', reason: 'the project does not have its file' },
    })
  })

  test('is undone: the migration is applied again', async () => {
    expect(await decide({ kind: 'undo' }, [INIT, UP])).toMatchObject({ verified: true })
    expect(await target.fingerprint()).toEqual(await wanted([INIT, UP]))
    expect(await deployed([INIT, UP])).toMatchObject({ before: { state: 'up-to-date' } })
  })
})

test('an interrupted rollback that is finished restores what the deploy kept', async () => {
  const drops = migration(
    '2_drops',
    'ALTER TABLE customer DROP COLUMN name;',
    'CREATE INDEX CONCURRENTLY one ON customer (id);\nDROP INDEX one;\nALTER TABLE customer ADD COLUMN name text;',
  )
  const all = [INIT, drops]
  await deployed([INIT])
  await target.sql(`INSERT INTO customer VALUES (1, 'ada')`)
  expect((await deployed(all)).failure).toBeUndefined()
  await target.sql(`UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name = '2_drops';
      INSERT INTO slipway.journal (history_schema, migration, direction, transaction_group, checksum)
        VALUES ('public', '2_drops', 'down', 1, 'begun');`)
  await target.sql('CREATE INDEX one ON customer (id)')
  expect(await failed(all)).toMatchObject({ direction: 'down', stop: { done: 1 } })
  const finished = await decide({ kind: 'finish' }, all)
  expect(finished).toMatchObject({ verified: true })
  expect(finished.failure).toBeUndefined()
  expect(await target.sql('SELECT name FROM customer')).toEqual([{ name: 'ada' }])
})

test('an undo without SQL restores changed rows', async () => {
  const change = migration(
    '2_change',
    `UPDATE customer SET name = 'x';
CREATE UNIQUE INDEX CONCURRENTLY one ON customer (name);`,
  )
  await deployed([INIT])
  await target.sql(`INSERT INTO customer VALUES (1, 'ada'), (2, 'bob')`)
  expect(await deployed([INIT, change])).toMatchObject({ failure: { code: 'DEPLOY.INCOMPLETE' } })
  const { offers } = await failed([INIT, change])
  expect(offers.flatMap(({ warnings }) => warnings)).toEqual([])
  const undone = await repair(
    {
      ...target.request([INIT, change]),
      protected: true,
      consent: { confirm: target.name },
    },
    { kind: 'undo' },
  )
  expect(undone.failure).toBeUndefined()
  expect(await target.sql('SELECT name FROM customer ORDER BY id')).toEqual([
    { name: 'ada' },
    { name: 'bob' },
  ])
})

test('names a statement that also fails on a shadow database, and then offers no finish', async () => {
  const broken = migration(
    '2_broken',
    'CREATE TABLE a (id integer);\nCREATE INDEX CONCURRENTLY b_idx ON b (id);',
  )
  await deployed([INIT])
  const outcome = await deployed([INIT, broken])
  expect(outcome.failure?.code).toBe('DEPLOY.INCOMPLETE')
  const problem = await failed([INIT, broken])
  expect(problem).toMatchObject({
    stop: { kind: 'stopped', done: 1, total: 2 },
    failsOnShadow: { statement: 2, message: 'relation "b" does not exist' },
  })
  expect(problem.offers.map(({ decision }) => decision)).not.toContain('finish')
  expect(await decide({ kind: 'undo' }, [INIT, broken])).toMatchObject({ verified: true })
  expect(await target.fingerprint()).toEqual(await wanted([INIT]))
})

test('reports that there is nothing to repair, and accepts no decision', async () => {
  await deployed([INIT])
  expect(await examine(target.request([INIT]))).toMatchObject({ state: 'up-to-date', problems: [] })
  for (const kind of [
    'finish',
    'undo',
    'mark-applied',
    'mark-rolled-back',
    'accept-edit',
  ] as const) {
    await expect(decide({ kind }, [INIT])).rejects.toMatchObject({
      failure: { code: 'REPAIR.NOT_OFFERED' },
    })
  }
})

describe('a repair whose response was lost', () => {
  test('reports what is already done when it is repeated', async () => {
    await deployed([INIT])
    await begin(STEPS)
    await target.sql(STATEMENTS.slice(0, 4).join('\n'))
    await decide({ kind: 'finish' })
    for (const named of [undefined, STEPS.name]) {
      const again = await decide({ kind: 'finish', migration: named })
      expect(again).toMatchObject({ settledBefore: STEPS.name, receipts: [], verified: true })
      expect(again.failure).toBeUndefined()
    }
    // A different decision was not made, and a different migration was not repaired.
    for (const decision of [{ kind: 'undo' }, { kind: 'finish', migration: INIT.name }] as const)
      await expect(decide(decision)).rejects.toMatchObject({
        failure: { code: 'REPAIR.NOT_OFFERED' },
      })
  })

  test('reports that an undo is already done', async () => {
    await deployed([INIT])
    await begin(STEPS)
    await target.sql(STATEMENTS.slice(0, 2).join('\n'))
    await decide({ kind: 'undo' })
    expect(await decide({ kind: 'undo' })).toMatchObject({
      settledBefore: STEPS.name,
      receipts: [],
    })
    expect(await deployed(ALL)).toMatchObject({ receipts: [{ status: 'done' }] })
    await expect(decide({ kind: 'undo' })).rejects.toMatchObject({
      failure: { code: 'REPAIR.NOT_OFFERED' },
    })
  })
})

test('a repair reports a lost connection, at any message', async () => {
  await deployed([INIT])
  await begin(STEPS)
  await target.sql(STATEMENTS.slice(0, 4).join('\n'))
  const codes = new Set<string>()
  for (const at of [4, 8, 12, 20]) {
    const proxy = await startProxy(target.url, (message) =>
      message === at ? 'stop-before' : 'forward',
    )
    const request = workOn({ kind: 'postgres', url: new ConnectionString(proxy.url) }, ALL)
    const ran = await attempt(() =>
      repair({ ...request, consent: { confirm: undefined } }, { kind: 'finish' }),
    )
    await proxy.close()
    const failure = ran.ok ? ran.value.failure : ran.failure
    if (failure) codes.add(failure.code)
  }
  const broken = ['DATABASE.CONNECTION_LOST', 'DATABASE.UNREACHABLE', 'DEPLOY.CONNECTION_LOST']
  for (const code of codes) expect(broken).toContain(code)
  expect(codes).toContain('DATABASE.CONNECTION_LOST')
  expect((await decide({ kind: 'finish' })).failure).toBeUndefined()
  expect(await deployed(ALL)).toMatchObject({ before: { state: 'up-to-date' } })
}, 180_000)

describe('interrupted code with its own COMMIT', () => {
  // It does not sleep on a shadow database, where `held` has no rows.
  const LOG = 'CREATE TABLE log (line text); CREATE TABLE held (since date);'
  const WORK = `BEGIN INSERT INTO log VALUES ('once'); COMMIT; PERFORM pg_sleep(60) FROM held; END`

  /** Deploys, and terminates the server's process once the code has committed. */
  async function cutOff(migrations: readonly TestMigration[]) {
    const running = deployed(migrations)
    await expect
      .poll(async () => (await target.sql('SELECT FROM log')).length, { timeout: 60_000 })
      .toBe(1)
    await target.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event = 'PgSleep'`)
    return await running
  }

  test.each([
    ['a DO block', LOG, `DO $$ ${WORK} $$;`],
    [
      'a procedure',
      `${LOG} CREATE PROCEDURE work() LANGUAGE plpgsql AS $$ ${WORK} $$;`,
      'CALL work();',
    ],
  ])('%s runs again only if a person decides so', async (_what, before, code) => {
    const init = migration('1_init', before)
    const work = migration('2_work', `${code}\nCREATE TABLE after_it (id integer);`)
    await deployed([init])
    await target.sql('INSERT INTO held VALUES (now())')
    expect((await cutOff([init, work])).failure).toBeDefined()
    expect((await deployed([init, work])).failure).toMatchObject({
      code: 'DEPLOY.OUTCOME_UNKNOWN',
      nextActions: [{ args: ['repair'] }],
    })
    expect(await target.sql('SELECT * FROM log')).toHaveLength(1)
    const problem = await failed([init, work])
    expect(problem.stop).toEqual({ kind: 'in-doubt', possible: [0, 1], total: 2, cutOff: 1 })
    expect(problem.offers.map(({ args }) => args.join(' '))).toEqual(
      expect.arrayContaining(['repair --finish --from 1', 'repair --finish --from 2']),
    )
    const finished = await decide({ kind: 'finish', from: 2 }, [init, work])
    expect(finished.failure).toBeUndefined()
    expect(await target.sql('SELECT * FROM log')).toHaveLength(1)
    expect(await deployed([init, work])).toMatchObject({ before: { state: 'up-to-date' } })
  })
})

test('on a protected target, a repair commits no destruction that its statements do not announce', async () => {
  const wipe = `CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'DELETE FROM customer'`
  const init = migration('1_init', `${INIT.sql} ${wipe};`)
  const work = migration('2_work', 'CREATE TABLE first (id integer);\nSELECT wipe();')
  const migrations = [init, work]
  await deployed([init])
  await target.sql(`INSERT INTO customer VALUES (1, 'a')`)
  await begin(work)
  const repaired = async (acceptUnannounced: boolean) =>
    await repair(
      {
        ...target.request(migrations),
        protected: true,
        consent: { confirm: target.name },
        acceptUnannounced,
      },
      { kind: 'finish' },
    )
  const { failure } = await repaired(false)
  expect(failure).toMatchObject({ code: 'DEPLOY.UNANNOUNCED' })
  expect(failure?.nextActions.at(-1)).toMatchObject({
    args: ['repair', '--finish', '--accept', 'unannounced', '--confirm', target.name],
  })
  expect(await target.sql('SELECT * FROM customer')).toHaveLength(1)
  expect((await repaired(true)).failure).toBeUndefined()
  expect(await target.sql('SELECT * FROM customer')).toEqual([])
})
