import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import pg from 'pg'
import { afterEach, expect } from 'vitest'
import { type SealedManifest, sealedText } from '../../src/backup/manifest.ts'
import { describeWithPrograms as describe, testWithPrograms as test } from '../client-programs.ts'
import { dumpWhole } from '../dump.ts'
import { postgresBin, serverUrl } from '../postgres.ts'
import { runSql } from '../run-sql.ts'
import {
  backupProject,
  type BackupProject,
  databasesLike,
  PASSPHRASE,
  UNRESTORABLE,
  urlOf,
} from './backup-project.ts'

// Backups by the command line on a real server. Restores are judged by a pg_dump with rows.

const SHOP = `CREATE TABLE customer (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
  CREATE TABLE "Order" (id int PRIMARY KEY, customer int REFERENCES customer, note text);
  CREATE SCHEMA "the.stock"; CREATE TABLE "the.stock"."item.one" (id int PRIMARY KEY, price numeric);
  INSERT INTO customer (name) SELECT 'customer ' || n FROM generate_series(1, 50) n;
  INSERT INTO "Order" SELECT n, 1 + n % 50, repeat('secret note ', 20) FROM generate_series(1, 200) n;
  INSERT INTO "the.stock"."item.one" VALUES (1, 1.50), (2, 'NaN');
  SELECT lo_from_bytea(0, 'a large object')`

let project: BackupProject
afterEach(() => project.drop())

async function shop(settings?: string): Promise<BackupProject> {
  project = await backupProject(settings)
  await project.target.sql(SHOP)
  return project
}

const has = (program: string) => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const FORMATS = ['custom', 'directory', 'plain'] as const

