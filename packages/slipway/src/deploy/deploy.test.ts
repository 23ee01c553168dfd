import pg from 'pg'
import { beforeEach, describe, expect, test } from 'vitest'
import { startProxy } from '../../test/proxy.ts'
import { createTarget, migration, type TestMigration, type TestTarget } from '../../test/target.ts'
import { ConnectionString } from '../kernel/index.ts'
import { deploy, type DeployOutcome, type DeployRequest } from './index.ts'

const INIT = migration(
  '1_init',
  'CREATE TABLE customer (id integer PRIMARY KEY, name text, runs integer NOT NULL DEFAULT 0);',
)

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  return () => target.drop()
})

async function deployed(
  migrations: readonly TestMigration[],
  changes: Partial<DeployRequest> = {},
) {
  const consent = { confirm: undefined }
  return await deploy({
    ...target.request(migrations),
    consent,
    acceptDrift: false,
    ...changes,
  })
}

async function history() {
  return await target.sql(`SELECT migration_name AS name, finished_at IS NOT NULL AS finished, logs
    FROM _prisma_migrations ORDER BY started_at`)
}

const statuses = (receipt: { statements: readonly { status: string }[] } | undefined) =>
  receipt?.statements.map(({ status }) => status)

describe('a migration in one transaction', () => {
  test('that fails leaves nothing, and its failure names the statement and character', async () => {
    await deployed([INIT])
    const before = await target.fingerprint()
    const broken = migration(
      '2_broken',
      'ALTER TABLE customer ADD COLUMN a text;\n\n-- ü\nALTER TABLE nowhere ADD COLUMN b text;\nSELECT 1;\n',
    )
    const never = migration('3_never', 'CREATE TABLE never ();')
    const outcome = await deployed([INIT, broken, never])
    expect(outcome.failure).toMatchObject({
      code: 'DEPLOY.STATEMENT_FAILED',
      message: expect.stringContaining('2_broken failed at statement 2 of 3'),
      where: { file: broken.path, line: 4, column: 1 },
      server: { sqlstate: '42P01' },
      nextActions: [
        {
          kind: 'edit',
          path: broken.path,
          label: 'line 4: correct the name, or first create the object that it names',
        },
        { args: ['deploy'], label: 'run it again' },
      ],
    })
    expect(outcome.receipts.map(({ status }) => status)).toEqual(['failed', 'not-run'])
    expect(statuses(outcome.receipts[0])).toEqual(['not-run', 'failed', 'not-run'])
    expect(await target.fingerprint()).toEqual(before)
    expect(await history()).toEqual([{ name: '1_init', finished: true, logs: null }])
  })

  test('that fails without a position is located by the completed statements', async () => {
    await target.sql('CREATE SCHEMA other')
    const broken = migration(
      '2_broken',
      'INSERT INTO customer VALUES (1);\nINSERT INTO customer VALUES (1);\nSELECT 1;\n',
    )
    const outcome = await deployed([INIT, broken])
    expect(outcome.failure?.message).toContain('statement 2 of 3')
    expect(outcome.failure?.where).toMatchObject({ line: 2, column: 1 })
    expect(outcome.failure?.server?.position).toBeUndefined()
  })

  test('that takes too long is stopped by the statement timeout or the deadline', async () => {
    const slow = migration('2_slow', 'SELECT 1; SELECT pg_sleep(240);')
    const limits = { lockTimeoutMs: 200, statementTimeoutMs: 300 }
    const began = performance.now()
    const stopped = await deployed([INIT, slow], { limits })
    expect(stopped.failure).toMatchObject({ code: 'DEPLOY.STATEMENT_TIMEOUT' })
    expect(stopped.failure?.message).toContain('statement 2 of 2')
    const late = await deployed([INIT, slow], { deadlineMs: 1500 })
    expect(late.failure).toMatchObject({ code: 'DEPLOY.STATEMENT_TIMEOUT' })
    expect(performance.now() - began).toBeLessThan(120_000)
    expect(await history()).toHaveLength(1)
  })
})

