import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import pg from 'pg'
import { afterEach, expect } from 'vitest'
import { type Manifest, sealedText } from '../../src/backup/manifest.ts'
import { findProgram } from '../../src/backup/postgres/client-program.ts'
import { failureOf } from '../../src/kernel/index.ts'
import { runCli } from '../cli-in-process.ts'
import { describeWithPrograms as describe, testWithPrograms as test } from '../client-programs.ts'
import { dumpWhole } from '../dump.ts'
import {
  backupProject,
  type BackupProject,
  databasesLike,
  fakeProgram,
  PASSPHRASE,
} from './backup-project.ts'

// Each kind of bad input has its own failure code and changes nothing.

const PROGRAM = fileURLToPath(new URL('../../bin/slipway.js', import.meta.url))

let project: BackupProject
afterEach(() => project.drop())

async function shop(settings?: string): Promise<BackupProject> {
  project = await backupProject(settings)
  await project.target.sql(`CREATE TABLE note (id int PRIMARY KEY, text text);
    INSERT INTO note SELECT n, md5(n::text) FROM generate_series(1, 500) n`)
  return project
}

/** Runs a command line that must be refused. The target and the store must be unchanged. */
async function refused(
  line: string,
  code: string,
  options: Parameters<BackupProject['slipway']>[1] = {},
) {
  const { target, slipway, store } = project
  const stored = () =>
    spawnSync('find', [store, '-type', 'f'], { encoding: 'utf8' }).stdout.split('\n').toSorted()
  const before = {
    dump: dumpWhole(target.url),
    stored: stored(),
    databases: await databasesLike(target),
  }
  const ran = await slipway(line, options)
  expect(ran.failure?.code, ran.output).toBe(code)
  expect({
    dump: dumpWhole(target.url),
    stored: stored(),
    databases: await databasesLike(target),
  }).toEqual(before)
  return ran
}

/** Puts a script before the real program on PATH. */
function fake(name: string, script: string): Record<string, string> {
  return fakeProgram(project, name, script)
}

const real = (name: string) =>
  execFileSync('sh', ['-c', `ls /usr/lib/postgresql/*/bin/${name} | tail -1`], {
    encoding: 'utf8',
  }).trim()

