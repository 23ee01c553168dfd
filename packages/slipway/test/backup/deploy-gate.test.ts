import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { afterEach, expect } from 'vitest'
import { describeWithPrograms as describe, testWithPrograms as test } from '../client-programs.ts'
import { dumpWhole } from '../dump.ts'
import { addMigration } from '../project.ts'
import {
  backupProject,
  type BackupProject,
  fakeProgram,
  type CommandResult,
  UNRESTORABLE,
  urlOf,
} from './backup-project.ts'

// A deploy creates its backup first, or changes nothing.

const INIT = { name: '1_init', sql: 'CREATE TABLE customer (id int PRIMARY KEY, name text);' }
const DROPS = { name: '2_drops', sql: 'ALTER TABLE customer DROP COLUMN name;' }
const MORE = { name: '3_more', sql: 'CREATE TABLE more (id int);' }

let project: BackupProject
afterEach(() => project.drop())

/** A target with one migration and a row, and a second, pending migration. */
async function shop(settings: string): Promise<BackupProject> {
  project = await backupProject(settings, { migrations: [INIT] })
  const first = await project.slipway('deploy')
  expect(first, first.output).toMatchObject({ exitCode: 0 })
  await project.target.sql(`INSERT INTO customer VALUES (1, 'Ann')`)
  addMigration(project.root, DROPS)
  return project
}

const deployLine = () => `deploy --confirm ${project.target.name}`

/** Puts a script before the real pg_dump on PATH. */
const fakeDump = (script: string) => fakeProgram(project, 'pg_dump', script)

describe.each(['before-deploy', 'verified-before-deploy'])('%s', (policy) => {
  test('creates a backup of the database as it was', async () => {
    const { target, slipway, another } = await shop(`'${policy}'`)
    const before = dumpWhole(target.url)
    const done = await slipway(deployLine())
    expect(done, done.output).toMatchObject({ exitCode: 0 })
    const { backup } = done.result
    expect(backup.verified === null).toBe(policy === 'before-deploy')
    const empty = await another()
    await slipway(`backup restore ${backup.id}`, { url: empty.url })
    expect(dumpWhole(empty.url)).toBe(before)
    const listed = await slipway('backup list')
    const again = await slipway(deployLine())
    expect(again).toMatchObject({ exitCode: 0, result: { backup: null } })
    expect((await slipway('backup list')).result.backups).toEqual(listed.result.backups)
  })

  test.each([
    ['fails', 'echo "pg_dump: error: no memory" >&2; exit 1'],
    ['fails after it has written everything', 'echo all; exit 1'],
    ['is killed', 'echo some; kill -9 $$'],
  ])('changes nothing if pg_dump %s', async (_how, script) => {
    const { target, slipway, files } = await shop(`'${policy}'`)
    const before = dumpWhole(target.url)
    const stored = files()
    const failed = await slipway(deployLine(), { env: fakeDump(script) })
    expect(failed).toMatchObject({ exitCode: 2, failure: { code: 'BACKUP.DUMP_FAILED' } })
    expect(dumpWhole(target.url)).toBe(before)
    expect(files()).toEqual(stored)
  })
})

test('changes nothing if the backup cannot be restored', async () => {
  const { target, slipway } = await shop(`'verified-before-deploy'`)
  await target.sql(UNRESTORABLE)
  const before = dumpWhole(target.url)
  const failed = await slipway(`${deployLine()} --accept drift`)
  expect(failed).toMatchObject({ exitCode: 2, failure: { code: 'APP.BACKUP_UNVERIFIED' } })
  expect(dumpWhole(target.url)).toBe(before)
})

test('changes nothing without a key that opens the backup, or without a store', async () => {
  const recipient = await identityToRecipient(await generateIdentity())
  project = await backupProject(
    `{ when: 'verified-before-deploy', encryption: { recipients: ['${recipient}'] } }`,
    { migrations: [INIT] },
  )
  const { target, slipway, store } = project
  const before = dumpWhole(target.url)
  const locked = await slipway('deploy')
  expect(locked).toMatchObject({ exitCode: 2, failure: { code: 'BACKUP.KEY_NEEDED' } })
  expect(dumpWhole(target.url)).toBe(before)
  rmSync(store, { recursive: true })
  writeFileSync(store, 'a file, where the folder of backups should be')
  const refused = await slipway('deploy')
  expect(refused).toMatchObject({ exitCode: 2, failure: { code: 'BACKUP.STORE_UNAVAILABLE' } })
  expect(dumpWhole(target.url)).toBe(before)
})

test('the backup of a deploy stays while a part of the kept data is not restored', async () => {
  const { target, slipway, create } = await shop(`{ when: 'before-deploy', keep: { last: 1 } }`)
  const { backup } = (await slipway(deployLine())).result
  await target.sql('DELETE FROM customer')
  const back = await slipway(`rollback --confirm ${target.name}`)
  expect(back, back.output).toMatchObject({ exitCode: 0 })
  await create()
  await slipway('backup prune --write')
  expect((await slipway('backup list')).result.backups).toContainEqual(
    expect.objectContaining({ id: backup.id }),
  )
})

