import { beforeAll, expect, test } from 'vitest'
import { loadParser } from './parser.ts'
import { qualifiedNames, unqualified } from './unqualified.ts'

beforeAll(loadParser)

test.each([
  ['ALTER TABLE "app"."User" DROP COLUMN "city"', 'ALTER TABLE "User" DROP COLUMN "city"'],
  ['ALTER TABLE app . "User" DROP COLUMN app', 'ALTER TABLE "User" DROP COLUMN app'],
  ['ALTER TABLE "other"."app" ADD x "app"."kind"', 'ALTER TABLE "other"."app" ADD x "kind"'],
  ['ALTER SEQUENCE app.app OWNED BY app.app.app', 'ALTER SEQUENCE app OWNED BY app.app'],
  [
    'COMMENT ON COLUMN "app"."app"."app" IS \'app.x\'',
    'COMMENT ON COLUMN "app"."app" IS \'app.x\'',
  ],
  [
    'CREATE VIEW app.v AS SELECT app.id, app.*, app.f(app.id) FROM app.app',
    'CREATE VIEW v AS SELECT app.id, app.*, f(app.id) FROM app',
  ],
  [
    `ALTER TABLE app.t ALTER id SET DEFAULT nextval('app.t_id_seq'::regclass)`,
    `ALTER TABLE t ALTER id SET DEFAULT nextval('t_id_seq'::regclass)`,
  ],
  [`SELECT setval('"app"."My.seq"', 1) FROM app.t`, `SELECT setval('"My.seq"', 1) FROM t`],
  [`SELECT 'app.t', E'app.t', $$app.t$$`, `SELECT 'app.t', E'app.t', $$app.t$$`],
  [
    'CREATE FUNCTION app.f() RETURNS app.t LANGUAGE sql AS $$ SELECT * FROM app.t $$',
    'CREATE FUNCTION f() RETURNS t LANGUAGE sql AS $$ SELECT * FROM app.t $$',
  ],
  ['CREATE EXTENSION citext SCHEMA "app" VERSION \'1\'', "CREATE EXTENSION citext VERSION '1'"],
  ['DROP FUNCTION app.f(app.t, "other"."x")', 'DROP FUNCTION f(t, "other"."x")'],
  ['UPDATE app.t SET app.x = 1', 'UPDATE t SET app.x = 1'],
  ['DROP SCHEMA app', 'DROP SCHEMA app'],
  ['SELECT größe.x FROM app."größe" AS größe', 'SELECT größe.x FROM "größe" AS größe'],
  ['\uFEFFALTER TABLE app.größe ADD x app.t', '\uFEFFALTER TABLE größe ADD x t'],
  ['CREATE TABLE "App"."t" ()', 'CREATE TABLE "App"."t" ()'],
])('%s', (sql, plain) => {
  expect(unqualified(sql, 'app')).toBe(plain)
})

test('a name with a quote in it is the same name within a literal', () => {
  const sql = `SELECT nextval('"My ""App"""."it''s"'::regclass) FROM "My ""App"""."t"`
  expect(unqualified(sql, 'My "App"')).toBe(`SELECT nextval('"it''s"'::regclass) FROM "t"`)
})

test('a name that must be qualified stays qualified, also within a literal', () => {
  const sql = `ALTER TABLE app.t ALTER id SET DEFAULT nextval('app.t_seq'::regclass), ADD x app.kind`
  expect(unqualified(sql, 'app', (name) => name === 't_seq' || name === 't')).toBe(
    `ALTER TABLE app.t ALTER id SET DEFAULT nextval('app.t_seq'::regclass), ADD x kind`,
  )
})

test('a file that qualifies all its names binds every name to the schema, any other only those that it qualifies', () => {
  const all = qualifiedNames('CREATE INDEX i ON public.t (a)', 'public')
  expect(all('i')).toBe(true)
  const some = qualifiedNames('CREATE INDEX i ON public.t (a); ALTER TABLE u ADD b INT', 'public')
  expect([some('t'), some('u')]).toEqual([true, false])
  const none = qualifiedNames('ALTER TABLE u ADD b INT', 'public')
  expect(none('u')).toBe(false)
})