describe('a pg_dump', () => {
  test.each([
    ['fails', 'echo "pg_dump: error: out of memory" >&2; exit 1'],
    ['writes nothing and fails', 'exit 3'],
    ['is killed', 'head -c 100000 /dev/zero; kill -9 $$'],
    [
      'has no space for its temporary files',
      'echo "pg_dump: error: could not write: No space left on device" >&2; exit 1',
    ],
  ])('that %s', async (_what, script) => {
    await shop()
    const ran = await refused('backup create', 'BACKUP.DUMP_FAILED', {
      env: fake('pg_dump', script),
    })
    expect(ran.exitCode).toBe(2)
    await refused('backup create --dump-format directory', 'BACKUP.DUMP_FAILED', {
      env: fake('pg_dump', script),
    })
    await refused('backup create --dump-format plain', 'BACKUP.DUMP_FAILED', {
      env: fake('pg_dump', script),
    })
  })

  test('that fails after it has written everything', async () => {
    await shop()
    const env = fake('pg_dump', `'${real('pg_dump')}' "$@"; exit 1`)
    await refused('backup create', 'BACKUP.DUMP_FAILED', { env })
  })

  test.each(['custom', 'directory', 'plain'])(
    'that writes nothing and exits 0, in the %s format',
    async (format) => {
      const recipient = await identityToRecipient(await generateIdentity())
      const isDirectory = format === 'directory'
      await shop(isDirectory ? '{}' : `{ encryption: { recipients: ['${recipient}'] } }`)
      // An empty database has a dump, too.
      const empty = await project.another()
      const line = `backup create --dump-format ${format}`
      expect(await project.slipway(line, { url: empty.url })).toMatchObject({ exitCode: 0 })
      const script = isDirectory
        ? 'for a in "$@"; do case $a in --file=*) mkdir "${a#--file=}";; esac; done'
        : 'exit 0'
      await refused(line, 'BACKUP.DUMP_FAILED', { env: fake('pg_dump', script) })
    },
  )

  test('that is missing or older than the server', async ({ skip }) => {
    await shop()
    const codeOf = async (name: 'pg_dump', major: number) =>
      await findProgram(name, major, project.env).then(
        () => undefined,
        (error: unknown) => failureOf(error),
      )
    const old = await codeOf('pg_dump', 99)
    expect(old?.code).toBe('BACKUP.PROGRAM_TOO_OLD')
    expect(JSON.stringify(old?.nextActions)).toContain('postgresql-client-99')
    // For a missing program: a mount namespace without PostgreSQL's programs.
    const ran = spawnSync(
      '/usr/bin/unshare',
      [
        '-m',
        '/bin/sh',
        '-c',
        '/bin/mount -t tmpfs none /usr/lib/postgresql && exec "$@"',
        'sh',
        process.execPath,
        PROGRAM,
        'backup',
        'create',
        '--env',
        'production',
        '--json',
      ],
      {
        cwd: project.root,
        env: { DATABASE_URL: project.target.url, PATH: '/nowhere', HOME: process.env['HOME'] },
        encoding: 'utf8',
      },
    )
    skip(!ran.stdout?.startsWith('{'), 'this account may not mount')
    expect((JSON.parse(ran.stdout) as { failure: { code: string } }).failure.code).toBe(
      'BACKUP.PROGRAM_MISSING',
    )
  })

  test('whose zstd fails', async () => {
    await shop()
    const folder = mkdtempSync(path.join(project.root, 'bin-'))
    writeFileSync(path.join(folder, 'zstd'), '#!/bin/sh\nhead -c 10; exit 1\n')
    chmodSync(path.join(folder, 'zstd'), 0o755)
    await refused('backup create', 'BACKUP.DUMP_FAILED', {
      env: { PATH: `${folder}:${project.env['PATH']}` },
    })
  })
})

test('a pg_restore that fails or is killed', async () => {
  const { create, target } = await shop()
  const id = await create()
  for (const script of ['echo "pg_restore: error: no" >&2; exit 1', 'kill -9 $$']) {
    const line = `backup restore ${id} --confirm ${target.name}`
    const ran = await refused(line, 'BACKUP.RESTORE_FAILED', { env: fake('pg_restore', script) })
    expect(ran.exitCode).toBe(5)
  }
})

test('a pg_restore that restores nothing and exits 0', async () => {
  const { create, target, another, slipway } = await shop()
  const id = await create()
  const env = fake('pg_restore', 'cat >/dev/null; exit 0')
  await refused(`backup restore ${id} --confirm ${target.name}`, 'BACKUP.DIFFERS', { env })
  const empty = await another()
  const into = await slipway(`backup restore ${id}`, { url: empty.url, env })
  expect(into.exitCode).toBe(4)
})

