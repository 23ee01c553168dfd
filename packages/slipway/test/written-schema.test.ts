import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { draftSquash } from '../src/squash/index.ts'
import { runCli } from './cli-in-process.ts'
import { dumpSchema } from './dump.ts'
import { postgresBin } from './postgres.ts'
import { writeProject } from './project.ts'
import { createTarget, migration, SHADOW, shareImages } from './target.ts'

// The SQL that Slipway writes from a database creates the same objects in another one, as pg_dump sees them.
// Objects that it does not create are named.

/** Objects with all properties that are not part of their definitions. */
const OBJECTS = `
CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s');
CREATE TYPE pair AS (a int, b text COLLATE "C");
CREATE DOMAIN pos AS int DEFAULT 5 CONSTRAINT pos_check CHECK (VALUE > 0);
CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = float8mi);
CREATE SEQUENCE counter INCREMENT 5 START 100 CACHE 7 CYCLE MAXVALUE 10000;
CREATE TABLE base (id bigint GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 3), m mood DEFAULT 'ok', p pos NOT NULL,
  note text COLLATE "POSIX", total int GENERATED ALWAYS AS (1 + 2) STORED, CONSTRAINT base_pk PRIMARY KEY (id) INCLUDE (m))
  WITH (fillfactor=70);
COMMENT ON TABLE base IS 'it''s base';
COMMENT ON COLUMN base.note IS 'a note';
COMMENT ON CONSTRAINT base_pk ON base IS 'the key';
ALTER TABLE base ALTER COLUMN note SET STORAGE EXTERNAL, ALTER COLUMN note SET STATISTICS 500, ALTER COLUMN p SET (n_distinct = 10);
CREATE TABLE child (extra text) INHERITS (base);
ALTER TABLE child ALTER COLUMN note SET NOT NULL;
ALTER TABLE child ALTER COLUMN note SET STATISTICS 7;
CREATE TABLE part (id int NOT NULL, at date NOT NULL, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE part_2025 PARTITION OF part (v DEFAULT 'x' NOT NULL) FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (id);
CREATE TABLE part_2025_1 PARTITION OF part_2025 FOR VALUES IN (1,2);
CREATE TABLE part_def PARTITION OF part DEFAULT;
CREATE INDEX part_v ON part (v DESC NULLS LAST) WHERE v IS NOT NULL;
CREATE TABLE typed OF pair (PRIMARY KEY (a));
CREATE UNLOGGED TABLE unlogged (x int, EXCLUDE USING gist (int4range(x, x+1) WITH &&) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE fk (base bigint REFERENCES base ON DELETE SET NULL DEFERRABLE, n int CHECK (n > 0) NO INHERIT, u int UNIQUE);
ALTER TABLE fk ADD CONSTRAINT later CHECK (n < 100) NOT VALID;
ALTER TABLE fk REPLICA IDENTITY FULL;
CREATE UNIQUE INDEX fk_ident ON fk (abs(n), (base % 10)) INCLUDE (u);
ALTER INDEX fk_ident ALTER COLUMN 1 SET STATISTICS 300;
ALTER TABLE base CLUSTER ON base_pk;
CREATE STATISTICS st (dependencies, mcv) ON n, u FROM fk;
ALTER STATISTICS st SET STATISTICS 77;
COMMENT ON STATISTICS st IS 'n and u';
CREATE FUNCTION f(a int, b int DEFAULT 3, VARIADIC c int[] DEFAULT '{}') RETURNS int LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 7
  SET DateStyle = 'ISO' AS $x$ BEGIN RETURN a + b; END $x$;
CREATE PROCEDURE pr(INOUT x int) LANGUAGE sql AS 'SELECT 1';
CREATE VIEW v WITH (security_barrier, check_option=local) AS SELECT id, m FROM base WHERE p > 1;
ALTER VIEW v ALTER COLUMN m SET DEFAULT 'sad';
CREATE MATERIALIZED VIEW mv AS SELECT count(*) AS n FROM base WITH NO DATA;
CREATE UNIQUE INDEX mv_n ON mv (n);
CREATE RULE r AS ON INSERT TO v DO INSTEAD NOTHING;
CREATE FUNCTION trg() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t1 BEFORE UPDATE OF note ON base FOR EACH ROW WHEN (OLD.note IS DISTINCT FROM NEW.note) EXECUTE FUNCTION trg('a', 'b');
ALTER TABLE base DISABLE TRIGGER t1;
CREATE CONSTRAINT TRIGGER ct AFTER INSERT ON fk DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trg();
ALTER TABLE fk ENABLE ALWAYS TRIGGER ct;
ALTER TABLE fk ENABLE ROW LEVEL SECURITY; ALTER TABLE fk FORCE ROW LEVEL SECURITY;
CREATE FUNCTION audit() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE POLICY pol ON fk AS RESTRICTIVE FOR UPDATE TO PUBLIC USING (n > 1) WITH CHECK (n > 2);
`

