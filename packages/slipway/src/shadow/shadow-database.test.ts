import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createDatabase, serverUrl, type TestDatabase } from '../../test/postgres.ts'
import { startProxy } from '../../test/proxy.ts'
import { quoteIdentifier, quoteLiteral, type Session, withSession } from '../database/index.ts'
import { attempt, ConnectionString } from '../kernel/index.ts'
import { type ShadowOptions, withShadowDatabase } from './shadow-database.ts'

const HISTORY = [{ name: '1_users', sql: 'CREATE TABLE users (id integer); SELECT pg_sleep(0.2);' }]

let cacheDir: string

beforeEach(() => {
  cacheDir = mkdtempSync(path.join(os.tmpdir(), 'slipway-shadow-'))
})

afterEach(() => {
  rmSync(cacheDir, { recursive: true, force: true })
})

async function look(options: Partial<ShadowOptions>, history = HISTORY) {
  return await withShadowDatabase(
    { dialect: 'postgres', cacheDir, ...options },
    history,
    async (session) => ({
      kind: session.kind,
      major: Math.floor(session.server.versionNumber / 10_000),
      database: session.server.database,
      tables: await tablesOf(session),
    }),
  )
}

async function tablesOf(session: Session): Promise<unknown[]> {
  const rows = await session.query(`SELECT relname FROM pg_class WHERE relkind = 'r'
    AND relnamespace = 'public'::regnamespace ORDER BY 1`)
  return rows.map(({ relname }) => relname)
}

async function onServer<T extends object>(sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: serverUrl() })
  await client.connect()
  try {
    return (await client.query<T>(sql)).rows
  } finally {
    await client.end()
  }
}

test('a private server stays if one of the links to its project is removed', async () => {
  const link = path.join(os.tmpdir(), `slipway-link-${path.basename(cacheDir)}`)
  const other = mkdtempSync(path.join(os.tmpdir(), 'slipway-shadow-'))
  symlinkSync(cacheDir, link)
  const linked: ShadowOptions = { dialect: 'postgres', cacheDir: link }
  const tables = await withShadowDatabase(linked, [], async (session) => {
    rmSync(link)
    // The first server of a project removes the servers of projects that no longer exist.
    await look({ cacheDir: other }, [])
    await session.execute('CREATE TABLE later (id integer)')
    return await tablesOf(session)
  })
  rmSync(other, { recursive: true })
  expect(tables).toEqual(['later'])
})

test('a server of this machine replays the history, and keeps it for the next time', async () => {
  const first = await look({})
  expect(first).toMatchObject({ kind: 'postgres', tables: ['users'] })
  const began = performance.now()
  const more = [...HISTORY, { name: '2_posts', sql: 'CREATE TABLE posts (id integer)' }]
  expect(await look({}, more)).toMatchObject({ tables: ['posts', 'users'] })
  expect(await look({}, [])).toMatchObject({ tables: [] })
  expect(performance.now() - began).toBeLessThan(10_000)
})

test('changes to a shadow database are dropped with it', async () => {
  await withShadowDatabase({ dialect: 'postgres', cacheDir }, HISTORY, (session) =>
    session.execute('DROP TABLE users'),
  )
  expect(await look({})).toMatchObject({ tables: ['users'] })
})

test('two concurrent callers get separate databases', async () => {
  await withShadowDatabase({ dialect: 'postgres', cacheDir }, HISTORY, async (outer) => {
    await outer.execute('CREATE TABLE mine (id integer)')
    expect(await look({})).toMatchObject({ tables: ['users'] })
    expect(await tablesOf(outer)).toEqual(['mine', 'users'])
  })
})

test.each([
  ['the configuration requires it', { named: 'embedded' as const }, HISTORY],
  ['a role would stay on a server', {}, [{ name: '1', sql: 'CREATE ROLE once' }]],
])('embedded if %s', async (_why, options, history) => {
  expect(await look(options, history)).toMatchObject({ kind: 'embedded' })
})

test.each([
  ['an event trigger', 'CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION f()'],
  ['a publication of all tables', 'CREATE PUBLICATION p FOR ALL TABLES'],
])('embedded for %s, which needs a superuser', async (_what, sql) => {
  const [first = { name: '', sql: '' }] = HISTORY
  const before = 'CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$;'
  expect(await look({}, [first, { name: '2', sql: `${before} ${sql}` }])).toMatchObject({
    kind: 'embedded',
  })
})

