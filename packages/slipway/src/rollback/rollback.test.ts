import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { runFiles } from '../../test/dump.ts'
import { createTarget, migration, type TestMigration, type TestTarget } from '../../test/target.ts'
import { deploy } from '../deploy/index.ts'
import { ConnectionString } from '../kernel/index.ts'
import { type Announcement, rollback, type RollbackRequest } from './index.ts'

const INIT = migration('1_init', 'CREATE TABLE customer (id integer PRIMARY KEY, name text);')
const EMAIL = migration('2_email', 'ALTER TABLE customer ADD COLUMN email text;')
const NOTE = migration('3_note', 'CREATE TABLE note (id integer PRIMARY KEY);', 'DROP TABLE note;')
const ALL = [INIT, EMAIL, NOTE]
const ONE = { kind: 'steps' as const, steps: 1 }

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  return () => target.drop()
})

async function deployed(migrations: readonly TestMigration[]) {
  const consent = { confirm: undefined }
  const outcome = await deploy({ ...target.request(migrations), consent, acceptDrift: false })
  expect(outcome.failure).toBeUndefined()
}

async function rolledBack(
  migrations: readonly TestMigration[],
  extent: RollbackRequest['extent'],
  changes: Partial<RollbackRequest> = {},
) {
  return await rollback({
    ...target.request(migrations),
    consent: { confirm: undefined },
    extent,
    acceptUnproven: false,
    announce: () => {},
    ...changes,
  })
}

async function living() {
  const rows = await target.sql(
    'SELECT migration_name AS name FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY 1',
  )
  return rows.map(({ name }) => name)
}

describe('the extent', () => {
  test('is a number of steps or the migration that stays, and ends at the first migration', async () => {
    await deployed(ALL)
    const back = await rolledBack(ALL, { kind: 'to', migration: '1_init' })
    expect(back.receipts.map(({ migration: name, status }) => [name, status])).toEqual([
      ['3_note', 'done'],
      ['2_email', 'done'],
    ])
    expect(back.downs.map(({ origin }) => origin)).toEqual(['file', 'written'])
    expect(back).toMatchObject({ testRun: { kind: 'proven' }, verification: { verified: true } })
    expect(await living()).toEqual(['1_init'])
    await expect(rolledBack(ALL, { kind: 'steps', steps: 2 })).rejects.toMatchObject({
      failure: {
        code: 'ROLLBACK.TOO_MANY_STEPS',
        message: 'Cannot roll back 2 migrations: only one is applied on this database.',
        nextActions: [{ args: ['status'] }, { args: ['rollback', '--steps', '1'] }],
      },
    })
    expect(await living()).toEqual(['1_init'])
    await rolledBack(ALL, { kind: 'steps', steps: 1 })
    expect(await living()).toEqual([])
    expect((await target.fingerprint()).objects).toEqual({})
    const nothing = { failure: { code: 'ROLLBACK.NOTHING' } }
    await expect(rolledBack(ALL, ONE)).rejects.toMatchObject(nothing)
    await deployed(ALL)
    expect(await living()).toEqual(['1_init', '2_email', '3_note'])
  })

  test('must name an applied migration; after the last one there is nothing to do', async () => {
    await deployed([INIT, EMAIL])
    const to = (name: string) => rolledBack(ALL, { kind: 'to', migration: name })
    await expect(to('3_note')).rejects.toMatchObject({
      failure: { code: 'ROLLBACK.UNKNOWN_MIGRATION' },
    })
    const again = await to('2_email')
    expect(again).toMatchObject({ downs: [], receipts: [], kept: [] })
    expect(again.failure).toBeUndefined()
    expect(await living()).toEqual(['1_init', '2_email'])
  })
})

describe('a handwritten down.sql is tested before the target is touched', () => {
  const refused = (down: string) => [INIT, { ...EMAIL, down }]

  test('one that fails is refused with its position', async () => {
    const migrations = refused('SELECT 1;\nALTER TABLE customer DROP COLUMN emial;\n')
    await deployed(migrations)
    const before = await target.fingerprint()
    await expect(rolledBack(migrations, ONE)).rejects.toMatchObject({
      failure: {
        code: 'ROLLBACK.DOWN_FAILS',
        why: expect.stringContaining('emial'),
        where: { line: 2 },
      },
    })
    expect(await target.fingerprint()).toEqual(before)
    expect(await living()).toEqual(['1_init', '2_email'])
  })

  test('one that does not restore the schema is refused, and the object is named', async () => {
    const migrations = refused('ALTER TABLE customer RENAME COLUMN email TO mail;')
    await deployed(migrations)
    const before = await target.fingerprint()
    await expect(rolledBack(migrations, ONE)).rejects.toMatchObject({
      failure: {
        code: 'ROLLBACK.DOWN_INCOMPLETE',
        message: expect.stringContaining('column customer.mail'),
        nextActions: [{ kind: 'edit', label: 'complete it' }, { kind: 'slipway' }],
      },
    })
    expect(await target.fingerprint()).toEqual(before)
    const accepted = await rolledBack(migrations, ONE, { acceptUnproven: true })
    expect(accepted.receipts).toMatchObject([{ status: 'done' }])
    expect(await living()).toEqual(['1_init'])
  })

  test('one that does not parse is refused', async () => {
    const migrations = refused('DORP TABLE customer;')
    await deployed(migrations)
    await expect(rolledBack(migrations, ONE)).rejects.toMatchObject({
      failure: { code: 'STATEMENTS.SYNTAX' },
    })
    expect(await living()).toEqual(['1_init', '2_email'])
  })
})

