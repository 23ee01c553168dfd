import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deploy } from '../../src/deploy/index.ts'
import { inspectDrift } from '../../src/drift/index.ts'
import { ConnectionString } from '../../src/kernel/index.ts'
import { reset } from '../../src/repair/index.ts'
import { rollback } from '../../src/rollback/index.ts'
import { draftSquash } from '../../src/squash/index.ts'
import { postgresBin } from '../postgres.ts'
import { createTarget, migration, SHADOW, type TestMigration, type TestTarget } from '../target.ts'

// Guarantee 12: two projects and twenty tenant schemas in one database. Work on one never changes the others.

const FULL = process.env['FULL'] === '1'
const RUNS = FULL ? 200 : 3
const TENANTS = Array.from({ length: 20 }, (_, at) => (at === 0 ? 'Tenant "0"' : `tenant_${at}`))

/** Tenants and projects have tables of the same names on purpose. */
const SHOP = [
  migration(
    '20260101000000_init',
    `CREATE TYPE "Plan" AS ENUM ('FREE', 'PRO');
CREATE TABLE "Client" ("id" SERIAL PRIMARY KEY, "plan" "Plan" NOT NULL DEFAULT 'FREE', "note" TEXT);
INSERT INTO "Client" ("note") VALUES ('first'), ('second');`,
  ),
  migration(
    '20260102000000_city',
    `ALTER TABLE "Client" ADD COLUMN "city" TEXT;
CREATE VIEW "Cities" AS SELECT "city", count(*) AS "clients" FROM "Client" GROUP BY "city";
CREATE FUNCTION "touch"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER "touching" BEFORE UPDATE ON "Client" FOR EACH ROW EXECUTE FUNCTION "touch"();`,
  ),
  migration(
    '20260103000000_drop_note',
    `ALTER TABLE "Client" DROP COLUMN "note"; CREATE UNIQUE INDEX "by_city" ON "Client" (lower("city")) WHERE "id" > 1;`,
  ),
]
const CRM = [
  migration(
    '20260101000000_init',
    `CREATE TABLE "Client" ("id" INT PRIMARY KEY, "city" TEXT);
CREATE SCHEMA IF NOT EXISTS "storage"; CREATE TABLE "storage"."File" ("id" INT PRIMARY KEY, "clientId" INT REFERENCES "Client" ("id"));`,
  ),
  migration('20260102000000_drop', 'ALTER TABLE "Client" DROP COLUMN "city";'),
]

/** A project or one of its tenants, with the schemas that it owns. */
interface Owner {
  readonly schema: string
  readonly schemas: readonly string[]
  /** Its current files: a squash replaces migrations. */
  files: readonly TestMigration[]
  applied: number
}

let database: TestTarget
const owners: Owner[] = []

beforeAll(async () => {
  database = await createTarget()
  await database.sql(
    `CREATE TABLE other_application (id INT PRIMARY KEY); INSERT INTO other_application VALUES (1)`,
  )
  owners.push({ schema: 'crm', schemas: ['crm', 'storage'], files: CRM, applied: 0 })
  owners.push({ schema: 'shop', schemas: ['shop'], files: SHOP, applied: 0 })
  for (const schema of TENANTS) owners.push({ schema, schemas: [schema], files: SHOP, applied: 0 })
  for (const owner of owners) await deployNext(owner)
}, 900_000)
afterAll(() => database.drop())

function work({ schema }: Owner, migrations: readonly TestMigration[]) {
  const url = new ConnectionString(database.url).withSchema(schema)
  return {
    ...database.request(migrations),
    address: { kind: 'postgres' as const, url },
    consent: { confirm: database.name },
  }
}

async function deployNext(owner: Owner): Promise<void> {
  const count = Math.min(owner.applied + 1, owner.files.length)
  const files = owner.files.slice(0, count)
  const outcome = await deploy({ ...work(owner, files), acceptDrift: false })
  expect(outcome.failure).toBeUndefined()
  owner.applied = count
}

