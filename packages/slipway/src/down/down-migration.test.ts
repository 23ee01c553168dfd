import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shortForm } from '../../test/short-form.ts'
import { SHADOW } from '../../test/target.ts'
import { difference, fingerprint, readCatalog } from '../schema/index.ts'
import { replay, withShadowDatabase } from '../shadow/index.ts'
import { destructionText } from '../statements/index.ts'
import { writeDownMigration } from './down-migration.ts'

const BASE = {
  name: '1_base',
  sql: `CREATE TYPE "kind" AS ENUM ('a', 'b');
CREATE TABLE "person" ("id" INT PRIMARY KEY, "name" TEXT, "kind" "kind" NOT NULL DEFAULT 'a', "age" INT);
CREATE INDEX "person_name" ON "person" (lower("name")) WHERE "age" > 3;
CREATE TABLE "note" ("id" INT PRIMARY KEY, "personId" INT REFERENCES "person");`,
}

const back = async (sql: string) =>
  await writeDownMigration({ shadow: SHADOW, before: [BASE], migration: { name: '2_next', sql } })

test('handwritten renames are rolled back by name, also chains of them', async () => {
  const down = await back(`ALTER TABLE person RENAME TO people;
ALTER TABLE public.people RENAME name TO full_name;
ALTER TABLE people RENAME COLUMN full_name TO called;
ALTER TYPE kind RENAME VALUE 'a' TO 'first';`)
  expect(down).toMatchObject({ proven: true, grade: 'not proven', losses: [], statements: 3 })
  expect(down.sql).not.toMatch(/DROP|ADD COLUMN/)
})

test('a rename with comments between its words is recognized', async () => {
  const down =
    await back(`/* first */ ALTER TABLE person RENAME /* as asked */ COLUMN name TO full_name;
ALTER TABLE -- the book
  person RENAME TO people;`)
  expect(down).toMatchObject({ proven: true, grade: 'not proven', losses: [], statements: 2 })
  expect(down.sql).not.toMatch(/DROP|ADD COLUMN/)
})

test('a table rebuilt under its old name is not a rename', async () => {
  const down =
    await back(`CREATE TABLE note_new ("id" INT PRIMARY KEY, "personId" INT REFERENCES "person");
INSERT INTO note_new SELECT * FROM note;
DROP TABLE note;
ALTER TABLE note_new RENAME TO note;
ALTER INDEX note_new_pkey RENAME TO note_pkey;
ALTER TABLE note RENAME CONSTRAINT "note_new_personId_fkey" TO "note_personId_fkey";`)
  expect(down).toMatchObject({ proven: true, grade: 'lossy' })
  expect(down.losses.map(destructionText)).toEqual(['table note'])
  expect(down.sql).not.toContain('note_new')
})

test.each(
  shortForm([
    ['DELETE FROM note;', ['rows of note']],
    ['CREATE TABLE tmp (id INT); DROP TABLE tmp;', []],
    ['ALTER TABLE person ALTER age TYPE BIGINT;', []],
    ['ALTER TABLE person ALTER age TYPE SMALLINT;', ['column person.age']],
    ['ALTER TABLE person DROP age, ADD age INT;', ['column person.age']],
    ['DROP TABLE note;', ['table note']],
  ]),
)('%s loses %j', async (sql, losses) => {
  const down = await back(sql)
  expect(down.losses.map(destructionText)).toEqual(losses)
  expect(down.proven).toBe(true)
  expect(down.grade).toBe(losses.length === 0 ? 'not proven' : 'lossy')
})

test('inserted rows that refer to each other are deleted one by one, the last one first', async () => {
  const tree = {
    name: '2_tree',
    sql: 'CREATE TABLE tree (id INT PRIMARY KEY, up INT REFERENCES tree);',
  }
  const down = await writeDownMigration({
    shadow: SHADOW,
    before: [BASE, tree],
    migration: { name: '3_rows', sql: 'INSERT INTO tree (id, up) VALUES (1, NULL), (2, 1);' },
  })
  expect(down.sql).toMatch(/IN \('2'\) AND NOT EXISTS [^;]*;\s*DELETE FROM [^;]* IN \('1'\)/)
})

