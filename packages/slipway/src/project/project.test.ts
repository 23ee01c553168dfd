import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { attempt } from '../kernel/index.ts'
import { loadProject, type Project, type ProjectFlags } from './index.ts'

const FIXTURES = path.join(import.meta.dirname, 'fixtures')
const made: string[] = []

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true })
})

/** A project with the given files, for one test. */
function projectOf(files: Record<string, string>): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'slipway-project-'))
  made.push(root)
  // Ends the search for the project's root, as a repository does.
  mkdirSync(path.join(root, '.git'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
    writeFileSync(path.join(root, name), content)
  }
  return root
}

function load(
  cwd: string,
  env: Record<string, string> = {},
  flags: ProjectFlags = {},
): Promise<Project> {
  return loadProject({ cwd: path.resolve(FIXTURES, cwd), env, flags })
}

async function failureOf(cwd: string, flags: ProjectFlags = {}, env: Record<string, string> = {}) {
  const result = await attempt(() => load(cwd, env, flags))
  if (result.ok) throw new Error('the project was loaded')
  return result.failure
}

/** The parts of a project that these tests compare, with the connection string in clear. */
function summary(project: Project) {
  const { connection, direct } = project
  const where = (place: string) => path.relative(project.root, place)
  return {
    schema: where(project.schema.path),
    files: project.schema.files.map((file) => file.path),
    migrations: where(project.migrationsDir),
    url: connection.kind === 'set' ? connection.url.reveal() : connection,
    ...(direct.kind === 'set' ? { direct: direct.url.reveal() } : {}),
  }
}

const DATASOURCE = 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n'

describe('a project of Prisma 5', () => {
  test('has its schema under prisma/, and a .env with expansion', async () => {
    const project = await load('prisma5/single-file')
    expect(summary(project)).toEqual({
      schema: 'prisma/schema.prisma',
      files: ['prisma/schema.prisma'],
      migrations: 'prisma/migrations',
      url: 'postgresql://app:s3cr3t@127.0.0.1:6543/shop?schema=store&pgbouncer=true',
      direct: 'postgresql://app:s3cr3t@127.0.0.1:5432/shop?schema=store',
    })
    expect(project.schema.generators).toEqual([{ name: 'client', provider: 'prisma-client-js' }])
  })

  test('may keep .env next to the schema', async () => {
    const { url } = summary(await load('prisma5/env-beside-schema'))
    expect(url).toBe('postgresql://app@localhost/beside')
  })

  test('is found from a folder inside it, prisma/ included', async () => {
    for (const inside of ['prisma', 'prisma/migrations/20240101000000_init']) {
      const project = await load(`prisma5/single-file/${inside}`)
      expect(path.relative(FIXTURES, project.root)).toBe('prisma5/single-file')
    }
  })

  test('a variable of the shell takes precedence over .env, and the override is reported', async () => {
    const project = await load('prisma5/env-beside-schema', {
      DATABASE_URL: 'postgresql://shell/x',
    })
    expect(summary(project).url).toBe('postgresql://shell/x')
    expect(project.variables.overridden).toEqual([
      { name: 'DATABASE_URL', file: 'prisma/.env', by: 'shell' },
    ])
  })

  test('two .env files that disagree on the connection string are refused', async () => {
    const root = projectOf({
      'prisma/schema.prisma': DATASOURCE,
      '.env': 'DATABASE_URL=postgresql://one/x',
      'prisma/.env': 'DATABASE_URL=postgresql://other/x',
    })
    expect(await failureOf(root)).toMatchObject({ code: 'PROJECT.ENV_CONFLICT' })
  })
})

describe('a project of Prisma 6', () => {
  test('names its schema in package.json, with a literal connection string', async () => {
    expect(summary(await load('prisma6/package-json'))).toEqual({
      schema: 'db/main.prisma',
      files: ['db/main.prisma'],
      migrations: 'db/migrations',
      url: 'postgresql://app@localhost:5433/literal',
    })
  })

  test('has a schema folder, with migrations next to it', async () => {
    const project = await load('prisma6/schema-folder')
    expect(summary(project)).toEqual({
      schema: 'prisma/schema',
      files: ['prisma/schema/base.prisma', 'prisma/schema/models/user.prisma'],
      migrations: 'prisma/migrations',
      url: {
        kind: 'unset',
        variable: 'DATABASE_URL',
        source: 'prisma/schema/base.prisma datasource.url',
      },
    })
    expect(project.schema.schemas).toEqual(['public', 'billing'])
  })

  test('has a prisma.config.ts with types and __dirname, and its URL in the schema', async () => {
    const project = await load('prisma6/config', { POSTGRES_URL: 'postgresql://localhost/six' })
    expect(summary(project)).toEqual({
      schema: 'database',
      files: ['database/models/user.prisma', 'database/schema.prisma'],
      migrations: 'database/history',
      url: 'postgresql://localhost/six',
    })
    expect(project.initShadowDb).toBe('CREATE SCHEMA auth;')
  })
})