describe.each(FORMATS)('in the format %s', (format) => {
  test('a backup is listed, verified, and restored into an empty database', async () => {
    const { target, create, slipway, another, files } = await shop()
    const id = await create(`--dump-format ${format} --globals`)
    expect(files().filter((name) => name.endsWith('.partial'))).toEqual([])
    const { result: quick } = await slipway(`backup verify ${id} --quick`)
    expect(quick.backup.verified).toBeNull()
    const verified = await slipway(`backup verify ${id}`)
    expect(verified, verified.output).toMatchObject({ exitCode: 0 })
    expect(verified.result.compared).toEqual(['schema', 'rows', 'sequences', 'indexes'])
    const listed = await slipway('backup list')
    expect(listed.result.backups).toMatchObject([
      { id, format, rows: 252, verified: { restoreMs: expect.any(Number) as number } },
    ])
    const empty = await another()
    const restored = await slipway('backup restore', { url: empty.url })
    expect(restored, restored.output).toMatchObject({ exitCode: 0, result: { old: null } })
    expect(dumpWhole(empty.url)).toBe(dumpWhole(target.url))
  })

  test('a restore onto a filled database needs consent by name and keeps the old database', async () => {
    const { target, create, slipway, another } = await shop()
    await create(`--dump-format ${format}`)
    const filled = await another()
    await filled.sql(
      `CREATE TABLE own (id int); INSERT INTO own VALUES (7); ALTER DATABASE ${filled.name} SET work_mem = '5MB'`,
    )
    const before = dumpWhole(filled.url)
    const refused = await slipway('backup restore', { url: filled.url })
    expect(refused).toMatchObject({ exitCode: 2, failure: { code: 'BACKUP.TARGET_NOT_EMPTY' } })
    const wrong = await slipway('backup restore --confirm other', { url: filled.url })
    expect(wrong.exitCode).toBe(2)
    expect(dumpWhole(filled.url)).toBe(before)
    expect(await databasesLike(filled)).toEqual([filled.name])
    const session = new pg.Client({ connectionString: filled.url })
    session.on('error', () => {})
    await session.connect()
    const restored = await slipway(`backup restore --confirm ${filled.name}`, { url: filled.url })
    expect(restored, restored.output).toMatchObject({ exitCode: 0 })
    await expect(session.query('SELECT 1')).rejects.toThrow()
    const old = restored.result.old ?? ''
    expect(dumpWhole(filled.url)).toBe(dumpWhole(target.url))
    expect(dumpWhole(urlOf(old))).toBe(before)
    expect(await databasesLike(filled)).toEqual([filled.name, old])
    expect(await filled.sql('SHOW work_mem')).toEqual([{ work_mem: '5MB' }])
    await target.sql(`DROP DATABASE ${old}`)
    const dropping = await slipway(`backup restore --drop-old --confirm ${filled.name}`, {
      url: filled.url,
    })
    expect(dropping, dropping.output).toMatchObject({ exitCode: 0, result: { old: null } })
    expect(await databasesLike(filled)).toEqual([filled.name])
  })

  test('a failed restore leaves the old database unchanged', async () => {
    const { target, create, slipway, another } = await shop()
    await target.sql(UNRESTORABLE)
    const id = await create(`--dump-format ${format}`)
    expect(await slipway(`backup verify ${id} --server ${serverUrl()}`)).toMatchObject({
      exitCode: 4,
      failure: { code: 'BACKUP.NOT_RESTORABLE' },
    })
    const filled = await another()
    await filled.sql('CREATE TABLE own (id int); INSERT INTO own VALUES (7)')
    for (const jobs of [1, 2]) {
      const before = dumpWhole(filled.url)
      const line = `backup restore --jobs ${jobs} --confirm ${filled.name}`
      const failed = await slipway(line, { url: filled.url })
      expect(failed).toMatchObject({ exitCode: 5, failure: { code: 'BACKUP.RESTORE_FAILED' } })
      expect(dumpWhole(filled.url)).toBe(before)
      expect(await databasesLike(filled)).toEqual([filled.name])
    }
    for (const jobs of [1, 2]) {
      const empty = await another()
      const before = dumpWhole(empty.url)
      const failed = await slipway(`backup restore --jobs ${jobs}`, { url: empty.url })
      expect(failed).toMatchObject({ exitCode: 5, failure: { code: 'BACKUP.RESTORE_FAILED' } })
      expect(dumpWhole(empty.url)).toBe(before)
    }
  })

  test('a restore with several jobs gives the same result', async () => {
    const { target, create, slipway, another } = await shop()
    await create(`--dump-format ${format} --jobs 2`)
    const empty = await another()
    const restored = await slipway('backup restore --jobs 2', { url: empty.url })
    expect(restored, restored.output).toMatchObject({ exitCode: 0 })
    expect(dumpWhole(empty.url)).toBe(dumpWhole(target.url))
  })
})

