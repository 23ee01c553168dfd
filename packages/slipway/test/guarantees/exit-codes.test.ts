import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.ts'
import { runCli } from '../cli-in-process.ts'
import { createDatabase, type TestDatabase } from '../postgres.ts'
import { writeProject } from '../project.ts'
import { shareImages } from '../target.ts'

// Guarantee 8: a command that could not do its job does not exit 0.

const HISTORY = [{ name: '1_init', sql: 'CREATE TABLE "Carrier" ("id" integer PRIMARY KEY);' }]
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  create: ['change', '--empty'],
  completion: ['bash'],
  'backup schedule': ['cron'],
  // Any other schedule would be followed until a signal.
  'backup run': ['--every', 'never'],
}
/** They use only the store, which is a folder of the project. */
const OF_STORE = ['backup list', 'backup prune', 'backup schedule']
const ABOUT_ITSELF = ['help', 'completion', 'engine']

interface Situation {
  readonly folder: () => string
  readonly url: () => string
  /** Commands that do not need what is missing. */
  readonly able: readonly string[]
}

let database: TestDatabase
const folders: string[] = []
const folder = (path: string) => {
  folders.push(path)
  return path
}

beforeAll(async () => {
  database = await createDatabase()
})
afterAll(async () => {
  await database.drop()
  for (const path of folders) rmSync(path, { recursive: true })
})

const emptyFolder = () => folder(mkdtempSync(join(tmpdir(), 'slipway-nothing-')))
function project(): string {
  const root = folder(writeProject(HISTORY))
  shareImages(root)
  return root
}

function withoutMigrations(): string {
  const root = folder(writeProject([]))
  shareImages(root)
  rmSync(join(root, 'prisma', 'migrations'), { recursive: true })
  return root
}

function withBrokenConfiguration(): string {
  const root = project()
  writeFileSync(join(root, 'slipway.config.ts'), 'export default { enviroments: {} }\n')
  return root
}

const SITUATIONS: Readonly<Record<string, Situation>> = {
  'there is no project': { folder: emptyFolder, url: () => database.url, able: [] },
  'the server is down': {
    folder: project,
    url: () => 'postgresql://postgres@127.0.0.1:1/shop',
    able: ['init', 'create', 'check', 'fix', ...OF_STORE],
  },
  'the database is not there': {
    folder: project,
    url: () => database.url.replace(database.name, 'no_such_database'),
    able: ['init', 'create', 'check', 'fix', ...OF_STORE],
  },
  'there are no migrations': {
    folder: withoutMigrations,
    url: () => database.url,
    able: ['init', 'create', 'dev', 'doctor', 'inspect', 'backup create', ...OF_STORE],
  },
  'the configuration is wrong': {
    folder: withBrokenConfiguration,
    url: () => database.url,
    able: [],
  },
}

describe.each(Object.entries(SITUATIONS))('when %s', (_name, { folder: make, url, able }) => {
  const unable = COMMANDS.filter(({ name }) => ![...able, ...ABOUT_ITSELF].includes(name))
  test.each(unable)('$name', async ({ name }) => {
    const args = [...name.split(' '), ...(ARGUMENTS[name] ?? []), '--url', url(), '--json']
    const run = await runCli(args, { cwd: make() })
    const document = JSON.parse(run.stdout) as {
      ok: boolean
      failure: unknown
      findings: unknown[]
    }
    expect(document.ok).toBe(false)
    expect(run.exitCode, run.stdout).not.toBe(0)
    expect(run.exitCode, 'an expected situation is no bug').not.toBe(1)
    expect(document.failure !== null || document.findings.length > 0).toBe(true)
  })
})

test('the help of each command promises only exit codes of the contract', () => {
  for (const { name, exitCodes } of COMMANDS) {
    const codes = Object.keys(exitCodes).map(Number)
    expect(codes, name).toContain(0)
    expect(
      codes.every((code) => [0, 2, 3, 4, 5, 6].includes(code)),
      name,
    ).toBe(true)
  }
})