test('a written down migration that fails is refused, with the file to write by hand', async () => {
  const kept = migration(
    '1_init',
    "CREATE TABLE kind (id integer, name text NOT NULL); INSERT INTO kind VALUES (1, 'a');",
  )
  const dropped = migration('2_dropped', 'ALTER TABLE kind DROP COLUMN name;')
  await deployed([kept, dropped])
  await expect(rolledBack([kept, dropped], ONE)).rejects.toMatchObject({
    failure: {
      code: 'ROLLBACK.DOWN_FAILS',
      where: { file: 'down migration of 2_dropped' },
      nextActions: [
        { kind: 'advice', label: expect.stringContaining('Write 2_dropped/down.sql by hand') },
        { args: ['rollback', '--accept', 'unproven'] },
      ],
    },
  })
})

test('decisions that depend on rows are announced; a refusal by the server changes nothing', async () => {
  const loosened = migration('2_loosened', 'ALTER TABLE customer ALTER COLUMN name DROP NOT NULL;')
  const strict = migration('1_init', 'CREATE TABLE customer (id integer, name text NOT NULL);')
  const migrations = [strict, loosened]
  await deployed(migrations)
  await target.sql('INSERT INTO customer VALUES (1, NULL)')
  const before = await target.fingerprint()
  let announced: readonly Announcement[] = []
  const announce: RollbackRequest['announce'] = (downs) =>
    (announced = downs.flatMap((down) => down.announced))
  const failed = await rolledBack(migrations, ONE, { announce })
  expect(announced).toEqual([
    {
      kind: 'choice',
      object: { kind: 'column', schema: null, table: 'customer', name: 'name' },
      message: 'becomes NOT NULL: rows that contain NULL make this fail',
    },
  ])
  expect(failed.failure).toMatchObject({
    code: 'ROLLBACK.VALUE_NEEDED',
    message: '1 row of customer has no value for the column name.',
    why: 'It runs as one transaction, which was rolled back: the database is as it was before.',
    nextActions: [{ args: ['rollback', '--fill', 'customer.name=<value>'] }],
  })
  expect(failed.receipts).toMatchObject([{ status: 'failed' }])
  expect(await target.fingerprint()).toEqual(before)
  expect(await living()).toEqual(['1_init', '2_loosened'])
})

test('if several columns need a value, the printed command repeats the given ones', async () => {
  const strict = migration(
    '1_init',
    'CREATE TABLE customer (id integer, name text NOT NULL, fax text NOT NULL);',
  )
  const dropped = migration('2_dropped', 'ALTER TABLE customer DROP COLUMN name, DROP COLUMN fax;')
  await deployed([strict, dropped])
  await target.sql('INSERT INTO customer VALUES (1)')
  const fills = [{ table: { name: 'customer' }, column: 'fax', value: 'no fax' }]
  const failed = await rolledBack([strict, dropped], ONE, { fills })
  expect(failed.failure).toMatchObject({
    message: '1 row of customer has no value for the column name.',
    nextActions: [
      { args: ['rollback', '--fill', 'customer.fax=no fax', '--fill', 'customer.name=<value>'] },
    ],
  })
  expect(failed.failure?.server).toBeUndefined()
})

test('a failure after some steps names these, and the command for the remaining ones', async () => {
  const strict = migration('1_init', 'CREATE TABLE customer (id integer, name text NOT NULL);')
  const loosened = migration('2_loosened', 'ALTER TABLE customer ALTER COLUMN name DROP NOT NULL;')
  const migrations = [strict, loosened, NOTE]
  await deployed(migrations)
  await target.sql('INSERT INTO customer VALUES (1, NULL)')
  const failed = await rolledBack(migrations, { kind: 'steps', steps: 3 })
  expect(failed.receipts.map(({ status }) => status)).toEqual(['done', 'failed', 'not-run'])
  expect(failed.failure).toMatchObject({
    code: 'ROLLBACK.VALUE_NEEDED',
    why: expect.stringMatching(
      /as it was before\. 1 migration was rolled back before it and remains rolled back\./,
    ),
    nextActions: [{ args: ['rollback', '--steps', '2', '--fill', 'customer.name=<value>'] }],
  })
  expect(await living()).toEqual(['1_init', '2_loosened'])
  await target.sql("UPDATE customer SET name = 'x'")
  const rest = await rolledBack(migrations, { kind: 'steps', steps: 2 })
  expect(rest.receipts.map(({ status }) => status)).toEqual(['done', 'done'])
})

