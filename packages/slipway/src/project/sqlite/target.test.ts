import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Address } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import { type ProjectFlags, loadProject } from '../index.ts'
import { resolveTarget, type Target } from '../index.ts'

const made: string[] = []
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true })
})

const SCHEMA = 'datasource db {\n  provider = "sqlite"\n}\n'
const ID = '11111111-2222-3333-4444-555555555555'
const STAGING_ID = '66666666-2222-3333-4444-555555555555'
const WRANGLER = `{
  // One Worker with a staging environment.
  "name": "shop",
  "account_id": "acc",
  "d1_databases": [{ "binding": "DB", "database_name": "shop", "database_id": "${ID}", "migrations_dir": "migrations" }],
  "env": {
    "staging": {
      "d1_databases": [
        { "binding": "DB", "database_name": "shop-staging", "database_id": "${STAGING_ID}", "migrations_table": "applied" },
      ],
    },
  },
}`

type Files = Readonly<Record<string, string>>

/** A project with the given files, for one test. */
function projectOf(files: Files): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'slipway-d1-'))
  made.push(root)
  mkdirSync(path.join(root, '.git'))
  for (const [name, content] of Object.entries({ 'prisma/schema.prisma': SCHEMA, ...files })) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
    writeFileSync(path.join(root, name), content)
  }
  return root
}

interface Asked extends ProjectFlags {
  readonly variables?: Readonly<Record<string, string>>
  readonly unused?: boolean
  /** The working folder, relative to the root. */
  readonly folder?: string
}

async function targetOf(files: Files, asked: Asked = {}): Promise<Target & { root: string }> {
  const { variables = {}, unused, folder = '', ...flags } = asked
  const root = projectOf(files)
  const project = await loadProject({ cwd: path.join(root, folder), env: variables, flags })
  return { ...(await resolveTarget(project, { unused })), root }
}

async function failureOf(files: Files, asked: Asked = {}) {
  const result = await attempt(() => targetOf(files, asked))
  if (result.ok) throw new Error(`a target was found: ${result.value.source}`)
  return result.failure
}

function fileOf({ address, root }: Target & { root: string }): string {
  return address.kind === 'sqlite' ? path.relative(root, address.file ?? '') : address.kind
}

function idOf({ address }: { readonly address: Address }): string | undefined {
  return address.kind === 'd1' ? address.databaseId : undefined
}

function settingOf({ settings }: Target, name: string): string | undefined {
  const found = settings.find((one) => one.name === name)
  return found && `${found.value} (${found.source})`
}

const TOKEN = { CLOUDFLARE_API_TOKEN: 'geheim' }

