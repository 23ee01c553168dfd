import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SCRATCH } from '../../test/target.ts'
import { difference, fingerprint, readCatalog } from '../catalog/index.ts'
import { replay, withScratch } from '../rehearsal/index.ts'
import { writeWayBack } from './way-back.ts'

const BASE = {
  name: '1_base',
  sql: `CREATE TYPE "kind" AS ENUM ('a', 'b');
CREATE TABLE "person" ("id" INT PRIMARY KEY, "name" TEXT, "kind" "kind" NOT NULL DEFAULT 'a', "age" INT);
CREATE INDEX "person_name" ON "person" (lower("name")) WHERE "age" > 3;
CREATE TABLE "note" ("id" INT PRIMARY KEY, "personId" INT REFERENCES "person");`,
}

const back = async (sql: string) =>
  await writeWayBack({ scratch: SCRATCH, before: [BASE], migration: { name: '2_next', sql } })

test('renames written by hand are taken back by name, a chain of them too', async () => {
  const way = await back(`ALTER TABLE person RENAME TO people;
ALTER TABLE public.people RENAME name TO full_name;
ALTER TABLE people RENAME COLUMN full_name TO called;
ALTER TYPE kind RENAME VALUE 'a' TO 'first';`)
  expect(way).toMatchObject({ proven: true, grade: 'lossless', losses: [], statements: 4 })
  expect(way.sql).not.toMatch(/DROP|ADD COLUMN/)
})

test('a table rebuilt under its old name is no rename', async () => {
  const way =
    await back(`CREATE TABLE note_new ("id" INT PRIMARY KEY, "personId" INT REFERENCES "person");
INSERT INTO note_new SELECT * FROM note;
DROP TABLE note;
ALTER TABLE note_new RENAME TO note;
ALTER INDEX note_new_pkey RENAME TO note_pkey;
ALTER TABLE note RENAME CONSTRAINT "note_new_personId_fkey" TO "note_personId_fkey";`)
  expect(way).toMatchObject({ proven: true, grade: 'lossy', losses: ['table public.note'] })
  expect(way.sql).not.toContain('note_new')
})

test.each([
  ['DELETE FROM note;', ['rows of public.note']],
  ['CREATE TABLE tmp (id INT); DROP TABLE tmp;', []],
  ['ALTER TABLE person ALTER age TYPE BIGINT;', []],
  ['ALTER TABLE person ALTER age TYPE SMALLINT;', ['column public.person.age']],
  ['ALTER TABLE person DROP age, ADD age INT;', ['column public.person.age']],
  ['DROP TABLE note;', ['table public.note']],
])('%s loses %j', async (sql, losses) => {
  const way = await back(sql)
  expect(way.losses).toEqual(losses)
  expect(way.proven).toBe(true)
  expect(way.grade).toBe(losses.length === 0 ? 'lossless' : 'lossy')
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
  ['checked', USERS.sql, /ON DELETE RESTRICT;\s*$/],
  [
    'unchecked and with a comment',
    `${USERS.sql.replace(/;$/, ' NOT VALID;')} COMMENT ON CONSTRAINT "Post_authorId_fkey" ON "Post" IS 'who';`,
    /NOT VALID;\s*COMMENT ON CONSTRAINT .* IS 'who';\s*$/,
  ],
])('a foreign key, %s, stands aside while its columns change their types', async (_, sql, end) => {
  const way = await writeWayBack({
    scratch: SCRATCH,
    before: [{ ...USERS, sql }],
    migration: { name: '2_next', sql: TO_TEXT },
  })
  expect(way).toMatchObject({ proven: true, grade: 'lossless', losses: [] })
  expect(way.sql).toMatch(/^ALTER TABLE "public"."Post" DROP CONSTRAINT "Post_authorId_fkey";$/m)
  expect(way.sql).toMatch(end)
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

test('up and down leave the fingerprint as it was, whatever the migration holds', async () => {
  const migrations = fc.shuffledSubarray(STEPS, { minLength: 1, maxLength: 6 }).filter(runs)
  await withScratch(SCRATCH, [BASE], async (session) => {
    const before = await readCatalog(session)
    await fc.assert(
      fc.asyncProperty(migrations, async (steps) => {
        const migration = { name: '2_next', sql: steps.join('\n') }
        const { sql, proven } = await writeWayBack({ scratch: SCRATCH, before: [BASE], migration })
        expect(proven).toBe(true)
        await replay(session, [migration, { name: 'down', sql }])
        const after = await readCatalog(session)
        expect(difference(before, after)).toEqual([])
        expect(fingerprint(after).hash).toBe(fingerprint(before).hash)
      }),
      { numRuns: 12 },
    )
  })
}, 120_000)

/** A table that was renamed is not found under its old name, and an index goes with its column. */
function runs(steps: readonly string[]): boolean {
  const column = steps.findIndex((step) => step.includes('DROP COLUMN age'))
  if (column !== -1 && steps.indexOf('DROP INDEX person_name;') > column) return false
  const at = steps.findIndex((step) => step.includes('RENAME TO remark'))
  return (
    at === -1 || !steps.slice(at + 1).some((step) => /\bnote\b(?! INT)|REFERENCES note/.test(step))
  )
}

test('what comes back belongs to whoever runs the way back, not to the role of the scratch', async () => {
  const way = await back(
    'DROP TABLE note; CREATE SCHEMA shop; CREATE TABLE shop.item (id integer);',
  )
  expect(way).toMatchObject({ proven: true })
  expect(way.sql).not.toMatch(/OWNER TO|AUTHORIZATION/)
})
