import { afterEach, beforeEach, expect, test } from 'vitest'
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

/** What work on one schema of the database is asked with. */
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

test('a rollback in one schema leaves a table of the same name in public alone', async () => {
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

test.each(['app', 'My "App"', 'Client', 'größe'])(
  'a missing schema %s is created by a deploy, and nothing drifts after it',
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

// Objects of other schemas may come in another order: names decide where nothing else does.
const ONE_SCHEMA = migration('1_all', ALL.sql.slice(0, ALL.sql.indexOf('CREATE SCHEMA billing')))

test.each([
  'DROP VIEW "kinds"; DROP TABLE "note"; DROP TABLE "app"; DROP TYPE "kind"; DROP FUNCTION "touch"();',
  'CREATE SCHEMA archive; ALTER TABLE "note" SET SCHEMA archive; ALTER TABLE "app" RENAME COLUMN "n" TO "number";',
  'ALTER TABLE "app" DROP COLUMN "app" CASCADE, DROP COLUMN "n" CASCADE;',
  `ALTER TYPE "kind" ADD VALUE 'c'; COMMENT ON TABLE "note" IS 'public.note and app.note';`,
  'DELETE FROM "note"; UPDATE "app" SET "app" = NULL; ALTER TABLE "note" DROP COLUMN "appId" CASCADE;',
  'ALTER TABLE "public"."Client" ADD COLUMN "city" TEXT; CREATE INDEX "client" ON public."Client" ("city");',
])('has one down.sql in each default schema: %s', async (sql) => {
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
