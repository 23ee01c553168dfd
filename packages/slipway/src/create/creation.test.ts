import { expect, test } from 'vitest'
import { parserFor } from '../statements/index.ts'
import { creationOf } from './creation.ts'

const parser = await parserFor('postgres')
const NO_ORDER = new Map<string, readonly string[]>()

test('schemas, extensions and enums come first, guards last, however they are written', () => {
  const fk = 'alter table app."a;b" add constraint f foreign key (x) references app.c (id)'
  const { tables, rowGuards: guards } = creationOf(
    [
      'COMMENT /* c */ ON TRIGGER "t" ON app.c IS \'x\'',
      fk,
      "COMMENT ON CONSTRAINT k ON app.c IS 'x'",
      "ALTER TABLE app.c ADD CHECK (note <> 'FOREIGN KEY')",
      'ALTER TABLE app.c FORCE ROW LEVEL SECURITY',
      'ALTER TABLE app.c ENABLE ALWAYS TRIGGER t',
      'create /* x */ type app."a b" as enum ()',
      'CREATE /* x */ EXTENSION citext',
      "COMMENT /* x */ ON EXTENSION citext IS 'x'",
      'create schema app',
      'CREATE SCHEMA IF NOT EXISTS other',
    ],
    NO_ORDER,
    parser,
  )
  expect(tables).toEqual([
    'create schema IF NOT EXISTS app',
    'CREATE SCHEMA IF NOT EXISTS other',
    'CREATE /* x */ EXTENSION IF NOT EXISTS citext',
    'create /* x */ type app."a b" as enum ()',
    "ALTER TABLE app.c ADD CHECK (note <> 'FOREIGN KEY')",
  ])
  expect(guards).toHaveLength(5)
  expect(guards).toContain(fk)
})

test('a type comes before the tables, unless it needs something that does not', () => {
  const table = 'CREATE TABLE app.t ()'
  const domain = 'CREATE DOMAIN app.d AS integer CHECK (value > 0)'
  const pair = 'CREATE TYPE app.pair AS (one app.d, two app."E")'
  const range = 'CREATE TYPE app.span AS RANGE (subtype = float8)'
  expect(creationOf([table, domain, pair, range], NO_ORDER, parser).tables).toEqual([
    domain,
    pair,
    range,
    table,
  ])
  const collation = "CREATE COLLATION app.c (provider = icu, locale = 'de')"
  const collated = 'CREATE DOMAIN app.d AS text COLLATE app.c'
  const of = 'CREATE TYPE app.pair AS (one app.t, two app.d)'
  expect(creationOf([collation, collated, of], NO_ORDER, parser).tables).toEqual([
    collation,
    collated,
    of,
  ])
})

test('a column goes into its table, unless what it needs comes later and needs the table', () => {
  const table = 'CREATE TABLE "app"."T ""1""" ("b" integer)'
  const column = 'ALTER TABLE "app"."T ""1""" /* , */ ADD COLUMN "a, b" "app"."D" DEFAULT \'(,\''
  const domain = 'CREATE DOMAIN "app"."D" AS text'
  const order = new Map([['app.T "1"', ['a, b', 'b']]])
  const whole = `CREATE TABLE "app"."T ""1""" (\n    "a, b" "app"."D" DEFAULT '(,',\n    "b" integer\n)`
  expect(creationOf([table, domain, column], order, parser).tables).toEqual([domain, whole])
  const needs =
    'CREATE FUNCTION "app"."D"() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM app."T ""1""" $$'
  const alone = 'CREATE TABLE "app"."T ""1""" (\n    "b" integer\n)'
  expect(creationOf([table, needs, column], order, parser).tables).toEqual([alone, needs, column])
})
