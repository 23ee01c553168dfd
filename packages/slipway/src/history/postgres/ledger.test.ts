import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { runFiles } from '../../../test/dump.ts'
import { createTarget, type TestTarget } from '../../../test/target.ts'
import { type Session, withSession } from '../../database/index.ts'
import { ConnectionString } from '../../kernel/index.ts'
import {
  forgetLedgerSql,
  journalBeginSql,
  journalFinishSql,
  prepareLedger,
  readSchemaState,
  readJournal,
  readLedgerRows,
  receiptSql,
  upgradeLedger,
  writeSchemaState,
} from '../index.ts'
import { LEDGER_MIGRATIONS } from './ledger-migrations.ts'

const FIRST = path.join(import.meta.dirname, '../../../test/fixtures/ledger-1.sql')
const TABLES = ['journal', 'schema_state', 'receipt', 'kept', 'seed', 'seed_row', 'seed_table']

let target: TestTarget
beforeEach(async () => {
  target = await createTarget()
})
afterEach(() => target.drop())

async function onTarget<T>(work: (session: Session) => Promise<T>, schema?: string): Promise<T> {
  const url = new ConnectionString(schema ? `${target.url}?schema=${schema}` : target.url)
  return await withSession({ kind: 'postgres', url }, {}, work)
}

/** Columns that an upgrade adds, renames or changes. */
const CHANGED = [
  'history_schema',
  'only_row',
  'unit',
  'transaction_group',
  'database_identity',
  'present',
  'change_token',
  'relation',
]

/** All rows of the ledger, without what an upgrade changes. */
async function rows(): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {}
  for (const table of TABLES) {
    const [present] = await target.sql(`SELECT to_regclass('slipway.${table}') AS name`)
    const name = present?.['name'] === null ? 'catalog_state' : table
    found[table] = await target.sql(
      `SELECT (to_jsonb(t) - '{${CHANGED.join()}}'::text[]) #- '{details,numbers}' AS row FROM slipway.${name} t ORDER BY 1`,
    )
  }
  return found
}

const versions = () =>
  target.sql(`SELECT array_agg(version ORDER BY version) AS versions FROM slipway.ledger`)

const allVersions = [{ versions: LEDGER_MIGRATIONS.map(({ version }) => version) }]

describe('a ledger of the first layout', () => {
  beforeEach(() => runFiles(target.url, [FIRST]))

  test('is upgraded in place with all rows', async () => {
    const before = await rows()
    await onTarget(upgradeLedger)
    expect(await rows()).toEqual(before)
    expect(before['kept']).toHaveLength(5)
    expect(await versions()).toEqual(allVersions)
    for (const table of TABLES) {
      expect(await target.sql(`SELECT DISTINCT history_schema FROM slipway.${table}`)).toEqual([
        { history_schema: 'public' },
      ])
    }
    expect(await target.sql(`SELECT transaction_group FROM slipway.journal ORDER BY 1`)).toEqual([
      { transaction_group: 1 },
      { transaction_group: 2 },
    ])
    expect(
      await target.sql(
        `SELECT to_regprocedure('slipway.restore_rows(text,text[])') AS old_function`,
      ),
    ).toEqual([{ old_function: null }])
  })

  test('can be read without being upgraded', async () => {
    const before = await rows()
    await onTarget(async (session) => {
      expect(await readJournal(session)).toMatchObject([
        { migration: '7_index', group: 1, finished: true },
        { migration: '7_index', group: 2, finished: false },
      ])
      expect((await readSchemaState(session))?.method).toMatch(/^pg-delta/)
      expect(await readLedgerRows(session, 'kept', `j ->> 'id', j ->> 'kind', 1`)).toHaveLength(5)
      expect(await readLedgerRows(session, 'seed', `j ->> 'name', 1, 1`)).toHaveLength(1)
    })
    expect(await rows()).toEqual(before)
    expect(await versions()).toEqual([{ versions: [1] }])
  })

  test.each(LEDGER_MIGRATIONS.slice(1))(
    'continues after a crash before step $version',
    async (step) => {
      const before = await rows()
      const scene = { history: 'public', histories: ['public'] }
      for (const one of LEDGER_MIGRATIONS.slice(1, step.version - 1)) {
        await target.sql(`${one.sql(scene)} INSERT INTO slipway.ledger VALUES (${one.version})`)
      }
      await onTarget(upgradeLedger)
      expect(await rows()).toEqual(before)
      expect(await versions()).toEqual(allVersions)
    },
  )

  test('rolls back a step that fails', async () => {
    await target.sql('CREATE TABLE slipway.schema_state ()')
    await expect(onTarget(upgradeLedger)).rejects.toMatchObject({
      failure: { server: { sqlstate: '42P07' } },
    })
    expect(await versions()).toEqual([{ versions: [1] }])
    await target.sql('DROP TABLE slipway.schema_state')
    await onTarget(upgradeLedger)
    expect(await versions()).toEqual(allVersions)
  })
})