test('a rollback that stopped in the middle is continued by the printed command', async () => {
  const strict = migration('1_init', 'CREATE TABLE customer (id integer, name text NOT NULL);')
  const loosened = migration(
    '2_loosened',
    'ALTER TABLE customer ALTER COLUMN name DROP NOT NULL; CREATE INDEX by_name ON customer (name);',
    'DROP INDEX CONCURRENTLY by_name;\nALTER TABLE customer ALTER COLUMN name SET NOT NULL;',
  )
  const migrations = [strict, loosened]
  await deployed(migrations)
  await target.sql('INSERT INTO customer VALUES (1, NULL)')
  const failed = await rolledBack(migrations, ONE)
  expect(failed.failure).toMatchObject({
    code: 'DEPLOY.INCOMPLETE',
    message: '1 row of customer has no value for the column name.',
    nextActions: [{ args: ['rollback', '--fill', 'customer.name=<value>'] }, { args: ['repair'] }],
  })
  const fills = [{ table: { name: 'customer' }, column: 'name', value: 'x' }]
  expect((await rolledBack(migrations, ONE, { fills })).failure).toBeUndefined()
  expect(await living()).toEqual(['1_init'])
})

test('values are reported as kept although the down migration updates a table with the same name', async () => {
  const init = migration(
    '1_init',
    'CREATE SCHEMA other; CREATE TABLE note (x text); CREATE TABLE other.note (x text);',
  )
  const change = migration('2_change', "UPDATE note SET x = 'b';", "UPDATE other.note SET x = 'c';")
  await deployed([init])
  await target.sql("INSERT INTO note VALUES ('a')")
  await deployed([init, change])
  await target.sql('DROP TABLE note')
  const back = await rolledBack([init, change], ONE, { acceptUnproven: true })
  expect(back).toMatchObject({
    kept: [{ state: 'kept' }],
    failure: { code: 'ROLLBACK.STILL_KEPT' },
  })
})

test.each([
  [
    'what was not restored',
    'migration-done',
    'ALTER TABLE slipway.attribute RENAME TO hidden; CREATE VIEW slipway.attribute AS SELECT 1 / 0 AS id;',
  ],
  ['the schema', 'phase', "UPDATE pg_constraint SET conbin = NULL WHERE conname = 'positive';"],
])('a rollback that cannot read %s afterwards says so', async (_what, moment, sql) => {
  const init = migration(
    '1_init',
    'CREATE TABLE customer (id integer CONSTRAINT positive CHECK (id > 0));',
  )
  await deployed([init, EMAIL])
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'slipway-')), 'break.sql')
  writeFileSync(file, `SET allow_system_table_mods = on; ${sql}`)
  const emit: RollbackRequest['emit'] = (event) => {
    const isNow = event.kind === moment && (event.kind !== 'phase' || event.phase === 'verify')
    if (isNow) runFiles(target.url, [file])
  }
  const back = await rolledBack([init, EMAIL], ONE, { emit })
  rmSync(path.dirname(file), { recursive: true })
  expect(back.receipts).toMatchObject([{ status: 'done' }])
  expect(back.failure).toMatchObject({ code: 'DEPLOY.VERIFY_FAILED' })
})

test('the schema after an unproven rollback is not recorded as the result of the history', async () => {
  const two = migration(
    '2_two',
    'ALTER TABLE customer ADD COLUMN age integer; CREATE TABLE more (id integer PRIMARY KEY);',
    'DROP TABLE more;',
  )
  await deployed([INIT, two])
  await rolledBack([INIT, two], ONE, { acceptUnproven: true })
  const next = migration('2_other', 'CREATE TABLE other (id integer PRIMARY KEY);')
  const again = {
    ...target.request([INIT, next]),
    consent: { confirm: undefined },
    acceptDrift: false,
  }
  await expect(deploy(again)).rejects.toMatchObject({ failure: { code: 'DEPLOY.DRIFT' } })
  await target.sql('ALTER TABLE customer DROP COLUMN age')
  expect(await deploy(again)).toMatchObject({ receipts: [{ status: 'done' }] })
})

