import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { type CliOptions, runCli } from '../../../test/cli-in-process.ts'
import { writeProject } from '../../../test/project.ts'
import { createTarget, shareImages, type TestTarget } from '../../../test/target.ts'

const MODELS = `generator client {
  provider = "prisma-client-js"
}

model User {
  id    Int    @id
  email String
}
`

let root: string
let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  root = writeProject([], MODELS)
  shareImages(root)
  return async () => {
    await target.drop()
    rmSync(root, { recursive: true })
  }
})

async function slipway(args: readonly string[], options: CliOptions = {}) {
  const { env = {} } = options
  const run = await runCli(args, {
    ...options,
    cwd: root,
    env: { DATABASE_URL: target.url, ...env },
  })
  return { ...run, document: args.includes('--json') ? JSON.parse(run.stdout) : undefined }
}

/** Installs a stand-in for the project's Prisma CLI, which `dev` runs. */
function installPrisma(program: string): void {
  const folder = join(root, 'node_modules/prisma/build')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, '../package.json'), '{ "name": "prisma", "version": "7.0.0" }')
  writeFileSync(join(folder, 'index.js'), program)
}

const names = () =>
  readdirSync(join(root, 'prisma/migrations'))
    .filter((name) => !name.endsWith('.toml'))
    .map((name) => name.replace(/^\d+_/, ''))

test('a generator that fails is named, and the result is kept', async () => {
  installPrisma(`console.error('the generator broke'); process.exit(3)`)
  const { exitCode, document } = await slipway(['dev', '--json'])
  expect({ exitCode, ...document }).toMatchObject({
    exitCode: 4,
    failure: { code: 'CREATE.GENERATE_FAILED', why: expect.stringContaining('broke') },
    result: {
      migration: { name: expect.stringContaining('create_user') },
      receipts: [{ status: 'done' }],
      generated: null,
      seeds: null,
    },
  })
  expect(await target.sql('SELECT FROM "User"')).toEqual([])
  installPrisma('')
  expect((await slipway(['dev', '--json'])).document).toMatchObject({
    ok: true,
    result: { migration: null, generated: { kind: 'generated' } },
  })
})

describe('the name of a migration', () => {
  test('is derived from the change without a terminal or with -y', async () => {
    expect(await slipway(['dev'])).toMatchObject({ exitCode: 0 })
    writeFileSync(
      join(root, 'prisma/schema.prisma'),
      `datasource db {\n  provider = "postgresql"\n}\n\n${MODELS.replace('email String', 'email String\n  phone String?')}`,
    )
    expect(await slipway(['dev', '-y'], { tty: true })).toMatchObject({ exitCode: 0 })
    expect(names()).toEqual(['create_user', 'add_user_phone'])
  })

  test('is prompted for on a terminal, with the derived name as the default', async () => {
    const run = await slipway(['dev'], { tty: true, answers: [''] })
    expect(run.stderr).toMatch(/Name of the migration\?\S* \[create_user\] /)
    expect(run.exitCode).toBe(0)
    expect(names()).toEqual(['create_user'])
  })
})

test('commands that touch no target need no connection string in CI', async () => {
  writeFileSync(
    join(root, 'prisma/schema.prisma'),
    `datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n\n${MODELS}`,
  )
  rmSync(join(root, 'prisma.config.ts'))
  const run = (...args: string[]) => runCli(args, { cwd: root, env: { CI: '1' } })
  expect(await run('create', 'first')).toMatchObject({ exitCode: 0 })
  expect(await run('check', '--all')).toMatchObject({ exitCode: 0 })
  expect(await run('fix', '--all')).toMatchObject({ exitCode: 0 })
  const deploy = await run('deploy')
  expect(deploy).toMatchObject({ exitCode: 2 })
  expect(deploy.stderr).toContain('PROJECT.URL_MISSING')
})
