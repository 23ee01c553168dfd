import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../test/postgres.ts'
import { BEGINNING, ddl } from '../../../test/random-ddl.ts'
import { SHADOW } from '../../../test/target.ts'
import { type Session, withSession } from '../../database/index.ts'
import { attempt, ConnectionString } from '../../kernel/index.ts'
import { withShadowDatabase } from '../../shadow/index.ts'
import { objectKey, objectText } from '../../statements/index.ts'
import {
  difference,
  differingObjects,
  fingerprint,
  catalogReader,
  readCatalog,
  readCatalogInTransaction,
  readFingerprint,
  scopeOf,
  scriptBetween,
} from '../index.ts'
import { alwaysFits } from './type-casts.ts'

/** A sample of everything that people write. */
const SCHEMA = `${BEGINNING}
CREATE DOMAIN "Short" AS text CONSTRAINT short CHECK (length(VALUE) < 9) DEFAULT 'x';
CREATE SEQUENCE counter START 5 INCREMENT 2 OWNED BY "alpha"."a";
CREATE TABLE measured (at date NOT NULL, v numeric(8,2) DEFAULT 1.5, tags text[] DEFAULT '{}') PARTITION BY RANGE (at);
CREATE TABLE measured_2026 PARTITION OF measured FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
ALTER TABLE measured ADD PRIMARY KEY (at);
CREATE TABLE stay (module integer, during daterange, twice integer GENERATED ALWAYS AS (module * 2) STORED,
  EXCLUDE USING gist (during WITH &&), UNIQUE (module) INCLUDE (during) DEFERRABLE INITIALLY DEFERRED);
CREATE INDEX recent ON "Be ta" ("C c" DESC NULLS LAST, lower("C c")) WHERE "a" IS NOT NULL AND "C c" <> 'x';
CREATE INDEX hashed ON "alpha" USING hash ("b");
ALTER TABLE "alpha" ADD CONSTRAINT positive CHECK ("a" > 0 AND "b" IN ('p', 'q')) NOT VALID;
CREATE VIEW seen AS SELECT "Be ta"."a", count(*) AS n FROM "Be ta" LEFT JOIN "alpha" ON "alpha"."id" = "Be ta"."a"
  WHERE "Be ta"."C c" IS NOT NULL AND ("alpha"."a" > 1 OR "alpha"."b" = 'x') GROUP BY "Be ta"."a";
CREATE VIEW plain AS SELECT "Be ta"."a" FROM "Be ta" WHERE "Be ta"."C c" IS NOT NULL;
CREATE MATERIALIZED VIEW kept AS SELECT b."a", b."id" FROM "Be ta" b WHERE EXISTS (SELECT 1 FROM seen WHERE seen."a" = b."a");
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW."b" := 'x'; RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE OF "b" ON "alpha" FOR EACH ROW WHEN (OLD."b" IS DISTINCT FROM NEW."b") EXECUTE FUNCTION touch();
ALTER TABLE "alpha" ENABLE ROW LEVEL SECURITY;
CREATE POLICY readers ON "alpha" FOR SELECT USING ("b" = current_user);
COMMENT ON COLUMN "alpha"."b" IS 'it''s b';
CREATE TYPE span AS RANGE (subtype = float8);
CREATE TYPE "a range, or ranges" AS RANGE (subtype = float8);
CREATE TYPE "${'a long name '.repeat(5)}" AS RANGE (subtype = float8);
CREATE COLLATION german (provider = icu, locale = 'de');
CREATE RULE none AS ON DELETE TO "Be ta" DO INSTEAD NOTHING;
`

let database: TestDatabase

beforeAll(async () => {
  database = await createDatabase()
})
afterAll(() => database.drop())

async function onServer<T>(work: (session: Session) => Promise<T>): Promise<T> {
  return await withSession({ kind: 'postgres', url: new ConnectionString(database.url) }, {}, work)
}

/** Runs `work` in a transaction that is rolled back. */
async function onTrial<T>(session: Session, work: () => Promise<T>): Promise<T> {
  await session.execute('BEGIN')
  try {
    return await work()
  } finally {
    await session.execute('ROLLBACK')
  }
}

