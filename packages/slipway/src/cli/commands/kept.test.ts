import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { runCli } from '../../../test/cli-in-process.ts'
import { addMigration, writeProject } from '../../../test/project.ts'
import { createTarget, shareImages, type TestTarget } from '../../../test/target.ts'

const INIT = {
  name: '1_init',
  sql: 'CREATE TABLE customer (id integer PRIMARY KEY, name text); CREATE TABLE note (id integer);',
}
const DESTROYS = {
  name: '2_destroys',
  sql: 'DROP TABLE note; ALTER TABLE customer DROP COLUMN name;',
}

let root: string
let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  root = writeProject([INIT])
  shareImages(root)
  writeFileSync(
    join(root, 'slipway.config.ts'),
    "export default { environments: { production: { url: 'env:DATABASE_URL', keep: '1d' } } }\n",
  )
  await slipway(['deploy'])
  await target.sql(
    "INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bob'); INSERT INTO note VALUES (7)",
  )
  addMigration(root, DESTROYS)
  return async () => {
    await target.drop()
    rmSync(root, { recursive: true })
  }
})

interface KeptItem {
  readonly id: number
  readonly object: string
  readonly rows: number | null
  readonly state: string
  readonly keptAt: string
  readonly expiresAt: string
}

async function slipway(args: readonly string[], now = Date.now()) {
  const env = { DATABASE_URL: target.url }
  const argv = [...args, '--env', 'production', '--json']
  const run = await runCli(argv, { cwd: root, env, now: () => now })
  const { result, failure, findings } = JSON.parse(run.stdout) as {
    result: { kept?: KeptItem[] }
    failure: { code: string } | null
    findings: { id: string; message: string }[]
  }
  return { exitCode: run.exitCode, kept: result?.kept ?? [], code: failure?.code, findings }
}

const NOTE = {
  id: 1,
  object: 'table note',
  data: [{ what: 'object', object: { kind: 'table', schema: null, name: 'note' } }],
  state: 'kept',
}
const NAME = { id: 2, object: 'column customer.name', rows: 2, state: 'kept' }

async function destroyed(...flags: readonly string[]) {
  return await slipway(['deploy', '--confirm', target.name, ...flags])
}

test('destroyed data is reported, listed, and can be restored if its table exists', async () => {
  expect(await destroyed()).toMatchObject({ exitCode: 0, kept: [NOTE, NAME] })
  const listed = await slipway(['kept', 'list'])
  expect(listed).toMatchObject({ exitCode: 0, kept: [NOTE, NAME] })
  const [note] = listed.kept
  expect(Date.parse(note?.expiresAt ?? '') - Date.parse(note?.keptAt ?? '')).toBe(24 * 3_600_000)
  expect(await slipway(['kept', 'restore', '1'])).toMatchObject({
    exitCode: 2,
    code: 'SAFEKEEPING.NO_PLACE',
  })
  expect(await slipway(['kept', 'restore', '9'])).toMatchObject({ code: 'SAFEKEEPING.UNKNOWN' })
  await target.sql('CREATE TABLE note (id integer); INSERT INTO note VALUES (8)')
  const back = await slipway(['kept', 'restore', '1'])
  expect(back).toMatchObject({ exitCode: 0, kept: [{ id: 1, state: 'restored' }] })
  expect(await target.sql('SELECT id FROM note ORDER BY 1')).toEqual([{ id: 7 }, { id: 8 }])
  expect(await slipway(['kept', 'list'])).toMatchObject({ kept: [NAME] })
  await target.sql('DELETE FROM note WHERE id = 7')
  const again = await slipway(['kept', 'restore', '1'])
  expect(again).toMatchObject({ exitCode: 0, findings: [{ id: 'restored-before' }] })
  expect(await target.sql('SELECT id FROM note')).toEqual([{ id: 8 }])
})

test('expired data is pruned; pruning earlier needs --confirm', async () => {
  await destroyed()
  expect(await slipway(['kept', 'prune'])).toMatchObject({ exitCode: 0, kept: [] })
  const sooner = ['kept', 'prune', '--all']
  expect(await slipway(sooner)).toMatchObject({ code: 'DEPLOY.CONSENT_NEEDED' })
  expect(await slipway(['kept', 'prune', '--older-than', 'soon'])).toMatchObject({
    code: 'CLI.FLAG_VALUE',
  })
  // The server's clock decides, and the difference to the clock of this machine is reported.
  const skewed = await slipway(['kept', 'prune'], Date.now() + 30 * 24 * 3_600_000)
  expect(skewed).toMatchObject({ exitCode: 0, kept: [], findings: [{ id: 'clock-skew' }] })
  expect(skewed.findings[0]?.message).toContain('30 days ahead of the server')
  await target.sql("UPDATE slipway.kept SET kept_at = kept_at - interval '25 hours'")
  const due = await slipway(['kept', 'prune'])
  expect(due).toMatchObject({ exitCode: 0, kept: [NOTE, NAME], findings: [] })
  expect(await slipway(['kept', 'list'])).toMatchObject({ kept: [] })
  const tables = await target.sql("SELECT relname FROM pg_class WHERE relname ~ '^_?kept_\\d'")
  expect(tables).toEqual([])
})

test('the human list says which rows were not counted, and a prune that drops nothing says why', async () => {
  const person = async (...args: string[]) =>
    (
      await runCli([...args, '--env', 'production'], {
        cwd: root,
        env: { DATABASE_URL: target.url },
      })
    ).stdout
  expect(await person('kept', 'prune')).toContain('There is no kept data on ')
  await destroyed()
  expect(await person('kept', 'list')).toMatch(/table note +not counted /)
  const prune = await person('kept', 'prune')
  expect(prune).toMatch(/Nothing to prune on .*: none of the 2 kept entries is older than 1 day\./)
  const all = await person('kept', 'prune', '--all', '--confirm', target.name)
  expect(all).toMatch(/Pruned 2 on .*, 0 still kept\./)
})

test('a rollback restores it, and reports it', async () => {
  await destroyed()
  const back = await slipway(['rollback', '--confirm', target.name])
  expect(back).toMatchObject({ exitCode: 0, kept: [{ state: 'restored' }, { state: 'restored' }] })
  expect(await target.sql('SELECT name FROM customer ORDER BY id')).toEqual([
    { name: 'Ann' },
    { name: 'Bob' },
  ])
})

test('the human report distinguishes `1 row` and `2 rows`', async () => {
  await destroyed()
  const argv = ['rollback', '--env', 'production', '--confirm', target.name]
  const { stdout } = await runCli(argv, { cwd: root, env: { DATABASE_URL: target.url } })
  expect(stdout).toMatch(/Restored table note +1 row$/m)
  expect(stdout).toMatch(/Restored column customer\.name +2 rows$/m)
})

test('--no-keep keeps nothing; data that cannot be kept is reported', async () => {
  expect(await destroyed('--no-keep')).toMatchObject({ exitCode: 0, kept: [] })
  const sql = `DO $$ BEGIN ALTER TABLE customer DISABLE TRIGGER USER; DELETE FROM customer;
    ALTER TABLE customer ENABLE TRIGGER USER; END $$;`
  addMigration(root, { name: '3_code', sql })
  const deploying = ['deploy', '--confirm', target.name]
  // --confirm covers only data that the plan announced, and these rows were not announced.
  expect(await slipway(deploying)).toMatchObject({ exitCode: 4, kept: [] })
  expect(await slipway([...deploying, '--accept', 'unannounced'])).toMatchObject({
    exitCode: 0,
    findings: [{ id: 'not-kept' }],
  })
})
