import { beforeAll, expect, test } from 'vitest'
import { callsIn, codeIn } from './code.ts'
import { loadParser } from './parser.ts'

beforeAll(loadParser)

const trigger = (body: string) =>
  codeIn(
    `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} RETURN NEW; END $$`,
  )
const kindsIn = (sql: string) =>
  codeIn(sql)
    .actions.map(({ kind }) => kind)
    .toSorted()

test.each([
  ['a block', 'DO $$ BEGIN IF false THEN DELETE FROM a; END IF; UPDATE b SET c = 1; END $$'],
  [
    'a query in WITH, and a loop over rows',
    'DO $$ DECLARE r record; BEGIN FOR r IN DELETE FROM a RETURNING * LOOP UPDATE b SET c = 1; END LOOP; END $$',
  ],
  ['constant texts', `DO $$ BEGIN EXECUTE 'DELETE FROM a'; EXECUTE 'UPDATE b SET c = 1'; END $$`],
  [
    'a function of SQL',
    `CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM a; UPDATE b SET c = 1'`,
  ],
  [
    'a function whose body is SQL',
    'CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM a; UPDATE b SET c = 1; END',
  ],
  ['a rule', 'CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; UPDATE b SET c = 1)'],
  [
    'an error handler',
    'DO $$ DECLARE r a%ROWTYPE; BEGIN DELETE FROM a; EXCEPTION WHEN OTHERS THEN UPDATE b SET c = r.x; END $$',
  ],
])('the statements of %s are found', (_what, sql) => {
  expect(kindsIn(sql)).toEqual(['delete', 'update'])
  expect(codeIn(sql).texts).toEqual([])
})

test('SQL that code builds is given as far as it is literal', () => {
  const { texts, actions } = codeIn(`DO $$ DECLARE q text := 'x'; BEGIN
    EXECUTE format('DROP TABLE %I', q); EXECUTE 'DELETE FROM ' || quote_ident(q) || ' WHERE a'; EXECUTE q; END $$`)
  expect(actions).toEqual([])
  expect(texts).toEqual(['DROP TABLE %I', 'DELETE FROM   WHERE a', ''])
})

test('messages and comments are not statements', () => {
  const code = codeIn(`DO $$ BEGIN -- DELETE FROM a
    RAISE NOTICE 'update b set c'; CREATE TABLE t (a int); END $$`)
  expect(code).toMatchObject({ texts: [], actions: [{ kind: 'create-table' }] })
})

test('the columns that a trigger sets in its row are found', () => {
  expect(trigger('NEW.a := 1; NEW."B" = now(); SELECT 1 INTO NEW.c;').assigned).toEqual(
    expect.arrayContaining(['a', 'B', 'c']),
  )
  expect(trigger('IF NEW.a = OLD.a THEN RETURN NULL; END IF;').assigned).toEqual([])
  expect(trigger('NEW := OLD;').assigned).toEqual(['*'])
})

test('code in another language is given as text', () => {
  expect(codeIn('DO LANGUAGE plpython3u $$ plpy.execute("DELETE FROM a") $$').texts).toHaveLength(1)
  expect(codeIn(`CREATE FUNCTION f() RETURNS void LANGUAGE c AS 'lib', 'f'`).texts).toEqual([])
})

test('calls are names before a parenthesis, except the function that a trigger executes', () => {
  const sql = `SELECT s.purge(1), "Tidy" (2), a FROM t; CREATE TRIGGER x AFTER UPDATE ON t EXECUTE FUNCTION later()`
  expect(callsIn(sql)).toEqual(['purge', 'Tidy'])
})

test('the calls of a RETURN body and of the condition of a rule are found', () => {
  const { calls } = codeIn('CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN purge(1) + 1')
  expect(calls).toEqual(['purge'])
  const rule = codeIn('CREATE RULE r AS ON INSERT TO t WHERE purge(new.a) DO ALSO SELECT tidy()')
  expect(rule.calls).toEqual(['purge', 'tidy'])
})

test('error handlers are found', () => {
  const sql = (handler: string) => `DO $$ BEGIN DELETE FROM a; ${handler} END $$`
  expect(codeIn(sql('')).handlesErrors).toBe(false)
  expect(codeIn(sql('EXCEPTION WHEN OTHERS THEN NULL;')).handlesErrors).toBe(true)
})
