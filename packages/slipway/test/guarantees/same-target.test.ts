import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { runCli } from '../cli-in-process.ts'
import { writeProject } from '../project.ts'
import { startProxy } from '../proxy.ts'
import { createTarget, shareImages, type TestTarget } from '../target.ts'

// Guarantee 7: a target is identified by what the server reports, however the connection string is spelled.

const INIT = { name: '1_init', sql: 'CREATE TABLE "Customer" ("id" integer PRIMARY KEY);' }

let root: string
let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
  root = writeProject([INIT])
  shareImages(root)
  return async () => {
    await target.drop()
    rmSync(root, { recursive: true })
  }
})

const configure = (environments: string) =>
  writeFileSync(
    join(root, 'slipway.config.ts'),
    `export default { environments: ${environments} }\n`,
  )

async function slipway(args: readonly string[], url?: string, env: Record<string, string> = {}) {
  const run = await runCli([...args, '--json'], {
    cwd: root,
    env: { ...(url === undefined ? {} : { DATABASE_URL: url }), ...env },
  })
  const { failure } = JSON.parse(run.stdout) as {
    failure: { code: string; message: string } | null
  }
  return {
    exitCode: run.exitCode,
    code: failure?.code,
    message: failure?.message,
    stderr: run.stderr,
  }
}

/** The connection string with parts replaced. */
function spelled(change: (url: URL) => void): string {
  const url = new URL(target.url)
  change(url)
  return url.href
}

describe('a database that the configuration assigns to production', () => {
  beforeEach(async () => {
    configure(`{ production: { url: 'env:PROD_URL', seeds: 'none', confirm: true } }`)
    await target.sql('CREATE TABLE "Customer" ("id" integer PRIMARY KEY)')
  })

  const spellings: readonly [string, (url: URL) => void][] = [
    ['the same text', () => {}],
    ['localhost', (url) => (url.hostname = 'localhost')],
    ['upper case and a trailing dot', (url) => (url.hostname = 'LOCALHOST.')],
    ['::1', (url) => (url.hostname = '[::1]')],
    ['a short form of the address', (url) => (url.hostname = '127.1')],
    ['an IPv4 address as IPv6', (url) => (url.hostname = '[::ffff:127.0.0.1]')],
    ['another role and password', (url) => ((url.username = 'other'), (url.password = 'p%40ss'))],
    ['query parameters', (url) => (url.search = 'schema=other&connection_limit=1')],
    ['percent-encoding', (url) => (url.pathname = url.pathname.replace('slipway', '%73lipway'))],
    ['postgres://', () => {}],
  ]
  test.each(spellings)('has its policy: %s', async (label, change) => {
    const changed = spelled(change)
    const url = label === 'postgres://' ? changed.replace('postgresql:', 'postgres:') : changed
    const env = { PROD_URL: target.url }
    expect(await slipway(['reset', '-y', '--confirm', target.name], url, env)).toMatchObject({
      exitCode: 2,
      code: 'REPAIR.RESET_REFUSED',
    })
    for (const flags of [[], ['--env', 'development']]) {
      expect(await slipway(['seed', 'run', '--url', url, ...flags], undefined, env)).toMatchObject({
        exitCode: 2,
        code: 'APP.CONSENT_NEEDED',
      })
    }
    expect(await target.sql('SELECT FROM "Customer"')).toEqual([])
  })

  test('has its policy if only the .env file of production names it', async () => {
    configure(`{ production: { url: 'env:DATABASE_URL', confirm: true } }`)
    writeFileSync(join(root, '.env.production'), `DATABASE_URL=${target.url}\n`)
    expect(await slipway(['reset', '--confirm', target.name], target.url)).toMatchObject({
      code: 'REPAIR.RESET_REFUSED',
    })
  })

  test('another database of the server does not have it, nor does one that only DATABASE_URL names', async () => {
    const other = await createTarget()
    try {
      const env = { PROD_URL: target.url }
      expect(await slipway(['reset', '--confirm', other.name], other.url, env)).toMatchObject({
        exitCode: 0,
      })
      configure(`{ production: { url: 'env:DATABASE_URL', confirm: true } }`)
      expect(await slipway(['reset', '--confirm', other.name], other.url)).toMatchObject({
        exitCode: 0,
      })
    } finally {
      await other.drop()
    }
  })

  test('the strictest of several environments applies, and the output says so', async () => {
    configure(
      `{ staging: { url: 'env:STAGE_URL' }, production: { url: 'env:PROD_URL', confirm: true } }`,
    )
    const env = { PROD_URL: target.url, STAGE_URL: spelled((url) => (url.hostname = 'localhost')) }
    const run = await slipway(['deploy', '--env', 'staging'], undefined, env)
    expect(run).toMatchObject({ code: 'APP.CONSENT_NEEDED' })
    expect(run.stderr).toContain('the policy of production applies')
  })
})