test('reports a heartbeat that does not answer', async () => {
  const heartbeat = `{ when: 'before-deploy', notify: { heartbeat: 'http://127.0.0.1:9/secret' } }`
  const { slipway } = await shop(heartbeat)
  const done = await slipway(deployLine())
  expect(done, done.output).toMatchObject({ exitCode: 0 })
  expect(done.output).toMatch(/127\.0\.0\.1/)
  expect(done.output).not.toContain('/secret')
})

describe('maxAge', () => {
  test('a recent backup of the same history is enough', async () => {
    const { target, slipway, create } = await shop(`{ when: 'before-deploy', maxAge: '1h' }`)
    const id = await create()
    const before = dumpWhole(target.url)
    const done = await slipway(deployLine())
    expect(done, done.output).toMatchObject({ exitCode: 0, result: { backup: { id } } })
    // The next migration needs a new backup: the existing one is older than the last deploy.
    addMigration(project.root, MORE)
    const next = await slipway(deployLine())
    expect(next.result.backup.id).not.toBe(id)
    const back = await slipway(`rollback --from-backup --confirm ${target.name}`)
    expect(back.result.backup.id).toBe(next.result.backup.id)
    const twice = await slipway(`rollback --from-backup --confirm ${target.name}`)
    expect(twice, twice.output).toMatchObject({ exitCode: 0, result: { backup: { id } } })
    expect(dumpWhole(target.url)).toBe(before)
    for (const one of [back, twice]) await dropDatabase(replacedBy(one))
  })

  test('an unverified backup is enough only if the policy asks for no verification', async () => {
    const { slipway, create } = await shop(`{ when: 'verified-before-deploy', maxAge: '1h' }`)
    const id = await create()
    const done = await slipway(deployLine())
    expect(done, done.output).toMatchObject({ exitCode: 0 })
    expect(done.result.backup.id).not.toBe(id)
  })

  test('a backup without the rows of a table is enough only if the configuration skips them', async () => {
    const { root, slipway, create } = await shop(`{ when: 'before-deploy', maxAge: '1h' }`)
    await create('--exclude-data public.customer')
    const planned = await slipway('plan')
    expect(planned.result).toMatchObject({ backup: { serves: null } })
    const file = path.join(root, 'slipway.config.ts')
    const config = readFileSync(file, 'utf8')
    writeFileSync(file, config.replace('{ when:', `{ excludeData: ['public.customer'], when:`))
    expect((await slipway('plan')).result).toMatchObject({ backup: { serves: expect.any(String) } })
    writeFileSync(file, config)
    const done = await slipway(deployLine())
    expect(done, done.output).toMatchObject({ exitCode: 0 })
    expect(done.result.backup.excludedData).toEqual([])
  })

  test('a backup that is too old or from the future is not enough', async () => {
    const { slipway, create } = await shop(`{ when: 'before-deploy', maxAge: '1s' }`)
    const id = await create()
    await sleep(2000)
    const done = await slipway(deployLine())
    expect(done.result.backup.id).not.toBe(id)
  })
})

describe('rollback --from-backup', () => {
  test('restores the earlier database, and keeps the current one', async () => {
    const { target, slipway } = await shop(`'before-deploy'`)
    const before = dumpWhole(target.url)
    const done = await slipway(deployLine())
    await target.sql('INSERT INTO customer VALUES (2)')
    const after = dumpWhole(target.url)
    const asked = await slipway('rollback --from-backup')
    expect(asked.exitCode).toBe(2)
    expect(dumpWhole(target.url)).toBe(after)
    const back = await slipway(`rollback --from-backup --confirm ${target.name}`)
    expect(back, back.output).toMatchObject({
      exitCode: 0,
      result: { backup: { id: done.result.backup.id } },
    })
    expect(dumpWhole(target.url)).toBe(before)
    const old = replacedBy(back)
    expect(dumpWhole(urlOf(old))).toBe(after)
    await dropDatabase(old)
    const status = await slipway('status')
    expect(status.output).toContain('2_drops')
  })

  test('never uses a backup of another environment', async () => {
    const { target, root, slipway, another, env } = await shop(`'never'`)
    writeFileSync(
      path.join(root, 'slipway.config.ts'),
      "export default { environments: { production: { url: 'env:DATABASE_URL' }, staging: { url: 'env:STAGING_URL', backup: 'before-deploy' } } }\n",
    )
    const staging = await another()
    env['STAGING_URL'] = staging.url
    const staged = await slipway(`deploy --confirm ${staging.name}`, { environment: 'staging' })
    expect(staged.result.backup.environment).toBe('staging')
    await slipway(deployLine())
    const before = dumpWhole(target.url)
    const refused = await slipway(`rollback --from-backup --confirm ${target.name}`)
    expect(refused).toMatchObject({ exitCode: 2, failure: { code: 'APP.NO_BACKUP_BEFORE' } })
    expect(dumpWhole(target.url)).toBe(before)
  })
})

/** The new name of the replaced database. */
function replacedBy({ findings }: CommandResult): string {
  const names = findings.flatMap(({ message }) => / is now named (\S+)\. /.exec(message)?.[1] ?? [])
  expect(names).toHaveLength(1)
  return names.join('')
}

async function dropDatabase(name: string): Promise<void> {
  await project.target.sql(`DROP DATABASE "${name}"`)
}
