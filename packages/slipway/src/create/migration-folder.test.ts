import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { failureOf } from '../kernel/index.ts'
import { type MigrationsLayout, readMigrations } from '../project/index.ts'
import { folderName, isAheadOf, sortsBefore, writeMigrationFolder } from './migration-folder.ts'

const NOW = new Date('2026-11-21T01:02:03.456Z')

function nameAfter(newest: string, layout: MigrationsLayout = 'folders'): string {
  return folderName('next step', { now: NOW, history: [{ name: newest, sql: '' }], layout })
}

test.each([
  ['an old one', '20200101000000_init', '20261121010203_next_step'],
  ['the same second', '20261121010203_zebra', '20261121010204_next_step'],
  ["a colleague's clock", '20261231235959_init', '20270101000000_next_step'],
  ['a year far ahead', '29990228235959_init', '29990301000000_next_step'],
  ['milliseconds', '20261121010203999_init', '20261121010204_next_step'],
  ['milliseconds far ahead', '20281121010203999_init', '20281121010204_next_step'],
  ['a time that does not exist', '20269999999999_init', '20340611044040_next_step'],
  ['no words', '20270101000000', '20270101000001_next_step'],
  ['an early number', '19_init', '20261121010203_next_step'],
  ['a late number', '21_init', '22_next_step'],
  ['a number with zeros', '30000099_init', '30000100_next_step'],
])('the name comes after the newest migration: %s', (_, newest, expected) => {
  const name = nameAfter(newest)
  expect(name).toBe(expected)
  expect(sortsBefore(newest, name, 'folders')).toBe(true)
})

test.each([
  ['none', '', '0001_next_step'],
  ['a number', '0001_init', '0002_next_step'],
  ['a number without zeros', '9_init', '0010_next_step'],
  ['the last of four digits', '9999_init', '10000_next_step'],
  ['a time', '20200101000000_init', '20261121010203_next_step'],
])('a file is numbered after the newest one: %s', (_, newest, expected) => {
  expect(nameAfter(newest, 'flat')).toBe(expected)
})

test('no number comes after a file without one', () => {
  expect(() => nameAfter('init', 'flat')).toThrow('CREATE.NAME_UNFIT')
})

test('a flat migration and its down migration are written, the latter where wrangler ignores it', async () => {
  const { migrationsDir, ...folder } = newFolder()
  const files = { 'migration.sql': 'SELECT 1;', 'down.sql': 'SELECT 2;' }
  const flat = { ...folder, migrationsDir, layout: 'flat' as const, name: '0001_a' }
  const paths = await writeMigrationFolder(flat, files)
  expect(readFileSync(paths.path, 'utf8')).toBe('SELECT 1;')
  expect(readFileSync(paths.downPath, 'utf8')).toBe('SELECT 2;')
  expect(readdirSync(migrationsDir).toSorted()).toEqual(['0001_a.sql', 'down'])
  const error = await writeMigrationFolder(
    { ...flat, history: readMigrations(migrationsDir, { layout: 'flat' }) },
    files,
  ).catch((thrown: unknown) => thrown)
  expect(failureOf(error)?.code).toBe('CREATE.NAME_TAKEN')
  expect(readdirSync(folder.root)).toEqual(['migrations'])
})

test.each(['init', '9999_x', '99991231235959_x', '\u{1f600}', 'v2_users', 'Init'])(
  'no name comes after %s: refused',
  (newest) => {
    let thrown: unknown
    try {
      nameAfter(newest)
    } catch (error) {
      thrown = error
    }
    expect(failureOf(thrown)).toMatchObject({ code: 'CREATE.NAME_UNFIT' })
    expect(failureOf(thrown)?.message).toContain(newest)
  },
)

test('a name is ahead of the clock when its time is more than a minute later', () => {
  expect(isAheadOf(NOW, '20261121010303_x')).toBe(false)
  expect(isAheadOf(NOW, '20261121010304_x')).toBe(true)
  expect(isAheadOf(NOW, '22_x')).toBe(false)
})

const FILES = { 'migration.sql': 'SELECT 1;' }

