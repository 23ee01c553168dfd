import { expect, test } from 'vitest'
import { shortForm } from '../../test/short-form.ts'
import { SHADOW } from '../../test/target.ts'
import { catalogReader } from '../schema/index.ts'
import { withShadowDatabase } from '../shadow/index.ts'
import { gradeOf, type Proof, prove } from './prove.ts'

// The run must show the effect of each place that destroys data: the effect of one is not evidence of
// another.

const GROUND = `CREATE TABLE users (id integer PRIMARY KEY, email varchar(80) NOT NULL, note text, age integer, seen timestamptz);
  CREATE TABLE posts (id integer PRIMARY KEY, author integer NOT NULL, body text);
  CREATE TABLE tags (id integer PRIMARY KEY, name text);`

async function proofOf(sql: string, ground = '', down = ''): Promise<Proof> {
  const history = [{ name: '1_ground', sql: GROUND + ground }]
  return await prove((work) => withShadowDatabase(SHADOW, history, work), {
    migration: { name: '2_change', sql },
    down: { name: '2_change/down.sql', sql: down },
    catalogs: async (on) => catalogReader(on),
  })
}

const NO_ROW = 'id < 0 AND id > 0'
const SOME = 'id IN (SELECT min(id) FROM posts)'
const IS_RARE = `(SELECT count(*) FROM users) > 1000`

const block = (body: string) => `DO $$ BEGIN ${body} END $$`
const routine = (name: string, body: string) =>
  `CREATE FUNCTION ${name} RETURNS void LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;`
const trigger = (on: string, name: string, body: string) =>
  `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} RETURN NEW; END $$;
   CREATE TRIGGER ${name} ${on} FOR EACH ROW EXECUTE FUNCTION ${name}();`
const CASCADE = 'ALTER TABLE posts ADD FOREIGN KEY (author) REFERENCES users (id) ON DELETE'

const inDoubt = (what: string) =>
  `Whether ${what} is unknown: something else may have done the same.`
const DELETE = inDoubt('the DELETE of posts in the code of statement 1 took effect')
const CALLED = inDoubt('the DELETE of posts in code that statement 1 runs took effect')