describe('rows that make a pending statement fail', () => {
  const require = migration(
    '3_name',
    '-- all have one\nALTER TABLE customer ALTER name SET NOT NULL;',
  )
  const other = migration('2_other', 'CREATE TABLE other ();')

  test('stop the deploy before it changes anything, and are named by their keys', async () => {
    await deployed([INIT])
    await target.sql(`INSERT INTO customer VALUES (7, 'a secret'), (8, NULL), (9, NULL)`)
    const before = await target.fingerprint()
    const outcome = await deployed([INIT, other, require])
    expect(outcome.failure).toMatchObject({
      code: 'DEPLOY.PRE_CHECK_FAILED',
      message: `Rows of ${target.name} would make the deploy fail: 2 rows of column customer.name have no value (3_name, statement 1, line 2).`,
      why: 'Nothing was changed. The first of these rows: id=8; id=9 (column customer.name).',
      where: { file: require.path, line: 2, column: 1 },
    })
    expect(outcome.preChecks).toMatchObject([
      { ok: false, violations: 2, sample: ['id=8', 'id=9'] },
    ])
    expect(outcome.receipts.map(({ status }) => status)).toEqual(['not-run', 'not-run'])
    expect(JSON.stringify(outcome)).not.toContain('secret')
    expect(await target.fingerprint()).toEqual(before)
    expect(await history()).toHaveLength(1)
  })

  test('do not stop a deploy that accepts them, nor one that repairs them', async () => {
    await deployed([INIT])
    await target.sql('INSERT INTO customer VALUES (7)')
    const accepted = await deployed([INIT, other, require], { acceptPreChecks: true })
    expect(accepted.failure).toMatchObject({
      code: 'DEPLOY.STATEMENT_FAILED',
      nextActions: [
        { kind: 'edit', label: expect.stringContaining('first give a value to the rows that') },
        { args: ['deploy'] },
      ],
    })
    const repairing = migration(require.name, `UPDATE customer SET name = '';${require.sql}`)
    const outcome = await deployed([INIT, other, repairing])
    expect(outcome.failure).toBeUndefined()
    expect(outcome.preChecks).toMatchObject([
      { ok: null, undecided: 'statement 1 of 3_name changes rows of customer before' },
    ])
  })
})

