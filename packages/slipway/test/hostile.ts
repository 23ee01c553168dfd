/** SQL of a pull request that attempts more than a migration may do. */
export interface Attempt {
  readonly name: string
  /** Sent one after the other, in one session. */
  readonly sql: readonly string[]
  /** The SQLSTATE or failure code that it ends with; null if it runs and does no harm. */
  readonly ends: string | null
}

/** The file that the attempts try to read, and the folder that they try to write into. */
export interface AttackPaths {
  /** A file that every account may read. */
  readonly file: string
  /** A folder that every account may write into. */
  readonly folder: string
}

const DENIED = '42501'
const LIMIT = 'SHADOW.LIMIT_EXCEEDED'

/** Attempts that a server can refuse or limit. */
export function attempts({ file, folder }: AttackPaths): Attempt[] {
  const left = `${folder}/left`
  const one = (name: string, sql: string, ends: string | null = DENIED) => ({
    name,
    sql: [sql],
    ends,
  })
  return [
    one('run a program', `COPY (SELECT 1) TO PROGRAM 'touch ${left}'`),
    {
      name: 'read from a program',
      sql: ['CREATE TABLE t (a text)', `COPY t FROM PROGRAM 'cat ${file} /proc/*/environ'`],
      ends: DENIED,
    },
    one('read a file', `SELECT pg_read_file('${file}')`),
    one('read a binary file', `SELECT pg_read_binary_file('${file}')`),
    one('read the environment', `SELECT pg_read_file('/proc/self/environ')`),
    one('list a folder', `SELECT pg_ls_dir('${folder}')`),
    one('stat a file', `SELECT pg_stat_file('${file}')`),
    one('copy from a file', `CREATE TEMP TABLE t (a text); COPY t FROM '${file}'`),
    one('copy to a file', `COPY (SELECT 1) TO '${left}'`),
    one('import a large object', `SELECT lo_import('${file}')`),
    one('export a large object', `SELECT lo_export(lo_from_bytea(0, 'x'), '${left}')`),
    one('read the setting data_directory', `SELECT current_setting('data_directory')`),
    one('change the system', `ALTER SYSTEM SET archive_command = 'touch ${left}'`),
    one('reload the configuration', `SELECT pg_reload_conf()`),
    one('change a setting of all roles', `ALTER ROLE ALL SET work_mem = '1MB'`),
    one('create a role', 'CREATE ROLE intruder SUPERUSER LOGIN'),
    one('become a superuser', 'ALTER ROLE postgres SUPERUSER'),
    one('gain CREATEROLE', 'ALTER ROLE postgres CREATEROLE'),
    one('run programs by membership', 'GRANT pg_execute_server_program TO postgres'),
    one('become the administrator', 'SET SESSION AUTHORIZATION slipway_administrator'),
    one('set its role', 'SET ROLE slipway_administrator'),
    one('be given its role', 'GRANT slipway_administrator TO postgres'),
    {
      name: 'return to an earlier role',
      sql: ['RESET SESSION AUTHORIZATION', 'RESET ROLE', `SELECT pg_read_file('${file}')`],
      ends: DENIED,
    },
    {
      name: 'a function with the rights of its owner',
      sql: [
        `CREATE FUNCTION steal() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT pg_read_file('${file}') $$`,
        'SELECT steal()',
      ],
      ends: DENIED,
    },
    {
      name: 'give a function to the administrator',
      sql: [
        'CREATE FUNCTION steal() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ SELECT 1 $$',
        'ALTER FUNCTION steal() OWNER TO slipway_administrator',
      ],
      ends: DENIED,
    },
    one(
      'code of the operating system',
      `CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'system'`,
    ),
    one('a library', `LOAD '${file}'`),
    one(
      'an untrusted language',
      `CREATE FUNCTION f() RETURNS int LANGUAGE internal AS 'pg_read_file'`,
    ),
    one('a connection to another server', 'CREATE EXTENSION dblink'),
    one('a foreign server', 'CREATE EXTENSION postgres_fdw'),
    one('files as tables', 'CREATE EXTENSION file_fdw'),
    one('functions for files', 'CREATE EXTENSION adminpack'),
    one(
      'an extension that our function does not create',
      `SELECT pg_catalog.slipway_create_extension('file_fdw', NULL, 'public', NULL, true)`,
    ),
    {
      name: 'an extension whose script calls my function',
      sql: [
        'CREATE FUNCTION public.mine(text, text) RETURNS text LANGUAGE sql AS $$ SELECT $1 $$',
        `SELECT pg_catalog.slipway_create_extension('earthdistance', NULL, 'public', NULL, true)`,
      ],
      ends: DENIED,
    },
    {
      name: 'take an extension apart',
      sql: ['CREATE EXTENSION pgcrypto', `ALTER EXTENSION pgcrypto UPDATE TO '0.0'`],
      ends: '22023',
    },
    one(
      'a role from our function that has rights',
      `SELECT pg_catalog.slipway_create_role('pg_own'), pg_catalog.slipway_create_role('x SUPERUSER')`,
      '42939',
    ),
    one(
      'an event trigger',
      'CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$; CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION e()',
    ),
    one('a subscription', `CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p`),
    one('a replication slot', `SELECT pg_create_physical_replication_slot('slot')`),
    one('a prepared transaction', `BEGIN; PREPARE TRANSACTION 'mine'`, '55000'),
    one('a tablespace', `CREATE TABLESPACE t LOCATION '${folder}'`),
    one('another database', 'CREATE DATABASE mine'),
    one(
      'a database that cannot be dropped',
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I IS_TEMPLATE true', current_database()); END $$`,
      null,
    ),
    one('a setting of its own role', `ALTER ROLE CURRENT_USER SET work_mem = '77MB'`, null),
    one(
      'end other sessions',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'slipway_administrator'`,
    ),
    one('a message for others', 'LISTEN a; NOTIFY a; SELECT pg_advisory_lock(1)', null),
    one('passwords of roles', 'SELECT rolpassword FROM pg_authid'),
    one('an endless loop', 'DO $$ BEGIN LOOP END LOOP; END $$', LIMIT),
    one(
      'an endless loop without a timeout',
      'SET statement_timeout = 0; DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(100); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$',
      LIMIT,
    ),
    one('endless rows', `SELECT repeat('x', 1000) FROM generate_series(1, 1000000000)`, LIMIT),
    one(
      'endless notices',
      `DO $$ BEGIN LOOP RAISE NOTICE '%', repeat('x', 8000); END LOOP; END $$`,
      LIMIT,
    ),
    one('one huge value', `SELECT repeat('x', 500000000)`, LIMIT),
    one(
      'a full disk',
      `CREATE TABLE t AS SELECT i, repeat(md5(i::text), 50) FROM generate_series(1, 1000000000) i`,
      LIMIT,
    ),
  ]
}