test('a down migration that could not be written is not run, whatever is accepted', async () => {
  const enums = `CREATE TYPE mood AS ENUM ('a', 'b'); CREATE DOMAIN moods AS mood[]; CREATE TABLE p (ms moods);`
  const history = [
    INIT,
    migration('2_moods', enums),
    migration(
      '3_more',
      `ALTER TYPE mood RENAME VALUE 'b' TO 'bb'; ALTER TYPE mood ADD VALUE 'z' BEFORE 'a';`,
    ),
  ]
  await deployed(history)
  const before = await target.fingerprint()
  await expect(rolledBack(history, ONE, { acceptUnproven: true })).rejects.toMatchObject({
    failure: {
      code: 'ROLLBACK.DOWN_INCOMPLETE',
      message: 'There is no down migration for 3_more: Slipway could not write one.',
    },
  })
  expect(await target.fingerprint()).toEqual(before)
})

test('code that commits itself needs consent on a protected target, also in a down migration', async () => {
  const down = 'DO $$ BEGIN ALTER TABLE customer DROP COLUMN age; COMMIT; END $$;'
  const history = [INIT, migration('2_age', 'ALTER TABLE customer ADD COLUMN age integer;', down)]
  await deployed(history)
  const before = await target.fingerprint()
  await expect(rolledBack(history, ONE, { protected: true })).rejects.toMatchObject({
    failure: { code: 'DEPLOY.CONSENT_NEEDED' },
  })
  expect(await target.fingerprint()).toEqual(before)
})

test('drift that the migration does not touch is reported and remains', async () => {
  await deployed(ALL)
  await target.sql('CREATE INDEX by_hand ON customer (name)')
  const back = await rolledBack(ALL, ONE)
  expect(back.receipts).toMatchObject([{ status: 'done' }])
  expect(back.failure).toMatchObject({
    code: 'ROLLBACK.NOT_RESTORED',
    message: expect.stringContaining('by_hand'),
  })
  expect(await living()).toEqual(['1_init', '2_email'])
})

describe('a proof that this machine remembers', () => {
  let proven: { readonly shadow: RollbackRequest['shadow'] }
  const nowhere = new ConnectionString('postgresql://nobody@127.0.0.1:1/none')

  beforeEach(async () => {
    const cacheDir = mkdtempSync(path.join(tmpdir(), 'slipway-proofs-'))
    const history = [INIT, NOTE]
    await deployed(history)
    const first = await rolledBack(history, ONE, { shadow: { dialect: 'postgres', cacheDir } })
    expect(first.testRun).toEqual({ kind: 'proven' })
    await deployed(history)
    proven = { shadow: { dialect: 'postgres', cacheDir, named: nowhere } }
    return () => rmSync(cacheDir, { recursive: true })
  })

  test('needs no shadow database if no file has changed', async () => {
    const again = await rolledBack([INIT, NOTE], ONE, proven)
    expect(again).toMatchObject({ testRun: { kind: 'proven' }, verification: { verified: true } })
    expect(again.failure).toBeUndefined()
    expect(await living()).toEqual(['1_init'])
  })

  test.each([
    ['another down migration', [INIT, { ...NOTE, down: 'DROP TABLE note CASCADE;' }]],
    ['another history', [INIT, EMAIL, NOTE]],
    ['another project', [INIT, NOTE, migration('4_more', 'CREATE TABLE more ();')]],
  ])('does not apply to %s', async (_, migrations) => {
    if (migrations.includes(EMAIL)) {
      await target.sql(
        `DELETE FROM _prisma_migrations WHERE migration_name = '3_note'; DROP TABLE note`,
      )
      await deployed(migrations)
    }
    await expect(rolledBack(migrations, ONE, proven)).rejects.toMatchObject({
      failure: { code: 'DATABASE.UNREACHABLE' },
    })
    expect(await living()).toContain('3_note')
  })

  test('does not hide that the target differs afterwards', async () => {
    await target.sql('ALTER TABLE customer ADD COLUMN by_hand text')
    const shadow = { ...proven.shadow, named: undefined }
    const outcome = await rolledBack([INIT, NOTE], ONE, { shadow })
    expect(outcome.failure).toMatchObject({
      code: 'ROLLBACK.NOT_RESTORED',
      message: expect.stringContaining('column customer.by_hand'),
    })
  })
})

test('an edited or missing migration stops a rollback beforehand', async () => {
  await deployed(ALL)
  const edited = [INIT, EMAIL, { ...NOTE, sql: `${NOTE.sql} SELECT 1;` }]
  await expect(rolledBack(edited, ONE)).rejects.toMatchObject({
    failure: { code: 'HISTORY.EDITED' },
  })
  await expect(rolledBack([INIT, EMAIL], ONE)).rejects.toMatchObject({
    failure: { code: 'HISTORY.MISSING' },
  })
  expect(await living()).toHaveLength(3)
})
