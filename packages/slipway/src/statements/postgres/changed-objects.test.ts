import { beforeAll, expect, test } from 'vitest'
import { changedObjects, isClaimedBy } from './changed-objects.ts'
import { loadParser } from './parser.ts'

beforeAll(loadParser)

/** Whether migrations that ran `up` may run `down`. */
function may(up: string, down: string): boolean {
  const claims = changedObjects(up).flat()
  const changes = changedObjects(down).flat()
  expect(changes, down).not.toEqual([])
  return changes.every((change) => isClaimedBy(change, claims))
}

test.each([
  ['CREATE TABLE o.t (id int)', 'DROP TABLE o.t'],
  ['CREATE TABLE o.t (id int)', 'ALTER TABLE o.t DROP COLUMN id'],
  ['DROP TABLE o.t', 'CREATE TABLE o.t (id int)'],
  ['ALTER TABLE o.t ADD COLUMN a int UNIQUE', 'ALTER TABLE o.t DROP CONSTRAINT t_a_key'],
  ['ALTER TABLE o.t ADD CHECK (a > 0)', 'ALTER TABLE o.t DROP CONSTRAINT t_a_check'],
  ['CREATE INDEX ON o.t (a)', 'DROP INDEX o.t_a_idx'],
  ['ALTER TABLE o.t ENABLE ROW LEVEL SECURITY', 'ALTER TABLE o.t DISABLE ROW LEVEL SECURITY'],
  ['ALTER TABLE o.t RENAME COLUMN a TO b', 'ALTER TABLE o.t RENAME COLUMN b TO a'],
  ['ALTER TABLE o.t RENAME TO u', 'ALTER TABLE o.u RENAME TO t'],
  ['ALTER TABLE o.t SET SCHEMA p', 'ALTER TABLE p.t SET SCHEMA o'],
  ['INSERT INTO o.t VALUES (1)', 'DELETE FROM o.t WHERE id = 1'],
  ['DO $$ BEGIN CREATE TABLE o.t (id int); END $$', 'DROP TABLE o.t'],
  ['SET search_path = o; CREATE TABLE t (id int)', 'DROP TABLE o.t'],
  ['CREATE FUNCTION o.f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$', 'DROP FUNCTION o.f()'],
  ['DROP SCHEMA o CASCADE', 'CREATE SCHEMA o; CREATE TABLE o.t (id int)'],
  ['GRANT SELECT ON o.t TO public', 'REVOKE SELECT ON o.t FROM public'],
])('%s: its down migration may %s', (up, down) => {
  expect(may(up, down)).toBe(true)
})

test.each([
  ['CREATE TABLE o.t (id int)', 'DROP TABLE o.u'],
  ['ALTER TABLE o.t ADD COLUMN a int', 'DROP TABLE o.t'],
  ['ALTER TABLE o.t ADD COLUMN a int', 'ALTER TABLE o.t DROP COLUMN b'],
  ['ALTER TABLE o.t ADD COLUMN a int', 'DELETE FROM o.t'],
  ['INSERT INTO o.t VALUES (1)', 'ALTER TABLE o.t DROP COLUMN a'],
  ['CREATE TABLE u (id int REFERENCES o.t)', 'ALTER TABLE o.t DROP COLUMN a'],
  ['SELECT * FROM o.t', 'MERGE INTO o.t USING o.u ON true WHEN MATCHED THEN DELETE'],
  ['CREATE TRIGGER a AFTER INSERT ON o.t EXECUTE FUNCTION f()', 'DROP TRIGGER b ON o.t'],
])('%s: its down migration may not %s', (up, down) => {
  expect(may(up, down)).toBe(false)
})