describe('a migration that runs step by step', () => {
  const duplicates = 'INSERT INTO customer VALUES (1, $$a$$), (2, $$a$$)'

  test('and fails in its first step leaves nothing, not even an invalid index', async () => {
    await deployed([INIT])
    await target.sql(duplicates)
    const steps = migration(
      '2_steps',
      'CREATE UNIQUE INDEX CONCURRENTLY u ON customer (name); SELECT 1;',
    )
    const outcome = await deployed([INIT, steps], { acceptPreChecks: true })
    expect(outcome.failure?.code).toBe('DEPLOY.STATEMENT_FAILED')
    expect(statuses(outcome.receipts[0])).toEqual(['failed', 'not-run'])
    expect(await history()).toHaveLength(1)
    expect(await target.sql('SELECT * FROM slipway.journal')).toEqual([])
    expect(await target.sql(`SELECT to_regclass('u') AS found`)).toEqual([{ found: null }])
  })

  test('and fails later is reported, keeps the reason in the history, and stops the next deploy', async () => {
    await deployed([INIT])
    await target.sql(duplicates)
    const steps = migration(
      '2_steps',
      'CREATE INDEX CONCURRENTLY i ON customer (name);\nCREATE UNIQUE INDEX CONCURRENTLY u ON customer (name);\n',
    )
    const outcome = await deployed([INIT, steps], { acceptPreChecks: true })
    expect(outcome.failure).toMatchObject({
      code: 'DEPLOY.INCOMPLETE',
      message: expect.stringContaining('statement 2 of 2'),
      where: { line: 2 },
    })
    expect(statuses(outcome.receipts[0])).toEqual(['done', 'failed'])
    expect(await history()).toMatchObject([
      { finished: true },
      {
        name: '2_steps',
        finished: false,
        logs: expect.stringContaining('could not create unique index'),
      },
    ])
    const again = deployed([INIT, steps])
    await expect(again).rejects.toMatchObject({ failure: { code: 'HISTORY.FAILED' } })
  })

  /** The second step ends its own connection as long as `control.cut` is true. */
  const cutOff = (first: string) =>
    migration(
      '2_cut',
      `${first}
CREATE INDEX CONCURRENTLY i ON customer (runs);
DO $$ BEGIN IF (SELECT cut FROM control) THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; END $$;
UPDATE customer SET runs = runs + 10;
`,
    )

  test('and loses its connection continues where it stopped, and runs nothing twice', async () => {
    const init = migration(INIT.name, `${INIT.sql} CREATE TABLE control AS SELECT true AS cut;`)
    await deployed([init])
    await target.sql('INSERT INTO customer VALUES (1)')
    const steps = cutOff('UPDATE customer SET runs = runs + 1;')
    const cut = await deployed([init, steps])
    expect(cut.failure?.code).toBe('DEPLOY.INCOMPLETE')
    expect(cut.receipts).toMatchObject([{ status: 'failed' }])
    expect(await target.sql('SELECT runs FROM customer')).toEqual([{ runs: 1 }])
    await target.sql('UPDATE control SET cut = false')
    const resumed = await deployed([init, steps])
    expect(resumed.failure).toBeUndefined()
    expect(resumed.receipts).toMatchObject([{ migration: '2_cut', status: 'done' }])
    expect(await target.sql('SELECT runs FROM customer')).toEqual([{ runs: 11 }])
    expect(await target.sql('SELECT * FROM slipway.journal')).toEqual([])
  })

  test('continues with the hazards that were accepted when it began', async () => {
    const init = migration(INIT.name, `${INIT.sql} CREATE TABLE control AS SELECT true AS cut;`)
    await deployed([init])
    await target.sql('INSERT INTO customer VALUES (1)')
    const steps = cutOff('ALTER TABLE customer RENAME COLUMN name TO title;')
    const consent = { confirm: target.name }
    const refused = await deployed([init, steps], { protected: true, consent })
    expect(refused.failure?.code).toBe('DEPLOY.HAZARDS')
    const acceptHazards = [...new Set(refused.hazards.map(({ id }) => id))]
    const cut = await deployed([init, steps], { protected: true, acceptHazards, consent })
    expect(cut.failure?.code).toBe('DEPLOY.INCOMPLETE')
    await target.sql('UPDATE control SET cut = false')
    const resumed = await deployed([init, steps], { protected: true })
    expect(resumed).toMatchObject({ receipts: [{ status: 'done' }], hazards: [] })
    expect(resumed.failure).toBeUndefined()
  })

  test('and was edited in a completed part is not resumed', async () => {
    const init = migration(INIT.name, `${INIT.sql} CREATE TABLE control AS SELECT true AS cut;`)
    await deployed([init])
    await deployed([init, cutOff('UPDATE customer SET runs = runs + 1;')])
    await target.sql('UPDATE control SET cut = false')
    const edited = await deployed([init, cutOff('UPDATE customer SET runs = runs + 2;')])
    expect(edited.failure?.code).toBe('DEPLOY.JOURNAL_MISMATCH')
    expect(
      await target.sql(`SELECT to_regclass('i') AS i, (SELECT count(*)::int FROM slipway.journal)`),
    ).toEqual([{ i: 'i', count: 2 }])
  })

  test('rebuilds an invalid index that IF NOT EXISTS would accept', async () => {
    await deployed([INIT])
    await target.sql(duplicates)
    await expect(
      target.sql('CREATE UNIQUE INDEX CONCURRENTLY u ON customer (name)'),
    ).rejects.toThrow()
    const invalid = `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE NOT indisvalid`
    expect(await target.sql(invalid)).toEqual([{ name: 'u' }])
    await target.sql('DELETE FROM customer WHERE id = 2')
    const steps = migration(
      '2_steps',
      'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS u ON customer (name);',
    )
    const outcome = await deployed([INIT, steps], { acceptDrift: true })
    expect(outcome).toMatchObject({ verification: { verified: true } })
    expect(await target.sql(invalid)).toEqual([])
    await expect(target.sql('INSERT INTO customer VALUES (3, $$a$$)')).rejects.toThrow('u')
  })
})