test('rows of child tables with the key of an inserted row are not deleted', async () => {
  const child = 'CREATE TABLE base (id INT PRIMARY KEY); CREATE TABLE child () INHERITS (base);'
  const down = await writeDownMigration({
    shadow: SHADOW,
    before: [{ name: '1_base', sql: child }],
    migration: { name: '2_rows', sql: 'INSERT INTO base (id) VALUES (1);' },
  })
  expect(down.sql).toContain(`DELETE FROM ONLY "base" WHERE "id" IN ('1');`)
})

test('an inserted row is found by a unique index without the columns that it only includes', async () => {
  const index = 'CREATE UNIQUE INDEX name_key ON "person" (name) INCLUDE (age);'
  const down = await writeDownMigration({
    shadow: SHADOW,
    before: [
      {
        ...BASE,
        sql: `${BASE.sql} ${index} ALTER TABLE person DROP CONSTRAINT person_pkey CASCADE`,
      },
    ],
    migration: { name: '2_rows', sql: `INSERT INTO person (id, name) VALUES (1, 'Ann');` },
  })
  expect(down.sql).toContain(`WHERE "name" IN ('Ann')`)
})

const USERS = {
  name: '1_users',
  sql: `CREATE TABLE "User" ("id" SERIAL NOT NULL, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Post" ("id" SERIAL NOT NULL, "authorId" INTEGER NOT NULL, CONSTRAINT "Post_pkey" PRIMARY KEY ("id"));
ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;`,
}
const TO_TEXT = `ALTER TABLE "Post" DROP CONSTRAINT "Post_authorId_fkey";
ALTER TABLE "User" DROP CONSTRAINT "User_pkey", ALTER COLUMN "id" DROP DEFAULT, ALTER COLUMN "id" SET DATA TYPE TEXT, ADD CONSTRAINT "User_pkey" PRIMARY KEY ("id");
DROP SEQUENCE "User_id_seq";
ALTER TABLE "Post" ALTER COLUMN "authorId" SET DATA TYPE TEXT;
ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;`

