import { expect, test } from 'vitest'
import { needsServerOfItsOwn } from './server-wide.ts'

test.each<[string, boolean]>([
  ['CREATE ROLE clerk', true],
  ['create/* /* nested */ comment */ role clerk', true],
  ['CREATE ROLE"clerk"', true],
  ["DO $$ BEGIN EXECUTE 'ALTER -- x\nUSER clerk'; END $$", true],
  ['CREATE TABLE "User" (role text); -- CREATE ROLE clerk', false],
  ['CREATE /* ROLE */ TABLE "create role" (id int)', false],
])('%j changes what belongs to a whole server: %j', async (sql, expected) => {
  expect(await needsServerOfItsOwn([sql])).toBe(expected)
})