test.each([
  ['a DO block', `DO $$ BEGIN CREATE TABLE left_over (); COMMIT; RAISE EXCEPTION 'no'; END $$;`],
  ['a procedure', 'CALL leave();'],
])('%s that commits and then fails leaves a migration to be repaired', async (_, sql) => {
  await deployed([INIT])
  await target.sql(`CREATE SCHEMA other; CREATE PROCEDURE other.leave() LANGUAGE plpgsql
    AS $$ BEGIN CREATE TABLE public.left_over (); COMMIT; RAISE EXCEPTION 'no'; END $$`)
  const half = migration('2_half', sql.replace('leave()', 'other.leave()'))
  const { failure } = await deployed([INIT, half])
  expect(failure).toMatchObject({ code: 'DEPLOY.INCOMPLETE' })
  expect(await history()).toMatchObject([{ finished: true }, { name: '2_half', finished: false }])
  expect(await target.sql(`SELECT to_regclass('left_over') IS NULL AS gone`)).toEqual([
    { gone: false },
  ])
})

describe('before the first statement', () => {
  const MORE = migration('2_more', 'CREATE TABLE more (id integer);')

  test.each([
    ['what the ledger holds', 'column customer.by_hand (added)'],
    ['a replay of the history', 'column customer.by_hand (added)'],
  ])('drift is found by %s, named, and stops the deploy unless accepted', async (basis, object) => {
    await deployed([INIT])
    if (basis !== 'what the ledger holds') await target.sql('DELETE FROM slipway.schema_state')
    await target.sql('ALTER TABLE customer ADD COLUMN by_hand text')
    const refused = deployed([INIT, MORE])
    await expect(refused).rejects.toMatchObject({
      failure: { code: 'DEPLOY.DRIFT', message: expect.stringContaining(object) },
    })
    expect(await target.sql(`SELECT to_regclass('more') AS found`)).toEqual([{ found: null }])
    const accepted = await deployed([INIT, MORE], { acceptDrift: true })
    expect(accepted.failure).toBeUndefined()
  })

  test('a database with tables but no history is refused', async () => {
    await target.sql('CREATE VIEW by_hand AS SELECT 1 AS one')
    await expect(deployed([INIT])).rejects.toMatchObject({ failure: { code: 'HISTORY.NOT_EMPTY' } })
    expect(await target.sql(`SELECT to_regclass('_prisma_migrations') AS history`)).toEqual([
      { history: null },
    ])
  })

  test('a file that does not parse stops all migrations', async () => {
    const broken = migration('3_broken', 'CREATE TABEL x ();')
    await expect(deployed([INIT, MORE, broken])).rejects.toMatchObject({
      failure: { code: 'STATEMENTS.SYNTAX', where: { line: 1, column: 8 } },
    })
    expect(await target.sql(`SELECT to_regclass('customer') AS found`)).toEqual([{ found: null }])
  })
})