test.each([
  ['checked', USERS.sql, /ON DELETE RESTRICT;\s*SELECT setval\(.*;\s*$/],
  [
    'unchecked and with a comment',
    `${USERS.sql.replace(/;$/, ' NOT VALID;')} COMMENT ON CONSTRAINT "Post_authorId_fkey" ON "Post" IS 'who';`,
    /NOT VALID;\s*COMMENT ON CONSTRAINT .* IS 'who';\s*SELECT setval\(.*;\s*$/,
  ],
])('a foreign key, %s, is dropped while its columns change type', async (_, sql, end) => {
  const down = await writeDownMigration({
    shadow: SHADOW,
    before: [{ ...USERS, sql }],
    migration: { name: '2_next', sql: TO_TEXT },
  })
  expect(down).toMatchObject({ proven: true, grade: 'lossy' })
  expect(down.losses.map(destructionText)).toEqual(['sequence User_id_seq'])
  expect(down.sql).toMatch(/^ALTER TABLE "Post" DROP CONSTRAINT "Post_authorId_fkey";$/m)
  expect(down.sql).toMatch(end)
})

test.each([
  [
    'the identity is added after the type change',
    'CREATE TABLE t (id INT GENERATED ALWAYS AS IDENTITY (START 7));',
    'ALTER TABLE t ALTER id DROP IDENTITY; ALTER TABLE t ALTER id TYPE TEXT;',
    ['position of t_id_seq'],
  ],
  [
    'the identity is added after NOT NULL',
    'CREATE TABLE t (id INT GENERATED BY DEFAULT AS IDENTITY);',
    "ALTER TABLE t ALTER id DROP IDENTITY; ALTER TABLE t ALTER id DROP NOT NULL, ALTER id TYPE TEXT, ALTER id SET DEFAULT 'x';",
    ['position of t_id_seq'],
  ],
  [
    'the sequence default is set after the type change',
    'CREATE TABLE t (id SERIAL);',
    "ALTER TABLE t ALTER id DROP DEFAULT, ALTER id TYPE TEXT; DROP SEQUENCE t_id_seq; ALTER TABLE t ALTER id SET DEFAULT 'x';",
    ['sequence t_id_seq'],
  ],
  [
    'the identity is dropped before the type change',
    'CREATE TABLE t (id SERIAL);',
    'ALTER TABLE t ALTER id DROP DEFAULT; DROP SEQUENCE t_id_seq; ALTER TABLE t ALTER id TYPE BIGINT; ALTER TABLE t ALTER id ADD GENERATED ALWAYS AS IDENTITY;',
    ['sequence t_id_seq'],
  ],
])('%s', async (_, history, sql, losses) => {
  const down = await writeDownMigration({
    shadow: SHADOW,
    before: [{ name: '1_base', sql: history }],
    migration: { name: '2_next', sql },
  })
  expect(down.losses.map(destructionText)).toEqual(losses)
  expect(down).toMatchObject({ proven: true, grade: losses.length > 0 ? 'lossy' : 'not proven' })
})

test.each([
  ["ALTER TYPE kind ADD VALUE 'c';", 1],
  ["ALTER TYPE kind ADD VALUE 'c'; COMMENT ON TYPE kind IS 'other';", 1],
  ["ALTER TYPE kind ADD VALUE 'c'; COMMENT ON TYPE kind IS NULL;", 1],
  ["COMMENT ON TYPE kind IS 'other';", 0],
])('a recreated enum keeps its comment and its foreign keys: %s', async (sql, keys) => {
  const history = `CREATE TYPE kind AS ENUM ('a', 'b');
COMMENT ON TYPE kind IS 'kinds';
CREATE TABLE "group" (kind kind PRIMARY KEY DEFAULT 'a');
CREATE TABLE member (kind kind REFERENCES "group");`
  const down = await writeDownMigration({
    shadow: SHADOW,
    before: [{ name: '1_base', sql: history }],
    migration: { name: '2_next', sql },
  })
  expect(down).toMatchObject({ proven: true, grade: 'not proven', notRestored: [] })
  expect(down.sql.match(/COMMENT ON TYPE .* IS 'kinds'/g)).toHaveLength(1)
  expect(down.sql.match(/DROP CONSTRAINT/g) ?? []).toHaveLength(keys)
})

const SCHEMAS = {
  name: '1_schemas',
  sql: `CREATE SCHEMA old;
CREATE TYPE kind AS ENUM ('a');
CREATE TABLE "Note" (id SERIAL PRIMARY KEY, kind kind);
CREATE INDEX note_kind ON "Note" (kind);
CREATE TABLE old.log (id INT PRIMARY KEY, note INT REFERENCES "Note");
CREATE VIEW seen AS SELECT 1 AS x;
CREATE SEQUENCE numbers;`,
}

test.each([
  [
    'CREATE SCHEMA archive; ALTER TABLE "Note" SET SCHEMA archive; ALTER TABLE archive."Note" RENAME TO remark; ALTER INDEX archive.note_kind RENAME TO remark_kind;',
    4,
  ],
  [
    'ALTER TYPE kind SET SCHEMA old; ALTER VIEW seen SET SCHEMA old; ALTER SEQUENCE numbers SET SCHEMA old;',
    3,
  ],
])('%s is rolled back by moves', async (sql, statements) => {
  const migration = { name: '2_next', sql }
  const down = await writeDownMigration({ shadow: SHADOW, before: [SCHEMAS], migration })
  expect(down).toMatchObject({ proven: true, grade: 'not proven', losses: [], statements })
  expect(down.sql).not.toMatch(/DROP (?!SCHEMA)|CREATE/)
})

test('values that an enum gets back are used in a statement of their own, whatever its name is', async () => {
  const type = `"a ADD VALUE 'x' kind"`
  const before = `CREATE TYPE ${type} AS ENUM ('a', 'b''s'); CREATE TABLE t (id INT PRIMARY KEY, name TEXT);`
  const sql = `DROP TYPE ${type}; CREATE TYPE ${type} AS ENUM ('a'); ALTER TABLE t DROP name;`
  const down = await writeDownMigration({
    shadow: SHADOW,
    before: [{ name: '1_base', sql: before }],
    migration: { name: '2_next', sql },
  })
  expect(down).toMatchObject({ proven: true, grade: 'lossy' })
  expect(down.sql).toContain(`SELECT 'b''s'::${type};`)
})

test('a dropped schema is recreated for its objects', async () => {
  const sql = 'ALTER TABLE old.log SET SCHEMA public; DROP SCHEMA old;'
  const migration = { name: '2_next', sql }
  const down = await writeDownMigration({ shadow: SHADOW, before: [SCHEMAS], migration })
  expect(down).toMatchObject({ proven: true, statements: 2 })
  expect(down.losses).toEqual([{ what: 'object', object: { kind: 'schema', name: 'old' } }])
  expect(down.sql).toMatch(/CREATE SCHEMA "old";\s+ALTER TABLE "log" SET SCHEMA "old";/)
})

const STEPS = [
  'ALTER TABLE person ADD COLUMN email TEXT NOT NULL DEFAULT $$x$$;',
  'ALTER TABLE person DROP COLUMN age;',
  'ALTER TABLE person ALTER COLUMN name SET NOT NULL;',
  'ALTER TABLE note RENAME TO remark;',
  "ALTER TYPE kind ADD VALUE 'c';",
  'CREATE TABLE other (id SERIAL PRIMARY KEY, note INT REFERENCES note);',
  'CREATE VIEW adults AS SELECT id FROM person WHERE id > 18;',
  'ALTER TABLE person ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON person USING (id = 1);',
  'DROP INDEX person_name;',
  'CREATE FUNCTION one() RETURNS INT LANGUAGE sql AS $$ SELECT 1 $$;',
  'ALTER TABLE person ADD CONSTRAINT positive CHECK (id > 0);',
  "COMMENT ON TABLE person IS 'people';",
  'ALTER TABLE note DROP CONSTRAINT "note_personId_fkey";',
  'ALTER TABLE note RENAME COLUMN "personId" TO owner;',
]

test('up and down restore the fingerprint, whatever the migration contains', async () => {
  const migrations = fc.shuffledSubarray(STEPS, { minLength: 1, maxLength: 6 }).filter(runs)
  await withShadowDatabase(SHADOW, [BASE], async (session) => {
    const before = await readCatalog(session)
    await fc.assert(
      fc.asyncProperty(migrations, async (steps) => {
        const migration = { name: '2_next', sql: steps.join('\n') }
        const { sql, proven } = await writeDownMigration({
          shadow: SHADOW,
          before: [BASE],
          migration,
        })
        expect(proven).toBe(true)
        await replay(session, [migration, { name: 'down', sql }])
        const after = await readCatalog(session)
        expect(difference(before, after)).toEqual([])
        expect(fingerprint(after).hash).toBe(fingerprint(before).hash)
      }),
      { numRuns: process.env['FULL'] === '1' ? 12 : 4 },
    )
  })
})

/**
 * Whether the steps can run: a renamed table is not found under its old name, and an index is dropped with
 * its column.
 */
function runs(steps: readonly string[]): boolean {
  const column = steps.findIndex((step) => step.includes('DROP COLUMN age'))
  if (column !== -1 && steps.indexOf('DROP INDEX person_name;') > column) return false
  const at = steps.findIndex((step) => step.includes('RENAME TO remark'))
  return (
    at === -1 || !steps.slice(at + 1).some((step) => /\bnote\b(?! INT)|REFERENCES note/.test(step))
  )
}

test('restored objects belong to the role that runs the down migration, not to the role of the shadow database', async () => {
  const down = await back(
    'DROP TABLE note; CREATE SCHEMA shop; CREATE TABLE shop.item (id integer);',
  )
  expect(down).toMatchObject({ proven: true })
  expect(down.sql).not.toMatch(/OWNER TO|AUTHORIZATION/)
})