test.each(
  shortForm<[string, string, string, string?, string?]>([
    [
      'two places in a block',
      block(`DELETE FROM posts WHERE ${SOME}; DELETE FROM posts WHERE ${NO_ROW};`),
      DELETE,
    ],
    [
      'both branches of an IF',
      block(`IF ${IS_RARE} THEN DELETE FROM posts; ELSE DELETE FROM posts WHERE ${SOME}; END IF;`),
      DELETE,
    ],
    [
      'a loop and the statement after it',
      block(
        `FOR i IN 1..3 LOOP DELETE FROM posts WHERE id = i AND ${NO_ROW}; END LOOP; DELETE FROM posts;`,
      ),
      DELETE,
    ],
    [
      'two updates of one column',
      block(`UPDATE users SET note = 'a'; UPDATE users SET note = 'b', age = 1 WHERE ${NO_ROW};`),
      inDoubt('the UPDATE of users in the code of statement 1 took effect'),
    ],
    [
      'two updates of different columns, one of which does nothing',
      block(`UPDATE users SET note = 'a'; UPDATE users SET age = 1 WHERE ${NO_ROW};`),
      inDoubt('the UPDATE of users in the code of statement 1 took effect'),
    ],
    [
      'an update of a column that another statement also sets',
      `UPDATE users SET age = 7; ${block(`UPDATE users SET note = 'a'; UPDATE users SET age = 1 WHERE ${NO_ROW};`)}`,
      inDoubt('the UPDATE of users in the code of statement 2 took effect'),
    ],
    [
      'two functions that a function calls',
      'SELECT all_of_it()',
      CALLED,
      routine('one()', 'DELETE FROM posts;') +
        routine('other()', `DELETE FROM posts WHERE ${NO_ROW};`) +
        routine('all_of_it()', 'PERFORM one(); PERFORM other();'),
    ],
    [
      'a function that is called twice',
      block('PERFORM purge(1, 0); PERFORM purge(0, 9);'),
      CALLED,
      routine('purge(a int, b int)', 'DELETE FROM posts WHERE id BETWEEN a AND b OR a = 0;'),
    ],
    [
      'a function that two triggers run',
      block(`UPDATE users SET age = 2; UPDATE tags SET name = 'y';`),
      CALLED,
      trigger('AFTER UPDATE ON users', 'tidy', `DELETE FROM posts WHERE TG_TABLE_NAME = 'users';`) +
        'CREATE TRIGGER tidy AFTER UPDATE ON tags FOR EACH ROW EXECUTE FUNCTION tidy();',
    ],
    [
      'a function that two triggers of a table run',
      `UPDATE users SET note = 'x'`,
      inDoubt('the DELETE of posts in code that statement 1 runs took effect'),
      trigger('AFTER UPDATE ON users', 'tidy', `DELETE FROM posts WHERE TG_NAME = 'tidy';`) +
        'CREATE TRIGGER two AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION tidy();',
    ],
    [
      'two places of a trigger',
      `UPDATE users SET age = 1`,
      CALLED,
      trigger(
        'AFTER UPDATE ON users',
        'tidy',
        `IF md5(NEW.note) = md5('x' || 'y') THEN DELETE FROM posts; END IF; DELETE FROM posts WHERE ${SOME};`,
      ),
    ],
    [
      'a statement and its trigger',
      `DELETE FROM posts WHERE ${SOME}`,
      CALLED,
      trigger('AFTER DELETE ON posts', 'more', `DELETE FROM posts WHERE ${NO_ROW};`),
    ],
    [
      'a foreign key and a place',
      block(`DELETE FROM users; DELETE FROM posts WHERE ${NO_ROW};`),
      DELETE,
      `${CASCADE} CASCADE;`,
    ],
    [
      'a foreign key with SET NULL and a place',
      block(`DELETE FROM users; UPDATE posts SET author = NULL WHERE ${NO_ROW};`),
      inDoubt('the UPDATE of posts in the code of statement 1 took effect'),
      `ALTER TABLE posts ALTER author DROP NOT NULL; ${CASCADE} SET NULL;`,
    ],
    [
      'a dynamic statement and a place',
      block(`EXECUTE format('DELETE FROM %I', 'posts'); DELETE FROM posts WHERE ${NO_ROW};`),
      DELETE,
    ],
    [
      'two dynamic statements',
      block(
        `EXECUTE format('DELETE FROM %I', 'posts'); IF ${IS_RARE} THEN EXECUTE format('DELETE FROM %I', 'tags'); END IF;`,
      ),
      inDoubt('the DELETE in the code of statement 1 took effect'),
    ],
    [
      'two EXECUTE literals',
      block(
        `EXECUTE 'DELETE FROM posts WHERE ${SOME}'; IF ${IS_RARE} THEN EXECUTE 'DELETE FROM posts'; END IF;`,
      ),
      DELETE,
    ],
    [
      'two drops of a column',
      block(
        `IF ${IS_RARE} THEN ALTER TABLE posts DROP body; ELSE ALTER TABLE posts DROP body; END IF;`,
      ),
      inDoubt('the DROP COLUMN of posts in the code of statement 1 took effect'),
      '',
      'ALTER TABLE posts ADD body text',
    ],
    [
      'two changes to a column, one of its default',
      `ALTER TABLE users ALTER note SET DEFAULT 'x'; ${block(`IF ${IS_RARE} THEN ALTER TABLE users ALTER note TYPE varchar(3); END IF;`)}`,
      'The change of type in the code of statement 2 changed nothing.',
      '',
      'ALTER TABLE users ALTER note DROP DEFAULT',
    ],
    [
      'a sequence that another statement drops',
      `DROP SEQUENCE IF EXISTS counter; ${block(`IF ${IS_RARE} THEN DROP SEQUENCE counter; END IF;`)}`,
      inDoubt('the DROP SEQUENCE of counter in the code of statement 2 took effect'),
      'CREATE SEQUENCE counter;',
      'CREATE SEQUENCE counter',
    ],
    [
      'a WITH query and its statement on the same table',
      `WITH gone AS (DELETE FROM posts WHERE ${SOME} RETURNING id) DELETE FROM posts WHERE ${NO_ROW} AND id NOT IN (SELECT id FROM gone)`,
      inDoubt('the DELETE of posts in statement 1 took effect'),
    ],
    [
      'a WITH query and its statement',
      `WITH gone AS (DELETE FROM tags RETURNING id) DELETE FROM posts WHERE ${NO_ROW} AND id NOT IN (SELECT id FROM gone)`,
      'Statement 1 changed none of the generated rows of posts.',
    ],
    [
      'two clauses of a MERGE',
      block(
        `MERGE INTO posts USING users ON posts.id = users.id WHEN MATCHED AND posts.id > 1 THEN DELETE WHEN MATCHED AND users.${NO_ROW.replace('AND id', 'AND users.id')} THEN DELETE;`,
      ),
      DELETE,
    ],
    [
      'an undone DELETE in a table that another statement changed',
      `DELETE FROM posts WHERE ${SOME}; ${block(`BEGIN DELETE FROM posts; RAISE EXCEPTION 'no'; EXCEPTION WHEN OTHERS THEN NULL; END;`)}`,
      inDoubt('the DELETE of posts in the code of statement 2 took effect'),
    ],
    [
      'two assignments of a trigger to a column',
      'UPDATE users SET age = 1',
      inDoubt('code that statement 1 runs changed users.note itself'),
      trigger(
        'BEFORE UPDATE ON users',
        'stamp',
        `IF md5(NEW.note) = md5('x' || 'y') THEN NEW.note := 'a'; ELSE NEW.note := 'b'; END IF;`,
      ),
    ],
    [
      'an assignment of a trigger, and a statement that sets the same column',
      `UPDATE users SET age = 1; UPDATE users SET note = 'b'`,
      inDoubt('code that statement 1 runs changed users.note itself'),
      trigger(
        'BEFORE UPDATE OF age ON users',
        'stamp',
        `IF md5(NEW.note) = md5('x' || 'y') THEN NEW.note := 'a'; END IF;`,
      ),
    ],
  ]),
)('%s: one is not evidence of the other', async (_what, sql, reason, ground, down) => {
  const proof = await proofOf(sql, ground, down)
  expect(proof.reasons).toContain(reason)
  expect(gradeOf(proof)).not.toMatch(/lossless/)
})

