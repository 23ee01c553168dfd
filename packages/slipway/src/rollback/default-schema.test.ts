import { afterEach, beforeEach, expect, test } from 'vitest'
import { shortForm } from '../../test/short-form.ts'
import {
  createTarget,
  migration,
  SHADOW,
  type TestMigration,
  type TestTarget,
} from '../../test/target.ts'
import { deploy } from '../deploy/index.ts'
import { writeDownMigration } from '../down/index.ts'
import { inspectDrift } from '../drift/index.ts'
import { ConnectionString } from '../kernel/index.ts'
import { rollback, type RollbackRequest } from './index.ts'

const consent = { confirm: undefined }
const INIT = migration('1_init', 'CREATE TABLE "Client" ("id" INTEGER PRIMARY KEY);')
const CITY = migration('2_city', 'ALTER TABLE "Client" ADD COLUMN "city" TEXT;')

let target: TestTarget

beforeEach(async () => {
  target = await createTarget()
})
afterEach(() => target.drop())

/** A request for work on one schema of the database. */
function work(schema: string, migrations: readonly TestMigration[]) {
  const url = new ConnectionString(target.url).withSchema(schema)
  return { ...target.request(migrations), address: { kind: 'postgres' as const, url } }
}

async function deployed(schema: string, migrations: readonly TestMigration[]) {
  const outcome = await deploy({ ...work(schema, migrations), consent, acceptDrift: false })
  expect(outcome.failure).toBeUndefined()
}

async function rolledBack(
  schema: string,
  migrations: readonly TestMigration[],
  changes: Partial<RollbackRequest> = {},
) {
  return await rollback({
    ...work(schema, migrations),
    extent: { kind: 'steps', steps: 1 },
    consent,
    acceptUnproven: false,
    announce: () => {},
    ...changes,
  })
}

async function drift(schema: string, migrations: readonly TestMigration[]) {
  return await inspectDrift(work(schema, migrations))
}

test('a rollback in one schema does not touch a table of the same name in public', async () => {
  await target.sql(`CREATE TABLE public."Client" ("id" INTEGER PRIMARY KEY, "city" TEXT);
    INSERT INTO public."Client" VALUES (1, 'Ghent')`)
  await deployed('app', [INIT, CITY])
  await target.sql(`INSERT INTO app."Client" VALUES (7, 'Bruges')`)
  const outcome = await rolledBack('app', [INIT, CITY])
  expect(outcome).toMatchObject({ testRun: { kind: 'proven' }, verification: { verified: true } })
  expect(outcome.failure).toBeUndefined()
  expect(await target.sql('SELECT * FROM public."Client"')).toEqual([{ id: 1, city: 'Ghent' }])
  expect(await target.sql('SELECT * FROM app."Client"')).toEqual([{ id: 7 }])
})

test.each(
  shortForm([
    ['column', 'ALTER TABLE "public"."Client" DROP COLUMN "city";'],
    ['table', 'DROP TABLE IF EXISTS public."Client" CASCADE;'],
    ['rows', 'ALTER TABLE "Client" DROP COLUMN "city"; DELETE FROM public."Client";'],
    [
      'rows in a query',
      'WITH gone AS (DELETE FROM public."Client" RETURNING 1) SELECT * FROM gone;',
    ],
    ['all rows', 'TRUNCATE public."Client";'],
    ['search path', 'SET search_path = public; ALTER TABLE "Client" DROP COLUMN "city";'],
    ['set_config', `SELECT set_config('search_path', 'public', true); DROP TABLE "Client";`],
    ['block', `DO $$ BEGIN ALTER TABLE public."Client" DROP COLUMN "city"; END $$;`],
    ['executed text', `DO $$ BEGIN EXECUTE 'DROP TABLE public."Client"'; END $$;`],
    ['rename', 'ALTER TABLE public."Client" RENAME COLUMN "city" TO "town";'],
    ['move', 'ALTER TABLE public."Client" SET SCHEMA app;'],
    ['schema', 'DROP SCHEMA public CASCADE;'],
  ]),
)('a down.sql that changes objects of another application is refused: %s', async (_name, down) => {
  await target.sql(`CREATE TABLE public."Client" ("id" INTEGER PRIMARY KEY, "city" TEXT);
    INSERT INTO public."Client" VALUES (1, 'Ghent')`)
  const old = { ...CITY, down, downPath: 'migrations/2_city/down.sql' }
  await deployed('app', [INIT, old])
  for (const acceptUnproven of [false, true]) {
    await expect(rolledBack('app', [INIT, old], { acceptUnproven })).rejects.toMatchObject({
      failure: {
        code: 'DEPLOY.FOREIGN_OBJECT',
        where: { file: 'migrations/2_city/down.sql', line: 1 },
        nextActions: [{ kind: 'edit', path: 'migrations/2_city/down.sql' }, { kind: 'advice' }],
      },
    })
  }
  expect(await target.sql('SELECT * FROM public."Client"')).toEqual([{ id: 1, city: 'Ghent' }])
  // As the failure advises: without the file, the down migration is written for this database.
  const { failure } = await rolledBack('app', [INIT, CITY])
  expect(failure).toBeUndefined()
  expect(await target.sql('SELECT * FROM public."Client"')).toEqual([{ id: 1, city: 'Ghent' }])
})