describe('a project of Prisma 7', () => {
  test('has everything in prisma.config.ts; .env is not expanded there', async () => {
    const project = await load('prisma7/config')
    expect(summary(project)).toEqual({
      schema: 'prisma/schema.prisma',
      files: ['prisma/schema.prisma'],
      migrations: 'prisma/migrations',
      url: 'postgresql://app:p$word@localhost:5432/shop',
    })
    expect(project.external).toEqual({ tables: ['public.users'], enums: ['public.role'] })
    expect(project.connection).toMatchObject({
      source: 'DATABASE_URL (.env), named by prisma.config.ts datasource.url',
    })
  })

  test('needs no node_modules: the configuration runs without them', async () => {
    const root = projectOf({})
    cpSync(path.join(FIXTURES, 'prisma7/config'), root, { recursive: true })
    expect(summary(await load(root)).url).toBe('postgresql://app:p$word@localhost:5432/shop')
  })

  test('may have a CommonJS configuration; a missing variable is named', async () => {
    expect(summary(await load('prisma7/commonjs', { DATABASE_URL: 'postgresql://h/x' })).url).toBe(
      'postgresql://h/x',
    )
    expect((await load('prisma7/commonjs')).connection).toMatchObject({
      kind: 'unset',
      variable: 'DATABASE_URL',
    })
  })

  test('env() of an unset variable does not stop the configuration', async () => {
    const config = `import { defineConfig, env } from 'prisma/config'
      export default defineConfig({ datasource: { url: env('NOT_SET') } })`
    const root = projectOf({ 'prisma/schema.prisma': DATASOURCE, 'prisma.config.js': config })
    expect((await load(root)).connection).toMatchObject({ kind: 'unset', variable: 'NOT_SET' })
  })

  test('may import its own modules and read its own .env files; process.env is restored', async () => {
    const before = { ...process.env }
    const project = await load('prisma7/local-module')
    expect(summary(project).url).toBe('postgresql://app@localhost:5440/shop')
    expect(project.variables.get('DATABASE_SERVER')).toEqual({
      value: 'postgresql://app@localhost:5440',
      source: 'prisma.config.ts',
    })
    expect({ ...process.env }).toEqual(before)
  })

  test('may resolve and import the installed package slipway, built or not', async () => {
    const config = `import { defineConfig } from 'slipway'
      defineConfig({})
      export default { datasource: { url: import.meta.resolve('slipway') } }`
    const root = projectOf({
      'prisma/schema.prisma': DATASOURCE,
      'prisma.config.js': config,
      'node_modules/slipway/package.json': '{ "exports": "./dist/index.js", "type": "module" }',
    })
    expect(summary(await load(root)).url).toMatch(
      /^file:.*\/node_modules\/slipway\/dist\/index\.js$/,
    )
  })

  test('need not declare that its configuration is an ES module', async () => {
    const warnings: string[] = []
    const listener = (warning: Error) => warnings.push(warning.message)
    process.on('warning', listener)
    const root = projectOf({
      'package.json': '{}',
      'prisma/schema.prisma': DATASOURCE,
      'prisma.config.ts': `import { url } from './url.js'\nexport default { datasource: { url } }`,
      'url.ts': `export const url: string = 'postgresql://h/typed'`,
    })
    expect(summary(await load(root)).url).toBe('postgresql://h/typed')
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', listener)
    expect(warnings).toEqual([])
  })

  test('a configuration with top-level await runs, and its output is not on stdout', () => {
    const config = `console.log('noise')
      const url: string = await Promise.resolve('postgresql://h/awaited')
      export default { datasource: { url } }`
    const root = projectOf({ 'prisma/schema.prisma': DATASOURCE, 'prisma.config.ts': config })
    // In a separate process, because the test runner rewrites import().
    const program = `import { loadProject } from ${JSON.stringify(path.join(import.meta.dirname, 'index.ts'))}
      const { connection } = await loadProject({ cwd: ${JSON.stringify(root)}, env: {} })
      process.stdout.write(connection.url.reveal())`
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    })
    expect(run.stdout).toBe('postgresql://h/awaited')
    expect(run.stderr).toContain('noise')
  })
})

