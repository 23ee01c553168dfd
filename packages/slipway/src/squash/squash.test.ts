import { expect, test } from 'vitest'
import { migration, SCRATCH } from '../../test/target.ts'
import { draftSquash } from './index.ts'

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
) => draftSquash({ migrations, scratch: SCRATCH, emit: () => undefined, ...more })

test('what the schema language has no words for, and rows, come out equal', async () => {
  const squash = await draft(EVERYTHING)
  expect(squash).toMatchObject({
    form: 'catalog',
    name: '20240104000000_squashed',
    columnOrder: [],
    unlike: ['column public.Tag.at'],
    rows: [
      { table: 'public.Tag', rows: 1 },
      { table: 'public.User', rows: 2 },
    ],
  })
  expect(squash.sql).not.toMatch(/public|OWNER TO|CONCURRENTLY/)
})

test('range', async () => {
  const squash = await draft(EVERYTHING, { from: 'enum' })
  console.log(squash.form, squash.fallback, squash.name, squash.sql)
  const squash2 = await draft(EVERYTHING, { to: 'enum', name: 'Old Ones' })
  console.log(squash2.form, squash2.fallback, squash2.name, squash2.sql)
})