/** Runs `work` with the objects of `BEGINNING` and an empty schema, `many`, and drops both afterwards. */
async function onNewSchema(session: Session, work: () => Promise<void>): Promise<void> {
  await session.execute(`CREATE SCHEMA many; ${BEGINNING}`)
  try {
    await work()
  } finally {
    await session.execute('DROP SCHEMA many CASCADE; DROP TABLE "alpha", "Be ta"; DROP TYPE "Mood"')
  }
}

test('a server and the embedded database give the same fingerprint, whatever their versions', async () => {
  const [server, embedded] = await Promise.all([
    onServer((session) =>
      onTrial(session, async () => {
        await session.execute(SCHEMA)
        return await readCatalogInTransaction(session)
      }),
    ),
    withShadowDatabase(SHADOW, [], async (session) => {
      await session.execute(SCHEMA)
      expect(await readFingerprint(session)).toEqual(fingerprint(await readCatalog(session)))
      return await readCatalog(session)
    }),
  ])
  expect(difference(server, embedded)).toEqual([])
  expect(fingerprint(embedded)).toEqual(fingerprint(server))
  expect(Object.keys(fingerprint(server).objects)).toContain(
    objectKey({ kind: 'table', schema: null, name: 'alpha' }),
  )
})

test('a large schema is read in parts, with the same fingerprint as in a single part', async () => {
  await onServer((session) =>
    onNewSchema(session, async () => {
      await session.execute(`DO $$ BEGIN FOR i IN 1..620 LOOP EXECUTE format('CREATE TABLE many.t%s (id serial PRIMARY KEY,
        parent integer REFERENCES many.t%s, kind "Mood", UNIQUE (parent)); CREATE VIEW many.v%s AS SELECT * FROM many.t%s',
        i, greatest(i - 1, 1), i, i); END LOOP; END $$`)
      const read = await readFingerprint(session)
      expect(Object.keys(read.objects).length).toBeGreaterThan(1200)
      expect(read).toEqual(fingerprint(await readCatalog(session)))
    }),
  )
})

test('catalogs differ in some object if and only if their fingerprints differ', async () => {
  await onServer(async (session) => {
    let different = 0
    await fc.assert(
      fc.asyncProperty(fc.array(ddl, { minLength: 1, maxLength: 6 }), async (statements) => {
        await onTrial(session, async () => {
          await session.execute(BEGINNING)
          const before = await readCatalogInTransaction(session)
          for (const statement of statements) {
            await session.execute('SAVEPOINT one')
            const { ok } = await attempt(() => session.execute(statement))
            await session.execute(ok ? 'RELEASE one' : 'ROLLBACK TO one')
          }
          const after = await readCatalogInTransaction(session)
          const [one, other] = [fingerprint(before), fingerprint(after)]
          const changes = difference(before, after)
          expect(changes.length === 0).toBe(one.hash === other.hash)
          expect(differingObjects(one, other).length === 0).toBe(one.hash === other.hash)
          expect(difference(after, before)).toHaveLength(changes.length)
          expect(difference(after, after)).toEqual([])
          if (changes.length > 0) different++
        })
      }),
      { numRuns: 25 },
    )
    expect(different).toBeGreaterThan(5)
  })
})

const CROSSED = `CREATE SCHEMA apart; CREATE TABLE apart."Be ta" (LIKE "Be ta");
CREATE VIEW crossed AS SELECT x."a" FROM "Be ta" x JOIN "Be ta" y ON (x."a" + y."a") * x."a" > 1;`