const ORDINARY = `
CREATE SCHEMA app;
CREATE EXTENSION citext SCHEMA app;
CREATE EXTENSION earthdistance CASCADE;
CREATE EXTENSION IF NOT EXISTS moddatetime WITH SCHEMA app;
COMMENT ON EXTENSION moddatetime IS 'times';
COMMENT ON SCHEMA public IS 'shop';
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO anon;
ALTER DEFAULT PRIVILEGES FOR ROLE anon IN SCHEMA public GRANT SELECT ON TABLES TO reporting;
CREATE TABLE members (id integer PRIMARY KEY, name app.citext, changed timestamp);
ALTER TABLE members OWNER TO "App Owner";
ALTER SCHEMA app OWNER TO postgres;
GRANT anon TO reporting;
SET ROLE anon;
RESET ROLE;
ALTER TABLE members ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON members TO anon USING (true);
CREATE TRIGGER changed BEFORE UPDATE ON members FOR EACH ROW EXECUTE FUNCTION app.moddatetime(changed);
CREATE FUNCTION count_members() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM members';
CREATE PUBLICATION changes FOR TABLE members;
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
INSERT INTO members VALUES (1, 'one');
DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS %L', current_database(), 'shop'); END $$;
DROP EXTENSION earthdistance;
`

test('ordinary migrations work on a private server without superuser privileges', async () => {
  const initScript =
    'CREATE SCHEMA auth; CREATE EXTENSION intagg; GRANT USAGE ON SCHEMA auth TO service'
  const history = [{ name: '1_all', sql: `${ORDINARY} SELECT pg_sleep(0.2);` }]
  for (const how of ['replayed', 'from a template']) {
    const found = await withShadowDatabase(
      { dialect: 'postgres', cacheDir, initScript },
      history,
      async (session) => {
        const [row] = await session.query(`SELECT current_user, rolsuper,
        (SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension) AS extensions,
        (SELECT tableowner FROM pg_tables WHERE tablename = 'members') AS owner,
        (SELECT count(*)::int FROM members) AS rows FROM pg_roles WHERE rolname = current_user`)
        return { kind: session.kind, ...row }
      },
    )
    expect(found, how).toEqual({
      kind: 'postgres',
      current_user: 'postgres',
      rolsuper: false,
      extensions: 'citext cube intagg moddatetime plpgsql',
      owner: 'App Owner',
      rows: 1,
    })
  }
})

test('an extension that reaches other servers is not available', async () => {
  const refused = await attempt(() => look({}, [{ name: '1', sql: 'CREATE EXTENSION dblink' }]))
  expect(refused).toMatchObject({ failure: { code: 'SHADOW.EXTENSION_UNAVAILABLE' } })
})

test('failures for a missing privilege and for a schema of the platform name a remedy', async () => {
  const denied = await attempt(() =>
    look({}, [{ name: '1', sql: `SELECT pg_read_file('PG_VERSION')` }]),
  )
  expect(JSON.stringify(denied)).toMatch(/SHADOW\.REPLAY_FAILED.*shadow: 'embedded'/)
  const missing = await attempt(() => look({}, [{ name: '1', sql: 'SELECT auth.uid()' }]))
  expect(JSON.stringify(missing)).toMatch(/SHADOW\.REPLAY_FAILED.*initShadowDb/)
})

test('two projects have separate servers, and a project reuses its own', async () => {
  const other = mkdtempSync(path.join(os.tmpdir(), 'slipway-shadow-'))
  const identity = (options: Partial<ShadowOptions>) =>
    withShadowDatabase({ dialect: 'postgres', cacheDir, ...options }, [], async (session) => {
      const [row] = await session.query(
        `SELECT (SELECT oid::text FROM pg_database WHERE datname = current_database()) AS oid`,
      )
      return row?.['oid']
    })
  try {
    const first = Number(await identity({}))
    expect(Number(await identity({}))).toBeGreaterThan(first)
    expect(Number(await identity({ cacheDir: other }))).toBe(first)
  } finally {
    rmSync(other, { recursive: true })
  }
})

test('a comment that mentions roles and extensions is not a statement', async () => {
  const [first] = HISTORY
  const sql = `-- Create user table\n/* Add the dblink extension\n*/ ${first?.sql ?? ''}`
  expect(await look({}, [{ name: '1_users', sql }])).toMatchObject({ kind: 'postgres' })
})

test('the server has the major version of the target; embedded if this machine lacks it', async () => {
  const server = { versionNumber: 120_000, schema: 'public' } as Session['server']
  expect(await look({ like: { kind: 'postgres', server } })).toMatchObject({ kind: 'embedded' })
})