test.each([
  ['immediately', ''],
  ['after they waited', 'await new Promise((done) => setTimeout(done, 5));'],
  ['as CommonJS', 'module.exports = '],
])(
  'ten projects are loaded at the same time, each with its own environment: files that export %s',
  (_how, code) => {
    const roots = Array.from({ length: 10 }, (_, index) => {
      const exported = code.startsWith('module') ? code : `${code}\nexport default `
      const url = `'postgresql://' + process.env.OWN_HOST + ':' + process.env.GIVEN + '/x'`
      return projectOf({
        'prisma/schema.prisma': DATASOURCE,
        '.env': `OWN_HOST=host${index}\n${index === 3 ? 'ONLY_THREE=1\nSLIPWAY_ENV=three\nGIVEN=9\n' : ''}`,
        'prisma.config.ts': `${exported} { datasource: { url: ${url} } }`,
      })
    })
    // In a separate process, because the test runner rewrites import(). Every other project uses the
    // environment of the process.
    const program = `import { loadProject } from ${JSON.stringify(path.join(import.meta.dirname, 'index.ts'))}
    const state = () => JSON.stringify([Object.entries(process.env).toSorted(), globalThis.__dirname])
    const before = state()
    const loaded = await Promise.all(${JSON.stringify(roots)}.map(async (cwd, index) => {
      if (index > 5) await new Promise((done) => setTimeout(done, index))
      const env = index % 2 === 0 ? process.env : { GIVEN: String(index) }
      const { connection, environment, variables } = await loadProject({ cwd, env })
      return [connection.url.reveal(), environment ?? null, variables.get('ONLY_THREE') !== undefined]
    }))
    console.log(JSON.stringify({ loaded, same: state() === before }))`
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], GIVEN: '5432' },
    })
    const urls = roots.map((_root, index) => [
      `postgresql://host${index}:${index % 2 === 0 ? 5432 : index}/x`,
      null,
      index === 3,
    ])
    expect(JSON.parse(run.stdout || run.stderr)).toEqual({ loaded: urls, same: true })
  },
)

describe('flags', () => {
  test('--schema and --config name files; without the flag, SLIPWAY_SCHEMA does', async () => {
    const schema = path.join(FIXTURES, 'prisma6/package-json/db/main.prisma')
    expect((await load('bare', {}, { schema })).schema.path).toBe(schema)
    expect((await load('bare', { SLIPWAY_SCHEMA: schema })).schema.path).toBe(schema)
    const config = path.join(FIXTURES, 'prisma7/config/prisma.config.ts')
    expect(
      (await load('bare', { DATABASE_URL: 'postgresql://h/x' }, { config })).external.tables,
    ).toEqual(['public.users'])
  })

  test('a configuration that is named must exist', async () => {
    const failure = await failureOf('bare', { config: 'slipway.confg.ts' })
    expect(failure.code).toBe('PROJECT.CONFIG_MISSING')
  })

  test('the name of an environment cannot lead out of the folder', async () => {
    const failure = await failureOf('bare', { env: '../../etc/passwd' })
    expect(failure.code).toBe('PROJECT.ENVIRONMENT_UNKNOWN')
  })
})

describe('bad input', () => {
  test('a schema and migrations in one folder are enough', async () => {
    expect(summary(await load('bare'))).toMatchObject({
      schema: 'schema.prisma',
      migrations: 'migrations',
    })
  })

  test('no schema: the places that were searched are named', async () => {
    const failure = await failureOf(projectOf({ 'package.json': '{}' }))
    expect(failure).toMatchObject({ code: 'PROJECT.SCHEMA_MISSING' })
    expect(failure.message).toContain('prisma/schema.prisma')
  })

  test.each([
    ['mysql', 'MySQL'],
    ['sqlserver', 'SQL Server'],
    ['mongodb', 'MongoDB'],
    ['cockroachdb', 'CockroachDB'],
  ])('%s is refused by name', async (provider, name) => {
    const schema = `datasource db {\n provider = "${provider}"\n}`
    const failure = await failureOf(projectOf({ 'schema.prisma': schema }))
    expect(failure).toMatchObject({
      code: 'PROJECT.PROVIDER_UNSUPPORTED',
      where: { file: 'schema.prisma' },
    })
    expect(failure.message).toContain(name)
  })

  test('a schema without datasource is refused', async () => {
    const failure = await failureOf(projectOf({ 'schema.prisma': 'model A {\n id Int @id\n}' }))
    expect(failure.code).toBe('PROJECT.DATASOURCE_MISSING')
  })

  test('a project of Prisma 8 is recognised by its contract or by its configuration', async () => {
    expect(await failureOf('prisma8/graph')).toMatchObject({ code: 'PROJECT.PRISMA_8' })
    const config = `export default { contract: './prisma/contract.prisma', db: {} }`
    expect(await failureOf(projectOf({ 'prisma.config.ts': config }))).toMatchObject({
      code: 'PROJECT.PRISMA_8',
      where: { file: 'prisma.config.ts' },
    })
  })

  test.each([
    ['throws', `throw new Error('no postgresql://u:geheim@h/x here')`],
    ['imports what is not there', `import 'nowhere-to-be-found'\nexport default {}`],
    ['is no JavaScript', `export default {{`],
    ['exports nothing', `export const a = 1`],
    ['has a wrong type', `export default { schema: 5 }`],
  ])('a prisma.config that %s is a failure that names it', async (_, config) => {
    const root = projectOf({ 'prisma/schema.prisma': DATASOURCE, 'prisma.config.ts': config })
    const failure = await failureOf(root)
    expect(failure).toMatchObject({
      code: 'PROJECT.CONFIG_INVALID',
      where: { file: 'prisma.config.ts' },
    })
    expect(failure.why).toBeTruthy()
    expect(JSON.stringify(failure)).not.toContain('geheim')
  })

  test('settings never contain a password', async () => {
    const project = await load('prisma5/single-file')
    expect(JSON.stringify(project)).not.toContain('s3cr3t')
  })
})