describe('a change is named by its object', () => {
  test.each([
    ['ALTER TABLE "alpha" ADD COLUMN fax text', 'added column alpha.fax'],
    ['ALTER TABLE "alpha" ALTER COLUMN "b" SET NOT NULL', 'changed column alpha.b'],
    ['ALTER TABLE "alpha" ALTER COLUMN "b" DROP DEFAULT', ''],
    ['ALTER TABLE "alpha" ALTER COLUMN "mood" SET DEFAULT \'sad\'', 'changed default alpha.mood'],
    ['ALTER TYPE "Mood" ADD VALUE \'mad\'', 'changed type Mood'],
    ['DROP INDEX hashed', 'removed index hashed'],
    [
      'CREATE OR REPLACE VIEW crossed AS SELECT y."a" FROM "Be ta" x JOIN "Be ta" y ON (x."a" + y."a") * x."a" > 1',
      'changed view crossed',
    ],
    [
      'CREATE OR REPLACE VIEW crossed AS SELECT x."a" FROM "Be ta" x JOIN "Be ta" y ON x."a" + (y."a" * x."a") > 1',
      'changed view crossed',
    ],
    [
      'CREATE OR REPLACE VIEW crossed AS SELECT x."a" FROM apart."Be ta" x JOIN "Be ta" y ON (x."a" + y."a") * x."a" > 1',
      'changed view crossed',
    ],
    ['DROP VIEW seen CASCADE', 'removed materialized view kept, removed view seen'],
    ['DROP POLICY readers ON "alpha"', 'removed policy alpha.readers'],
    ['ALTER TABLE "alpha" DISABLE ROW LEVEL SECURITY', 'changed table alpha'],
    ['COMMENT ON COLUMN "alpha"."b" IS NULL', 'removed comment on column alpha.b'],
    [
      'CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$',
      'changed function touch()',
    ],
    ['CREATE TABLE more (id integer PRIMARY KEY, v text)', 'added table more'],
    ['ALTER TABLE "alpha" RENAME COLUMN "b" TO "B"', undefined],
  ])('%s', async (sql, named) => {
    const changes = await onServer((session) =>
      onTrial(session, async () => {
        await session.execute(SCHEMA + CROSSED)
        const before = await readCatalogInTransaction(session)
        await session.execute(sql)
        return difference(before, await readCatalogInTransaction(session))
      }),
    )
    const text = changes.map(({ change, object }) => `${change} ${objectText(object)}`).join(', ')
    if (named === undefined) expect(changes.length).toBeGreaterThan(0)
    else expect(text).toBe(named)
  })
})

test.each([
  ['"Mood"', 'integer'],
  ['integer', '"Mood"'],
  ['"Mood"[]', 'text[]'],
  ['text[]', 'integer'],
  ['boolean', 'numeric(8,2)'],
  ['numeric(8,2)', 'integer'],
  ['date', 'jsonb'],
])('a type change from %s to %s has its SQL, with or without a cast', async (from, to) => {
  await onServer((session) =>
    onTrial(session, async () => {
      await session.execute(`${BEGINNING} CREATE TABLE "Ty pe" ("v ""v" ${from})`)
      const before = await readCatalogInTransaction(session)
      await session.execute(`DROP TABLE "Ty pe"; CREATE TABLE "Ty pe" ("v ""v" ${to})`)
      const after = await readCatalogInTransaction(session)
      for (const { sql } of scriptBetween(after, before).statements) await session.execute(sql)
      expect(difference(before, await readCatalogInTransaction(session))).toEqual([])
    }),
  )
})

test('a time fits a type with as many fractional digits', () => {
  const type = (precision: string) => `timestamp${precision} with time zone`
  expect(alwaysFits(type('(3)'), type(''))).toBe(true)
  expect(alwaysFits(type('(3)'), type('(3)'))).toBe(true)
  expect(alwaysFits(type(''), type('(3)'))).toBe(false)
  expect(alwaysFits(type('(3)'), type('(0)'))).toBe(false)
})

/** Types, and the values that most easily do not fit another. */
const EXTREMES: Readonly<Record<string, string>> = {
  smallint: '-32768',
  integer: '2147483647',
  bigint: '-9223372036854775808',
  numeric: '1e400',
  'numeric(4,2)': '99.99',
  'numeric(6,2)': '9999.99',
  'numeric(6,4)': '99.9999',
  real: '3.4e38',
  'double precision': '-1.7e308',
  text: 'x'.repeat(300),
  'character varying': 'x'.repeat(300),
  'character varying(3)': 'xyz',
  'character varying(9)': '123456789',
  'character(3)': 'xyz',
  boolean: 'true',
  date: '5874897-12-31',
  'timestamp without time zone': '294276-12-31 23:59:59.999999',
  'timestamp(3) without time zone': '294276-12-31 23:59:59.999',
  'timestamp with time zone': '4713-01-01 00:00 BC',
  'time without time zone': '23:59:59.999999',
  interval: '178000000 years',
  json: String.raw`"\\u0000"`,
  jsonb: '{"a": 1.0}',
  uuid: '00000000-0000-0000-0000-000000000000',
  inet: '10.0.0.1/8',
  cidr: '10.0.0.0/8',
  'bit varying(3)': '101',
  'bit varying(5)': '10101',
  'integer[]': '{2147483647}',
  'text[]': '{a}',
}