describe('with nothing pending', () => {
  const recorded = async () =>
    (await target.sql('SELECT change_token AS token, fingerprint FROM slipway.schema_state'))[0]

  test('a change since the last deploy is reported but stops nothing', async () => {
    await deployed([INIT])
    expect(await deployed([INIT])).toMatchObject({ drift: [], receipts: [] })
    await target.sql('ALTER TABLE customer ADD COLUMN by_hand text')
    const outcome = await deployed([INIT])
    expect(outcome.failure).toBeUndefined()
    expect(outcome.drift).toMatchObject([{ change: 'added', object: { name: 'by_hand' } }])
    expect((await deployed([INIT], { acceptDrift: true })).drift).toEqual([])
    await target.sql('ALTER TABLE customer DROP COLUMN by_hand')
    expect((await deployed([INIT])).drift).toEqual([])
  })

  test('the catalog is read only if the change token differs', async () => {
    await deployed([INIT])
    const before = await recorded()
    await target.sql(`UPDATE slipway.schema_state SET fingerprint = 'of nothing'`)
    expect((await deployed([INIT])).drift).toEqual([])
    await target.sql('ALTER TABLE customer ADD COLUMN a text; ALTER TABLE customer DROP COLUMN a')
    await target.sql(
      'UPDATE slipway.schema_state SET fingerprint = $$' + String(before?.['fingerprint']) + '$$',
    )
    expect((await deployed([INIT])).drift).toEqual([])
    const after = await recorded()
    expect(after?.['fingerprint']).toBe(before?.['fingerprint'])
    expect(after?.['token']).not.toBe(before?.['token'])
    await target.sql(`UPDATE slipway.schema_state SET fingerprint = 'of nothing'`)
    expect((await deployed([INIT])).drift).toEqual([])
  })

  test('a record that differs from the history is corrected, and a deploy continues', async () => {
    await deployed([INIT])
    const before = await recorded()
    // As if the schema had been changed during the deploy, and changed back since.
    const wrong = `UPDATE slipway.schema_state SET fingerprint = 'of a moment', change_token = NULL`
    await target.sql(wrong)
    expect(await deployed([INIT])).toMatchObject({ drift: [], receipts: [] })
    expect(await recorded()).toEqual(before)
    await target.sql(wrong)
    const more = await deployed([INIT, migration('2_more', 'CREATE TABLE more (id integer);')])
    expect(more.receipts).toMatchObject([{ status: 'done' }])
  })

  test('a record without a token, from an older Slipway, is compared with the catalog', async () => {
    await deployed([INIT])
    const { token } = (await recorded()) ?? {}
    await target.sql('UPDATE slipway.schema_state SET change_token = NULL')
    expect((await deployed([INIT])).drift).toEqual([])
    expect((await recorded())?.['token']).toBe(token)
    await target.sql('UPDATE slipway.schema_state SET change_token = NULL; CREATE TABLE by_hand ()')
    expect((await deployed([INIT])).drift).toMatchObject([{ change: 'added' }])
    expect((await recorded())?.['token']).toBeNull()
  })

  test('a schema without a record is not compared, and the outcome says so', async () => {
    await deployed([INIT])
    await target.sql('DELETE FROM slipway.schema_state')
    const outcome = await deployed([INIT])
    expect(outcome.driftUnknown).toMatch(/no record/)
    expect(outcome.failure).toBeUndefined()
  })

  test('a pending migration in another schema extends the comparison', async () => {
    await deployed([INIT])
    await target.sql('CREATE SCHEMA other; CREATE TABLE other.by_hand ()')
    await deployed([INIT])
    await expect(
      deployed([INIT, migration('2_other', 'CREATE TABLE other.more ();')]),
    ).rejects.toMatchObject({ failure: { code: 'DEPLOY.DRIFT' } })
  })
})

test('an invalid index is named as SQL names it', async () => {
  await deployed([INIT])
  await target.sql(`CREATE INDEX "Customer_name_idx" ON customer (name);
    UPDATE pg_index SET indisvalid = false WHERE indexrelid = '"Customer_name_idx"'::regclass`)
  const more = migration('2_more', 'CREATE TABLE more (id integer PRIMARY KEY);')
  const command = 'REINDEX INDEX CONCURRENTLY public."Customer_name_idx"'
  expect((await deployed([INIT, more], { acceptDrift: true })).failure).toMatchObject({
    code: 'DEPLOY.VERIFY_FAILED',
    nextActions: [{ command }],
  })
  await target.sql(command)
})

