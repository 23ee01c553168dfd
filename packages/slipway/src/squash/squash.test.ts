import { expect, test } from 'vitest'
import { migration, SHADOW } from '../../test/target.ts'
import { draftSquash } from './index.ts'
import { rangeOf } from './range.ts'

const EVERYTHING = [
  migration(
    '20240101000000_init',
    `CREATE TYPE "Plan" AS ENUM ('FREE', 'PRO');
CREATE TABLE "User" ("id" SERIAL PRIMARY KEY, "email" TEXT NOT NULL, "plan" "Plan" NOT NULL DEFAULT 'FREE', "boss" INTEGER);
ALTER TABLE "User" ADD CONSTRAINT "User_boss_fkey" FOREIGN KEY ("boss") REFERENCES "User"("id");
INSERT INTO "User" ("email", "boss") VALUES ('b@x', 2), ('O''Brien \\ "q" é 漢', NULL);
`,
  ),
  migration(
    '20240102000000_enum',
    `ALTER TYPE "Plan" ADD VALUE 'TEAM';
UPDATE "User" SET "plan" = 'TEAM' WHERE "id" = 1;
`,
  ),
  migration(
    '20240103000000_rest',
    `BEGIN;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE TABLE "Tag" ("id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "name" CITEXT NOT NULL CHECK ("name" <> ''),
  "data" JSONB, "raw" BYTEA, "upper" TEXT GENERATED ALWAYS AS ('x' || "data"::text) STORED, "at" TIMESTAMPTZ DEFAULT now(), "list" TEXT[]);
INSERT INTO "Tag" ("name", "data", "raw", "list") VALUES ('a', '{"k": [1, null, "a''b"]}', '\\x00ff5c27', '{"a,b",NULL,"c\\\\d"}');
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW."email" := lower(NEW."email"); INSERT INTO "Tag" ("name") VALUES ('by trigger'); RETURN NEW; END $$;
CREATE TRIGGER touched BEFORE INSERT ON "User" FOR EACH ROW EXECUTE FUNCTION touch();
CREATE UNIQUE INDEX one_pro ON "User" ((lower("email"))) WHERE "plan" = 'PRO';
CREATE VIEW pros AS SELECT "id", "email" FROM "User" WHERE "plan" = 'PRO';
CREATE MATERIALIZED VIEW tags AS SELECT count(*) AS n FROM "Tag";
ALTER TABLE "Tag" ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON "Tag" USING ("name" = current_user);
COMMENT ON POLICY own ON "Tag" IS 'own rows';
GRANT SELECT ON "Tag" TO reader;
ALTER TABLE "Tag" ADD CONSTRAINT no_a CHECK ("name" <> 'a') NOT VALID;
COMMIT;
`,
  ),
  migration('20240104000000_index', 'CREATE INDEX CONCURRENTLY "by_plan" ON "User"("plan");\n'),
]

const draft = (
  migrations: readonly ReturnType<typeof migration>[],
  more: { from?: string; to?: string; name?: string } = {},
) => draftSquash({ migrations, shadow: SHADOW, emit: () => undefined, ...more })

test('rows and objects that the Prisma schema cannot express are equal', async () => {
  const squash = await draft(EVERYTHING)
  expect(squash).toMatchObject({
    form: 'catalog',
    name: '20240104000000_squashed',
    columnOrder: [],
    unlike: [
      { what: 'values', object: { kind: 'column', schema: null, table: 'Tag', name: 'at' } },
    ],
    rows: [
      { table: { kind: 'table', schema: null, name: 'Tag' }, rows: 1 },
      { table: { kind: 'table', schema: null, name: 'User' }, rows: 2 },
    ],
  })
  expect(squash.sql).not.toMatch(/public|OWNER TO|CONCURRENTLY/)
})

test('a range after other migrations is joined, and still changes rows', async () => {
  const squash = await draft(EVERYTHING, { from: 'enum' })
  expect(squash).toMatchObject({ form: 'joined', after: [] })
  expect(squash.squashed).toHaveLength(3)
  expect(squash.sql).toContain(`UPDATE "User" SET "plan" = 'TEAM' WHERE "id" = 1`)
  expect(squash.sql).not.toContain('CONCURRENTLY')
  // The enum value is committed before it is used.
  expect(squash.groups).toBe(2)
  expect(squash.sql.match(/^(?:BEGIN|COMMIT);$/gm)).toEqual([
    'BEGIN;',
    'COMMIT;',
    'BEGIN;',
    'COMMIT;',
  ])
})

