import { describe, expect, test } from 'vitest'
import { parserFor } from '../statements/index.ts'
import { type JudgedMigration, rewrite, type RewriteResult } from './index.ts'

const parser = await parserFor('postgres')

const HISTORY = `CREATE TABLE "User" (id integer PRIMARY KEY, "email" text, code integer NOT NULL, "teamId" integer);
CREATE TABLE team (id integer PRIMARY KEY, name text);
CREATE TABLE pair (a integer, b integer, note text, PRIMARY KEY (a, b));
CREATE TABLE part (id integer, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (1) TO (9);
CREATE INDEX user_code_idx ON "User" (code);`

function migrationOf(name: string, sql: string): JudgedMigration {
  return { name, path: `${name}/migration.sql`, sql, statements: parser.parse(sql) }
}

function rewritten(sql: string, before = ''): RewriteResult {
  const history = [migrationOf('1', HISTORY + before)]
  const facts = { serverVersion: 180_000, defaultSchema: 'public' }
  const [rewriting] = rewrite({ history, migrations: [migrationOf('2', sql)], facts, parser })
  if (!rewriting) throw new TypeError('no rewriting')
  return rewriting
}

const APART = '-- slipway: no-transaction\n\n'

describe('what is rewritten', () => {
  test.each<[string, string, string]>([
    [
      'an index, with the surrounding text',
      '-- CreateIndex\nCREATE  UNIQUE INDEX "a_idx" ON "User"("email"); -- ü\n\nSELECT 1 ;\n',
      '-- CreateIndex\nCREATE  UNIQUE INDEX CONCURRENTLY "a_idx" ON "User"("email"); -- ü\n\nSELECT 1 ;\n',
    ],
    [
      'an index without a name',
      'CREATE INDEX ON "User" ("email", code)',
      'CREATE INDEX CONCURRENTLY "User_email_code_idx" ON "User" ("email", code)',
    ],
    [
      'an index that may exist',
      'CREATE INDEX IF NOT EXISTS a ON "User" (code) WHERE code > 1;',
      'CREATE INDEX CONCURRENTLY IF NOT EXISTS a ON "User" (code) WHERE code > 1;',
    ],
    [
      'an enum value that is used in the same block',
      `-- x\nBEGIN;\nSELECT 1;\nALTER TYPE mood ADD VALUE 'great';\nALTER TABLE team ALTER name SET DEFAULT 'great';\nCOMMIT;\n`,
      `-- x\nALTER TYPE mood ADD VALUE 'great';\n\nBEGIN;\nSELECT 1;\nALTER TABLE team ALTER name SET DEFAULT 'great';\nCOMMIT;\n`,
    ],
    [
      'a check outside the BEGIN and COMMIT of the file',
      'BEGIN;\nALTER TABLE "User" ADD a text;\nUPDATE team SET name = id;\nCOMMIT;\nALTER TABLE team ADD CONSTRAINT c CHECK (id > 1);\n',
      `${APART}BEGIN;\nALTER TABLE "User" ADD a text;\nUPDATE team SET name = id;\nCOMMIT;\nALTER TABLE team ADD CONSTRAINT c CHECK (id > 1) NOT VALID;\nALTER TABLE team VALIDATE CONSTRAINT c;\n`,
    ],
    [
      'the second of two checks, after one that is NOT VALID',
      'ALTER TABLE team ADD CONSTRAINT c CHECK (id > 1) NOT VALID, ADD CONSTRAINT d CHECK (id > 2);',
      `${APART}ALTER TABLE team ADD CONSTRAINT c CHECK (id > 1) NOT VALID;\nALTER TABLE team ADD CONSTRAINT d CHECK (id > 2) NOT VALID;\nALTER TABLE team VALIDATE CONSTRAINT d;`,
    ],
    [
      'a key after a column with one, which has no values yet',
      'ALTER TABLE "User" ADD x integer REFERENCES team, ADD CONSTRAINT k FOREIGN KEY ("teamId") REFERENCES team;',
      `${APART}ALTER TABLE "User" ADD x integer REFERENCES team;\nALTER TABLE "User" ADD CONSTRAINT k FOREIGN KEY ("teamId") REFERENCES team NOT VALID;\nALTER TABLE "User" VALIDATE CONSTRAINT k;`,
    ],
    [
      'a NOT NULL constraint',
      'ALTER TABLE "User" ADD NOT NULL "email";',
      `${APART}ALTER TABLE "User" ADD CONSTRAINT "User_email_not_null" NOT NULL "email" NOT VALID;\nALTER TABLE "User" VALIDATE CONSTRAINT "User_email_not_null";`,
    ],
    [
      'a REINDEX with options',
      'REINDEX (VERBOSE) TABLE team;',
      'REINDEX (VERBOSE) TABLE CONCURRENTLY team;',
    ],
    [
      'an enum value with a comment before its semicolon',
      `BEGIN;\nALTER TYPE mood ADD VALUE 'great' -- very\n;\nSELECT 'great'::mood;\nCOMMIT;\n`,
      `ALTER TYPE mood ADD VALUE 'great';\n\nBEGIN;\n -- very\n;\nSELECT 'great'::mood;\nCOMMIT;\n`,
    ],
    ['a drop', 'DROP INDEX "user_code_idx";', 'DROP INDEX CONCURRENTLY "user_code_idx";'],
    [
      'drops',
      'DROP INDEX IF EXISTS a, public.b;',
      'DROP INDEX CONCURRENTLY IF EXISTS a;\nDROP INDEX CONCURRENTLY IF EXISTS public.b;',
    ],
    [
      'a foreign key',
      'ALTER TABLE "User" ADD CONSTRAINT "k" FOREIGN KEY ("teamId") REFERENCES team(id) ON DELETE CASCADE;',
      `${APART}ALTER TABLE "User" ADD CONSTRAINT "k" FOREIGN KEY ("teamId") REFERENCES team(id) ON DELETE CASCADE NOT VALID;
ALTER TABLE "User" VALIDATE CONSTRAINT "k";`,
    ],
    [
      'a foreign key without a name',
      'ALTER TABLE ONLY "User" ADD FOREIGN KEY ("teamId") REFERENCES team DEFERRABLE -- why',
      `${APART}ALTER TABLE ONLY "User" ADD CONSTRAINT "User_teamId_fkey" FOREIGN KEY ("teamId") REFERENCES team DEFERRABLE NOT VALID;
ALTER TABLE ONLY "User" VALIDATE CONSTRAINT "User_teamId_fkey" -- why`,
    ],
    [
      'a check',
      'ALTER TABLE team ADD CONSTRAINT long CHECK (length(name) > 1)',
      `${APART}ALTER TABLE team ADD CONSTRAINT long CHECK (length(name) > 1) NOT VALID;
ALTER TABLE team VALIDATE CONSTRAINT long`,
    ],
    [
      'a unique constraint',
      'ALTER TABLE public."User" ADD CONSTRAINT u UNIQUE NULLS NOT DISTINCT ("email", code);',
      `${APART}CREATE UNIQUE INDEX CONCURRENTLY u ON public."User" ("email", code) NULLS NOT DISTINCT;
ALTER TABLE public."User" ADD CONSTRAINT u UNIQUE USING INDEX u;`,
    ],
    [
      'a primary key',
      'ALTER TABLE "User" DROP CONSTRAINT "User_pkey", ADD PRIMARY KEY (code);',
      `${APART}ALTER TABLE "User" DROP CONSTRAINT "User_pkey";
CREATE UNIQUE INDEX CONCURRENTLY "User_pkey" ON "User" (code);
ALTER TABLE "User" ADD CONSTRAINT "User_pkey" PRIMARY KEY USING INDEX "User_pkey";`,
    ],
    [
      'NOT NULL among others, on Windows',
      'ALTER TABLE "User" DROP COLUMN code,\r\nALTER COLUMN "email" SET NOT NULL,\r\nADD COLUMN x text,\r\nADD COLUMN y text;\r\n',
      `${APART}ALTER TABLE "User" DROP COLUMN code;
ALTER TABLE "User" ADD CONSTRAINT "User_email_filled" CHECK ("email" IS NOT NULL) NOT VALID;
ALTER TABLE "User" VALIDATE CONSTRAINT "User_email_filled";
ALTER TABLE "User" ALTER COLUMN "email" SET NOT NULL;
ALTER TABLE "User" DROP CONSTRAINT "User_email_filled";
ALTER TABLE "User" ADD COLUMN x text,
ADD COLUMN y text;
`.replaceAll('\n', '\r\n'),
    ],
    [
      'work after a lock',
      '\uFEFFALTER TABLE "User" ADD a text;\nUPDATE "User" SET a = name FROM team WHERE team.id = "teamId";\n',
      `\uFEFF${APART}ALTER TABLE "User" ADD a text;\nUPDATE "User" SET a = name FROM team WHERE team.id = "teamId";\n`,
    ],
  ])('%s', (_, sql, expected) => {
    expect(rewritten(sql).sql).toBe(expected)
    expect(rewritten(expected).rewritten).toEqual([])
  })

  test('no index of a materialized view that the file creates', () => {
    const sql = 'CREATE MATERIALIZED VIEW v AS SELECT 1 AS a; CREATE UNIQUE INDEX i ON v (a);'
    expect(rewritten(sql)).toMatchObject({ sql, rewritten: [] })
  })

  test('an UPDATE, in batches along the primary key', () => {
    const { sql, rewritten: done } = rewritten(
      'UPDATE "User" AS u SET "email" = lower(\'A\'), code = id + 1 WHERE "email" IS NULL;',
    )
    expect(sql).toContain(
      `UPDATE "User" AS u SET "email" = lower('A'), code = id + 1 WHERE ("email" IS NULL) AND id BETWEEN batch_first AND batch_last;`,
    )
    expect(done.map(({ id }) => id)).toEqual(['backfill-unbatched'])
  })

  test('a column with a volatile default', () => {
    const { sql } = rewritten(
      'ALTER TABLE "User" ADD "key" uuid NOT NULL DEFAULT gen_random_uuid()',
    )
    const steps = parser.parse(sql).map(({ text }) => text.split('\n')[0])
    expect(steps).toEqual([
      'ALTER TABLE "User" ADD COLUMN "key" uuid',
      'ALTER TABLE "User" ALTER COLUMN "key" SET DEFAULT gen_random_uuid()',
      'DO $slipway$',
      'ALTER TABLE "User" ADD CONSTRAINT "User_key_filled" CHECK ("key" IS NOT NULL) NOT VALID',
      'ALTER TABLE "User" VALIDATE CONSTRAINT "User_key_filled"',
      'ALTER TABLE "User" ALTER COLUMN "key" SET NOT NULL',
      'ALTER TABLE "User" DROP CONSTRAINT "User_key_filled"',
    ])
  })

  test('each hazard is reported once, with its lock and what was done', () => {
    const { rewritten: done, left } = rewritten(
      'ALTER TABLE "User" ALTER "email" SET NOT NULL, ALTER code SET NOT NULL, ALTER "teamId" SET NOT NULL, ADD x uuid DEFAULT gen_random_uuid(), ADD y text;',
    )
    expect(done.map(({ id, lock, statement }) => [id, lock, statement])).toEqual([
      ['not-null-scans', 'ACCESS EXCLUSIVE', 1],
      ['not-null-scans', 'ACCESS EXCLUSIVE', 1],
      ['volatile-default', 'ACCESS EXCLUSIVE', 1],
    ])
    expect(left).toEqual([])
  })
})

