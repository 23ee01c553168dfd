import { expect, test } from 'vitest'
import { needsSuperuser } from './superuser.ts'

test.each<[string, boolean]>([
  ['CREATE ROLE clerk', true],
  ['create/* /* nested */ comment */ role clerk', true],
  ['CREATE ROLE"clerk"', true],
  ["DO $$ BEGIN EXECUTE 'ALTER -- x\nUSER clerk'; END $$", true],
  ['CREATE TABLE "User" (role text); -- CREATE ROLE clerk', false],
  ['CREATE /* ROLE */ TABLE "create role" (id int)', false],
  ['CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION f()', true],
  ['CREATE PUBLICATION p FOR ALL TABLES', true],
  ['CREATE PUBLICATION p FOR TABLE events', false],
  ["DO $$ BEGIN EXECUTE 'ALTER SYSTEM SET work_mem = 1'; END $$", true],
  ['ALTER FUNCTION f() LEAKPROOF', true],
  ['CREATE OPERATOR CLASS o FOR TYPE t USING btree AS STORAGE t', true],
  [
    'CREATE TABLE event (system text); CREATE TRIGGER event BEFORE UPDATE ON event EXECUTE FUNCTION f()',
    false,
  ],
])('%j needs a superuser: %j', async (sql, expected) => {
  expect(await needsSuperuser([sql])).toBe(expected)
})
