import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { addMigration, writeProject } from '../../test/project.ts'
import { createTarget, migration, type TestMigration, type TestTarget } from '../../test/target.ts'
import { deploy } from '../deploy/index.ts'
import { type Decision, type EditedProblem, examine, type MissingProblem, repair } from './index.ts'

const INIT = migration(
  '1_init',
  '-- the first\nCREATE TABLE customer (id integer PRIMARY KEY, name text);\n',
)
const EMAIL = migration('2_email', 'ALTER TABLE customer ADD COLUMN email text;\n')

let target: TestTarget
let root: string
let migrationsDir: string

beforeEach(async () => {
  target = await createTarget()
  root = writeProject([INIT, EMAIL])
  migrationsDir = path.join(root, 'prisma', 'migrations')
  git('init', '--quiet', '--initial-branch=main')
  commit('two migrations')
  const outcome = await deploy({
    ...target.request([INIT, EMAIL]),
    consent: { confirm: undefined },
    acceptDrift: false,
  })
  expect(outcome.failure).toBeUndefined()
})
afterEach(async () => {
  await target.drop()
  rmSync(root, { recursive: true })
})

function git(...args: string[]): string {
  const identity = [
    '-c',
    'user.name=test',
    '-c',
    'user.email=test@example.org',
    '-c',
    'commit.gpgsign=false',
  ]
  return execFileSync('git', [...identity, ...args], { cwd: root, encoding: 'utf8' })
}

function commit(message: string) {
  git('add', '.')
  git('commit', '--quiet', '-m', message)
}

function edited(sql: string): TestMigration[] {
  const changed = { ...EMAIL, sql }
  addMigration(root, changed)
  return [INIT, changed]
}

async function problems(
  migrations: readonly TestMigration[],
  dir: string | undefined = migrationsDir,
) {
  return (await examine({ ...target.request(migrations), migrationsDir: dir })).problems
}

async function decide(decision: Decision, migrations: readonly TestMigration[]) {
  return await repair(
    { ...target.request(migrations), migrationsDir, consent: { confirm: undefined } },
    decision,
  )
}

describe('an edited migration', () => {
  test('with changes only in comments and white space is accepted as harmless', async () => {
    const now = edited('-- adds the e-mail\nALTER TABLE customer\n  ADD COLUMN email text;\n')
    const [problem] = (await problems(now)) as EditedProblem[]
    expect(problem).toMatchObject({
      kind: 'edited',
      migration: '2_email',
      text: 'harmless',
      catalog: { kind: 'equal' },
    })
    expect(await decide({ kind: 'accept-edit', harmlessOnly: true }, now)).toMatchObject({
      verified: true,
    })
    expect(await problems(now)).toEqual([])
    const again = await deploy({
      ...target.request(now),
      consent: { confirm: undefined },
      acceptDrift: false,
    })
    expect(again).toMatchObject({ before: { state: 'up-to-date', edited: [] } })
  })

  test('with other changes is accepted only on request, and its effect is shown', async () => {
    const now = edited('ALTER TABLE customer ADD COLUMN email text, ADD COLUMN phone text;\n')
    const [problem] = (await problems(now)) as EditedProblem[]
    expect(problem).toMatchObject({
      text: 'differs',
      catalog: {
        kind: 'differs',
        changes: [
          {
            change: 'removed',
            object: { kind: 'column', schema: null, table: 'customer', name: 'phone' },
          },
        ],
      },
    })
    const careful = decide({ kind: 'accept-edit', harmlessOnly: true }, now)
    await expect(careful).rejects.toMatchObject({ failure: { code: 'REPAIR.EDIT_MATTERS' } })
    expect(await problems(now)).toHaveLength(1)
    const repaired = await decide({ kind: 'accept-edit' }, now)
    expect(repaired).toMatchObject({
      verified: false,
      changes: [{ object: { kind: 'column', schema: null, table: 'customer', name: 'phone' } }],
    })
    expect(await problems(now)).toEqual([])
  })

  test('whose applied text is not in version control is compared only by its catalog', async () => {
    const now = edited('alter table customer add column email text;\n')
    const elsewhere = mkdtempSync(path.join(tmpdir(), 'slipway-no-git-'))
    const [problem] = (await problems(now, elsewhere)) as EditedProblem[]
    expect(problem).toMatchObject({ text: 'old-text-unknown', catalog: { kind: 'equal' } })
    rmSync(elsewhere, { recursive: true })
  })
})

describe('a migration that the project lacks', () => {
  test('is found on another branch, with the command that restores it', async () => {
    git('checkout', '--quiet', '-b', 'other')
    const other = migration('3_phone', 'ALTER TABLE customer ADD COLUMN phone text;\n')
    addMigration(root, other)
    commit('a phone')
    const all = [INIT, EMAIL, other]
    await deploy({ ...target.request(all), consent: { confirm: undefined }, acceptDrift: false })
    git('checkout', '--quiet', 'main')
    const [problem] = (await problems([INIT, EMAIL])) as MissingProblem[]
    expect(problem).toMatchObject({
      kind: 'missing',
      migration: '3_phone',
      found: { branch: 'other', same: true },
    })
    const restore = problem?.found?.restore.split(' ') ?? []
    expect(restore.slice(0, 2)).toEqual(['git', 'checkout'])
    git(...restore.slice(1))
    expect(git('status', '--short')).toContain('3_phone/migration.sql')
    expect(await problems(all)).toEqual([])
  })

  test('is removed only on request; its objects then show as drift', async () => {
    const diagnosis = await examine({ ...target.request([INIT]), migrationsDir: root })
    expect(diagnosis).toMatchObject({
      state: 'ahead',
      problems: [{ kind: 'missing', migration: '2_email' }],
    })
    const outcome = await decide({ kind: 'mark-rolled-back', migration: '2_email' }, [INIT])
    expect(outcome).toMatchObject({
      verified: false,
      changes: [
        {
          change: 'added',
          object: { kind: 'column', schema: null, table: 'customer', name: 'email' },
        },
      ],
    })
    expect((await examine(target.request([INIT]))).problems).toEqual([])
  })
})