test('a process that is killed leaves no server behind', async () => {
  const program = `
    const { withShadowDatabase } = await import(${JSON.stringify(path.join(import.meta.dirname, 'index.ts'))})
    await withShadowDatabase({ dialect: 'postgres', cacheDir: process.argv[1] }, [], async (session) => {
      const [{ pid }] = await session.query('SELECT pg_backend_pid() AS pid')
      process.stdout.write(String(pid))
      await new Promise((done) => process.stdout.write('\\n', done))
      process.kill(process.pid, 'SIGKILL')
    })`
  const args = ['--input-type=module', '--eval', program, cacheDir]
  const run = await attempt(async () =>
    execFileSync(process.execPath, args, { encoding: 'utf8' }),
  ).catch((error: unknown) => error as { stdout: string; signal: string })
  const { stdout, signal } = run as { stdout: string; signal: string }
  expect(signal).toBe('SIGKILL')
  const pid = Number(stdout.trim())
  expect(pid).toBeGreaterThan(1)
  await expect.poll(() => alive(pid), { timeout: 60_000 }).toBe(false)
  expect(await look({})).toMatchObject({ kind: 'postgres' })
})

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('on the server that the configuration names, in a separate database', async () => {
  const found = await look({ named: new ConnectionString(serverUrl()) })
  expect(found).toMatchObject({ kind: 'postgres', tables: ['users'] })
  expect(found.database).toMatch(/^slipway_shadow_/)
  // Other tests may have shadow databases on that server at the same time, so only this one is looked up.
  const left = await onServer(
    `SELECT datname FROM pg_database WHERE datname = ${quoteLiteral(found.database)}`,
  )
  expect(left).toEqual([])
})

let database: TestDatabase | undefined

afterEach(async () => {
  await database?.drop()
  database = undefined
})

test('a shadow database that is the target is refused (guarantee 1)', async () => {
  database = await createDatabase()
  const named = new ConnectionString(database.url)
  const target = { address: { kind: 'postgres' as const, url: named }, protected: false }
  const refused = await attempt(() => look({ named, target }))
  expect(refused).toMatchObject({ failure: { code: 'SHADOW.IS_TARGET' } })
  const server = new ConnectionString(serverUrl())
  expect(
    await attempt(() => look({ named: server, target: { ...target, protected: true } })),
  ).toMatchObject({ failure: { code: 'SHADOW.IS_TARGET' } })
})

test('the server of the target is refused behind a tunnel, too', async () => {
  database = await createDatabase()
  const url = new ConnectionString(database.url)
  const tunnel = await startProxy(serverUrl(), () => 'forward')
  try {
    const named = new ConnectionString(tunnel.url)
    await withSession({ kind: 'postgres', url }, {}, async (like) => {
      const shared = (isProtected: boolean) => {
        const target = { address: { kind: 'postgres' as const, url }, protected: isProtected }
        return attempt(() => look({ named, target, like }))
      }
      expect(await shared(true)).toMatchObject({ failure: { code: 'SHADOW.IS_TARGET' } })
      expect(await shared(false)).toMatchObject({ ok: true })
      const itself = new ConnectionString(
        Object.assign(new URL(tunnel.url), { pathname: new URL(url.reveal()).pathname }).href,
      )
      const target = { address: { kind: 'postgres' as const, url }, protected: false }
      expect(await attempt(() => look({ named: itself, target, like }))).toMatchObject({
        failure: { code: 'SHADOW.IS_TARGET' },
      })
    })
  } finally {
    await tunnel.close()
  }
})

test('a role that may not create databases gets SHADOW.RIGHTS', async () => {
  const role = `slipway_poor_${process.pid}`
  await onServer(`CREATE ROLE ${quoteIdentifier(role)} LOGIN PASSWORD 'poor'`)
  try {
    const url = new URL(serverUrl())
    url.username = role
    url.password = 'poor'
    const refused = await attempt(() => look({ named: new ConnectionString(url.href) }))
    expect(refused).toMatchObject({ failure: { code: 'SHADOW.RIGHTS' } })
  } finally {
    await onServer(`DROP ROLE ${quoteIdentifier(role)}`)
  }
})

test.each([
  [
    'CREATE TABLE profile (id uuid REFERENCES auth.users (id))',
    '',
    `CREATE SCHEMA IF NOT EXISTS "auth"; CREATE …; -- what the migrations name`,
  ],
  [
    'CREATE TRIGGER a AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION b()',
    'CREATE SCHEMA auth',
    `CREATE SCHEMA IF NOT EXISTS "auth"; CREATE TABLE auth.users (id uuid PRIMARY KEY);`,
  ],
  ['CREATE VIEW a AS SELECT * FROM by_hand', '', 'CREATE TABLE by_hand (id uuid PRIMARY KEY);'],
])(
  'advises to create what no migration creates in initShadowDb: %s',
  async (sql, initScript, lines) => {
    const looked = await attempt(() => look({ initScript }, [{ name: '1_init', sql }]))
    expect(looked.ok ? undefined : looked.failure).toMatchObject({
      code: 'SHADOW.REPLAY_FAILED',
      nextActions: [
        {
          kind: 'advice',
          label: expect.stringContaining(`migrations: { initShadowDb: \`${lines}\` }`),
        },
        { kind: 'slipway', args: ['status'] },
      ],
    })
  },
)