const KEPT = 'lossless (kept)'

test.each(
  shortForm<[string, string, string, string?, string?]>([
    ['different tables', block('DELETE FROM posts; DELETE FROM tags;'), KEPT],
    ['different columns', block(`UPDATE users SET note = 'a'; UPDATE users SET age = 1;`), KEPT],
    [
      'a loop',
      `DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM posts LOOP DELETE FROM posts WHERE id = r.id; END LOOP; END $$`,
      KEPT,
    ],
    [
      'a function that calls itself',
      'SELECT purge(9)',
      KEPT,
      routine(
        'purge(n int)',
        'DELETE FROM posts WHERE id = n; IF n > 0 THEN PERFORM purge(n - 1); END IF;',
      ),
    ],
    [
      'an overloaded function',
      'SELECT purge(1)',
      KEPT,
      routine('purge(n int)', 'DELETE FROM posts;') +
        routine('purge(t text)', 'DELETE FROM posts WHERE body = t;'),
    ],
    ['a dynamic statement', block(`EXECUTE format('DELETE FROM %I', 'posts');`), KEPT],
    ['rows that a foreign key deletes', block('DELETE FROM users;'), KEPT, `${CASCADE} CASCADE;`],
    [
      'a new column that is filled in two places',
      `ALTER TABLE users ADD kind text; ${block(`UPDATE users SET kind = 'a' WHERE age > 5; UPDATE users SET kind = 'b' WHERE ${NO_ROW};`)}`,
      'lossless',
      '',
      'ALTER TABLE users DROP kind',
    ],
    [
      'a trigger that sets a timestamp, in two statements',
      `UPDATE users SET age = 1; UPDATE users SET note = 'x'`,
      KEPT,
      trigger('BEFORE UPDATE ON users', 'stamp', 'NEW.seen := now();'),
    ],
    [
      'a trigger that overwrites the column that a statement sets',
      `UPDATE users SET note = 'x'`,
      KEPT,
      trigger('BEFORE UPDATE ON users', 'stamp', `IF NEW.age = 77 THEN NEW.note := 'y'; END IF;`),
    ],
    [
      'a trigger on a partitioned table',
      `UPDATE parts SET a = a + 1`,
      KEPT,
      `CREATE TABLE parts (id int, a int, seen int) PARTITION BY RANGE (id); CREATE TABLE parts_1 PARTITION OF parts DEFAULT;` +
        trigger('AFTER UPDATE ON parts', 'tidy', 'DELETE FROM posts;'),
    ],
  ]),
)('%s: the run shows all destroyed data', async (_what, sql, grade, ground, down) => {
  const proof = await proofOf(sql, ground, down)
  expect(proof.reasons).toEqual([])
  expect(gradeOf(proof)).toBe(grade)
})
