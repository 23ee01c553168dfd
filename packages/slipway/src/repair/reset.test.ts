import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTarget, migration, type TestTarget, workOn } from '../../test/target.ts'
import { withSession } from '../database/index.ts'
import { deploy } from '../deploy/index.ts'
import { reset, type ResetRequest } from './index.ts'

const HISTORY = [
  migration(
    '1_init',
    'CREATE TABLE customer (id integer PRIMARY KEY); CREATE SCHEMA "Own Billing";',
  ),
  migration('2_billing', 'CREATE TABLE "Own Billing".invoice (id integer PRIMARY KEY);'),
]

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  await target.sql(
    'CREATE SCHEMA other_team; CREATE TABLE other_team.kept (id integer); CREATE EXTENSION citext',
  )
  await deploy({ ...target.request(HISTORY), consent: { confirm: undefined }, acceptDrift: false })
  await target.sql('INSERT INTO customer VALUES (1); CREATE TABLE by_hand (id integer)')
})
afterEach(() => target.drop())

function request(changes: Partial<ResetRequest> = {}): ResetRequest {
  return {
    ...target.request(HISTORY),
    environment: 'development',
    consent: { confirm: target.name },
    ...changes,
  }
}

test('drops the objects of the project and deploys them again', async () => {
  const outcome = await reset(request())
  expect(outcome.dropped).toEqual(['Own Billing', 'public'])
  expect(outcome.deploy.receipts.map(({ status }) => status)).toEqual(['done', 'done'])
  expect(await target.sql('SELECT count(*)::int AS customers FROM customer')).toEqual([
    { customers: 0 },
  ])
  expect(await target.sql(`SELECT to_regclass('by_hand') AS gone`)).toEqual([{ gone: null }])
  expect(
    await target.sql(`SELECT to_regclass('other_team.kept') AS kept, to_regtype('citext') AS type`),
  ).toEqual([{ kept: 'other_team.kept', type: 'citext' }])
  const usage = `SELECT has_schema_privilege('pg_monitor', 'public', 'USAGE') AS usage`
  expect(await target.sql(usage)).toEqual([{ usage: true }])
})

test('names the kept data that it drops, before it asks and in its result', async () => {
  const destroys = [...HISTORY, migration('3_destroys', 'DROP TABLE customer;')]
  const work = { ...target.request(destroys), consent: { confirm: undefined }, acceptDrift: true }
  expect((await deploy(work)).failure).toBeUndefined()
  const asked: unknown[] = []
  const said: unknown[] = []
  const emit: ResetRequest['emit'] = (event) => said.push(event)
  const consent = {
    confirm: undefined,
    ask: async (question: unknown) => asked.push(question) === 0,
  }
  const again = { ...request({ consent, emit }), migrations: destroys }
  await expect(reset(again)).rejects.toMatchObject({ failure: { code: 'REPAIR.RESET_DECLINED' } })
  const what = ['all data of the project', 'kept data of table customer']
  const data = [{ what: 'object', object: { kind: 'table', schema: null, name: 'customer' } }]
  const dropped = [{ what: 'project' }, { what: 'kept-data', data }]
  expect(asked).toEqual([{ database: target.name, destroys: dropped }])
  const message = `This drops ${what.join(' and ')}.`
  expect(said).toContainEqual({ kind: 'notice', message })
  await expect(reset({ ...again, consent: { confirm: undefined } })).rejects.toMatchObject({
    failure: { message: `A reset drops ${what.join(' and ')} in ${target.name}.` },
  })
  expect(await target.sql('SELECT count(*)::int AS n FROM slipway.kept')).toEqual([{ n: 1 }])
  const outcome = await reset({ ...request(), migrations: destroys })
  expect(outcome.droppedKept).toMatchObject([{ kind: 'table', table: { name: 'customer' } }])
})

test.each([
  ['a protected database', { protected: true }],
  ['staging', { environment: 'staging' }],
  ['a protected development', { protected: true, environment: 'development' }],
])('refuses %s, whatever the consent', async (_, changes) => {
  await expect(reset(request(changes))).rejects.toMatchObject({
    failure: { code: 'REPAIR.RESET_REFUSED' },
  })
  expect(await target.sql('SELECT id FROM customer')).toEqual([{ id: 1 }])
})

test('needs consent by the name of the database, and can be declined', async () => {
  for (const consent of [{ confirm: undefined }, { confirm: 'another' }]) {
    await expect(reset(request({ consent }))).rejects.toMatchObject({
      failure: { code: 'REPAIR.RESET_NOT_CONFIRMED' },
    })
  }
  const declined = reset(request({ consent: { confirm: undefined, ask: async () => false } }))
  await expect(declined).rejects.toMatchObject({ failure: { code: 'REPAIR.RESET_DECLINED' } })
  expect(await target.sql('SELECT id FROM customer')).toEqual([{ id: 1 }])
})

test('an embedded database is reset without asking', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway-reset-'))
  const address = { kind: 'embedded' as const, dataDir: path.join(folder, 'database') }
  const work = workOn(address, HISTORY)
  await withSession(address, {}, (session) => session.execute('CREATE TABLE by_hand (id integer)'))
  const outcome = await reset({
    ...work,
    environment: 'development',
    consent: { confirm: undefined },
  })
  expect(outcome.deploy.receipts).toHaveLength(2)
  rmSync(folder, { recursive: true })
})
