import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

// Runs the npm scripts of this project in a copy with an empty local database.

const repository = path.join(import.meta.dirname, '../..')
const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'slipway-edge-'))
const state = path.join(copy, 'apps/worker/.wrangler/state/v3/d1/miniflare-D1DatabaseObject')

beforeAll(() => {
  const left = new Set(['.env', '.slipway', '.wrangler', 'node_modules'])
  fs.cpSync(import.meta.dirname, copy, {
    recursive: true,
    filter: (source) => !left.has(path.basename(source)),
  })
  const packages = path.join(repository, 'node_modules')
  fs.symlinkSync(packages, path.join(copy, 'node_modules'), 'junction')
})
afterAll(() => fs.rmSync(copy, { recursive: true, force: true, maxRetries: 5 }))

async function run(script: string, cwd = copy, env = {}): Promise<string> {
  const command = ['run', '--silent', ...script.split(' ')]
  const { stdout } = await promisify(execFile)('npm', command, {
    cwd,
    env: { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false', ...env },
  })
  return stdout
}

/** Runs the tests in workerd on the local database as Slipway left it. Throws with their output if they fail. */
async function testWorker(): Promise<void> {
  const file = fs.readdirSync(state).find((name) => /^[0-9a-f]{64}\.sqlite$/.test(name)) ?? ''
  // In this project, because the copy has no packages from which to build the Worker.
  const worker = path.join(import.meta.dirname, 'apps/worker')
  await run('test', worker, { SHOP_DATABASE: path.join(state, file) })
}

test('the Worker passes its tests after a deploy, and after a rollback and a deploy', async () => {
  expect(await run('db:status:local')).toContain('3 pending')
  expect(await run('db:migrate:apply:local')).toContain('Deployed 3 of 3 migrations')
  await run('db:seed:local')
  expect(await run('db:status:local')).toContain('up-to-date, 3 applied')
  await testWorker()

  await run('db:migrate:rollback:local -- --steps 3')
  expect(await run('db:status:local')).toContain('3 pending')
  await run('db:migrate:apply:local', path.join(copy, 'packages/database'))
  await testWorker()

  await run('db:reset:local -- --confirm edge-shop')
  expect(await run('db:status:local')).toContain('up-to-date, 3 applied')
})