describe('a partial restore', () => {
  test('adds the rows of the named tables, after consent', async () => {
    const { target, create, slipway } = await shop()
    await create()
    const before = dumpWhole(target.url)
    await target.sql(`DELETE FROM "Order"; DELETE FROM "the.stock"."item.one"`)
    const lost = dumpWhole(target.url)
    const line = 'backup restore --data-only --table public.Order,the.stock.item.one'
    expect(await slipway(line)).toMatchObject({ failure: { code: 'APP.CONSENT_NEEDED' } })
    expect(dumpWhole(target.url)).toBe(lost)
    const done = await slipway(`${line} --confirm ${target.name}`)
    expect(done, done.output).toMatchObject({ exitCode: 0 })
    expect(dumpWhole(target.url)).toBe(before)
  })

  test.each([1, 2])('with %i jobs restores everything or nothing', async (jobs) => {
    const { target, create, slipway } = await shop()
    await create()
    await target.sql(`DELETE FROM "Order" WHERE id > 100; DELETE FROM "the.stock"."item.one"`)
    const before = dumpWhole(target.url)
    const line = `backup restore --data-only --jobs ${jobs} --table public.Order,the.stock.item.one`
    const failed = await slipway(`${line} --confirm ${target.name}`)
    expect(failed).toMatchObject({ exitCode: 5, failure: { code: 'BACKUP.RESTORE_FAILED' } })
    expect(dumpWhole(target.url)).toBe(before)
  })

  test('distinguishes tables of the same name in two schemas', async () => {
    const { target, create, slipway } = await shop()
    await target.sql(`CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.x (id int); CREATE TABLE a.y (id int);
      CREATE TABLE b.x (id int); CREATE TABLE b.y (id int);
      INSERT INTO a.x VALUES (1); INSERT INTO a.y VALUES (2); INSERT INTO b.x VALUES (3); INSERT INTO b.y VALUES (4)`)
    await create()
    await target.sql('TRUNCATE a.x, a.y, b.x, b.y')
    const line = 'backup restore --data-only --table a.x,b.y'
    const done = await slipway(`${line} --confirm ${target.name}`)
    expect(done, done.output).toMatchObject({ exitCode: 0 })
    const rows = 'SELECT (SELECT count(*) FROM a.x) + 10 * (SELECT count(*) FROM a.y)'
    expect(
      await target.sql(
        `${rows} + 100 * (SELECT count(*) FROM b.x) + 1000 * (SELECT count(*) FROM b.y) AS found`,
      ),
    ).toEqual([{ found: '1001' }])
  })

  test('refuses a table that the backup lacks', async () => {
    const { target, create, slipway } = await shop()
    await create()
    const before = dumpWhole(target.url)
    const line = `backup restore --data-only --table public.Oder --confirm ${target.name}`
    expect(await slipway(line)).toMatchObject({
      exitCode: 2,
      failure: { code: 'BACKUP.TABLE_UNKNOWN' },
    })
    expect(dumpWhole(target.url)).toBe(before)
  })

  test('restores a dropped table', async () => {
    const { target, create, slipway } = await shop()
    await create()
    const before = dumpWhole(target.url, ['--data-only', '--table="Order"'])
    await target.sql('DROP TABLE "Order"')
    const done = await slipway(`backup restore --table public.Order --confirm ${target.name}`)
    expect(done, done.output).toMatchObject({ exitCode: 0 })
    expect(dumpWhole(target.url, ['--data-only', '--table="Order"'])).toBe(before)
  })

  test('is refused for a plain SQL backup', async () => {
    const { target, create, slipway } = await shop()
    await create('--dump-format plain')
    const before = dumpWhole(target.url)
    const line = `backup restore --table public.Order --confirm ${target.name}`
    expect(await slipway(line)).toMatchObject({ failure: { code: 'BACKUP.PLAIN_WHOLE' } })
    expect(dumpWhole(target.url)).toBe(before)
  })
})

test('--exclude-data leaves out the rows of a table and nothing else', async () => {
  const { target, create, slipway, another } = await shop()
  await target.sql(`CREATE TABLE log (at date, note text) PARTITION BY RANGE (at);
    CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    INSERT INTO log VALUES ('2026-01-05', 'x'); CREATE TABLE "order" (id int); INSERT INTO "order" VALUES (1)`)
  const id = await create('--exclude-data public.Order,public.log')
  const verified = await slipway(`backup verify ${id} --server ${serverUrl()}`)
  expect(verified, verified.output).toMatchObject({ exitCode: 0 })
  expect(verified.output).toContain('public.Order')
  const empty = await another()
  expect(await slipway('backup restore', { url: empty.url })).toMatchObject({ exitCode: 0 })
  await target.sql('TRUNCATE "Order", log')
  expect(dumpWhole(empty.url)).toBe(dumpWhole(target.url))
  expect(await slipway('backup create --exclude-data public.nobody')).toMatchObject({
    exitCode: 2,
    failure: { code: 'BACKUP.TABLE_UNKNOWN' },
  })
})

test('without checksums, no report says that rows are equal', async () => {
  const { create, slipway } = await shop()
  const id = await create('--no-checksums')
  const { result } = await slipway(`backup verify ${id} --server ${serverUrl()}`)
  expect(result.compared).not.toContain('rows')
  expect(result.notCompared.join()).toContain('no checksums')
})