describe('a SQLite file', () => {
  const CONFIG = `export default { schema: 'prisma/schema.prisma', datasource: { url: 'file:./data/dev.db?connection_limit=1' } }`

  test('is relative to the prisma.config of Prisma 7', async () => {
    const target = await targetOf({ 'prisma.config.ts': CONFIG })
    expect(fileOf(target)).toBe('data/dev.db')
    expect(target).toMatchObject({
      environment: 'development',
      protected: false,
      schemas: ['main'],
      source: 'prisma.config.ts datasource.url',
    })
    expect(settingOf(target, 'database')).toBe('data/dev.db (prisma.config.ts datasource.url)')
    expect(settingOf(target, 'ledger')).toBeUndefined()
  })

  test('is relative to the schema of Prisma 6, also if its prisma.config names it', async () => {
    const schema = `datasource db {\n  provider = "sqlite"\n  url = env("DATABASE_URL")\n}\n`
    const files = { 'prisma/schema.prisma': schema, '.env': 'DATABASE_URL="file:./dev.db"' }
    expect(fileOf(await targetOf(files))).toBe('prisma/dev.db')
    const classic = CONFIG.replace('{ schema', `{ engine: 'classic', schema`)
    expect(fileOf(await targetOf({ 'prisma.config.ts': classic }))).toBe('prisma/data/dev.db')
  })

  test('in --url is relative to the folder of the command', async () => {
    const target = await targetOf({}, { folder: 'prisma', url: 'file:../x.db' })
    expect(fileOf(target)).toBe('x.db')
    expect(target).toMatchObject({ environment: 'development', protected: false })
  })

  test('in a named environment belongs to it, and production is protected', async () => {
    const config = `export default { environments: { production: { url: 'env:LIVE' }, testing: {} } }`
    const files = { 'slipway.config.ts': config, '.env.production': 'LIVE=file:./live.db' }
    const target = await targetOf(files, { env: 'production' })
    expect(fileOf(target)).toBe('live.db')
    expect(target).toMatchObject({ environment: 'production', protected: true })
    const other = await targetOf(files, { env: 'testing', url: 'file:./live.db' })
    expect(other).toMatchObject({ environment: 'production', requestedEnvironment: 'testing' })
  })

  test.each([
    ['postgresql://localhost/x', 'DATABASE.URL_INVALID'],
    ['file::memory:', 'DATABASE.URL_INVALID'],
    ['file:', 'DATABASE.URL_INVALID'],
    ['libsql://shop.turso.io', 'DATABASE.PROVIDER_UNSUPPORTED'],
  ])('%s is refused', async (url, code) => {
    expect((await failureOf({}, { url })).code).toBe(code)
  })

  test('is required, unless it is not used', async () => {
    expect((await failureOf({})).code).toBe('PROJECT.URL_MISSING')
    expect((await targetOf({}, { unused: true })).address).toEqual({ kind: 'sqlite' })
  })
})