test('a down.sql that names a schema of the datasource is run', async () => {
  await target.sql('CREATE SCHEMA billing')
  const history = [
    INIT,
    migration(
      '2_bill',
      'ALTER TABLE "Client" ADD COLUMN "a" INT;',
      'DROP TABLE IF EXISTS billing."bill"; ALTER TABLE "Client" DROP COLUMN "a";',
    ),
  ]
  await deployed('app', history)
  await expect(rolledBack('app', history)).rejects.toMatchObject({
    failure: { code: 'DEPLOY.FOREIGN_OBJECT' },
  })
  const outcome = await rolledBack('app', history, { schemas: ['billing'], acceptUnproven: true })
  expect(outcome.failure).toBeUndefined()
})

test.each(['app', 'My "App"', 'Client', 'größe'])(
  'a missing schema %s is created by a deploy, and there is no drift afterwards',
  async (schema) => {
    await deployed(schema, [INIT, CITY])
    expect(await drift(schema, [INIT, CITY])).toMatchObject({ drifted: false, basis: 'shadow' })
    const outcome = await rolledBack(schema, [INIT, CITY])
    expect(outcome.testRun).toEqual({ kind: 'proven' })
    expect(await drift(schema, [INIT, CITY])).toMatchObject({ drifted: false, basis: 'shadow' })
  },
)

const ALL = migration(
  '1_all',
  `CREATE TYPE "kind" AS ENUM ('a', 'b');
CREATE TABLE "app" ("id" SERIAL PRIMARY KEY, "kind" "kind" NOT NULL DEFAULT 'a', "app" TEXT, "n" INT CHECK ("n" > 0));
CREATE TABLE "note" ("id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "appId" INT REFERENCES "app" ("id"));
CREATE UNIQUE INDEX "app_lower" ON "app" (lower("app")) WHERE "n" > 3;
CREATE VIEW "kinds" AS SELECT app.kind, app.app, count(*) FROM app JOIN note ON note."appId" = app.id GROUP BY 1, 2;
CREATE FUNCTION "touch"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 FROM app.app; RETURN NEW; END $$;
CREATE TRIGGER "touching" BEFORE UPDATE ON "app" FOR EACH ROW WHEN (OLD.n IS DISTINCT FROM NEW.n) EXECUTE FUNCTION "touch"();
CREATE SEQUENCE "numbers" OWNED BY "note"."appId";
ALTER TABLE "note" ALTER COLUMN "appId" SET DEFAULT nextval('numbers');
CREATE SCHEMA billing;
CREATE TABLE billing."bill" ("id" INT PRIMARY KEY, "appId" INT REFERENCES "app" ("id"), "kind" "kind");`,
)
const NOTHING = migration(
  '2_nothing',
  `DROP SCHEMA billing CASCADE; DROP VIEW "kinds"; DROP TABLE "note"; DROP TABLE "app"; DROP TYPE "kind"; DROP FUNCTION "touch"();`,
)
const MOVED = migration(
  '2_moved',
  'CREATE SCHEMA archive; ALTER TABLE "note" SET SCHEMA archive; ALTER TABLE "app" RENAME COLUMN "n" TO "number";',
)