test('a backup of which neither schema nor rows can be compared is not verified', async () => {
  const { store, create, slipway } = await shop()
  const id = await create('--no-checksums')
  const file = path.join(store, `${id}.manifest.json`)
  const { content } = JSON.parse(readFileSync(file, 'utf8')) as SealedManifest
  const fingerprint = { ...content.fingerprint, method: 'of another version' }
  writeFileSync(file, sealedText({ ...content, fingerprint }))
  const done = await slipway(`backup verify ${id} --server ${serverUrl()}`)
  expect(done, done.output).toMatchObject({
    exitCode: 4,
    findings: expect.arrayContaining([expect.objectContaining({ id: 'backup-not-proven' })]),
    result: { backup: { verified: null } },
  })
  expect((await slipway('backup list')).result.backups).toMatchObject([{ verified: null }])
})

test('a replaced database that cannot be dropped is named', async () => {
  const { create, slipway, another } = await shop()
  await create()
  const filled = await another()
  await filled.sql('CREATE TABLE own (id int)')
  await filled.sql(`CREATE SUBSCRIPTION waiting CONNECTION '' PUBLICATION p WITH (connect = false)`)
  const restored = await slipway(`backup restore --drop-old --confirm ${filled.name}`, {
    url: filled.url,
  })
  expect(restored, restored.output).toMatchObject({ exitCode: 0 })
  const old = restored.result.old ?? ''
  expect(await databasesLike(filled)).toEqual([filled.name, old])
  await runSql(urlOf(old), 'ALTER SUBSCRIPTION waiting SET (slot_name = NONE)')
  await runSql(urlOf(old), 'DROP SUBSCRIPTION waiting')
  await filled.sql(`DROP DATABASE ${old}`)
})

