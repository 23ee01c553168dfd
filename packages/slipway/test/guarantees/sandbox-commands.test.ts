import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { needsSuperuser } from '../../src/shadow/postgres/superuser.ts'
import { runCli } from '../cli-in-process.ts'
import { attempts } from '../hostile.ts'
import { addMigration, writeProject } from '../project.ts'
import { createTarget, type TestTarget } from '../target.ts'

// The commands that run migrations on a shadow database. One migration makes all attempts one after the other,
// ignores refusals, and records whatever it has read.

const CANARY = 'canary-in-a-file'
const PASSWORD = 'canary-in-the-environment'

let folder: string
let root: string
let target: TestTarget

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'slipway-prey-'))
  chmodSync(folder, 0o777)
  writeFileSync(path.join(folder, 'canary'), CANARY, { mode: 0o644 })
  target = await createTarget()
})

afterAll(async () => {
  rmSync(folder, { recursive: true })
  rmSync(root, { recursive: true, force: true })
  await target.drop()
})

/** A block that makes all attempts of a kind and ends with an error that contains everything it has read. */
async function everything(needs: 'superuser' | 'nothing'): Promise<string> {
  const prey = { file: path.join(folder, 'canary'), folder }
  const all = attempts(prey)
    .filter(({ ends }) => ends === '42501')
    .flatMap(({ sql }) => sql)
  const marked = await Promise.all(
    all.map(async (sql) => ({
      sql,
      needs: (await needsSuperuser([sql])) || /EXTENSION/.test(sql),
    })),
  )
  const tried = marked
    .filter((one) => one.needs === (needs === 'superuser'))
    .map(({ sql }) => sql)
    .map(
      (sql) =>
        `BEGIN EXECUTE $x$${sql}$x$ INTO found; seen := seen || coalesce(found, ''); EXCEPTION WHEN OTHERS THEN NULL; END;`,
    )
  return `DO $all$ DECLARE found text; seen text := 'seen: '; BEGIN ${tried.join('\n')} RAISE EXCEPTION '%', seen; END $all$;`
}

async function slipway(...argv: string[]) {
  const env = { DATABASE_URL: `postgresql://app:${PASSWORD}@127.0.0.1:1/app` }
  const run = await runCli([...argv, '--no-interactive'], { cwd: root, env })
  expect(run.stdout + run.stderr).not.toContain(CANARY)
  expect(run.stdout + run.stderr).not.toContain(PASSWORD)
  expect(existsSync(path.join(folder, 'left'))).toBe(false)
  return run
}

/** The error of a block that has read nothing. */
const NOTHING = /seen: (?:\.|$)/m

const FIRST = { name: '20260101000000_init', sql: 'CREATE TABLE a (id integer PRIMARY KEY);\n' }
const MODEL = 'model a {\n  id Int @id\n  n  Int?\n}\n'

test.each([
  ['check', ['check'], 'nothing', NOTHING],
  ['create', ['create', 'add_n'], 'nothing', NOTHING],
  ['squash', ['squash', 'all'], 'nothing', NOTHING],
  // The embedded database has a superuser, but nothing that it could reach.
  ['check', ['check'], 'superuser', NOTHING],
] as const)(
  '%s %j reads nothing and leaves nothing: SQL that needs %s',
  async (_name, argv, needs, said) => {
    root = writeProject(
      [FIRST, { name: '20260102000000_all', sql: await everything(needs) }],
      MODEL,
    )
    writeFileSync(path.join(root, 'slipway.config.ts'), `export default { shadowTimeout: '20s' }\n`)
    const run = await slipway(...argv)
    expect(run.exitCode).not.toBe(0)
    expect(run.stdout + run.stderr).toMatch(said)
    rmSync(root, { recursive: true })
  },
)

test('a rollback tests a hostile down.sql on a shadow database, and runs nothing on the target', async () => {
  const down = `${await everything('nothing')}\nDROP TABLE b;\n`
  root = writeProject([FIRST])
  addMigration(root, { name: '20260102000000_b', sql: 'CREATE TABLE b (id integer);\n', down })
  expect((await runCli(['deploy', '--url', target.url], { cwd: root })).exitCode).toBe(0)
  const before = await target.fingerprint()
  const run = await runCli(['rollback', '--url', target.url, '-y', '--no-interactive'], {
    cwd: root,
  })
  expect(run.exitCode).not.toBe(0)
  expect(run.stdout + run.stderr).not.toContain(CANARY)
  expect(existsSync(path.join(folder, 'left'))).toBe(false)
  expect(await target.fingerprint()).toEqual(before)
})

test('an endless loop is stopped: check names the limit and how to change it', async () => {
  root = writeProject([FIRST])
  addMigration(root, { name: '20260102000000_loop', sql: 'DO $$ BEGIN LOOP END LOOP; END $$;\n' })
  writeFileSync(path.join(root, 'slipway.config.ts'), `export default { shadowTimeout: '2s' }\n`)
  const run = await slipway('check')
  expect(run.exitCode).toBe(4)
  expect(run.stdout + run.stderr).toMatch(/runs longer than 2\.0 s/)
  const more = await slipway('create', 'next')
  expect(more.exitCode).toBe(2)
  expect(more.stdout + more.stderr).toMatch(/SHADOW\.LIMIT_EXCEEDED/)
  expect(more.stdout + more.stderr).toMatch(/shadowTimeout/)
})