describe('a database that the configuration assigns to production, through a tunnel', () => {
  const PROD = 'PROD_URL'
  let tunnel: Awaited<ReturnType<typeof startProxy>>

  beforeEach(async () => {
    configure(
      `{ live: { url: 'env:LIVE_URL' }, stage: { url: 'env:STAGE_URL' }, production: { url: 'env:${PROD}', confirm: true }, staging: {} }`,
    )
    tunnel = await startProxy(target.url, () => 'forward')
    return () => tunnel.close()
  })

  test('is recognized before Slipway has ever changed it', async () => {
    await target.sql('CREATE TABLE "Other" (id int); INSERT INTO "Other" VALUES (1)')
    const env = {
      [PROD]: target.url,
      STAGE_URL: spelled((url) => url.searchParams.set('application_name', 'other')),
      LIVE_URL: 'postgresql://u@127.0.0.1:1/live',
    }
    for (const args of [
      ['reset', '--confirm', target.name],
      ['deploy'],
      ['deploy', '--env', 'staging'],
      ['baseline', '--to', '1_init'],
      ['seed', 'run'],
      ['backup', 'restore', '--confirm', target.name],
    ]) {
      const run = await slipway(args, tunnel.url, env)
      expect(run, args.join(' ')).toMatchObject({ exitCode: 2, code: 'DEPLOY.OTHER_ENVIRONMENT' })
      expect(run.message).toContain('production')
    }
    expect(await target.sql('SELECT * FROM "Other"')).toEqual([{ id: 1 }])
    const schemas = `SELECT count(*)::int AS n FROM pg_namespace WHERE nspname = 'slipway'`
    expect(await target.sql(schemas)).toEqual([{ n: 0 }])
  })

  test('is recognized by a reset, even if it was deployed as development before', async () => {
    expect(await slipway(['deploy'], tunnel.url)).toMatchObject({ exitCode: 0 })
    const run = await slipway(['reset', '--confirm', target.name], tunnel.url, {
      [PROD]: target.url,
    })
    expect(run).toMatchObject({ exitCode: 2, code: 'DEPLOY.OTHER_ENVIRONMENT' })
  })

  test('is named in a notice if the other database does not answer', async () => {
    const env = { [PROD]: 'postgresql://u:hunter2@127.0.0.1:1/shop' }
    const run = await slipway(['deploy'], tunnel.url, env)
    expect(run).toMatchObject({ exitCode: 0 })
    expect(run.stderr).toContain('Not compared with the database of production')
    expect(run.stderr).not.toContain('hunter2')
    const again = await slipway(['deploy'], tunnel.url, env)
    expect(again.stderr).not.toContain('Not compared')
  })

  test('is not confused with a different database of the same server', async () => {
    const other = await createTarget()
    try {
      expect(await slipway(['deploy'], tunnel.url, { [PROD]: other.url })).toMatchObject({
        exitCode: 0,
      })
    } finally {
      await other.drop()
    }
  })
})

describe('a database that was deployed as production', () => {
  beforeEach(async () => {
    const env = { SLIPWAY_ENV: 'production' }
    expect(await slipway(['deploy'], target.url, env)).toMatchObject({ exitCode: 0 })
    await target.sql('INSERT INTO "Customer" VALUES (1)')
  })

  test('is recognized through a tunnel before anything changes', async () => {
    const tunnel = await startProxy(target.url, () => 'forward')
    try {
      for (const args of [
        ['reset', '--confirm', target.name],
        ['deploy'],
        ['rollback'],
        ['seed', 'run'],
      ]) {
        const run = await slipway(args, tunnel.url)
        expect(run, args.join(' ')).toMatchObject({ exitCode: 2, code: 'DEPLOY.OTHER_ENVIRONMENT' })
        expect(run.message).toContain('production')
      }
      expect(await target.sql('SELECT id FROM "Customer"')).toEqual([{ id: 1 }])
      const named = ['--env', 'production']
      expect(await slipway(['deploy', ...named], tunnel.url)).toMatchObject({ exitCode: 0 })
      expect(
        await slipway(['reset', '--confirm', target.name, ...named], tunnel.url),
      ).toMatchObject({ code: 'REPAIR.RESET_REFUSED' })
    } finally {
      await tunnel.close()
    }
  })

  test('does not pass its policy on to a copy', async () => {
    const copy = await createTarget({ template: target.name })
    try {
      expect(await slipway(['reset', '--confirm', copy.name], copy.url)).toMatchObject({
        exitCode: 0,
      })
    } finally {
      await copy.drop()
    }
  })

  test('can be any environment again after its record is removed', async () => {
    expect(await slipway(['deploy'], target.url)).toMatchObject({
      code: 'DEPLOY.OTHER_ENVIRONMENT',
    })
    await target.sql(`DELETE FROM slipway.environment WHERE name = 'production'`)
    expect(await slipway(['deploy'], target.url)).toMatchObject({ exitCode: 0 })
  })

  test('remains that of production even for a protected environment that asks for less consent', async () => {
    configure(`{ staging: {}, production: { confirm: true } }`)
    const production = ['--env', 'production', '--confirm', target.name]
    expect(await slipway(['rollback', ...production], target.url)).toMatchObject({ exitCode: 0 })
    expect(await slipway(['deploy', '--env', 'staging'], target.url)).toMatchObject({
      code: 'DEPLOY.OTHER_ENVIRONMENT',
    })
    expect(await slipway(['deploy', ...production], target.url)).toMatchObject({ exitCode: 0 })
  })
})
