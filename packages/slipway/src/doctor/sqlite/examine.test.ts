import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { beforeEach, expect, test } from 'vitest'
import { loadProject, type ProjectFlags, resolveTarget } from '../../project/index.ts'
import { type Check, examine } from '../index.ts'

const WRANGLER = {
  name: 'shop',
  compatibility_date: '2026-10-01',
  account_id: 'acc',
  d1_databases: [
    { binding: 'DB', database_name: 'shop', database_id: 'aaaa', migrations_dir: 'migrations' },
  ],
}

let root: string

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'slipway-doctor-sqlite-'))
  mkdirSync(path.join(root, '.git'))
  write('prisma/schema.prisma', 'datasource db {\n  provider = "sqlite"\n}\n')
  write('package.json', '{ "devDependencies": { "prisma": "7.10.1" } }')
  return () => rmSync(root, { recursive: true })
})

function write(file: string, content: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
  writeFileSync(path.join(root, file), content)
}

async function doctor(flags: ProjectFlags = {}, env: Record<string, string> = {}) {
  const project = await loadProject({ cwd: root, env, flags })
  const target = await resolveTarget(project)
  const deps = { env, now: Date.now, nodeVersion: process.versions.node }
  return { target, ...(await examine(project, target, deps)) }
}

function problemsIn(checks: readonly Check[]): string[] {
  return checks
    .filter(({ status }) => status === 'error' || status === 'warning')
    .map(({ name, status, message }) => `${status} ${name}: ${message}`)
}

test('a local D1 database that does not exist yet passes, and is not created', async () => {
  write('wrangler.jsonc', JSON.stringify(WRANGLER))
  const { checks, settings, target } = await doctor()
  expect(problemsIn(checks)).toEqual([])
  expect(checks).toContainEqual({
    name: 'connection',
    status: 'ok',
    message: expect.stringContaining('does not exist yet'),
  })
  expect(checks).toContainEqual({
    name: 'wrangler',
    status: 'ok',
    message: 'wrangler.jsonc has the D1 database shop as DB.',
  })
  expect(checks.find(({ name }) => name === 'API token')?.status).toBe('skipped')
  expect(checks.map(({ name }) => name)).not.toContain('pg_dump')
  const { address } = target
  expect(address.kind === 'sqlite' && existsSync(address.file ?? '')).toBe(false)
  expect(settings).toContainEqual({
    name: 'database',
    value: 'D1 shop',
    source: 'DB of wrangler.jsonc',
  })
  expect(settings).toContainEqual({ name: 'wrangler', value: 'wrangler.jsonc', source: 'file' })
})

test('a missing Worker setting is a warning with a fix', async () => {
  const { compatibility_date: _, ...rest } = WRANGLER
  const databases = [{ binding: 'DB', migrations_dir: 'migrations' }]
  write('wrangler.jsonc', JSON.stringify({ ...rest, d1_databases: databases }))
  write('migrations/1_init/migration.sql', '')
  write('prisma/migrations/1_init/migration.sql', '')
  const first = await doctor()
  expect(problemsIn(first.checks)).toEqual([
    expect.stringContaining('warning database id: DB has no database_id'),
    expect.stringContaining('warning compatibility date'),
    "warning migrations folder: wrangler's configuration names migrations, Prisma's migrations are in prisma/migrations: Slipway reads only migrations.",
  ])
  rmSync(path.join(root, 'prisma/migrations'), { recursive: true })
  const { checks } = await doctor()
  expect(problemsIn(checks).at(-1)).toContain('wrangler does not see the migrations')
  expect(checks.find(({ name }) => name === 'migrations folder')?.fix).toContain(
    'migrations_pattern',
  )
})

test('a file is opened, and its content is checked', async () => {
  const database = new DatabaseSync(path.join(root, 'dev.db'), {
    enableForeignKeyConstraints: false,
  })
  database.exec(`CREATE TABLE a (id INTEGER PRIMARY KEY);
    CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER REFERENCES a (id));
    INSERT INTO b VALUES (1, 7)`)
  const { checks } = await doctor({ url: 'file:./dev.db' })
  expect(problemsIn(checks)).toEqual([
    'warning foreign keys: Rows refer to rows that do not exist: b (1).',
  ])
  const names = checks.map(({ name }) => name)
  expect(names).toEqual(
    expect.arrayContaining([
      'connection',
      'SQLite',
      'integrity',
      'writable',
      'database size',
      'disk',
    ]),
  )
  expect(names).not.toContain('wrangler')
  database.exec('DELETE FROM b')
  database.close()
  expect(problemsIn((await doctor({ url: 'file:./dev.db' })).checks)).toEqual([])
})

test.each([
  ['does not exist', undefined, 'error connection: There is no file dev.db.'],
  ['is not a database', 'this is a text, and long enough to be read', 'error connection: The file'],
])('a file that %s is an error', async (_, content, expected) => {
  if (content !== undefined) write('dev.db', content)
  const { checks } = await doctor({ url: 'file:./dev.db' })
  expect(problemsIn(checks)).toEqual([expect.stringContaining(expected)])
  expect(checks.find(({ status }) => status === 'error')?.fix).toBeTruthy()
})