describe('a D1 database', () => {
  const files = { 'wrangler.jsonc': WRANGLER }

  test('is local without a flag, regardless of what Prisma would connect to', async () => {
    const target = await targetOf({
      ...files,
      'prisma.config.ts': `export default { schema: 'prisma/schema.prisma', datasource: { url: 'file:./dev.db' } }`,
    })
    expect(fileOf(target)).toMatch(
      /^\.wrangler\/state\/v3\/d1\/miniflare-D1DatabaseObject\/[\da-f]{64}\.sqlite$/,
    )
    expect(target.address).toMatchObject({ d1: { name: 'shop', migrationsTable: 'd1_migrations' } })
    expect(target).toMatchObject({
      environment: 'development',
      protected: false,
      schemas: ['main'],
      source: 'DB of wrangler.jsonc, local',
    })
    expect(settingOf(target, 'D1 location')).toBe('local (default)')
  })

  test('is remote with --remote, and protected like production', async () => {
    const target = await targetOf(files, { location: 'remote', variables: TOKEN })
    expect(target.address).toMatchObject({
      kind: 'd1',
      accountId: 'acc',
      databaseId: ID,
      apiUrl: 'https://api.cloudflare.com/client/v4',
    })
    expect(target).toMatchObject({ environment: 'production', protected: true })
    expect(settingOf(target, 'Cloudflare API token')).toBe('set (CLOUDFLARE_API_TOKEN (shell))')
    expect(JSON.stringify(target)).not.toContain('geheim')
    for (const env of ['development', 'testing']) {
      const asked = { env, location: 'remote' as const, variables: TOKEN }
      expect(await targetOf(files, asked)).toMatchObject({ environment: env, protected: true })
    }
  })

  test('of a named environment is the one in wrangler, remote unless --local is given', async () => {
    const asked = { env: 'staging', variables: TOKEN }
    const target = await targetOf(files, asked)
    expect(idOf(target)).toBe(STAGING_ID)
    expect(target).toMatchObject({ environment: 'staging', protected: true })
    expect(target.address).toMatchObject({
      accountId: 'acc',
      d1: { name: 'shop-staging', migrationsTable: 'applied' },
    })
    expect(fileOf(await targetOf(files, { ...asked, location: 'local' }))).toContain('.wrangler')
    expect(idOf(await targetOf(files, { env: 'production', variables: TOKEN }))).toBe(ID)
  })

  test('of an environment that wrangler does not have is never that of another one', async () => {
    const config = `export default { environments: { preview: {}, stage: { d1: { environment: 'staging' } }, wrong: { d1: { environment: 'nowhere' } } } }`
    const all = { ...files, 'slipway.config.ts': config }
    expect(await failureOf(all, { env: 'preview' })).toMatchObject({
      code: 'PROJECT.D1_NOT_CONFIGURED',
      message: 'wrangler.jsonc has no environment preview.',
    })
    expect((await failureOf(all, { env: 'wrong' })).code).toBe('PROJECT.D1_NOT_CONFIGURED')
    expect(idOf(await targetOf(all, { env: 'stage', variables: TOKEN }))).toBe(STAGING_ID)
  })

  test('may belong to an environment that only wrangler has', async () => {
    const wrangler = WRANGLER.replace('"staging"', '"preview-1"')
    const asked = { env: 'preview-1', variables: TOKEN }
    expect(idOf(await targetOf({ 'wrangler.json': wrangler }, asked))).toBe(STAGING_ID)
    expect((await failureOf(files, { env: 'constructor' })).code).toBe(
      'PROJECT.ENVIRONMENT_UNKNOWN',
    )
  })

  test('is unprotected only if the configuration gives it to testing by name', async () => {
    const config = `export default { environments: {
      testing: { d1: { environment: 'staging', location: 'remote' } }, production: {} } }`
    const all = { ...files, 'slipway.config.ts': config }
    const testing = await targetOf(all, { env: 'testing', variables: TOKEN })
    expect(idOf(testing)).toBe(STAGING_ID)
    expect(testing).toMatchObject({ environment: 'testing', protected: false })
    // The same database, which production also has.
    const shared = config.replace(`environment: 'staging', `, '')
    const found = await targetOf(
      { ...files, 'slipway.config.ts': shared },
      { env: 'testing', variables: TOKEN },
    )
    expect(found).toMatchObject({
      environment: 'production',
      requestedEnvironment: 'testing',
      protected: true,
    })
  })

  test('has its token and account in .env files, and its API URL in a variable', async () => {
    const env = `CLOUDFLARE_API_TOKEN=geheim\nCLOUDFLARE_ACCOUNT_ID=other\nCLOUDFLARE_API_BASE_URL=http://127.0.0.1:8787/client/v4/\n`
    const all = {
      'wrangler.toml': `[[d1_databases]]\nbinding = "DB"\ndatabase_id = "${ID}"\n`,
      '.env.production': env,
    }
    const target = await targetOf(all, { env: 'production' })
    expect(target.address).toMatchObject({
      accountId: 'other',
      apiUrl: 'http://127.0.0.1:8787/client/v4',
      d1: { name: 'DB' },
    })
    expect(settingOf(target, 'Cloudflare account')).toBe(
      'other (CLOUDFLARE_ACCOUNT_ID (.env.production))',
    )
    const leak = { ...TOKEN, CLOUDFLARE_API_BASE_URL: 'http://api.example.com' }
    expect(await failureOf(files, { env: 'production', variables: leak })).toMatchObject({
      code: 'PROJECT.CONFIG_INVALID',
    })
  })

  test('is in the folder of --persist-to of wrangler', async () => {
    const config = `export default { d1: { persistTo: 'tmp/state' } }`
    const target = await targetOf({ ...files, 'slipway.config.ts': config })
    expect(fileOf(target)).toMatch(/^tmp\/state\/v3\/d1\//)
    expect(settingOf(target, 'file')).toContain('slipway.config d1.persistTo')
  })

  test('of a Worker in another folder is selected by the configuration, by its binding', async () => {
    const two = WRANGLER.replace(
      '[{ "binding": "DB"',
      '[{ "binding": "OTHER", "database_name": "other" }, { "binding": "DB"',
    )
    const all = {
      'apps/worker/wrangler.jsonc': two,
      'packages/database/prisma/schema.prisma': SCHEMA,
      'packages/database/slipway.config.ts': `export default { d1: { wrangler: '../../apps/worker/wrangler.jsonc', binding: 'DB' } }`,
    }
    const target = await targetOf(all, { folder: 'packages/database' })
    expect(fileOf(target)).toMatch(/^apps\/worker\/\.wrangler\/state/)
    expect(target.source).toBe('DB of ../../apps/worker/wrangler.jsonc, local')
    const { 'packages/database/slipway.config.ts': _, ...without } = all
    const asked = { folder: 'packages/database', location: 'local' as const }
    expect(await failureOf(without, asked)).toMatchObject({
      code: 'PROJECT.WRANGLER_MISSING',
      nextActions: [
        { label: `name the Worker: d1: { wrangler: '../../apps/worker/wrangler.jsonc' }` },
        expect.anything(),
      ],
    })
    const missing = {
      ...all,
      'packages/database/slipway.config.ts': `export default { d1: { wrangler: 'x.toml' } }`,
    }
    expect((await failureOf(missing, asked)).code).toBe('PROJECT.CONFIG_MISSING')
  })

  test('is also recognised by its file', async () => {
    const { address } = await targetOf(files)
    const file = address.kind === 'sqlite' ? path.basename(address.file ?? '') : ''
    const url = `file:.wrangler/state/v3/d1/miniflare-D1DatabaseObject/${file}`
    expect((await targetOf(files, { url })).address).toMatchObject({ d1: { name: 'shop' } })
    expect((await targetOf(files, { url: 'file:other.db' })).address).not.toHaveProperty('d1')
  })
})

describe('missing settings', () => {
  const REMOTE = { location: 'remote' as const, variables: TOKEN }
  const with_ = (change: (text: string) => string) => ({ 'wrangler.jsonc': change(WRANGLER) })

  test.each<[string, Files, Asked, string]>([
    ['no wrangler configuration', {}, REMOTE, 'PROJECT.WRANGLER_MISSING'],
    ['no D1 database', { 'wrangler.toml': 'name = "x"' }, REMOTE, 'PROJECT.D1_NOT_CONFIGURED'],
    [
      'two bindings',
      with_((text) => text.replace('"d1_databases": [', '"d1_databases": [{ "binding": "B" }, ')),
      {},
      'PROJECT.D1_BINDING_AMBIGUOUS',
    ],
    [
      'no such binding',
      { ...with_(String), 'slipway.config.ts': `export default { d1: { binding: 'X' } }` },
      {},
      'PROJECT.D1_NOT_CONFIGURED',
    ],
    [
      'no database_id',
      with_((text) => text.replace(`"database_id": "${ID}", `, '')),
      REMOTE,
      'PROJECT.D1_NOT_CONFIGURED',
    ],
    ['no token', with_(String), { location: 'remote' }, 'PROJECT.D1_TOKEN_MISSING'],
    [
      'no account',
      with_((text) => text.replace('"account_id": "acc",', '')),
      REMOTE,
      'PROJECT.D1_ACCOUNT_MISSING',
    ],
    ['an odd id', with_((text) => text.replace(ID, '../x')), REMOTE, 'PROJECT.CONFIG_INVALID'],
    ['not JSON', with_((text) => text.slice(0, -3)), {}, 'PROJECT.CONFIG_INVALID'],
    ['not TOML', { 'wrangler.toml': 'name = ' }, {}, 'PROJECT.CONFIG_INVALID'],
    ['a wrong type', { 'wrangler.json': '{ "d1_databases": {} }' }, {}, 'PROJECT.CONFIG_INVALID'],
    [
      'a schema for PostgreSQL',
      { 'prisma/schema.prisma': SCHEMA.replace('sqlite', 'postgresql'), ...with_(String) },
      REMOTE,
      'PROJECT.D1_PROVIDER',
    ],
  ])('%s', async (_, files, asked, code) => {
    const failure = await failureOf(files, asked)
    expect(failure.code).toBe(code)
    expect(failure.nextActions.length).toBeGreaterThan(0)
  })

  test('the line of a syntax error is named', async () => {
    const failure = await failureOf({ 'wrangler.jsonc': '{\n  "a": 1,\n  b\n}' })
    expect(failure.where).toEqual({ file: 'wrangler.jsonc', line: 3 })
    const toml = await failureOf({ 'wrangler.toml': 'a = 1\nb = \n' })
    expect(toml.where).toEqual({ file: 'wrangler.toml', line: 2 })
  })

  test('several databases are listed, and --url does not need them', async () => {
    const files = with_((text) =>
      text.replace('"d1_databases": [', '"d1_databases": [{ "binding": "B" }, '),
    )
    expect((await failureOf(files)).message).toBe(
      'wrangler.jsonc has several D1 databases: B, DB (shop).',
    )
    expect(fileOf(await targetOf(files, { url: 'file:x.db' }))).toBe('x.db')
  })

  test('a database that is not used need not be configured', async () => {
    const asked = { env: 'production', unused: true }
    expect((await targetOf(with_(String), asked)).address).toEqual({ kind: 'sqlite' })
  })
})

describe('the migrations folder', () => {
  async function placeOf(files: Files, flags: ProjectFlags = {}) {
    const cwd = projectOf(files)
    const project = await loadProject({ cwd, env: {}, flags })
    return `${path.relative(cwd, project.migrationsDir)} ${project.migrationsLayout}`
  }
  const PATTERN =
    '"migrations_dir": "migrations", "migrations_pattern": "./migrations/*/migration.sql"'
  const PRISMA = 'prisma/migrations/1_init/migration.sql'
  const withoutDir = WRANGLER.replace(', "migrations_dir": "migrations"', '')

  test.each<[string, Files, string]>([
    ['of wrangler, new', { 'wrangler.jsonc': WRANGLER }, 'migrations flat'],
    [
      'of wrangler, with files',
      { 'wrangler.jsonc': WRANGLER, 'migrations/0001_a.sql': '', [PRISMA]: '' },
      'migrations flat',
    ],
    [
      'of wrangler, with folders',
      { 'wrangler.jsonc': WRANGLER, 'migrations/1_a/migration.sql': '' },
      'migrations folders',
    ],
    [
      'of wrangler, for folders',
      { 'wrangler.jsonc': WRANGLER.replace('"migrations_dir": "migrations"', PATTERN) },
      'migrations folders',
    ],
    [
      "wrangler's default",
      { 'wrangler.jsonc': withoutDir, 'migrations/0001_a.sql': '' },
      'migrations flat',
    ],
    [
      'of Prisma on D1',
      { 'wrangler.jsonc': withoutDir, [PRISMA]: '', 'migrations/0001_a.sql': '' },
      'prisma/migrations folders',
    ],
    ['of Prisma', { [PRISMA]: '', 'prisma/migrations/seed.sql': '' }, 'prisma/migrations folders'],
    ['of Prisma, new', {}, 'prisma/migrations folders'],
  ])('%s', async (_, files, expected) => {
    expect(await placeOf(files)).toBe(expected)
  })

  test('of an environment is the one in wrangler', async () => {
    const wrangler = WRANGLER.replace('"migrations_table": "applied"', '"migrations_dir": "other"')
    expect(await placeOf({ 'wrangler.jsonc': wrangler }, { env: 'staging' })).toBe('other flat')
  })

  test.each<[string, Files, string]>([
    [
      'two layouts',
      {
        'wrangler.jsonc': WRANGLER,
        'migrations/0001_a.sql': '',
        'migrations/1_a/migration.sql': '',
      },
      'PROJECT.MIGRATIONS_MIXED',
    ],
    [
      'another pattern',
      {
        'wrangler.jsonc': WRANGLER.replace(
          '"migrations_dir": "migrations"',
          PATTERN.replace('*/migration', '**/*'),
        ),
      },
      'PROJECT.MIGRATIONS_PATTERN',
    ],
  ])('with %s is refused', async (_, files, code) => {
    expect((await failureOf(files)).code).toBe(code)
  })

  test('with folders has the migration names in the history as wrangler writes them', async () => {
    const files = { 'wrangler.jsonc': WRANGLER, 'migrations/1_a/migration.sql': '' }
    expect((await targetOf(files)).address).toMatchObject({ d1: { nameEnding: '/migration.sql' } })
  })
})
