import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { attempt } from '../kernel/index.ts'
import { readMigrations, type ReadMigrationsOptions } from './index.ts'

let dir: string

beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'slipway-migrations-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function write(file: string, content: string | Uint8Array = 'SELECT 1;'): void {
  mkdirSync(path.dirname(path.join(dir, file)), { recursive: true })
  writeFileSync(path.join(dir, file), content)
}

async function failure(options?: ReadMigrationsOptions) {
  const result = await attempt(async () => readMigrations(dir, options))
  if (result.ok) throw new Error('the migrations were read')
  return result.failure
}

test('migrations are sorted by the bytes of their names', () => {
  const names = [
    '20240101000000_b',
    '20240101000000_B',
    'with spaces',
    'ä',
    '\uffee',
    '\u{1f600}',
    '2023_x',
  ]
  for (const name of names) write(`${name}_${names.indexOf(name)}/migration.sql`)
  const inOrder = names
    .map((name) => `${name}_${names.indexOf(name)}`)
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  expect(readMigrations(dir).map(({ name }) => name)).toEqual(inOrder)
})

test('the text is exact: byte-order mark, CRLF, and a real replacement character', () => {
  const text = '\ufeff-- über \ufffd\r\nSELECT 1;\r\n'
  write('1_a/migration.sql', text)
  write('1_a/down.sql', 'SELECT 2;')
  write('2_empty/migration.sql', '')
  expect(readMigrations(dir, { downMigrations: true })).toEqual([
    {
      name: '1_a',
      path: path.join(dir, '1_a/migration.sql'),
      sql: text,
      downPath: path.join(dir, '1_a/down.sql'),
      down: 'SELECT 2;',
    },
    {
      name: '2_empty',
      downPath: path.join(dir, '2_empty/down.sql'),
      path: path.join(dir, '2_empty/migration.sql'),
      sql: '',
    },
  ])
})

test('the lock file, plain files and folders of tools are not migrations', () => {
  write('migration_lock.toml', 'provider = "postgresql"\n')
  write('README.md')
  write('.DS_Store')
  write('.idea/workspace.xml')
  write('1_a/migration.sql')
  expect(readMigrations(dir).map(({ name }) => name)).toEqual(['1_a'])
})

test('a missing folder is a failure, or an empty history if that is allowed', async () => {
  rmSync(dir, { recursive: true })
  expect((await failure()).code).toBe('PROJECT.MIGRATIONS_MISSING')
  expect(readMigrations(dir, { mayBeMissing: true })).toEqual([])
  writeFileSync(dir, '')
  expect((await failure({ mayBeMissing: true })).why).toBe('A file has that name.')
})

test('a folder without migration.sql is a failure that names it', async () => {
  write('1_a/migration.sql')
  write('2_lost/down.sql')
  expect(await failure()).toMatchObject({
    code: 'PROJECT.MIGRATION_FILE_MISSING',
    message: 'Migration 2_lost has no migration.sql.',
  })
})

test('a device named migration.sql is never read, because it may have no end', async () => {
  write('1_a/README.md')
  symlinkSync('/dev/null', path.join(dir, '1_a/migration.sql'))
  expect((await failure()).code).toBe('PROJECT.MIGRATION_FILE_MISSING')
})

test.each([
  ['UTF-16', Buffer.from('\ufeffSELECT 1;', 'utf16le'), 'UTF-16'],
  ['Latin-1', Buffer.from('-- über', 'latin1'), 'bytes that are not valid UTF-8'],
  // The parser and the server would stop there: the rest would be recorded as applied without having run.
  ['UTF-8 with a NUL byte', Buffer.from('SELECT 1;\0SELECT 2;'), 'NUL byte'],
])('a file in %s is a failure that names the reason', async (_, bytes, why) => {
  write('1_a/migration.sql', bytes)
  const found = await failure()
  expect(found.code).toBe('PROJECT.MIGRATION_NOT_UTF8')
  expect(found.why).toContain(why)
})

test.each([
  ['case', ['1_Add/migration.sql', '1_add/migration.sql']],
  ['Unicode form', ['1_caf\u00e9/migration.sql', '1_cafe\u0301/migration.sql']],
  ['folder and file', ['1_add/migration.sql', '1_add.sql']],
])('names that differ only in %s are a failure', async (_, files) => {
  for (const file of files) write(file)
  expect((await failure()).code).toBe('PROJECT.MIGRATION_DUPLICATE')
})

test('migrations of another database product are a failure', async () => {
  write('migration_lock.toml', '# comment\nprovider = "sqlite"\n')
  expect(await failure({ provider: 'postgresql' })).toMatchObject({
    code: 'PROJECT.PROVIDER_SWITCHED',
    message: 'The migrations were written for sqlite, the schema is for PostgreSQL.',
  })
  expect(readMigrations(dir, { provider: 'sqlite' })).toEqual([])
})

test('migrations of Prisma 8 are recognised, also by contract space', async () => {
  write('app/20260713T0837_init/migration.json', '{}')
  write('app/20260713T0837_init/ops.json', '[]')
  expect((await failure()).code).toBe('PROJECT.PRISMA_8')
})