test('a cast that is declared to always fit accepts each extreme value of each type', async () => {
  const types = Object.keys(EXTREMES)
  const pairs = types.flatMap((from) =>
    types.filter((to) => from !== to && alwaysFits(from, to)).map((to) => [from, to] as const),
  )
  expect(pairs.length).toBeGreaterThan(60)
  await onServer((session) =>
    onTrial(session, async () => {
      for (const [from, to] of pairs) {
        await session.execute(
          `CREATE TABLE fits (v ${from}); INSERT INTO fits VALUES ('${EXTREMES[from]}');
           ALTER TABLE fits ALTER COLUMN v TYPE ${to} USING v::${to}; DROP TABLE fits`,
        )
      }
    }),
  )
})

test('a reader returns the catalog of an earlier reading if nothing differs, otherwise a new one', async () => {
  await withShadowDatabase(SHADOW, [], async (session) => {
    await session.execute(SCHEMA)
    const reader = catalogReader(session)
    const before = await reader.whole()
    expect(await reader.facts()).toBe(before)
    await session.execute(
      'CREATE TABLE "Late" (id integer); CREATE VIEW late AS SELECT * FROM "Late"',
    )
    const facts = await reader.facts()
    const after = await reader.whole()
    // `facts()` does not read the dependencies, which the SQL between two schemas needs.
    expect(after).not.toBe(facts)
    expect(fingerprint(after)).toEqual(fingerprint(await readCatalog(session)))
    for (const { sql } of scriptBetween(after, before).statements) await session.execute(sql)
    expect(await reader.whole()).toBe(before)
    await session.execute(
      'CREATE TABLE "Late" (id integer); CREATE VIEW late AS SELECT * FROM "Late"',
    )
    expect(await reader.whole()).toBe(after)
    // A reading leaves no transaction open: this needs to be outside one.
    await session.execute('VACUUM "Late"')
  })
})

test('what does not belong to the project is left out: history tables, other schemas, column order, owners', async () => {
  await onServer((session) =>
    onTrial(session, async () => {
      await session.execute('CREATE TABLE t (a integer, b text)')
      const scope = await scopeOf('public', { migrations: [{ sql: 'CREATE SCHEMA billing' }] })
      const before = fingerprint(await readCatalogInTransaction(session, scope))
      await session.execute(`CREATE SCHEMA slipway; CREATE TABLE slipway.journal (id integer);
        CREATE TABLE _prisma_migrations (id integer PRIMARY KEY); CREATE SCHEMA other; CREATE TABLE other.t ();
        DROP TABLE t; CREATE TABLE t (b text, a integer); CREATE ROLE slipway_catalog_owner; ALTER TABLE t OWNER TO slipway_catalog_owner`)
      expect(fingerprint(await readCatalogInTransaction(session, scope))).toEqual(before)
      await session.execute('CREATE SCHEMA billing; CREATE TABLE billing.t ()')
      const after = fingerprint(await readCatalogInTransaction(session, scope))
      expect(differingObjects(before, after).map(({ object }) => objectText(object))).toEqual([
        'schema billing',
        'table billing.t',
      ])
    }),
  )
})

test('kinds that are not modelled are named, never silently ignored', async () => {
  const { unmodelled } = await onServer((session) =>
    onTrial(session, async () => {
      await session.execute(
        'CREATE OPERATOR === (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4eq)',
      )
      return await readCatalogInTransaction(session)
    }),
  )
  expect(unmodelled.join()).toMatch(/operator/i)
})