test('a new ledger has all steps, and a second preparation changes nothing', async () => {
  await onTarget(prepareLedger)
  const before = await target.sql(`SELECT version, xmin::text FROM slipway.ledger ORDER BY 1`)
  expect(before.map(({ version }) => version)).toEqual(
    LEDGER_MIGRATIONS.map(({ version }) => version),
  )
  await onTarget(prepareLedger)
  await onTarget(upgradeLedger)
  expect(await target.sql(`SELECT version, xmin::text FROM slipway.ledger ORDER BY 1`)).toEqual(
    before,
  )
})

test('an upgrade does not create a ledger', async () => {
  await onTarget(upgradeLedger)
  expect(await target.sql(`SELECT to_regnamespace('slipway') AS schema`)).toEqual([
    { schema: null },
  ])
})

describe('a ledger of a newer version of Slipway', () => {
  const newer = { failure: { code: 'HISTORY.LEDGER_NEWER' } }
  beforeEach(async () => {
    await onTarget(prepareLedger)
    await target.sql(`INSERT INTO slipway.ledger VALUES (${LEDGER_MIGRATIONS.length + 1})`)
  })

  test.each([
    ['prepareLedger', prepareLedger],
    ['upgradeLedger', upgradeLedger],
    ['readJournal', readJournal],
    ['readSchemaState', readSchemaState],
    ['forgetLedgerSql', forgetLedgerSql],
  ])('is refused by %s', async (_, work: (session: Session) => Promise<unknown>) => {
    await expect(onTarget(work)).rejects.toMatchObject(newer)
  })
})

test('a role without privileges on the ledger is refused, with the privileges that it needs', async () => {
  await onTarget(prepareLedger)
  const role = `other_${target.name.slice(-8)}`
  await target.sql(
    `CREATE ROLE ${role} LOGIN PASSWORD 'x'; GRANT ALL ON DATABASE ${target.name} TO ${role}`,
  )
  const url = new URL(target.url)
  url.username = role
  url.password = 'x'
  const address = { kind: 'postgres' as const, url: new ConnectionString(url.href) }
  try {
    const works: ((session: Session) => Promise<unknown>)[] = [
      upgradeLedger,
      prepareLedger,
      readJournal,
    ]
    const reading = expect.stringContaining(
      `GRANT USAGE ON SCHEMA slipway TO ${role}; GRANT SELECT ON`,
    )
    for (const work of works) {
      await expect(withSession(address, {}, work)).rejects.toMatchObject({
        failure: {
          code: 'HISTORY.LEDGER_FORBIDDEN',
          nextActions: [{ command: reading }, { kind: 'advice' }],
        },
      })
    }
    await target.sql(`CREATE ROLE ${role}_owner; ALTER TABLE slipway.ledger OWNER TO ${role}_owner`)
    await expect(withSession(address, {}, prepareLedger)).rejects.toMatchObject({
      failure: {
        nextActions: [{ command: `GRANT ${role}_owner TO ${role}` }, { command: reading }],
      },
    })
  } finally {
    const roles = `${role}, ${role}_owner`
    await target.sql(`DROP OWNED BY ${roles}; DROP ROLE ${roles}`)
  }
})

test('sequences that are behind their rows after a restore continue after them', async () => {
  await onTarget(prepareLedger)
  const receipt = { command: 'deploy', migration: '1_init', attempts: 1 }
  await target.sql(
    `INSERT INTO slipway.receipt (id, history_schema, command, migration, attempts, ms) OVERRIDING SYSTEM VALUE
       SELECT n, 'public', 'deploy', '0', 1, 1 FROM generate_series(1, 7) AS n`,
  )
  await onTarget(upgradeLedger)
  await onTarget((session) => session.execute(receiptSql(session, receipt)))
  expect(await target.sql(`SELECT max(id)::int AS last FROM slipway.receipt`)).toEqual([
    { last: 8 },
  ])
})

