import { expect, test } from 'vitest'
import { SHADOW } from '../../test/target.ts'
import { replacedObjects, readIdentities } from '../schema/index.ts'
import { replay, withShadowDatabase } from '../shadow/index.ts'
import { destructionText } from '../statements/index.ts'
import { writeDownMigration } from './down-migration.ts'

const down = async (history: string, sql: string) =>
  await writeDownMigration({
    shadow: SHADOW,
    before: [{ name: '1_base', sql: history }],
    migration: { name: '2_next', sql },
  })

const LOG = 'CREATE TABLE log (id int PRIMARY KEY, line text);'

test('a table that took the name of another is dropped, and the other is renamed back', async () => {
  const { sql, ...rest } = await down(
    LOG,
    'ALTER TABLE log RENAME TO log_2025; ALTER INDEX log_pkey RENAME TO log_2025_pkey; CREATE TABLE log (id int PRIMARY KEY);',
  )
  expect(rest).toMatchObject({ proven: true, grade: 'not proven', losses: [], statements: 3 })
  expect(sql).toMatch(/DROP TABLE "log";\s+.*ALTER/s)
})

test('a table that took the name of another is renamed if other objects depend on it', async () => {
  const { sql, ...rest } = await down(
    LOG,
    'ALTER TABLE log RENAME TO log_2025; ALTER INDEX log_pkey RENAME TO log_2025_pkey; CREATE TABLE log (id int PRIMARY KEY); CREATE VIEW ids AS SELECT id FROM log;',
  )
  expect(rest).toMatchObject({ proven: true, grade: 'not proven', losses: [] })
  expect(sql).toContain('ALTER TABLE "log" RENAME TO "log_aside"')
  expect(sql).toContain('DROP TABLE "log_aside"')
})

test('a table is detached before the table that took its name is dropped', async () => {
  const { proven, losses } = await down(
    LOG,
    'ALTER TABLE log RENAME TO log_old; ALTER INDEX log_pkey RENAME TO log_old_pkey; CREATE TABLE log (id int PRIMARY KEY, line text) PARTITION BY LIST (id); ALTER TABLE log ATTACH PARTITION log_old DEFAULT;',
  )
  expect(losses).toEqual([])
  expect(proven).toBe(true)
})

test.each([
  ['DO $$ BEGIN ALTER TABLE log DROP COLUMN line; END $$;', ['column log.line']],
  [
    'DO $$ BEGIN DROP TABLE log; CREATE TABLE log (id int PRIMARY KEY, line text); END $$;',
    ['table log'],
  ],
  [
    'ALTER TABLE log ADD more text; ALTER TABLE log RENAME line TO gone; ALTER TABLE log RENAME more TO line; ALTER TABLE log DROP gone;',
    ['column log.line'],
  ],
  ["ALTER TABLE log ALTER line TYPE text USING 'x';", ['column log.line']],
])('%s loses %j', async (sql, losses) => {
  const found = await down(LOG, sql)
  expect(found.losses.map(destructionText)).toEqual(losses)
  expect(found).toMatchObject({ proven: true, grade: 'lossy' })
})

const FULL = `CREATE SEQUENCE numbers; CREATE TYPE pair AS (a int, b int);
CREATE TABLE t (id int PRIMARY KEY, n text, p pair); CREATE VIEW v AS SELECT n FROM t;`

test.each([
  ['DROP TABLE t CASCADE; CREATE TABLE t (id int PRIMARY KEY, n text, p pair)', ['table t']],
  ['DROP VIEW v; ALTER TABLE t DROP n; ALTER TABLE t ADD n text', ['column t.n']],
  ['DROP SEQUENCE numbers; CREATE SEQUENCE numbers', ['sequence numbers']],
  ['ALTER TYPE pair DROP ATTRIBUTE a; ALTER TYPE pair ADD ATTRIBUTE a int', ['attribute pair.a']],
  [
    'ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME n TO m; ALTER SEQUENCE numbers RENAME TO x; DROP VIEW v',
    [],
  ],
])('%s replaces %j', async (sql, replaced) => {
  await withShadowDatabase(SHADOW, [{ name: '1_base', sql: FULL }], async (session) => {
    const before = await readIdentities(session)
    await replay(session, [{ name: '2_next', sql }])
    const changes = await replacedObjects(session, { before, after: before })
    expect(changes.map(({ object }) => destructionText({ what: 'object', object }))).toEqual(
      replaced,
    )
  })
})

test.each([
  "DROP TABLE log; CREATE TABLE log (id int PRIMARY KEY, line text DEFAULT 'x');",
  "DROP TABLE log; CREATE TABLE log (id int PRIMARY KEY, line text); COMMENT ON TABLE log IS 'x'; COMMENT ON COLUMN log.line IS 'x'; COMMENT ON CONSTRAINT log_pkey ON log IS 'x';",
  'DROP TABLE log; CREATE TABLE log (id int PRIMARY KEY, line text); ALTER TABLE log ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON log USING (true);',
  'DROP TABLE log; CREATE TABLE log (id int PRIMARY KEY, line text); CREATE TRIGGER t BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION f(); CREATE RULE r AS ON DELETE TO log DO INSTEAD NOTHING; GRANT SELECT ON log TO PUBLIC; GRANT UPDATE (line) ON log TO PUBLIC;',
  "DROP TABLE log; CREATE TABLE log (id int PRIMARY KEY, line text, more int UNIQUE); CREATE TABLE part (log int REFERENCES log (more)); CREATE VIEW v AS SELECT more FROM log; COMMENT ON COLUMN log.more IS 'x';",
])('a recreated table is dropped with all that belongs to it: %s', async (sql) => {
  const history = `${LOG} CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';`
  expect(await down(history, sql)).toMatchObject({ proven: true, grade: 'lossy' })
})