test('a statement that must be the first of its transaction stays the first', async () => {
  const careful = migration(
    '20240105000000_careful',
    `SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;\nUPDATE "User" SET "boss" = NULL;\n`,
  )
  const squash = await draft([...EVERYTHING, careful], { from: 'index' })
  expect(squash).toMatchObject({ form: 'joined', groups: 2 })
  expect(squash.sql).toContain('BEGIN;\n\n-- 20240105000000_careful\n\nSET TRANSACTION')
})

test('a range before other migrations is proven together with them', async () => {
  const squash = await draft(EVERYTHING, { to: 'enum', name: 'Old Ones' })
  expect(squash).toMatchObject({ form: 'catalog', name: '20240102000000_old_ones' })
  expect(squash.after).toEqual(['20240103000000_rest', '20240104000000_index'])
})

const HARD: readonly (readonly [what: string, sql: string])[] = [
  [
    'partitions, inheritance, unlogged tables, tables without a key or a column',
    `CREATE TABLE log (id integer, at date NOT NULL, note text) PARTITION BY RANGE (at);
     CREATE TABLE log_old PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2024-01-01');
     CREATE TABLE log_rest PARTITION OF log DEFAULT;
     INSERT INTO log VALUES (1, '2023-05-05', 'a'), (1, '2023-05-05', 'a'), (2, '2025-01-01', NULL);
     CREATE TABLE base (id integer PRIMARY KEY, n text); CREATE TABLE child (extra text) INHERITS (base);
     INSERT INTO base VALUES (1, 'b'); INSERT INTO child VALUES (2, 'c', 'd');
     CREATE UNLOGGED TABLE cache (k text PRIMARY KEY, slipway_row text); INSERT INTO cache VALUES ('k', 'v');
     CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES;`,
  ],
  [
    'keys that point in a circle, at filled tables',
    `CREATE TABLE a (id integer PRIMARY KEY, b integer NOT NULL);
     CREATE TABLE b (id integer PRIMARY KEY, a integer NOT NULL);
     INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1);
     ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b DEFERRABLE INITIALLY DEFERRED;
     ALTER TABLE b ADD FOREIGN KEY (a) REFERENCES a;`,
  ],
  [
    'domains, composites, ranges, arrays, functions in defaults, checks and indexes',
    String.raw`CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%'); CREATE TYPE address AS (street text, no integer);
     CREATE TYPE mood AS ENUM ('sad', 'so so', 'it''s');
     CREATE FUNCTION slug(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(t) $$;
     CREATE FUNCTION code() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'c'; END $$;
     CREATE TABLE p (id integer GENERATED BY DEFAULT AS IDENTITY (START WITH 10 INCREMENT BY 5) PRIMARY KEY, e email, a address,
       m mood[], r int4range, n numeric(20, 4), f double precision, c char(4), i interval, b bit(3), k text DEFAULT code(), d date,
       name text COLLATE "C", CHECK (slug(name) <> ''), EXCLUDE USING gist (r WITH &&));
     CREATE INDEX p_slug ON p (slug(name) text_pattern_ops) INCLUDE (k) WHERE name IS NOT NULL;
     INSERT INTO p (e, a, m, r, n, f, c, i, b, d, name) VALUES ('a@b', ROW('O''Hara "St"', 3), '{sad,"it''s"}', '[1,5)', 1.5, 'NaN', 'ab',
       '1 mon -3 days', B'101', '-infinity', E'tab\tnew\nline \\ $$ -- /* ');
     INSERT INTO p (f, name) VALUES (0.1::float8 + 0.2::float8, '''; DROP TABLE p; --');`,
  ],
  [
    'rules, forced policies, disabled triggers, publications, rights, owners, comments',
    `CREATE TABLE t (id integer PRIMARY KEY, a integer, b integer); CREATE TABLE u (LIKE t INCLUDING ALL);
     INSERT INTO t VALUES (1, 2, 3);
     CREATE RULE copy AS ON INSERT TO t DO ALSO INSERT INTO u VALUES (NEW.id, NEW.a, NEW.b);
     ALTER TABLE t SET (fillfactor = 70);
     CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
     CREATE TRIGGER off BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); ALTER TABLE t DISABLE TRIGGER off;
     CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION f();
     ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY;
     CREATE POLICY nobody ON t AS RESTRICTIVE FOR UPDATE TO clerk USING (false) WITH CHECK (a > 0);
     CREATE PUBLICATION feed FOR TABLE t; ALTER TABLE u REPLICA IDENTITY FULL;
     GRANT UPDATE ON t TO clerk WITH GRANT OPTION;
     REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC;
     ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO clerk; ALTER TABLE u OWNER TO clerk;
     COMMENT ON TABLE t IS 'it''s'; COMMENT ON COLUMN t.a IS 'a'; COMMENT ON CONSTRAINT t_pkey ON t IS 'k';
     COMMENT ON TRIGGER off ON t IS 'off';`,
  ],
  [
    'several schemas, views on views, filled and empty materialized views, sequences of their own',
    `CREATE SCHEMA shop; CREATE SCHEMA IF NOT EXISTS "Of Odd ""Name""";
     CREATE TABLE shop.item (id serial PRIMARY KEY, "public" integer);
     CREATE TABLE "Of Odd ""Name"""."T ""x""" ("a ""b""" integer); INSERT INTO "Of Odd ""Name"""."T ""x""" VALUES (7);
     INSERT INTO shop.item ("public") SELECT generate_series(1, 250); DELETE FROM shop.item WHERE id > 240;
     CREATE VIEW shop.v AS SELECT i."public" FROM shop.item i; CREATE VIEW w AS SELECT * FROM shop.v WHERE "public" > 3;
     CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM w; CREATE UNIQUE INDEX m_i ON m (count);
     CREATE MATERIALIZED VIEW n AS SELECT * FROM m WITH NO DATA; REFRESH MATERIALIZED VIEW m;
     CREATE SEQUENCE own START 5; SELECT nextval('own'); SELECT setval('shop.item_id_seq', 999, false);`,
  ],
]

