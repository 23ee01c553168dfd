import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  createTarget,
  migration,
  SHADOW,
  type TestMigration,
  type TestTarget,
} from '../../test/target.ts'
import { deploy } from '../deploy/index.ts'
import { inspectDrift } from '../drift/index.ts'
import { rollback } from './index.ts'

const consent = { confirm: undefined }

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
})
afterEach(() => target.drop())

async function deployed(migrations: readonly TestMigration[], initScript?: string) {
  const shadow = { ...SHADOW, initScript }
  const outcome = await deploy({
    ...target.request(migrations),
    shadow,
    consent,
    acceptDrift: false,
  })
  expect(outcome.failure).toBeUndefined()
}

async function changes(migrations: readonly TestMigration[], initScript?: string) {
  const shadow = { ...SHADOW, initScript }
  const report = await inspectDrift({ ...target.request(migrations), shadow })
  expect(report.basis).toBe('shadow')
  return report
}

async function rolledBack(migrations: readonly TestMigration[], initScript?: string) {
  const outcome = await rollback({
    ...target.request(migrations),
    shadow: { ...SHADOW, initScript },
    extent: { kind: 'steps', steps: 1 },
    consent,
    acceptUnproven: false,
    announce: () => {},
  })
  expect(outcome.failure).toBeUndefined()
  expect(outcome.testRun).toEqual({ kind: 'proven' })
}

test.each(['auth', 'storage', 'cron'])(
  'a schema %s that the project creates is its own: drift detects it, and a rollback drops it',
  async (schema) => {
    const history = [
      migration('1_init', 'CREATE TABLE "user" (id INT PRIMARY KEY);'),
      migration('2_own', `CREATE SCHEMA "${schema}"; CREATE TABLE "${schema}"."job" (id INT);`),
    ]
    await deployed(history)
    expect((await changes(history)).drifted).toBe(false)
    await target.sql(`ALTER TABLE "${schema}"."job" ADD COLUMN by_hand INT`)
    expect((await changes(history)).changes).toHaveLength(1)
    await target.sql(`ALTER TABLE "${schema}"."job" DROP COLUMN by_hand`)
    await rolledBack(history)
    expect(await target.sql(`SELECT to_regnamespace('${schema}') AS gone`)).toEqual([
      { gone: null },
    ])
  },
)

const PLATFORM = `CREATE SCHEMA auth; CREATE TABLE auth.users (id INT PRIMARY KEY, email TEXT);
  CREATE FUNCTION auth.uid() RETURNS int LANGUAGE sql AS 'SELECT 1';`
const ON_USERS = [
  migration(
    '1_init',
    `CREATE TABLE "profile" (id INT PRIMARY KEY REFERENCES auth.users (id));
     CREATE FUNCTION new_user() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;`,
  ),
  migration(
    '2_trigger',
    `CREATE TRIGGER on_user AFTER INSERT ON auth.users FOR EACH ROW EXECUTE FUNCTION new_user();
     CREATE POLICY own_user ON auth.users USING (id = auth.uid());
     CREATE INDEX own_index ON auth.users (email);
     COMMENT ON TRIGGER on_user ON auth.users IS 'of the project';`,
  ),
]

test('objects that a project creates on a table of another schema are its own, but the rest of that schema is not', async () => {
  await target.sql(PLATFORM)
  await deployed(ON_USERS, PLATFORM)
  // The platform changes its own table, which is not the project's concern.
  await target.sql(`ALTER TABLE auth.users ADD COLUMN phone TEXT; CREATE TABLE auth.sessions (id INT);
    CREATE INDEX users_phone ON auth.users (phone); ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY`)
  expect((await changes(ON_USERS, PLATFORM)).changes).toEqual([])
  await target.sql('DROP TRIGGER on_user ON auth.users')
  const report = await changes(ON_USERS, PLATFORM)
  expect(report.changes).toMatchObject([{ change: 'removed' }])
  expect(report.toHistory).toMatch(/CREATE TRIGGER on_user/)
  await target.sql(report.toHistory)
  expect((await changes(ON_USERS, PLATFORM)).changes).toEqual([])
  await rolledBack(ON_USERS, PLATFORM)
  expect(
    await target.sql(`SELECT tgname FROM pg_trigger WHERE tgname = 'on_user'
      UNION ALL SELECT polname FROM pg_policy UNION ALL SELECT relname FROM pg_class WHERE relname = 'own_index'`),
  ).toEqual([])
  expect(
    await target.sql(
      `SELECT to_regclass('auth.sessions') AS sessions, to_regclass('auth.users_phone') AS phone`,
    ),
  ).toEqual([{ sessions: 'auth.sessions', phone: 'auth.users_phone' }])
})

test('a down.sql may drop what its migration created on a table of another schema, but nothing else', async () => {
  await target.sql(PLATFORM)
  const [init, trigger] = ON_USERS as [TestMigration, TestMigration]
  const down = `DROP TRIGGER on_user ON auth.users; DROP POLICY own_user ON auth.users; DROP INDEX auth.own_index;`
  await deployed(ON_USERS, PLATFORM)
  await expect(
    rolledBack([init, { ...trigger, down: `${down} ALTER TABLE auth.users DROP COLUMN email;` }]),
  ).rejects.toMatchObject({
    failure: { message: expect.stringContaining('email of auth.users') },
  })
  await rolledBack([init, { ...trigger, down }], PLATFORM)
  expect(await target.sql(`SELECT tgname FROM pg_trigger WHERE tgname = 'on_user'`)).toEqual([])
})

test('a schema that is only mentioned does not belong to the project', async () => {
  await target.sql('CREATE SCHEMA other; CREATE TABLE other.t (id INT PRIMARY KEY)')
  const script = 'CREATE SCHEMA other; CREATE TABLE other.t (id INT PRIMARY KEY)'
  const history = [
    migration('1_init', `-- other\nCREATE TABLE "a" (id INT REFERENCES other.t (id), other TEXT);`),
  ]
  await deployed(history, script)
  await target.sql('ALTER TABLE other.t ADD COLUMN theirs INT')
  expect((await changes(history, script)).changes).toEqual([])
})
