import { beforeEach, expect, test } from 'vitest'
import { createTarget, migration, type TestMigration, type TestTarget } from '../../test/target.ts'
import { rollback } from '../rollback/index.ts'
import { deploy } from './index.ts'

// A cast can truncate or round a value without an error. On a protected target that needs consent, up and
// down.

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  return () => target.drop()
})

const INIT = migration(
  '1_init',
  `CREATE DOMAIN short AS varchar(3); CREATE DOMAIN shorter AS short; CREATE DOMAIN rounded AS numeric(10,1);
   CREATE DOMAIN wide AS text; CREATE DOMAIN odd AS text CHECK (length(VALUE) <> 5);
   CREATE TABLE t (id int PRIMARY KEY, v text, n numeric, w varchar(5), m numeric(6,2), s timestamp(6), d double precision);`,
)
const ROW = `INSERT INTO t VALUES (1, 'abcdef', 1.2345, 'abcde', 1.25, '2026-01-01 10:00:00.123456', 0.1)`

async function deployed(migrations: readonly TestMigration[], isProtected: boolean) {
  const consent = { confirm: undefined }
  const request = { ...target.request(migrations), protected: isProtected, consent }
  return await deploy({ ...request, acceptDrift: false, acceptHazards: ['type-change'] })
}

async function rolledBack(migrations: readonly TestMigration[], confirm?: string) {
  return await rollback({
    ...target.request(migrations),
    protected: true,
    consent: { confirm },
    extent: { kind: 'steps', steps: 1 },
    acceptUnproven: false,
    announce: () => {},
  })
}

const rows = () => target.sql('SELECT to_jsonb(t)::text AS row FROM t')
const NEEDED = { failure: { code: 'DEPLOY.CONSENT_NEEDED' } }

test.each([
  'ALTER v TYPE short USING v::short',
  'ALTER v TYPE shorter USING v::shorter',
  'ALTER n TYPE rounded',
  'ALTER s TYPE timestamp(0)',
])('a deploy of ALTER TABLE t %s needs consent', async (change) => {
  await deployed([INIT], false)
  await target.sql(ROW)
  const before = await rows()
  await expect(
    deployed([INIT, migration('2_cut', `ALTER TABLE t ${change};`)], true),
  ).rejects.toMatchObject(NEEDED)
  expect(await rows()).toEqual(before)
})

test.each([
  ['w TYPE varchar(50)', `UPDATE t SET w = 'longer than five'`],
  ['w TYPE wide', `UPDATE t SET w = 'longer than five'`],
  ['w TYPE odd', `UPDATE t SET w = 'longer than five'`],
  ['m TYPE numeric(8,4)', 'UPDATE t SET m = 9.8765'],
])(
  'a rollback of ALTER TABLE t ALTER %s needs consent if a newer value would be truncated',
  async (change, since) => {
    const history = [INIT, migration('2_wide', `ALTER TABLE t ALTER ${change};`)]
    await deployed([INIT], false)
    await target.sql('INSERT INTO t (id, w, m) VALUES (1, $$abc$$, 1.25)')
    const before = await rows()
    expect(await deployed(history, false)).toMatchObject({ receipts: [{ status: 'done' }] })
    await target.sql(since)
    const now = await rows()
    await expect(rolledBack(history)).rejects.toMatchObject(NEEDED)
    expect(await rows()).toEqual(now)
    await target.sql(`UPDATE t SET w = 'abc', m = 1.25`)
    expect(await rolledBack(history)).toMatchObject({ receipts: [{ status: 'done' }] })
    expect(await rows()).toEqual(before)
  },
)

test('a rollback whose cast the server refuses needs no consent, because it changes nothing', async () => {
  const history = [INIT, migration('2_wide', 'ALTER TABLE t ALTER m TYPE numeric;')]
  await deployed([INIT], false)
  await deployed(history, false)
  await target.sql('INSERT INTO t (id, m) VALUES (1, 123456789), (2, 9.8765)')
  const now = await rows()
  expect(await rolledBack(history)).toMatchObject({ receipts: [{ status: 'failed' }] })
  expect(await rows()).toEqual(now)
})