test('a wrong password, on creation and on restore', async () => {
  const { target, create } = await shop()
  const id = await create()
  const role = `${target.name}_role`
  await target.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'right'`)
  try {
    const url = new URL(target.url)
    url.username = role
    url.password = 'wrong-password'
    for (const line of ['backup create', `backup restore ${id} --confirm ${target.name}`]) {
      const ran = await project.slipway(line, { url: url.href })
      expect(ran.output).not.toContain('wrong-password')
      // Servers that trust this machine ask for no password; then the role lacks the right to read.
      expect(ran.exitCode, ran.output).toBe(2)
    }
  } finally {
    await target.sql(`DROP ROLE ${role}`)
  }
})

describe('keys', () => {
  test('a wrong passphrase and a missing one', async () => {
    const { create, target } = await shop(`{ encryption: 'passphrase' }`)
    project.env['SLIPWAY_BACKUP_PASSPHRASE'] = PASSPHRASE
    const id = await create()
    const line = `backup restore ${id} --confirm ${target.name}`
    await refused(line, 'BACKUP.KEY_WRONG', { env: { SLIPWAY_BACKUP_PASSPHRASE: 'wrong' } })
    await refused(line, 'BACKUP.KEY_NEEDED', { env: { SLIPWAY_BACKUP_PASSPHRASE: '' } })
    await refused(`backup verify ${id}`, 'BACKUP.KEY_NEEDED', {
      env: { SLIPWAY_BACKUP_PASSPHRASE: '' },
    })
    await refused(`${line} --identity nowhere.txt`, 'APP.NOT_READABLE')
    writeFileSync(path.join(project.root, 'key.txt'), 'no key at all\n')
    await refused(`${line} --identity key.txt`, 'BACKUP.KEY_INVALID')
  })

  test('an invalid recipient', async () => {
    await shop(`{ encryption: { recipients: ['age1nobody'] } }`)
    await refused('backup create', 'BACKUP.KEY_INVALID')
    await refused('backup create', 'BACKUP.KEY_INVALID', { env: { PATH: '' } })
  })
})

describe('a manifest', () => {
  test('that is missing, edited, or of another backup', async () => {
    const { create, target, store } = await shop()
    const [one] = [await create()]
    const other = await create()
    const file = path.join(store, `${one}.manifest.json`)
    const text = readFileSync(file, 'utf8')
    const line = `backup restore ${one} --confirm ${target.name}`
    writeFileSync(file, text.replace(/"environment": "production"/, '"environment": "staging"'))
    await refused(line, 'BACKUP.MANIFEST_INVALID')
    writeFileSync(file, readFileSync(path.join(store, `${other}.manifest.json`)))
    await refused(line, 'BACKUP.MANIFEST_INVALID')
    const { content } = JSON.parse(text) as { content: Manifest }
    const part = content.parts[0]
    for (const key of [
      '../../package.json',
      `${other}.dump.zst`,
      `${one}/../x`,
      `${one}.a/../../x`,
    ]) {
      writeFileSync(file, sealedText({ ...content, parts: part ? [{ ...part, key }] : [] }))
      await refused(line, 'BACKUP.MANIFEST_INVALID')
    }
    rmSync(file)
    await refused(line, 'BACKUP.NOT_FOUND')
  })

  test('of a newer server, or with an extension or a role that the server lacks', async () => {
    const { create, target, store } = await shop()
    const id = await create()
    const file = path.join(store, `${id}.manifest.json`)
    const { content } = JSON.parse(readFileSync(file, 'utf8')) as { content: Manifest }
    const changes: readonly [string, Partial<Manifest>][] = [
      [
        'BACKUP.SERVER_TOO_OLD',
        { server: { ...content.server, versionNumber: 990_000, version: '99.0' } },
      ],
      ['BACKUP.EXTENSION_MISSING', { extensions: ['not_there'] }],
      ['BACKUP.ROLE_MISSING', { roles: ['nobody of this name'] }],
    ]
    for (const [code, change] of changes) {
      writeFileSync(file, sealedText({ ...content, ...change }))
      const ran = await refused(`backup restore ${id} --confirm ${target.name}`, code)
      expect(ran.exitCode).toBe(2)
    }
  })
})

test('a target that is not empty and an unknown id', async () => {
  const { create } = await shop()
  await create()
  await refused('backup restore', 'BACKUP.TARGET_NOT_EMPTY')
  await refused('backup verify backup-production-20200101T000000000Z', 'BACKUP.NOT_FOUND')
  await refused('backup restore ../../etc/passwd', 'BACKUP.NOT_FOUND')
})

test('invalid flags', async () => {
  const { target } = await shop()
  const usage = async (line: string) => {
    const ran = await project.slipway(line)
    expect(ran.exitCode, ran.output).toBe(2)
    return ran
  }
  for (const line of [
    'backup create --jobs 0',
    'backup create --jobs -1',
    'backup create --jobs x',
    'backup create --dump-format tar',
    'backup restore --quick',
  ])
    await usage(line)
  const leaked = await usage(`backup create ${target.url}`)
  const { password } = new URL(target.url)
  if (password) expect(leaked.output).not.toContain(password)
  const secret = await usage('backup restore postgres://shop:hunter2@db.example.com/shop')
  expect(secret.output).not.toContain('hunter2')
})

test('the embedded database', async () => {
  await shop()
  writeFileSync(path.join(project.root, 'slipway.config.ts'), 'export default {}\n')
  for (const line of ['create', 'restore']) {
    const ran = await runCli(['backup', line, '--env', 'local', '--json'], { cwd: project.root })
    expect(ran.exitCode).toBe(2)
    expect((JSON.parse(ran.stdout) as { failure: { code: string } }).failure.code).toMatch(
      /^(BACKUP|PROJECT)\./,
    )
  }
})

describe('a folder', () => {
  test('that cannot be created or entered', async () => {
    await shop(`{ store: 'package.json/backups' }`)
    const ran = await refused('backup create', 'BACKUP.STORE_UNAVAILABLE')
    expect(ran.exitCode).toBe(2)
  })

  test('that is mounted read-only', async ({ skip }) => {
    await shop()
    const { store } = project
    mkdirSync(store)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', store])
    skip(mounted.status !== 0, 'this account may not mount')
    try {
      await refused('backup create', 'BACKUP.STORE_REFUSED')
    } finally {
      spawnSync('umount', [store])
      rmdirSync(store)
    }
  })

  test('on a full disk', async ({ skip }) => {
    await shop()
    const { store, target, slipway } = project
    mkdirSync(store)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', store])
    skip(mounted.status !== 0, 'this account may not mount')
    try {
      const good = await project.create()
      await target.sql(
        `INSERT INTO note SELECT n, md5(n::text) || md5((-n)::text) FROM generate_series(1000, 40000) n`,
      )
      for (const format of ['custom', 'directory', 'plain'])
        await refused(`backup create --dump-format ${format}`, 'BACKUP.STORE_FULL')
      const { backups, unusable } = (await slipway('backup list')).result
      expect(backups.map(({ id }) => id)).toEqual([good])
      expect(unusable).toEqual([])
    } finally {
      spawnSync('umount', ['-l', store])
      rmdirSync(store)
    }
  })
})

test('two concurrent backups: both succeed, or one is refused', async () => {
  const { slipway } = await shop()
  const made = await Promise.all([
    slipway('backup create'),
    slipway('backup create'),
    slipway('backup create'),
  ])
  const done = made.filter(({ exitCode }) => exitCode === 0)
  for (const { failure } of made) expect([undefined, 'BACKUP.EXISTS']).toContain(failure?.code)
  const { backups, unusable } = (await slipway('backup list')).result
  expect(unusable).toEqual([])
  expect(backups.map(({ id }) => id).toSorted()).toEqual(
    done.map(({ result }) => result.backup.id).toSorted(),
  )
  for (const { id } of backups)
    expect(await slipway(`backup verify ${id} --quick`)).toMatchObject({ exitCode: 0 })
})

test('a connection that is lost in the middle of a backup', async () => {
  const { target } = await shop()
  await target.sql('INSERT INTO note SELECT n, md5(n::text) FROM generate_series(1000, 200000) n')
  const child = spawn(
    process.execPath,
    [PROGRAM, 'backup', 'create', '--env', 'production', '--json'],
    {
      cwd: project.root,
      env: { ...process.env, ...project.env },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  let text = ''
  child.stdout.on('data', (chunk) => (text += String(chunk)))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const client = new pg.Client({ connectionString: target.url })
  await client.connect()
  // pg_dump and Slipway's session have the same application name.
  await expect
    .poll(
      async () => {
        const { rows } = await client.query<{ ended: boolean }>(
          `SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'slipway backup' AND query ILIKE '%COPY%'`,
        )
        return rows.length
      },
      { interval: 5, timeout: 60_000 },
    )
    .toBeGreaterThan(0)
    .catch(() => {})
  await client.end()
  const code = await ended
  const { failure } = JSON.parse(text) as { failure: { code: string } | null }
  const { backups, unusable } = (await project.slipway('backup list')).result
  expect(unusable).toEqual([])
  if (code === 0) expect(backups).toHaveLength(1)
  else {
    expect(failure?.code).toMatch(/^(BACKUP\.DUMP_FAILED|DATABASE\.)/)
    expect(backups).toEqual([])
    expect(project.files()).toEqual([])
  }
})
