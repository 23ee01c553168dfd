import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { loadProject, resolveTarget } from '../../project/index.ts'
import { setUp } from '../init.ts'

const DATABASE = { binding: 'DB', database_name: 'shop', database_id: 'aaaa' }
const WORKER = {
  d1_databases: [DATABASE],
  env: { staging: { d1_databases: [{ ...DATABASE, database_id: 'bbbb' }] } },
}

let root: string

beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'slipway-setup-'))
  execFileSync('git', ['init', '--quiet'], { cwd: root })
  return () => rmSync(root, { recursive: true })
})

function write(file: string, content: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
  writeFileSync(path.join(root, file), content)
}

function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8')
}

/** Runs `init` in a folder that has a schema for SQLite. */
async function init(folder = '.', environments = ['development', 'staging', 'production']) {
  write(`${folder}/prisma/schema.prisma`, 'datasource db {\n  provider = "sqlite"\n}\n')
  write(`${folder}/package.json`, '{ "name": "shop", "dependencies": { "slipway": "1" } }\n')
  const load = () => loadProject({ cwd: path.join(root, folder), env: {}, flags: {} })
  const { result, next } = await setUp(await load(), {
    environments,
    gitignore: true,
    scripts: true,
  })
  // Reads the written files again, as every command does.
  return { ...result, next, project: await load() }
}

test('on D1 it explains wrangler, ignores its state, and adds scripts for the remote database', async () => {
  write('wrangler.jsonc', JSON.stringify(WORKER))
  const { ignored, scripts, project } = await init()
  expect(ignored).toEqual(['.slipway/', 'prisma/backups/', '.wrangler/'])
  expect(scripts).toContain('db:deploy:remote')
  expect(project.config).toEqual({ environments: { development: {}, staging: {}, production: {} } })
  const text = read('slipway.config.ts')
  expect(text).toContain('env.staging in wrangler')
  expect(text).not.toContain('DATABASE_URL')
  expect((await resolveTarget(project)).source).toBe('DB of wrangler.jsonc, local')
})

test('a Worker next to the package is found, and named', async () => {
  write('apps/worker/wrangler.jsonc', JSON.stringify(WORKER))
  const { ignored, project } = await init('packages/database')
  expect(project.config.d1).toEqual({ wrangler: '../../apps/worker/wrangler.jsonc' })
  expect(ignored).toEqual(['.slipway/', 'prisma/backups/', '../../apps/worker/.wrangler/'])
  expect(read('apps/worker/.gitignore')).toBe('.wrangler/\n')
  expect((await resolveTarget(project)).source).toBe(
    'DB of ../../apps/worker/wrangler.jsonc, local',
  )
})

test('with several bindings, none is chosen, but all are named', async () => {
  const databases = [DATABASE, { ...DATABASE, binding: 'LOGS' }]
  write('wrangler.jsonc', JSON.stringify({ d1_databases: databases }))
  write('.gitignore', '.wrangler\n')
  const { ignored, project } = await init()
  expect(project.config.d1).toBeUndefined()
  expect(read('slipway.config.ts')).toContain('Its bindings: DB, LOGS')
  expect(ignored).not.toContain('.wrangler/')
})

test('with several Workers, none is chosen, but all are named', async () => {
  for (const name of ['one', 'two'])
    write(`apps/${name}/wrangler.jsonc`, JSON.stringify({ d1_databases: [DATABASE] }))
  const { project } = await init('packages/database')
  expect(project.config.d1).toBeUndefined()
  for (const name of ['one', 'two'])
    expect(read('packages/database/slipway.config.ts')).toContain(
      `../../apps/${name}/wrangler.jsonc`,
    )
})

test('without a Worker, it writes a configuration for SQLite files', async () => {
  const { ignored, scripts, next, project } = await init('.', ['development', 'my-stage'])
  expect(ignored).toEqual(['.slipway/', 'prisma/backups/'])
  expect(scripts).not.toContain('db:deploy:remote')
  expect(read('slipway.config.ts')).toContain(`// url: 'env:MY_STAGE_DATABASE_URL'`)
  expect(project.config.d1).toBeUndefined()
  expect(JSON.stringify(next)).not.toContain('CLOUDFLARE')
})
