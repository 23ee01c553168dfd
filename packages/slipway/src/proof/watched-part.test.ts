import { expect, test } from 'vitest'
import { SHADOW } from '../../test/target.ts'
import { catalogReader } from '../schema/index.ts'
import { withShadowDatabase } from '../shadow/index.ts'
import { type Proof, prove } from './index.ts'

const TABLES = `CREATE TYPE mood AS ENUM ('good', 'bad');
  CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL, mood mood);
  CREATE TABLE posts (id serial PRIMARY KEY, author integer REFERENCES users (id), body text);
  CREATE VIEW names AS SELECT id, name FROM users;
  CREATE TABLE log (at date, line text);
  CREATE TABLE child (own integer) INHERITS (log);
  CREATE TABLE grandchild (more integer) INHERITS (child);
  CREATE TABLE apart (id integer);
  CREATE FUNCTION forget(integer) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN DELETE FROM apart; RETURN true; END';`

/** Enough tables that only those related to a migration are read. */
const OTHERS = Array.from({ length: 200 }, (_, at) => `CREATE TABLE other_${at} (id integer);`)

async function proofOn(init: string, sql: string, down: string): Promise<Proof> {
  const migration = { name: '2_change', sql }
  const history = [{ name: '1_init', sql: init }]
  return await prove('postgres', (work) => withShadowDatabase(SHADOW, history, work, [migration]), {
    migration,
    down: { name: '2_change/down.sql', sql: down },
    catalogs: async (on) => catalogReader(on),
  })
}

/** The proof without counts and durations. */
function shownBy({ grade, kept, proven, reasons, lost, left, changes, effects, locks }: Proof) {
  return { grade, kept, proven, reasons, lost, left, changes, effects, locks: locks.length }
}

test.each([
  ['ALTER TABLE users ADD COLUMN phone text', 'ALTER TABLE users DROP COLUMN phone', 'lossless'],
  ['ALTER TABLE users ADD COLUMN phone text', 'ALTER TABLE users DROP COLUMN mood', undefined],
  [
    'ALTER TABLE posts DROP CONSTRAINT posts_author_fkey',
    'ALTER TABLE posts ADD CONSTRAINT posts_author_fkey FOREIGN KEY (author) REFERENCES users (id)',
    'lossless',
  ],
  ['ALTER TABLE posts DROP COLUMN body', 'ALTER TABLE posts ADD COLUMN body text', 'lossy'],
  [
    'CREATE TABLE tags (id serial PRIMARY KEY, post integer REFERENCES posts (id))',
    'DROP TABLE tags',
    'lossless',
  ],
  [`CREATE TYPE size AS ENUM ('s', 'l')`, 'DROP TYPE size', 'lossless'],
  // Here the server changes tables that no statement names, and their rows.
  [
    'ALTER TABLE users ADD CONSTRAINT known CHECK (forget(id))',
    'ALTER TABLE users DROP CONSTRAINT known',
    'lossy',
  ],
  ['ALTER TABLE log ADD COLUMN level integer', 'ALTER TABLE log DROP COLUMN level', 'lossless'],
  [
    'ALTER TABLE log ADD COLUMN level integer',
    'ALTER TABLE ONLY log DROP COLUMN level; ALTER TABLE child DROP COLUMN level; ALTER TABLE grandchild ADD COLUMN level integer',
    undefined,
  ],
])('%s, %s: a part of a large schema gives the same proof', async (sql, down, grade) => {
  const small = await proofOn(TABLES, sql, down)
  const large = await proofOn([TABLES, ...OTHERS].join('\n'), sql, down)
  expect(small.grade).toBe(grade)
  expect(shownBy(large)).toEqual(shownBy(small))
})
