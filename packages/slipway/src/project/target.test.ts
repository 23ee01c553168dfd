import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { attempt } from '../kernel/index.ts'
import { loadProject, type ProjectFlags, resolveTarget, type Target } from './index.ts'

const FIXTURES = path.join(import.meta.dirname, 'fixtures')

async function target(
  fixture: string,
  env: Record<string, string> = {},
  flags: ProjectFlags = {},
): Promise<Target> {
  return await resolveTarget(await loadProject({ cwd: path.join(FIXTURES, fixture), env, flags }))
}

async function failure(...request: Parameters<typeof target>) {
  const result = await attempt(() => target(...request))
  if (result.ok) throw new Error(`a target was found: ${result.value.source}`)
  return result.failure
}

function urlOf({ address }: Target): string | undefined {
  return address.kind === 'postgres' ? address.url.reveal() : undefined
}

const REMOTE = 'postgresql://app:geheim@db.example.com/shop'

describe('without a configuration', () => {
  test('a database on this machine is development, any other one is production', async () => {
    expect(await target('bare', { DATABASE_URL: 'postgresql://localhost/x' })).toMatchObject({
      environment: 'development',
      protected: false,
    })
    const remote = await target('bare', { DATABASE_URL: REMOTE, NODE_ENV: 'development' })
    expect(remote).toMatchObject({ environment: 'production', protected: true })
  })

  test.each([
    ['postgresql://LOCALHOST./x', false],
    ['postgresql://127.1/x', false],
    ['postgresql://[::ffff:127.0.0.1]/x', false],
    ['postgresql://x?host=/run/postgresql', false],
    ['postgresql://127.0.0.1.example.com/x', true],
    ['postgresql://127.example.com/x', true],
    ['postgresql://[2001:db8::1]/x', true],
  ])('%s is protected: %s', async (url, isProtected) => {
    expect((await target('bare', { DATABASE_URL: url })).protected).toBe(isProtected)
  })

  test('a direct connection to another machine is not development either', async () => {
    const found = await target('prisma5/single-file', {
      DATABASE_URL: 'postgresql://localhost/x',
      DIRECT_URL: REMOTE,
    })
    expect(found).toMatchObject({ environment: 'production', protected: true })
  })

  test('calling a remote database development does not make it one', async () => {
    expect((await target('bare', { DATABASE_URL: REMOTE }, { env: 'development' })).protected).toBe(
      true,
    )
    expect((await target('bare', {}, { env: 'testing', url: REMOTE })).protected).toBe(true)
  })

  test('no connection string at all means the embedded database', async () => {
    const found = await target('bare')
    expect(found.address).toEqual({
      kind: 'embedded',
      dataDir: path.join(FIXTURES, 'bare/.slipway/database'),
    })
    expect(found).toMatchObject({
      environment: 'development',
      protected: false,
      schemas: ['public'],
    })
  })

  test('an unset variable also means the embedded database, but is reported', async () => {
    const found = await target('prisma7/commonjs')
    expect(found).toMatchObject({ unsetVariable: 'DATABASE_URL', address: { kind: 'embedded' } })
  })

  test('in CI, and if production is named, a missing connection string is a failure', async () => {
    expect((await failure('prisma7/commonjs', { CI: 'true' })).code).toBe('PROJECT.URL_MISSING')
    expect((await failure('bare', {}, { env: 'production' })).code).toBe('PROJECT.URL_MISSING')
  })

  test('--url takes precedence over the shell, and the shell over .env', async () => {
    const shell = { DATABASE_URL: 'postgresql://shell/x' }
    expect(urlOf(await target('prisma7/config', shell, { url: 'postgresql://flag/x' }))).toBe(
      'postgresql://flag/x',
    )
    expect(urlOf(await target('prisma7/config', shell))).toBe('postgresql://shell/x')
    expect(urlOf(await target('prisma7/config'))).toBe(
      'postgresql://app:p$word@localhost:5432/shop',
    )
  })

  test('directUrl is passed on, and ?schema= is the schema', async () => {
    const found = await target('prisma5/single-file')
    expect(found.direct).toMatchObject({ kind: 'postgres' })
    expect(found.schemas).toEqual(['store'])
    expect((await target('prisma6/schema-folder')).schemas).toEqual(['public', 'billing'])
  })

  test.each([
    'mysql://h/x',
    'sqlserver://h',
    'mongodb+srv://h/x',
    'file:./dev.db',
    'prisma+postgres://accelerate',
  ])('%s is refused', async (url) => {
    expect((await failure('bare', {}, { url })).code).toBe('DATABASE.PROVIDER_UNSUPPORTED')
  })
})

describe('with a configuration', () => {
  const project = 'prisma7/environments'

  test('a named environment has its connection string, its .env file and its policy', async () => {
    const staging = await target(project, {}, { env: 'staging' })
    expect(urlOf(staging)).toBe('postgresql://app@staging.example.com/shop')
    expect(staging).toMatchObject({
      environment: 'staging',
      protected: true,
      policy: { backup: { when: 'before-deploy' } },
    })
    expect(staging.source).toContain('.env.staging')

    const env = { DATABASE_URL: REMOTE, DIRECT_URL: `${REMOTE}?direct=1` }
    const production = await target(project, env, { env: 'production' })
    expect(production.policy).toEqual({
      lockTimeoutMs: 500,
      statementTimeoutMs: 3_600_000,
      deadlineMs: 7_200_000,
      backup: { when: 'before-deploy' },
      keepMs: 604_800_000,
      seeds: ['production'],
      confirm: true,
    })
    expect(production.direct).toMatchObject({ kind: 'postgres' })
  })

  test('without a name, the host decides, and a remote database gets the policy of production', async () => {
    expect(await target(project)).toMatchObject({ environment: 'development', protected: false })
    const remote = await target(project, { DATABASE_URL: REMOTE })
    expect(remote).toMatchObject({
      environment: 'production',
      protected: true,
      policy: { confirm: true },
    })
  })

  test('testing may be on another machine if it has its own connection string', async () => {
    const found = await target(project, { TEST_URL: REMOTE }, { env: 'testing' })
    expect(found).toMatchObject({ environment: 'testing', protected: false })
  })

  test('production on loopback, as through a tunnel, stays protected', async () => {
    const found = await target(project, { SLIPWAY_ENV: 'production' })
    expect(found).toMatchObject({ environment: 'production', protected: true })
  })

  test('an unknown environment is a failure with a suggestion', async () => {
    const found = await failure(project, {}, { env: 'prodction' })
    expect(found).toMatchObject({
      code: 'PROJECT.ENVIRONMENT_UNKNOWN',
      why: 'Did you mean production?',
    })
  })

  test('an unset variable that an environment names is a failure', async () => {
    expect(await failure(project, {}, { env: 'testing' })).toMatchObject({
      code: 'PROJECT.URL_MISSING',
    })
  })

  test('nothing that can be printed contains a password', async () => {
    const found = await target(project, { DATABASE_URL: REMOTE })
    expect(JSON.stringify(found)).not.toContain('geheim')
  })
})