test.each(['app', 'public'])(
  'all kinds of objects are restored in the schema %s',
  async (schema) => {
    for (const next of [NOTHING, MOVED]) {
      await deployed(schema, [ALL])
      const before = await drift(schema, [ALL])
      expect(before).toMatchObject({ drifted: false, basis: 'shadow' })
      await deployed(schema, [ALL, next])
      const outcome = await rolledBack(schema, [ALL, next])
      expect(outcome.failure).toBeUndefined()
      expect(outcome.testRun).toEqual({ kind: 'proven' })
      expect(await drift(schema, [ALL, next])).toMatchObject({ drifted: false, basis: 'shadow' })
    }
  },
)

// Objects of several schemas may be in another order, because names decide if nothing else does.
const ONE_SCHEMA = migration('1_all', ALL.sql.slice(0, ALL.sql.indexOf('CREATE SCHEMA billing')))

test.each(
  shortForm([
    'DROP VIEW "kinds"; DROP TABLE "note"; DROP TABLE "app"; DROP TYPE "kind"; DROP FUNCTION "touch"();',
    'CREATE SCHEMA archive; ALTER TABLE "note" SET SCHEMA archive; ALTER TABLE "app" RENAME COLUMN "n" TO "number";',
    'ALTER TABLE "app" DROP COLUMN "app" CASCADE, DROP COLUMN "n" CASCADE;',
    `ALTER TYPE "kind" ADD VALUE 'c'; COMMENT ON TABLE "note" IS 'public.note and app.note';`,
    'DELETE FROM "note"; UPDATE "app" SET "app" = NULL; ALTER TABLE "note" DROP COLUMN "appId" CASCADE;',
    'ALTER TABLE "public"."Client" ADD COLUMN "city" TEXT; CREATE INDEX "client" ON public."Client" ("city");',
  ]),
)('the down.sql is the same in each default schema: %s', async (sql) => {
  const init = 'CREATE TABLE public."Client" (id INT); CREATE SCHEMA IF NOT EXISTS "app";'
  const found: string[] = []
  for (const schema of ['public', 'My "App"', 'note']) {
    const { address } = work(schema, [])
    const shadow = { ...SHADOW, initScript: init, target: { address, protected: false } }
    const down = await writeDownMigration({
      shadow,
      before: [ONE_SCHEMA],
      migration: { name: '2_next', sql },
    })
    expect(down.proven).toBe(true)
    found.push(down.sql)
  }
  expect(new Set(found).size, found.join('\n')).toBe(1)
})

test.each([
  ['public', 'CREATE TABLE x (id INT); DROP TABLE public.x;'],
  ['public', 'CREATE TABLE public.x (id INT); DROP TABLE x;'],
  ['app', 'CREATE TABLE x (id INT); DROP TABLE app.x;'],
])('a table that a migration creates and drops is not kept in %s: %s', async (schema, sql) => {
  const both = [INIT, migration('2_x', sql)]
  await deployed(schema, both)
  expect(await target.sql('SELECT table_name FROM slipway.kept')).toEqual([])
  expect((await rolledBack(schema, both)).failure).toBeUndefined()
})

test.each([
  ['app', 'CREATE TABLE x (id INT); DROP TABLE public.x;', 'public'],
  ['public', 'CREATE SCHEMA other; CREATE TABLE other.x (id INT); DROP TABLE x;', 'public'],
  ['app', 'CREATE TABLE public.y (id INT); DROP TABLE public.x;', 'public'],
])('another table of that name is kept and restored in %s: %s', async (schema, sql, home) => {
  const init = migration('1_init', `CREATE TABLE ${home}.x (id INT PRIMARY KEY);`)
  const both = [init, migration('2_x', sql)]
  await deployed(schema, [init])
  await target.sql(`INSERT INTO ${home}.x VALUES (7)`)
  await deployed(schema, both)
  expect(await target.sql('SELECT table_schema, table_name FROM slipway.kept')).toEqual([
    { table_schema: home, table_name: 'x' },
  ])
  expect((await rolledBack(schema, both)).failure).toBeUndefined()
  expect(await target.sql(`SELECT id FROM ${home}.x`)).toEqual([{ id: 7 }])
})
