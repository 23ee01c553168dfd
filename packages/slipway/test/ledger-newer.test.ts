import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type CliRun, runCli } from './cli-in-process.ts'
import { addMigration, writeProject } from './project.ts'
import { createTarget, shareImages, type TestTarget } from './target.ts'

// A ledger that a newer version of Slipway wrote. What it says may mean something else there.

const INIT = { name: '1_init', sql: 'CREATE TABLE customer (id integer PRIMARY KEY, name text);' }
const MORE = { name: '2_more', sql: 'ALTER TABLE customer ADD COLUMN email text;' }

/** All commands that read the ledger of the target. */
const COMMANDS = [
  'status',
  'plan',
  'deploy',
  'rollback',
  'rollback --from-backup',
  'repair',
  'repair --undo',
  'drift',
  'drift --write by_hand',
  'baseline',
  'reset --confirm NAME',
  'kept list',
  'kept restore 1',
  'kept prune --all',
  'seed run',
  'seed status',
  'seed verify',
  'seed sync --from development --to development --tables customer',
]

interface Scene {
  readonly name: string
  run(words: string): Promise<CliRun>
}

let root = ''
let scene: Scene
afterEach(() => {
  rmSync(root, { recursive: true })
})

function projectOn(url: string, name: string, provider: 'postgresql' | 'sqlite'): Scene {
  root = writeProject([INIT], '', provider)
  shareImages(root)
  const run = (words: string) =>
    runCli([...words.replace('NAME', name).split(' '), '--json', '--no-interactive'], {
      cwd: root,
      env: { DATABASE_URL: url },
    })
  return { name, run }
}

/** The code of the failure, and the findings, of a run. */
function endingOf({ stdout }: CliRun) {
  const { failure, findings } = JSON.parse(stdout) as {
    readonly failure: { readonly code: string } | null
    readonly findings: readonly { readonly id: string }[]
  }
  return { code: failure?.code, findings: findings.map(({ id }) => id) }
}

async function testRefusals(): Promise<void> {
  const endings: Record<string, string | undefined> = {}
  for (const command of COMMANDS) {
    const ran = await scene.run(command)
    endings[command] = `${endingOf(ran).code} ${ran.exitCode}`
  }
  const refused = COMMANDS.map((command) => [command, 'HISTORY.LEDGER_NEWER 2'])
  expect(endings).toEqual(Object.fromEntries(refused))
}

const NOTICE = /A newer version of Slipway wrote the ledger of this database \(layout 99\)/

describe('on PostgreSQL', () => {
  let target: TestTarget
  beforeEach(async () => {
    target = await createTarget()
    scene = projectOn(target.url, target.name, 'postgresql')
    expect(await scene.run('deploy')).toMatchObject({ exitCode: 0 })
    await target.sql('INSERT INTO slipway.ledger VALUES (99)')
    addMigration(root, MORE)
  })
  afterEach(async () => {
    await target.drop()
  })

  test('each command that reads it refuses', testRefusals)

  test('inspect and backup create, which do not read it, say so', async () => {
    const inspected = await scene.run('inspect')
    expect(endingOf(inspected)).toMatchObject({ code: undefined })
    expect(endingOf(inspected).findings).toContain('ledger-newer')
    const made = await scene.run('backup create')
    expect(made.exitCode).toBe(0)
    expect(made.stderr).toMatch(NOTICE)
  })

  test('a role without privileges on the ledger can still compare, plan and inspect', async () => {
    const role = `${target.name}_reader`
    await target.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'a long secret';
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${role}`)
    const url = Object.assign(new URL(target.url), { username: role, password: 'a long secret' })
    try {
      rmSync(root, { recursive: true })
      scene = projectOn(url.href, target.name, 'postgresql')
      for (const command of ['drift', 'repair', 'inspect'])
        expect(endingOf(await scene.run(command)), command).toMatchObject({ code: undefined })
    } finally {
      await target.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
  })
})

describe('on SQLite', () => {
  let file = ''
  beforeEach(async () => {
    file = path.join(tmpdir(), `slipway-newer-${process.pid}.db`)
    scene = projectOn(`file:${file}`, path.basename(file), 'sqlite')
    expect(await scene.run('deploy')).toMatchObject({ exitCode: 0 })
    const database = new DatabaseSync(file)
    database.exec('UPDATE _slipway_ledger SET version = 99')
    database.close()
    addMigration(root, MORE)
  })
  afterEach(() => {
    rmSync(file)
  })

  test('each command that reads it refuses', testRefusals)

  test('backup create, which does not read it, says so', async () => {
    const made = await scene.run('backup create')
    expect(made.exitCode).toBe(0)
    expect(made.stderr).toMatch(NOTICE)
  })
})
