import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCli } from './cli-in-process.ts'
import { addMigration, writeProject } from './project.ts'
import { createTarget, shareImages, type TestTarget } from './target.ts'

// The output that first-time users read.

let target: TestTarget
let root: string

beforeEach(async () => {
  target = await createTarget()
  root = writeProject([
    { name: '20240101000000_init', sql: 'CREATE TABLE customer (id int PRIMARY KEY, name text);' },
  ])
  addMigration(root, {
    name: '20240102000000_more',
    sql: 'ALTER TABLE customer ADD COLUMN age int;',
  })
  shareImages(root)
})
afterEach(() => target.drop())

async function slipway(line: string) {
  const run = await runCli(line.split(' '), { cwd: root, env: { DATABASE_URL: target.url } })
  return { ...run, said: run.stdout + run.stderr }
}

test('every command calls the target by its name and its environment', async () => {
  const place = `${target.name} (development)`
  expect((await slipway('deploy')).said).toContain(`migrations to ${place}.`)
  expect((await slipway('status')).said).toContain(`${place}: `)
  expect((await slipway('drift')).said).toContain(`${place} matches its history`)
  expect((await slipway('repair')).said).toContain(`Nothing to repair on ${place}`)
  await target.sql('CREATE TABLE by_hand (id int)')
  expect((await slipway('drift')).said).toContain(`${place} differs from its history.`)
  expect((await slipway('drift --write by_hand')).said).toContain(`as applied on ${place}`)
  const reset = await slipway(`reset --confirm ${target.name} -y`)
  expect(reset.said).toContain(`Dropped everything in public on ${place}`)
})

test('a squash without --write says that --write needs a commit', async () => {
  const first = 'Commit the migrations first'
  const outside = await slipway('squash')
  expect(outside).toMatchObject({ exitCode: 0, said: expect.stringContaining(first) })
  expect(outside.said).toContain('The migrations are not in a Git repository.')
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: root })
  git('init', '-q')
  expect((await slipway('squash')).said).toContain('20240101000000_init, 20240102000000_more: not')
  expect((await slipway('squash --accept uncommitted')).said).not.toContain(first)
  git('add', 'prisma')
  git('commit', '-qm', 'migrations')
  expect((await slipway('squash')).said).not.toContain(first)
  expect(await slipway('squash --write')).toMatchObject({ exitCode: 0 })
})

test('without a seed set for the environment, the output says what to write, and where', async () => {
  await slipway('deploy')
  const form = 'Write a set in prisma/seeds: a TypeScript file with defineSeed'
  for (const line of ['seed run', 'seed status'])
    expect(await slipway(line)).toMatchObject({ exitCode: 0, said: expect.stringContaining(form) })
  const folder = join(root, 'prisma/seeds/plans')
  mkdirSync(folder, { recursive: true })
  const set = { version: 1, environments: ['production'], tables: { customer: { key: ['id'] } } }
  writeFileSync(join(folder, 'set.json'), JSON.stringify(set))
  writeFileSync(join(folder, 'customer.csv'), 'id\n1\n')
  const { said } = await slipway('seed run')
  expect(said).toContain(
    'Add development to environments of a set, or add the set to seeds of development',
  )
  writeFileSync(join(folder, 'set.json'), JSON.stringify({ ...set, environments: ['development'] }))
  expect((await slipway('seed run')).said).not.toContain('Add development to')
})