async function rollBackLast(owner: Owner): Promise<void> {
  if (owner.applied < 2) return
  const files = owner.files.slice(0, owner.applied)
  const steps = { extent: { kind: 'steps' as const, steps: 1 }, acceptUnproven: false }
  const outcome = await rollback({ ...work(owner, files), ...steps, announce: () => {} })
  expect(outcome.failure).toBeUndefined()
  expect(outcome.testRun).toEqual({ kind: 'proven' })
  owner.applied--
}

async function lookForDrift(owner: Owner): Promise<void> {
  const report = await inspectDrift(work(owner, owner.files.slice(0, owner.applied)))
  expect(report).toMatchObject({ drifted: false, basis: 'shadow', changes: [] })
}

async function resetAll(owner: Owner): Promise<void> {
  const files = owner.files.slice(0, owner.applied)
  const outcome = await reset({ ...work(owner, files), environment: 'development' })
  expect(outcome.deploy.failure).toBeUndefined()
  expect(outcome.dropped.filter((name) => name !== 'slipway')).toEqual(owner.schemas.toSorted())
}

/** Squashes all files, records the squash on the owner's schemas, and returns to the files by a reset. */
async function squashAndReset(owner: Owner): Promise<void> {
  const { files } = owner
  while (owner.applied < files.length) await deployNext(owner)
  const target = { address: work(owner, files).address, protected: false }
  const { name, sql } = await draftSquash({
    migrations: files,
    shadow: { ...SHADOW, target },
    emit: () => undefined,
  })
  const squash = [migration(name, sql)]
  const recorded = await deploy({ ...work(owner, squash), acceptDrift: false })
  expect(recorded).toMatchObject({ recorded: [{}] })
  expect(recorded.failure).toBeUndefined()
  const report = await inspectDrift(work(owner, squash))
  expect(report.changes).toEqual([])
  await reset({ ...work(owner, files), environment: 'development' })
  owner.applied = files.length
}

const ACTIONS = {
  deploy: deployNext,
  rollback: rollBackLast,
  drift: lookForDrift,
  reset: resetAll,
  squash: squashAndReset,
} as const

/** At least one run of each action, by the owner of two schemas, a project and a tenant. */
const EXAMPLES: [[number, keyof typeof ACTIONS]][] = [
  [[2, 'squash']],
  [[0, 'deploy']],
  [[0, 'rollback']],
  [[0, 'reset']],
  [[1, 'squash']],
]

/** Everything that does not belong to this owner, including rows, without the ledger. */
function othersOf({ schemas }: Owner): string {
  const left = ['slipway', ...schemas].map(
    (name) => `--exclude-schema="${name.replaceAll('"', '""')}"`,
  )
  const args = [...left, '-d', database.url]
  const program = join(postgresBin() ?? '', 'pg_dump')
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 28 }).replaceAll(
    /^\\(?:un)?restrict .*$/gm,
    '',
  )
}

test.skipIf(postgresBin() === undefined)(
  'work on one project or tenant never changes the others',
  async () => {
    const kinds = fc.constantFrom<keyof typeof ACTIONS>(
      ...(['deploy', 'rollback', 'drift', 'reset', 'squash'] as const),
    )
    const steps = fc.tuple(fc.nat(), kinds)
    const seed = FULL ? {} : { seed: 20261128 }
    await fc.assert(
      fc.asyncProperty(steps, async ([at, action]) => {
        const owner = owners[at % owners.length]
        if (owner === undefined) return
        const before = othersOf(owner)
        await ACTIONS[action](owner)
        expect(othersOf(owner), `${action} of ${owner.schema}`).toBe(before)
        await lookForDrift(owner)
      }),
      // Each run begins with the state that the previous one left, so that fast-check cannot shrink a failure.
      { numRuns: RUNS, endOnFailure: true, examples: EXAMPLES, ...seed },
    )
  },
  7_200_000,
)