test('--no-owner gives everything to the restoring role', async () => {
  const { target, create, slipway, another } = await shop()
  const role = `${target.name}_owner`
  await target.sql(
    `CREATE ROLE ${role}; ALTER TABLE "Order" OWNER TO ${role}; GRANT SELECT ON customer TO ${role}`,
  )
  try {
    await create()
    const empty = await another()
    expect(await slipway('backup restore --no-owner', { url: empty.url })).toMatchObject({
      exitCode: 0,
    })
    const flags = ['--no-owner', '--no-privileges']
    expect(dumpWhole(empty.url, flags)).toBe(dumpWhole(target.url, flags))
    expect(dumpWhole(empty.url)).not.toContain(role)
  } finally {
    await target.sql(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`)
  }
})

test('without an id, the newest backup of this environment is used, never one of another', async () => {
  const { root, slipway, create, another, env } = await shop()
  writeFileSync(
    path.join(root, 'slipway.config.ts'),
    "export default { environments: { production: { url: 'env:DATABASE_URL' }, staging: { url: 'env:STAGING_URL' } } }\n",
  )
  const id = await create()
  const staging = await another()
  env['STAGING_URL'] = staging.url
  await staging.sql('CREATE TABLE staged (id int)')
  const made = await slipway('backup create', { environment: 'staging' })
  expect(made.exitCode).toBe(0)
  const listed = await slipway('backup list')
  expect(listed.result.backups.map((one) => one.environment)).toEqual(['staging', 'production'])
  const empty = await another()
  const restored = await slipway('backup restore', { url: empty.url })
  expect(restored.result.backup.id).toBe(id)
  const verified = await slipway(`backup verify --quick`)
  expect(verified.result.backup.id).toBe(id)
})

describe('encrypted', () => {
  const stock = has('age') && has('zstd')

  test.each(['with programs', 'without programs'])(
    'for recipients, %s: the stock programs can decrypt it',
    async (how) => {
      const identity = await generateIdentity()
      const recipient = await identityToRecipient(identity)
      const { root, store, target, create, slipway, another, files, env } = await shop(
        `{ encryption: { recipients: ['${recipient}'] } }`,
      )
      if (how === 'without programs') env['PATH'] = ''
      const id = await create('--globals')
      for (const name of files()) {
        const text = readFileSync(path.join(store, name), 'latin1')
        expect(text.includes('secret note'), name).toBe(false)
      }
      expect(await slipway(`backup verify ${id} --quick`)).toMatchObject({ exitCode: 0 })
      const empty = await another()
      const locked = await slipway('backup restore', { url: empty.url })
      expect(locked).toMatchObject({ exitCode: 2, failure: { code: 'BACKUP.KEY_NEEDED' } })
      const other = { SLIPWAY_BACKUP_IDENTITY: await generateIdentity() }
      expect(await slipway('backup restore', { url: empty.url, env: other })).toMatchObject({
        exitCode: 2,
        failure: { code: 'BACKUP.KEY_WRONG' },
      })
      const key = path.join(root, 'key.txt')
      writeFileSync(key, `# created: today\n${identity}\n`)
      const restored = await slipway(`backup restore --identity ${key}`, { url: empty.url })
      expect(restored, restored.output).toMatchObject({ exitCode: 0 })
      expect(dumpWhole(empty.url)).toBe(dumpWhole(target.url))
      if (!stock) return
      const opened = await another()
      const script = `age -d -i '${key}' '${store}/${id}.dump.zst.age' | zstd -dc | '${postgresBin()}/pg_restore' --exit-on-error -d '${opened.url}'`
      execFileSync('bash', ['-o', 'pipefail', '-c', script])
      expect(dumpWhole(opened.url)).toBe(dumpWhole(target.url))
    },
  )

  test('with a passphrase', async () => {
    const { store, target, create, slipway, another, files, env } = await shop(
      `{ encryption: 'passphrase' }`,
    )
    expect(await slipway('backup create')).toMatchObject({
      exitCode: 2,
      failure: { code: 'APP.PASSPHRASE_MISSING' },
    })
    expect(existsSync(store)).toBe(false)
    env['SLIPWAY_BACKUP_PASSPHRASE'] = PASSPHRASE
    const id = await create()
    for (const name of files())
      expect(readFileSync(path.join(store, name), 'latin1').includes('secret note')).toBe(false)
    expect(await slipway(`backup verify ${id}`)).toMatchObject({ exitCode: 0 })
    const empty = await another()
    const wrong = { SLIPWAY_BACKUP_PASSPHRASE: 'another' }
    expect(await slipway('backup restore', { url: empty.url, env: wrong })).toMatchObject({
      exitCode: 2,
      failure: { code: 'BACKUP.KEY_WRONG' },
    })
    expect(await slipway('backup restore', { url: empty.url })).toMatchObject({ exitCode: 0 })
    expect(dumpWhole(empty.url)).toBe(dumpWhole(target.url))
    expect(await slipway('backup create --dump-format directory')).toMatchObject({
      exitCode: 2,
      failure: { code: 'BACKUP.FORMAT_PLAINTEXT' },
    })
  })

  const unlessStock = stock ? test.skip : test
  unlessStock('skipped: the stock programs are not installed', () => {
    expect(has('age') && has('zstd')).toBe(false)
  })
})

const ifZstd = has('zstd') ? test : test.skip
ifZstd('zstd and pg_restore can read unencrypted backups in each format', async () => {
  const { root, store, target, create, another } = await shop()
  const bin = postgresBin() ?? ''
  const whole = dumpWhole(target.url)
  const scripts = {
    custom: (id: string, url: string) =>
      `zstd -dc '${store}/${id}.dump.zst' | '${bin}/pg_restore' --exit-on-error -d '${url}'`,
    plain: (id: string, url: string) =>
      `zstd -dc '${store}/${id}.sql.zst' | '${bin}/psql' -q -v ON_ERROR_STOP=1 -d '${url}'`,
    directory: (id: string, url: string) =>
      `for f in '${store}/${id}'/*.zst; do zstd -qdc "$f" > "${root}/dir/$(basename "$f" .zst)"; done; '${bin}/pg_restore' --exit-on-error -d '${url}' '${root}/dir'`,
  }
  mkdirSync(path.join(root, 'dir'))
  for (const format of FORMATS) {
    const id = await create(`--dump-format ${format}`)
    const empty = await another()
    execFileSync('bash', ['-eo', 'pipefail', '-c', scripts[format](id, empty.url)], {
      stdio: 'pipe',
    })
    expect(dumpWhole(empty.url), format).toBe(whole)
  }
})