describe('what is left unchanged', () => {
  test.each<[string, string, readonly [string, RegExp][]]>([
    ['a new table', 'CREATE TABLE a (b int); CREATE INDEX c ON a (b)', []],
    [
      'an accepted hazard',
      '-- slipway: accept index-not-concurrent (tiny)\nCREATE INDEX c ON team (name)',
      [],
    ],
    ['a statement that is already safe', 'CREATE INDEX CONCURRENTLY c ON team (name)', []],
    [
      'a partitioned table',
      'CREATE INDEX c ON part (id)',
      [['index-not-concurrent', /partitions/]],
    ],
    [
      'an index of an expression without a name',
      'CREATE INDEX ON team (lower(name))',
      [['index-not-concurrent', /no name/]],
    ],
    [
      'a covering index without a name',
      'CREATE INDEX ON team (id) INCLUDE (name)',
      [['index-not-concurrent', /no name/]],
    ],
    [
      'a drop with CASCADE',
      'DROP INDEX user_code_idx CASCADE',
      [['drop-index-not-concurrent', /CASCADE/]],
    ],
    [
      'a check without a name',
      'ALTER TABLE team ADD CHECK (id > 1)',
      [['check-validates', /no name/]],
    ],
    [
      'a primary key of a column with NULLs',
      'ALTER TABLE "User" ADD CONSTRAINT k PRIMARY KEY ("email")',
      [['primary-key-in-place', /email allows NULL/]],
    ],
    [
      'a deferrable unique constraint',
      'ALTER TABLE "User" ADD CONSTRAINT k UNIQUE (code) DEFERRABLE',
      [['unique-in-place', /contains more than columns/]],
    ],
    [
      'a constraint written with its column',
      'ALTER TABLE "User" ADD x integer UNIQUE',
      [['unique-in-place', /together with its column/]],
    ],
    [
      'parts with a comment between them',
      'ALTER TABLE team ALTER name SET NOT NULL, -- why\n ADD x text',
      [['not-null-scans', /comment/]],
    ],
    [
      'a foreign key after a setting by set_config',
      `SELECT set_config('search_path', 'app', true); ALTER TABLE "User" ADD CONSTRAINT k FOREIGN KEY ("teamId") REFERENCES team`,
      [['foreign-key-validates', /set_config/]],
    ],
    [
      'a statement inside the BEGIN and COMMIT of the file',
      'BEGIN; CREATE INDEX c ON team (name); COMMIT',
      [['index-not-concurrent', /BEGIN/]],
    ],
    [
      'an enum value of a type that the transaction creates',
      `BEGIN; CREATE TYPE a AS ENUM ('b'); ALTER TYPE a ADD VALUE 'c'; SELECT 'c'::a; COMMIT`,
      [['enum-value-used', /inside the same BEGIN/]],
    ],
    [
      'a file whose statements need one transaction',
      "SET LOCAL statement_timeout = '1s'; CREATE INDEX c ON team (name)",
      [['index-not-concurrent', /SET LOCAL/]],
    ],
    [
      'an UPDATE of a table without a primary key',
      'UPDATE pair SET note = 1 WHERE note IS NULL',
      [['backfill-unbatched', /no primary key/]],
    ],
    [
      'an UPDATE that increments a value',
      'UPDATE "User" SET code = code + 1 WHERE code IS NOT NULL',
      [['backfill-unbatched', /column code/]],
    ],
    [
      'an UPDATE of the key',
      'UPDATE "User" SET id = -code WHERE code IS NOT NULL',
      [['backfill-unbatched', /changes the primary key/]],
    ],
    [
      'an UPDATE with RETURNING',
      'UPDATE "User" SET code = 1 WHERE code IS NULL RETURNING id',
      [['backfill-unbatched', /RETURNING/]],
    ],
    [
      'an UPDATE after a WITH',
      'WITH a AS (SELECT 1) UPDATE "User" SET code = 1 WHERE code IS NULL',
      [['backfill-unbatched', /WITH/]],
    ],
    [
      'a type change',
      'ALTER TABLE "User" ALTER code TYPE bigint',
      [['type-change', /second column/]],
    ],
  ])('%s', (_, sql, expected) => {
    const { sql: same, edits, left, rewritten: done } = rewritten(sql)
    expect([same, edits, done]).toEqual([sql, [], []])
    expect(left.map(({ id }) => id)).toEqual(expected.map(([id]) => id))
    for (const [index, [, reason]] of expected.entries())
      expect(left[index]?.reason).toMatch(reason)
  })

  test('a column of a table with a trigger, which an UPDATE would fire', () => {
    const trigger = 'CREATE TRIGGER t BEFORE UPDATE ON team EXECUTE FUNCTION f()'
    const { edits, left } = rewritten(
      'ALTER TABLE team ADD x uuid DEFAULT gen_random_uuid()',
      trigger,
    )
    expect([edits, left[0]?.reason]).toEqual([[], expect.stringContaining('trigger')])
  })
})
