import { kindOf, ROLES, TABLE_NAMES, where, type Template } from './draw.ts'
import { ROWS } from './row-statements.ts'

/** Functions, procedures, triggers, rules, and statements that run them. */
export const CODE: readonly Template[] = [
  (d) => {
    const [on, other] = [d.table(), d.otherTable()]
    const body = d.one([
      'RETURN NEW;',
      `DELETE FROM ${other.name} WHERE ${where(d, other)}; RETURN coalesce(NEW, OLD);`,
      `RETURN OLD;`,
    ])
    return `CREATE OR REPLACE FUNCTION "touch"() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;\nCREATE TRIGGER ${d.own()} ${d.one(['AFTER UPDATE', 'AFTER DELETE', 'BEFORE UPDATE', 'AFTER UPDATE OR DELETE', `BEFORE UPDATE OF ${d.column(on).name}`])} ON ${on.name} FOR EACH ROW EXECUTE FUNCTION "touch"()`
  },
  (d) => {
    const table = d.one(d.names.tables.filter(({ triggers }) => triggers.length > 0))
    const trigger = d.one(table.triggers)
    return d.one([
      `DROP TRIGGER ${trigger} ON ${table.name}`,
      `ALTER TABLE ${table.name} DISABLE TRIGGER ${trigger}`,
      `ALTER TABLE ${table.name} ENABLE ALWAYS TRIGGER ${trigger}`,
      `ALTER TRIGGER ${trigger} ON ${table.name} RENAME TO "renamed_tr"`,
    ])
  },
  (d) => {
    const table = d.table()
    return `CREATE FUNCTION "purge"() RETURNS void LANGUAGE sql AS $$ DELETE FROM ${table.name} WHERE ${where(d, table)} $$`
  },
  (d) => {
    const table = d.table()
    const column = d.column(table)
    return `CREATE PROCEDURE "change"() LANGUAGE plpgsql AS $$ BEGIN UPDATE ${table.name} SET ${column.name} = ${d.value(column)} WHERE ${where(d, table)}; END $$`
  },
  () =>
    `CREATE FUNCTION "twice"(n integer) RETURNS integer IMMUTABLE LANGUAGE sql AS $$ SELECT n * 2 $$`,
  () => 'SELECT "purge"()',
  () => 'CALL "change"()',
  (d) => {
    const made = d.one(d.names.functions)
    return `DROP ${made.kind === 'p' ? 'PROCEDURE' : 'FUNCTION'} ${made.name}${d.one(['', ' CASCADE'])}`
  },
  (d) => `DO $$ BEGIN ${d.one(ROWS)(d)}; END $$`,
  (d) =>
    `DO $$ BEGIN EXECUTE 'ALTER TABLE ' || quote_ident('${d.one(TABLE_NAMES)}') || ' RENAME TO "${d.one(TABLE_NAMES)}"'; END $$`,
  (d) => {
    const [on, other] = [d.table(), d.otherTable()]
    return `CREATE RULE ${d.own()} AS ON ${d.one(['DELETE', 'UPDATE'])} TO ${on.name} DO ${d.one([`ALSO DELETE FROM ${other.name} WHERE ${where(d, other)}`, 'INSTEAD NOTHING'])}`
  },
  (d) => {
    const table = d.one(d.names.tables.filter(({ rules }) => rules.length > 0))
    return `DROP RULE ${d.one(table.rules)} ON ${table.name}`
  },
]

/** Views and materialized views. */
export const VIEWS: readonly Template[] = [
  (d) => {
    const table = d.one(d.names.tables)
    const { name } = d.column(table)
    return `CREATE ${d.one(['', 'OR REPLACE '])}VIEW ${d.one(['"seen"', '"Seen 2"'])} AS SELECT ${d.one([`${name}, count(*) AS n FROM ${table.name} GROUP BY ${name}`, `* FROM ${table.name}`, `${name} AS x FROM ${table.name} WHERE ${name} IS NOT NULL`])}`
  },
  (d) => {
    const table = d.one(d.names.tables)
    return `CREATE MATERIALIZED VIEW ${d.one(['"stored"', '"Stored 2"'])} AS SELECT ${d.column(table).name} AS x FROM ${table.name}${d.one(['', ' WITH NO DATA'])}`
  },
  (d) =>
    `REFRESH MATERIALIZED VIEW ${d.one(d.names.tables.filter(({ kind }) => kind === 'm')).name}`,
  (d) =>
    `CREATE ${d.one(['', 'UNIQUE '])}INDEX ${d.own()} ON ${d.one(d.names.tables.filter(({ kind }) => kind === 'm')).name} (x)`,
  (d) => {
    const view = d.one(d.names.tables.filter(({ kind }) => kind === 'v' || kind === 'm'))
    return d.one([
      `DROP ${kindOf(view)} ${view.name} CASCADE`,
      `ALTER ${kindOf(view)} ${view.name} RENAME TO "view_new"`,
    ])
  },
]

/** Privileges, comments, policies. */
export const RIGHTS: readonly Template[] = [
  (d) =>
    `GRANT ${d.one(['SELECT', 'ALL', 'INSERT, UPDATE'])} ON ${d.one(d.names.tables).name} TO ${d.one(ROLES)}`,
  (d) => {
    const table = d.one(d.names.tables)
    return `GRANT ${d.one(['SELECT', 'UPDATE'])} (${d.column(table).name}) ON ${table.name} TO ${d.one(ROLES)}`
  },
  (d) => `REVOKE ALL ON ${d.one(d.names.tables).name} FROM ${d.one(ROLES)}`,
  (d) => `GRANT USAGE ON SEQUENCE ${d.one(d.names.sequences).name} TO pg_monitor`,
  (d) => `GRANT USAGE ON SCHEMA ${d.one(d.names.schemas)} TO pg_monitor`,
  (d) => {
    const made = d.one(d.names.functions)
    return `REVOKE ALL ON ${made.kind === 'p' ? 'PROCEDURE' : 'FUNCTION'} ${made.name} FROM PUBLIC`
  },
  (d) => {
    const table = d.one(d.names.tables)
    return d.one([
      `COMMENT ON ${kindOf(table)} ${table.name} IS 'it''s ${d.random.below(9)}'`,
      `COMMENT ON COLUMN ${table.name}.${d.column(table).name} IS 'a column'`,
    ])
  },
  (d) => {
    const table = d.table()
    return `ALTER TABLE ${table.name} ${d.one(['ENABLE', 'DISABLE', 'FORCE', 'NO FORCE'])} ROW LEVEL SECURITY`
  },
  (d) => {
    const table = d.table()
    return `CREATE POLICY ${d.own()} ON ${table.name} ${d.one(['', 'FOR SELECT ', 'AS RESTRICTIVE '])}USING (${d.column(table).name} IS NOT NULL)`
  },
  (d) => {
    const table = d.one(d.names.tables.filter(({ policies }) => policies.length > 0))
    return `DROP POLICY ${d.one(table.policies)} ON ${table.name}`
  },
]