test.each(HARD)('equal, from the catalog: %s', async (_what, sql) => {
  const more = migration('2_more', 'CREATE TABLE one_more (id integer);')
  const squash = await draft([migration('1_hard', sql), more])
  expect([squash.form, squash.fallback]).toEqual(['catalog', undefined])
})

test('values that differ in each run are not written into the squash, except times', async () => {
  const secret = migration(
    '2_secret',
    `INSERT INTO "User" ("email") VALUES (gen_random_uuid()::text);`,
  )
  const squash = await draft([...EVERYTHING.slice(0, 1), secret])
  expect(squash).toMatchObject({
    form: 'joined',
    fallback: 'Each run generates different values in column User.email.',
    unlike: [
      { what: 'values', object: { kind: 'column', schema: null, table: 'User', name: 'email' } },
    ],
  })
  expect(squash.sql).toContain('gen_random_uuid()')
})

test.each([
  [
    'CREATE TEXT SEARCH CONFIGURATION plain (COPY = simple);',
    'Slipway cannot read the complete definition of text search configuration plain.',
  ],
  ['GRANT USAGE ON SCHEMA public TO clerk;', 'privileges of SCHEMA public.'],
])(
  'migrations with objects that the catalog does not model are joined: %s',
  async (sql, fallback) => {
    expect(await draft([...EVERYTHING.slice(0, 1), migration('2_more', sql)])).toMatchObject({
      form: 'joined',
      fallback,
    })
  },
)

test('refuses a squash with a different result, and names the objects', async () => {
  // The objects that the second migration creates depend on its transaction.
  const odd = migration(
    '2_odd',
    `DO $$ BEGIN IF (SELECT xmin::text = pg_current_xact_id()::text FROM pg_class WHERE relname = 'a')
       THEN CREATE TABLE together (); ELSE CREATE TABLE apart (); END IF; END $$;
     CREATE TEXT SEARCH CONFIGURATION mine (COPY = simple);`,
  )
  await expect(
    draft([migration('1_a', 'CREATE TABLE a (id integer);'), odd]),
  ).rejects.toMatchObject({
    failure: {
      code: 'SQUASH.DIFFERS',
      message: expect.stringMatching(/table apart \(removed\).*table together \(added\)/) as string,
    },
  })
})

test('a whole name takes precedence over the end of another one, and a name needs no time', () => {
  const migrations = ['init', 'more', 'the_init'].map((name) => ({
    ...migration(name, ''),
    path: '',
  }))
  const { squashed, name } = rangeOf({ migrations, from: 'init', to: 'more', name: 'one' })
  expect(squashed.map((one) => one.name)).toEqual(['init', 'more'])
  expect(name).toBe('one')
})

test.each([
  ['SQUASH.NOTHING', [], {}],
  ['SQUASH.NOTHING', EVERYTHING.slice(0, 1), {}],
  ['SQUASH.NOTHING', EVERYTHING, { from: 'rest', to: 'enum' }],
  ['SQUASH.UNKNOWN_MIGRATION', EVERYTHING, { to: 'enums' }],
  ['CREATE.NAME_INVALID', EVERYTHING, { name: '!' }],
] as const)('%s', async (code, migrations, range) => {
  await expect(draft(migrations, range)).rejects.toMatchObject({ failure: { code } })
})
