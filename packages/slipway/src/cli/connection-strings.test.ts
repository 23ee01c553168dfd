import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { runCli } from '../../test/cli-in-process.ts'
import { openProject } from '../app/index.ts'

const URL = 'postgresql://ann:hunter2@db.example.com/shop'

const lines: readonly (readonly string[])[] = [
  ['create', URL],
  ['create', `"${URL}"`],
  ['create', 'postgres://ann:hunter#2@db.example.com/shop'],
  ['create', 'host=db password=hunter2'],
  ['create', `DATABASE_URL=${URL}`],
  ['create', `export DATABASE_URL="${URL}"`],
  ['create', 'ann:hunter2@db.example.com:5432/shop'],
  ['create', 'DATABASE_URL=ann:hunter2@db.example.com/shop'],
  ['create', 'postgres:ann:hunter2@db.example.com'],
  ['dev', URL],
  ['check', URL],
  ['drift', '--write', URL],
  ['baseline', '--to', URL],
  ['rollback', '--to', URL],
  ['kept', 'restore', URL],
  ['reset', '--confirm', URL],
  ['deploy', '--env', URL],
  ['deploy', '--accept', URL],
  ['seed', 'run', URL],
  [URL],
  ['--json', 'kept', URL],
]

test.each(lines)('%s %s %s is refused without repeating it', async (...words) => {
  const cwd = mkdtempSync(path.join(os.tmpdir(), 'slipway-cli-'))
  const argv = words.filter((word) => word !== undefined)
  const { exitCode, stdout, stderr } = await runCli(argv, { cwd })
  expect(exitCode).toBe(2)
  expect(stdout + stderr).toContain('CLI.CONNECTION_STRING')
  expect(stdout + stderr).not.toMatch(/hunter|db\.example/)
  expect(readdirSync(cwd)).toEqual([])
  rmSync(cwd, { recursive: true })
})

test('flags for connection strings accept them', async () => {
  for (const argv of [
    ['status', '--url', URL],
    ['seed', 'sync', '--from', URL, '--to', URL],
  ]) {
    const { stdout, stderr } = await runCli(argv, { cwd: os.tmpdir() })
    expect(stdout + stderr).not.toContain('CLI.CONNECTION_STRING')
  }
})

test('names and values of columns are not connection strings', async () => {
  for (const argv of [
    ['create', 'hash', '--rename', 'User.password=passwordHash'],
    ['rollback', '--fill', 'User.password=unknown'],
    ['rollback', '--fill', 'User.site=https://example.com'],
    ['rollback', '--fill', 'User.email=mailto:ann@example.com'],
    ['create', 'ann@example.com: add a column'],
  ]) {
    const { stdout, stderr } = await runCli(argv, { cwd: os.tmpdir() })
    expect(stdout + stderr).not.toContain('CLI.CONNECTION_STRING')
  }
})

test('the library does not create a folder from it either', async () => {
  const slipway = await openProject({
    cwd: path.join(import.meta.dirname, '../project/fixtures/bare'),
    env: {},
  })
  const outcome = await slipway.create(URL)
  expect(outcome).toMatchObject({ ok: false, failure: { code: 'CREATE.NAME_INVALID' } })
  expect(JSON.stringify(outcome)).not.toContain('hunter2')
})
