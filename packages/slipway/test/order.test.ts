import { readdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { runCli } from './cli-in-process.ts'
import { writeProject } from './project.ts'
import { createTarget, shareImages } from './target.ts'

// Every command that creates a migration gives it a name that sorts after the newest one, whatever the clock.

const INIT =
  'CREATE TABLE customer (id integer NOT NULL, CONSTRAINT customer_pkey PRIMARY KEY (id));'
const MODELS = 'model customer {\n  id Int @id\n  name String?\n  email String?\n}\n'

test('migrations of drift and create sort after one from the future, and run on a new database', async () => {
  const root = writeProject([{ name: '29990101000000_init', sql: INIT }], MODELS)
  shareImages(root)
  const target = await createTarget()
  const fresh = await createTarget()
  const slipway = async (line: string, url = target.url) => {
    const run = await runCli(line.split(' '), { cwd: root, env: { DATABASE_URL: url } })
    expect(run.exitCode, line + run.stderr).toBe(0)
    return run.stdout
  }
  try {
    await slipway('deploy')
    await target.sql('ALTER TABLE customer ADD COLUMN name text')
    await slipway('drift --write by_hand')
    expect(await slipway('create email')).toContain('Its timestamp is in the future')
    const folders = readdirSync(path.join(root, 'prisma', 'migrations'))
    expect(folders.toSorted()).toEqual([
      '29990101000000_init',
      '29990101000001_by_hand',
      '29990101000002_email',
      'migration_lock.toml',
    ])
    await slipway('deploy')
    await slipway('deploy', fresh.url)
    expect(await slipway('drift', fresh.url)).toContain('matches')
    await slipway('squash all --write --accept uncommitted')
    await slipway('create --empty later')
    const names = readdirSync(path.join(root, 'prisma', 'migrations')).toSorted()
    expect(names.slice(0, 2)).toEqual(['29990101000002_all', '29990101000003_later'])
    await slipway('deploy')
  } finally {
    await target.drop()
    await fresh.drop()
  }
})