function newFolder() {
  const root = mkdtempSync(path.join(tmpdir(), 'slipway-folder-'))
  const migrationsDir = path.join(root, 'migrations')
  const lockFile = path.join(root, '.slipway-create.lock')
  const layout: MigrationsLayout = 'folders'
  const dialect = 'postgres' as const
  return { root, lockFile, migrationsDir, layout, name: '1', dialect, history: [] }
}

test('the lock file names the database product of the migrations', async () => {
  const { migrationsDir, ...folder } = newFolder()
  await writeMigrationFolder({ ...folder, migrationsDir, dialect: 'sqlite' }, FILES)
  const lock = readFileSync(path.join(migrationsDir, 'migration_lock.toml'), 'utf8')
  expect(lock).toMatch(/^provider = "sqlite"$/m)
  expect(readMigrations(migrationsDir, { provider: 'sqlite' })).toMatchObject([{ name: '1' }])
})

test.skipIf(process.platform === 'win32')(
  'it can be read by all who can read the other migrations',
  async () => {
    const { migrationsDir, ...folder } = newFolder()
    await writeMigrationFolder({ ...folder, migrationsDir }, FILES)
    const [all, own] = [migrationsDir, path.join(migrationsDir, '1')].map(
      (one) => statSync(one).mode,
    )
    expect(own).toBe(all)
  },
)

test('it is written on a file system that has no modes', async () => {
  const { chmodSync } = fs
  onTestFinished(() => {
    fs.chmodSync = chmodSync
    syncBuiltinESMExports()
  })
  fs.chmodSync = () => {
    throw Object.assign(new Error('operation not permitted'), { code: 'EPERM' })
  }
  syncBuiltinESMExports()
  const { migrationsDir, ...folder } = newFolder()
  await writeMigrationFolder({ ...folder, migrationsDir }, FILES)
  expect(readMigrations(migrationsDir)).toMatchObject([{ name: '1' }])
})

const add = (dir: string, name: string, sql: string) => {
  mkdirSync(path.join(dir, name), { recursive: true })
  writeFileSync(path.join(dir, name, 'migration.sql'), sql)
}

test.each([
  ['added', ['1_a', '2_b'], 'SELECT 1;'],
  ['edited', ['1_a'], 'SELECT 2;'],
  ['removed', [], ''],
])('nothing is written if a migration was %s in the meantime', async (_, names, sql) => {
  const { root, migrationsDir, dialect, layout } = newFolder()
  for (const name of names) add(migrationsDir, name, sql)
  const history = [{ name: '1_a', sql: 'SELECT 1;' }]
  const error = await writeMigrationFolder(
    { migrationsDir, layout, name: '3', dialect, history },
    FILES,
  ).catch((thrown: unknown) => thrown)
  expect(failureOf(error)?.code).toBe('CREATE.FOLDER_CHANGED')
  expect(readdirSync(migrationsDir)).toEqual(names)
  expect(readdirSync(root)).toEqual(['migrations'])
})

test('the lock of a killed process is replaced, also if it was killed before it wrote its id', async () => {
  const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  await once(holder, 'spawn')
  const folder = newFolder()
  writeFileSync(folder.lockFile, String(holder.pid))
  const writing = writeMigrationFolder(folder, FILES)
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  await writing
  expect(existsSync(folder.lockFile)).toBe(false)
  writeFileSync(folder.lockFile, '')
  const longAgo = new Date(Date.now() - 60_000)
  utimesSync(folder.lockFile, longAgo, longAgo)
  const history = [{ name: '1', sql: 'SELECT 1;' }]
  await writeMigrationFolder({ ...folder, name: '2', history }, FILES)
  expect(readdirSync(folder.root)).toEqual(['migrations'])
})

test('the lock of a running process is not replaced', async () => {
  const folder = newFolder()
  writeFileSync(folder.lockFile, String(process.ppid))
  const error = await writeMigrationFolder(folder, FILES).catch((thrown: unknown) => thrown)
  expect(failureOf(error)?.code).toBe('CREATE.FOLDER_LOCKED')
  expect(readMigrations(folder.migrationsDir)).toEqual([])
}, 60_000)