describe('while another session has locked a table exclusively', () => {
  const MORE = migration('2_more', 'CREATE TABLE more (id integer);')

  // The server takes a lock when it is asked for a view's definition.
  const READ = migration(INIT.name, `${INIT.sql} CREATE VIEW names AS SELECT name FROM customer;`)

  /** Passes `work` a function that locks the table until the work is done. */
  async function withLocker<T>(work: (lock: () => Promise<unknown>) => Promise<T>): Promise<T> {
    const holder = new pg.Client({ connectionString: target.url, application_name: 'vacuum full' })
    await holder.connect()
    try {
      return await work(() => holder.query('BEGIN; LOCK TABLE customer'))
    } finally {
      await holder.end()
    }
  }

  test('reading the catalog waits until the deadline, and the failure names the session', async () => {
    await deployed([READ])
    await target.sql('UPDATE slipway.schema_state SET change_token = NULL')
    const began = performance.now()
    const failed = await withLocker(async (lock) => {
      await lock()
      return await deployed([READ, MORE], { deadlineMs: 700 }).catch((error: unknown) => error)
    })
    expect(failed).toMatchObject({
      failure: { code: 'DEPLOY.LOCK_TIMEOUT', why: expect.stringContaining('vacuum full') },
    })
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  test('an applied migration stays applied if it cannot be verified', async () => {
    await deployed([READ])
    const outcome = await whileLocked(`COMMENT ON VIEW names IS 'of customers';`)
    expect(outcome.receipts).toMatchObject([{ status: 'done' }])
    expect(outcome.failure).toMatchObject({
      code: 'DEPLOY.VERIFY_FAILED',
      why: expect.stringContaining('vacuum full'),
    })
    expect(await history()).toMatchObject([{ finished: true }, { name: '2_more', finished: true }])
  })

  test('verification does not read objects that the deploy did not change', async () => {
    await deployed([READ])
    const outcome = await whileLocked('')
    expect(outcome.failure).toBeUndefined()
    expect(outcome.verification).toMatchObject({ verified: true })
    expect(await deployed([READ, slow('')])).toMatchObject({ receipts: [], drift: [] })
  })

  const slow = (change: string) =>
    migration(MORE.name, `SELECT pg_sleep(0.7); ${change} ${MORE.sql}`)

  /** Deploys a change; the table is locked while it runs. */
  async function whileLocked(change: string): Promise<DeployOutcome> {
    return await withLocker(async (lock) =>
      deployed([READ, slow(change)], {
        deadlineMs: 3000,
        emit: ({ kind }) => void (kind === 'migration-started' && lock()),
      }),
    )
  }
})

describe('messages to the server', () => {
  async function messagesOf(migrations: readonly TestMigration[]): Promise<number> {
    const proxy = await startProxy(target.url, () => 'forward')
    const url = new ConnectionString(proxy.url)
    const outcome = await deployed(migrations, { address: { kind: 'postgres', url } })
    await proxy.close()
    expect(outcome).not.toHaveProperty('failure')
    expect(outcome.drift).toEqual([])
    // If a migration takes long, another session reads what blocks it.
    return proxy.firstMessages()
  }
  const more = (first: number, count: number) =>
    Array.from({ length: count }, (_, at) =>
      migration(`${first + at}_more`, `CREATE TABLE more_${first + at} ();`),
    )

  test('are few if nothing is pending', async () => {
    await deployed([INIT])
    // Login, greeting, lock, settings, ledger, history, token, unlock, end.
    expect(await messagesOf([INIT])).toBeLessThanOrEqual(14)
  })

  test('increase by one per migration', async () => {
    const [one, five] = [more(2, 1), more(3, 5)]
    await deployed([INIT])
    const few = await messagesOf([INIT, ...one])
    expect(await messagesOf([INIT, ...one, ...five])).toBe(few + 4)
  })
})