test('each project of a database has its own journal, state and receipts', async () => {
  const state = (fingerprint: string) => ({
    historyHash: 'h',
    method: 'm',
    fingerprint,
    objects: {},
  })
  const key = { migration: '1_init', direction: 'up' as const, group: 1, checksum: 'c' }
  for (const schema of ['app', 'crm']) {
    await onTarget(async (session) => {
      await prepareLedger(session)
      await session.execute(
        journalBeginSql(session, key) +
          receiptSql(session, { command: 'deploy', migration: '1_init', attempts: 1 }),
      )
      await writeSchemaState(session, state(`of ${schema}`))
    }, schema)
  }
  await onTarget((session) => session.execute(journalFinishSql(session, key)), 'app')
  await onTarget(async (session) => {
    expect(await readJournal(session)).toMatchObject([{ migration: '1_init', finished: false }])
    expect(await readSchemaState(session)).toEqual(state('of crm'))
  }, 'crm')
  await onTarget(async (session) => session.execute(await forgetLedgerSql(session)), 'app')
  await onTarget(async (session) => {
    expect(await readJournal(session)).toEqual([])
    expect(await readSchemaState(session)).toBeUndefined()
  }, 'app')
  const left = `SELECT (SELECT count(*) FROM slipway.journal)::int AS journal,
    (SELECT count(*) FROM slipway.schema_state)::int AS states, (SELECT count(*) FROM slipway.receipt)::int AS receipts`
  expect(await target.sql(left)).toEqual([{ journal: 1, states: 1, receipts: 1 }])
})

test('a role that may not read the identifier of the cluster still recognizes the database', async () => {
  await onTarget(prepareLedger)
  const [known] = await target.sql('SELECT slipway.database_identity() AS identity')
  const identity = String(known?.['identity'])
  const asOther = (name: string) =>
    target.sql(`REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC;
    GRANT USAGE ON SCHEMA slipway TO PUBLIC; SET ROLE pg_monitor;
    SELECT slipway.database_identity() ~ '^unknown/' AS unknown, slipway.is_this_database('${name}') AS same`)
  expect(await asOther(identity)).toEqual([{ unknown: true, same: true }])
  expect(await asOther(`${identity}0`)).toEqual([{ unknown: true, same: false }])
  const [other] = await target.sql(`SELECT slipway.is_this_database('1' || '${identity}') AS same`)
  expect(other).toEqual({ same: false })
})

describe('rows of a first-layout ledger that several projects shared', () => {
  const HISTORY = `CREATE TABLE public._prisma_migrations (migration_name text, finished_at timestamptz, rolled_back_at timestamptz);
    CREATE SCHEMA app; CREATE TABLE app._prisma_migrations (LIKE public._prisma_migrations);`
  const groups = (table: string) =>
    target.sql(`SELECT history_schema, migration FROM slipway.${table} ORDER BY 2, 1`)

  test('belong to the history with their migration or table, or else to the one that upgrades', async () => {
    await target.sql(`${HISTORY}
      INSERT INTO public._prisma_migrations VALUES ('1_both', now(), NULL), ('2_public', now(), NULL);
      INSERT INTO app._prisma_migrations VALUES ('1_both', NULL, NULL), ('3_app', now(), NULL);
      ${LEDGER_MIGRATIONS[0]?.sql({ history: 'app', histories: [] })}
      INSERT INTO slipway.ledger VALUES (1);
      INSERT INTO slipway.journal VALUES ('1_both', 'up', 1, 'c'), ('4_none', 'up', 1, 'c');
      INSERT INTO slipway.receipt (command, migration, attempts, ms)
        SELECT 'deploy', m, 1, 1 FROM unnest(ARRAY['1_both', '2_public', '3_app']) AS m;
      INSERT INTO slipway.catalog_state VALUES (true, 'h', 'm', 'f', '{}');
      CREATE TABLE slipway.seed_row (seed text, relation text, key jsonb, PRIMARY KEY (seed, relation, key));
      INSERT INTO slipway.seed_row VALUES ('base', 'public.plan', '[1]'), ('base', 'app.plan', '[1]'), ('base', 'other.plan', '[1]');`)
    await onTarget(upgradeLedger, 'app')
    expect(await groups('journal')).toEqual([
      { history_schema: 'app', migration: '1_both' },
      { history_schema: 'app', migration: '4_none' },
    ])
    expect(await groups('receipt')).toEqual([
      { history_schema: 'app', migration: '1_both' },
      { history_schema: 'public', migration: '2_public' },
      { history_schema: 'app', migration: '3_app' },
    ])
    expect(
      await target.sql('SELECT history_schema, relation FROM slipway.seed_row ORDER BY 2'),
    ).toEqual([
      { history_schema: 'app', relation: 'app.plan' },
      { history_schema: 'app', relation: 'other.plan' },
      { history_schema: 'public', relation: 'public.plan' },
    ])
    expect(await target.sql('SELECT FROM slipway.schema_state')).toEqual([])
  })
})