/** Objects that a baseline does not write. */
const NOT_WRITTEN = `
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE TEXT SEARCH CONFIGURATION ts (COPY = english);
CREATE EVENT TRIGGER audited ON ddl_command_end EXECUTE FUNCTION audit();
CREATE PUBLICATION feed FOR TABLE fk;
GRANT SELECT (id, m) ON base TO pg_monitor;
GRANT SELECT ON part TO pg_monitor;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor;
`

const canDump = postgresBin() !== undefined

/** The dump of a target to which a project was deployed. */
async function deployedDump(root: string): Promise<string> {
  const target = await createTarget()
  try {
    const run = await runCli(['deploy', '--url', target.url, '--json'], { cwd: root })
    expect(run.exitCode, run.stdout).toBe(0)
    return dumpSchema(target.url)
  } finally {
    await target.drop()
  }
}

test.skipIf(!canDump)(
  'a written baseline contains all objects, or names those that it lacks',
  async () => {
    const live = await createTarget()
    const root = writeProject([])
    shareImages(root)
    try {
      await live.sql(OBJECTS)
      const expected = dumpSchema(live.url)
      await live.sql(NOT_WRITTEN)
      const run = await runCli(['baseline', '--write', 'init', '--url', live.url, '--json'], {
        cwd: root,
      })
      expect(run.exitCode, run.stdout).toBe(0)
      expect(
        (JSON.parse(run.stdout) as { result: { notWritten: unknown } }).result.notWritten,
      ).toEqual([
        'operator ===',
        'text search configuration ts',
        'event trigger audited',
        'publication feed',
        expect.stringMatching(/^default privileges of \S+ for TABLES of SCHEMA public$/),
        'privileges of TABLE public.base, TABLE public.part',
      ])
      expect(await deployedDump(root)).toBe(expected)
    } finally {
      await live.drop()
      rmSync(root, { recursive: true })
    }
  },
)

test.skipIf(!canDump)('a squash contains all objects', async () => {
  const migrations = [
    migration('20250101000000_objects', OBJECTS),
    migration(
      '20250102000000_more',
      'ALTER TABLE fk ADD COLUMN z text; ALTER TABLE fk ALTER COLUMN z SET STORAGE EXTERNAL;',
    ),
  ]
  const { form, columnOrder, name, sql } = await draftSquash({
    migrations,
    shadow: SHADOW,
    emit: () => undefined,
  })
  expect({ form, columnOrder }).toEqual({ form: 'catalog', columnOrder: [] })
  const [before, after] = [writeProject(migrations), writeProject([{ name, sql }])]
  for (const root of [before, after]) shareImages(root)
  try {
    expect(await deployedDump(after)).toBe(await deployedDump(before))
  } finally {
    for (const root of [before, after]) rmSync(root, { recursive: true })
  }
})
