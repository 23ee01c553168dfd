/** A way to destroy data: a migration, and the failure's text about what it would destroy. */
export interface DestructionCase {
  readonly name: string
  readonly sql: string
  readonly destroys: RegExp
}

const ALL_NOTES = /\brows of note\b/
const VALUES_OF_NOTE = /values of note \(|column note\.v/

function inCode(code: string): string {
  return `DO $code$ BEGIN ${code} END $code$;`
}

const FOREIGN_TABLE = `CREATE EXTENSION postgres_fdw; CREATE SERVER self FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '$host$', port '$port$', dbname '$database$');
    CREATE USER MAPPING FOR CURRENT_USER SERVER self OPTIONS (user '$user$', password '$password$'); CREATE FOREIGN TABLE remote (id integer, v text) SERVER self OPTIONS (table_name 'note');`

const NAMED_IN_STATEMENT: readonly (readonly [string, string, RegExp])[] = [
  ['DELETE', 'DELETE FROM note WHERE id = 1;', ALL_NOTES],
  ['DELETE USING', 'DELETE FROM note USING keyless WHERE note.id = keyless.n;', ALL_NOTES],
  ['UPDATE', `UPDATE note SET v = 'x';`, /column note\.v/],
  ['UPDATE FROM', `UPDATE note SET v = keyless.v FROM keyless WHERE keyless.n = id;`, /note\.v/],
  ['UPDATE of a quoted name', `UPDATE "Odd ""name" SET "Odd.column" = '';`, /Odd\.column/],
  ['TRUNCATE', 'TRUNCATE note;', ALL_NOTES],
  ['TRUNCATE of several', 'TRUNCATE keyless, other.note;', /rows of keyless.*rows of other\.note/],
  ['TRUNCATE RESTART IDENTITY', 'TRUNCATE note RESTART IDENTITY;', ALL_NOTES],
  [
    'MERGE that deletes',
    'MERGE INTO note USING (SELECT 4 AS k) s ON id = k WHEN MATCHED THEN DELETE;',
    ALL_NOTES,
  ],
  [
    'MERGE that updates',
    `MERGE INTO note USING (SELECT 4 AS k) s ON id = k WHEN MATCHED THEN UPDATE SET v = 'x';`,
    /note\.v/,
  ],
  [
    'an upsert',
    `INSERT INTO note (id, v) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET v = 'x';`,
    VALUES_OF_NOTE,
  ],
  [
    'a WITH that deletes',
    'WITH gone AS (DELETE FROM note RETURNING id) SELECT count(*) FROM gone;',
    ALL_NOTES,
  ],
  [
    'a WITH that deletes below an INSERT',
    'WITH gone AS (DELETE FROM note RETURNING id) INSERT INTO lonely SELECT id FROM gone;',
    ALL_NOTES,
  ],
  [
    'a WITH that updates',
    `WITH now AS (UPDATE note SET v = 'x' RETURNING id) SELECT count(*) FROM now;`,
    /note\.v/,
  ],
  ['DELETE from a partitioned table', 'DELETE FROM part WHERE id < 50;', /rows of part/],
  ['DELETE from a partition', 'DELETE FROM part_1;', /rows of part_1/],
  ['DELETE from a table with child tables', 'DELETE FROM base;', /rows of base/],
  ['DELETE from ONLY a table with child tables', 'DELETE FROM ONLY base;', /rows of base/],
  ['DELETE in another schema', 'DELETE FROM other.note;', /rows of other\.note/],
  [
    'DELETE by the search path',
    'SET search_path = other; DELETE FROM note;',
    /rows of (?:other\.)?note/,
  ],
  ['DROP TABLE', 'DROP TABLE keyless;', /table keyless/],
  ['DROP TABLE IF EXISTS', 'DROP TABLE IF EXISTS keyless, nothing_such;', /table keyless/],
  ['DROP TABLE CASCADE', 'DROP TABLE customer CASCADE;', /table customer/],
  ['DROP of a quoted table', 'DROP TABLE "Odd ""name";', /table Odd "name/],
  ['DROP of a partition', 'DROP TABLE part_1;', /table part_1/],
  [
    'DETACH, then DROP',
    'ALTER TABLE part DETACH PARTITION part_1; DROP TABLE part_1;',
    /table part_1/,
  ],
  ['NO INHERIT, then DROP', 'ALTER TABLE heir NO INHERIT base; DROP TABLE heir;', /table heir/],
  ['DROP of a partitioned table', 'DROP TABLE part;', /table part/],
  ['DROP COLUMN', 'ALTER TABLE note DROP COLUMN tag;', /column note\.tag/],
  [
    'DROP COLUMN CASCADE',
    'ALTER TABLE customer DROP COLUMN name CASCADE;',
    /column customer\.name/,
  ],
  ['DROP COLUMN of a partitioned table', 'ALTER TABLE part DROP COLUMN v;', /column part\.v/],
  ['DROP COLUMN of a table with child tables', 'ALTER TABLE base DROP COLUMN v;', /column base\.v/],
  ['DROP ATTRIBUTE', 'ALTER TYPE address DROP ATTRIBUTE town;', /attribute address\.town/],
  ['DROP TYPE CASCADE', 'DROP TYPE mood CASCADE;', /columns of the type mood/],
  ['DROP DOMAIN CASCADE', 'DROP DOMAIN short CASCADE;', /columns of the type short/],
  ['DROP of a composite type CASCADE', 'DROP TYPE address CASCADE;', /columns of the type address/],
  ['DROP SCHEMA CASCADE', 'DROP SCHEMA other CASCADE;', /schema other/],
  ['DROP SEQUENCE', 'DROP SEQUENCE counter;', /sequence counter/],
  ['DROP of a quoted sequence', 'DROP SEQUENCE "Odd counter";', /sequence Odd counter/],
  ['DROP SEQUENCE CASCADE', 'DROP SEQUENCE note_id_seq CASCADE;', /sequence note_id_seq/],
  ['DROP EXTENSION CASCADE', 'DROP EXTENSION citext CASCADE;', /column felt\.mail/],
  ['DROP OWNED', 'DROP OWNED BY $role$;', /all that a role owns/],
  ['DROP MATERIALIZED VIEW', 'DROP MATERIALIZED VIEW stored;', /materialized view stored/],
  [
    'DROP VIEW with a materialized view',
    'DROP VIEW all_stored CASCADE;',
    /materialized view stored_above/,
  ],
  ['DROP TABLE with a materialized view', 'DROP TABLE other.note CASCADE;', /table other\.note/],
  ['REFRESH MATERIALIZED VIEW', 'REFRESH MATERIALIZED VIEW stored;', /rows of stored/],
  ['REFRESH … WITH NO DATA', 'REFRESH MATERIALIZED VIEW stored WITH NO DATA;', /rows of stored/],
  [
    'REFRESH … CONCURRENTLY',
    'REFRESH MATERIALIZED VIEW CONCURRENTLY stored_by_key;',
    /rows of stored_by_key/,
  ],
  [
    'a change of type that computes values',
    'ALTER TABLE note ALTER tag TYPE text USING upper(tag);',
    /column note\.tag/,
  ],
  [
    'a removed enum value',
    `CREATE TYPE mood_new AS ENUM ('good'); ALTER TABLE felt ALTER mood TYPE mood_new USING CASE mood WHEN 'bad' THEN 'good' ELSE mood::text::mood_new END;`,
    /column felt\.mood/,
  ],
  [
    'a new column type that rounds',
    'ALTER TABLE customer ALTER score TYPE numeric(10, 1);',
    /column customer\.score/,
  ],
  [
    'a new column type that drops the time',
    'ALTER TABLE customer ALTER seen TYPE date;',
    /column customer\.seen/,
  ],
  [
    'a cast that truncates',
    'ALTER TABLE customer ALTER code TYPE varchar(1) USING code::varchar(1);',
    /column customer\.code/,
  ],
  [
    'a cast that drops leading zeros',
    'ALTER TABLE customer ALTER code TYPE integer USING code::integer;',
    /column customer\.code/,
  ],
  ['a cast to boolean', 'ALTER TABLE keyless ALTER n TYPE boolean USING n::boolean;', /keyless\.n/],
  ['ALTER SEQUENCE RESTART', 'ALTER SEQUENCE counter RESTART;', /position of counter/],
  ['ALTER SEQUENCE RESTART WITH', 'ALTER SEQUENCE counter RESTART WITH 3;', /position of counter/],
  ['setval', `SELECT setval('counter', 1);`, /position of counter/],
  [
    'RESTART of an identity',
    'ALTER TABLE note ALTER id DROP DEFAULT; ALTER SEQUENCE note_id_seq RESTART;',
    /position of note_id_seq/,
  ],
  ['a procedure that commits', 'CALL sweep();', /everything that statement 1/],
  ['a procedure', 'CALL sweep_without_commit();', /everything that statement 1/],
  [
    'a DO block that commits',
    'DO $$ BEGIN DELETE FROM note; COMMIT; END $$;',
    /everything that statement 1/,
  ],
  ['after a COMMIT', 'CREATE TABLE fresh (); COMMIT; DELETE FROM note;', ALL_NOTES],
  [
    'next to a statement that cannot run in a transaction',
    'CREATE INDEX CONCURRENTLY i ON keyless (n); TRUNCATE note;',
    ALL_NOTES,
  ],
  [
    'after a rename',
    'ALTER TABLE note RENAME TO was_note; DELETE FROM was_note;',
    /rows of (?:was_)?note/,
  ],
  [
    'after an exchange of names',
    'ALTER TABLE keyless RENAME TO t; ALTER TABLE lonely RENAME TO keyless; DELETE FROM keyless;',
    /rows of (?:keyless|lonely)/,
  ],
  [
    'after SET SCHEMA',
    'ALTER TABLE keyless SET SCHEMA other; DELETE FROM other.keyless;',
    /rows of (?:other\.)?keyless/,
  ],
  [
    'with triggers off',
    `SET session_replication_role = replica; DELETE FROM customer;`,
    /rows of customer/,
  ],
  ['with disabled triggers', 'ALTER TABLE note DISABLE TRIGGER ALL; DELETE FROM note;', ALL_NOTES],
  [
    'SET EXPRESSION by DROP and ADD',
    'ALTER TABLE computed DROP COLUMN twice; ALTER TABLE computed ADD twice integer GENERATED ALWAYS AS (n * 3) STORED;',
    /column computed\.twice/,
  ],
  [
    'UNLOGGED and TRUNCATE',
    'ALTER TABLE keyless SET UNLOGGED; TRUNCATE keyless;',
    /rows of keyless/,
  ],
  ['a foreign table', `${FOREIGN_TABLE} DELETE FROM remote;`, /rows of remote/],
  ['a table of another owner', 'DELETE FROM foreign_note;', /rows of foreign_note/],
]

const HIDDEN_IN_CODE: readonly (readonly [string, string, RegExp])[] = [
  ['a function in SELECT', 'SELECT wipe();', ALL_NOTES],
  ['a function in SQL', 'SELECT wipe_in_sql();', ALL_NOTES],
  ['a function in FROM', 'SELECT count(*) FROM wipe_rows();', ALL_NOTES],
  ['a function in WHERE', 'SELECT 1 FROM lonely WHERE is_fine(id);', ALL_NOTES],
  ['a function of an INSERT', 'INSERT INTO lonely SELECT wipe();', ALL_NOTES],
  ['a function in VALUES', 'INSERT INTO lonely VALUES (wipe());', ALL_NOTES],
  ['a SECURITY DEFINER function', 'SELECT wipe_as_owner();', /rows of other\.note/],
  [
    'a function of the migration',
    `CREATE FUNCTION own() RETURNS void LANGUAGE sql AS 'DELETE FROM note'; SELECT own();`,
    ALL_NOTES,
  ],
  ['a function of a check', 'ALTER TABLE lonely ADD CHECK (is_fine(id));', ALL_NOTES],
  ['a function of a default', 'ALTER TABLE lonely ADD COLUMN w integer DEFAULT wipe();', ALL_NOTES],
  [
    'a function of a generated column',
    'ALTER TABLE lonely ADD COLUMN w integer GENERATED ALWAYS AS (hidden_in_index(id)) STORED;',
    ALL_NOTES,
  ],
  ['a function of an index', 'CREATE INDEX i ON lonely (hidden_in_index(id));', ALL_NOTES],
  [
    'a function of a concurrent index',
    'CREATE INDEX CONCURRENTLY i ON lonely (hidden_in_index(id));',
    /everything that statement 1/,
  ],
  [
    'a function of an aggregate',
    'CREATE AGGREGATE swung(anyelement) (sfunc = swing, stype = anyelement); SELECT swung(id) FROM lonely;',
    ALL_NOTES,
  ],
  [
    'a function of a change of type',
    'ALTER TABLE lonely ALTER id TYPE bigint USING wipe();',
    /rows of note|lonely\.id/,
  ],
  [
    'a function of a materialized view',
    'CREATE MATERIALIZED VIEW mv AS SELECT wipe() AS w;',
    ALL_NOTES,
  ],
  ['a function of CREATE TABLE AS', 'CREATE TABLE made AS SELECT wipe() AS w;', ALL_NOTES],
  ['a function of SELECT INTO', 'SELECT wipe() AS w INTO made;', ALL_NOTES],
  [
    'a function of a policy',
    'CREATE POLICY p ON lonely USING (is_fine(id)); ALTER TABLE lonely ENABLE ROW LEVEL SECURITY; ALTER TABLE lonely FORCE ROW LEVEL SECURITY; GRANT SELECT ON lonely TO $role$; GRANT ALL ON note TO $role$; ALTER TABLE lonely OWNER TO $role$; SET ROLE $role$; SELECT count(*) FROM lonely;',
    ALL_NOTES,
  ],
  [
    'a function in LANGUAGE sql with a body',
    'CREATE FUNCTION own() RETURNS bigint LANGUAGE sql BEGIN ATOMIC DELETE FROM note; SELECT 1; END; SELECT own();',
    ALL_NOTES,
  ],
  [
    'a cast',
    `CREATE FUNCTION cast_it(address) RETURNS integer LANGUAGE sql AS 'SELECT wipe()'; CREATE CAST (address AS integer) WITH FUNCTION cast_it(address); SELECT at::integer FROM lives;`,
    ALL_NOTES,
  ],
  [
    'an operator',
    'CREATE OPERATOR <~> (FUNCTION = swing, LEFTARG = anyelement, RIGHTARG = anyelement); SELECT 1 <~> 2;',
    ALL_NOTES,
  ],
  ['a DO block', inCode('DELETE FROM note;'), ALL_NOTES],
  ['a DO block that updates', inCode(`UPDATE note SET v = '' WHERE id = 3;`), VALUES_OF_NOTE],
  [
    'a DO block that catches errors',
    inCode(
      'BEGIN DELETE FROM note; PERFORM 1 / 0; EXCEPTION WHEN others THEN DELETE FROM note WHERE id = 1; END;',
    ),
    ALL_NOTES,
  ],
  ['a DO block that truncates', inCode('TRUNCATE note;'), ALL_NOTES],
  ['TRUNCATE CASCADE in a DO block', inCode('TRUNCATE customer CASCADE;'), /rows of purchase/],
  ['TRUNCATE of a partitioned table in a DO block', inCode('TRUNCATE part;'), /rows of part_2/],
  [
    'EXECUTE format()',
    inCode(`EXECUTE format('DELE' || 'TE FROM %I', 'Odd "name');`),
    /rows of Odd "name/,
  ],
  [
    'a cursor',
    inCode(
      'DECLARE c CURSOR FOR SELECT id FROM note FOR UPDATE; BEGIN FOR r IN c LOOP DELETE FROM note WHERE CURRENT OF c; END LOOP; END;',
    ),
    ALL_NOTES,
  ],
  ['a DO block that drops a table', inCode('DROP TABLE keyless;'), /table keyless/],
  ['a DO block that drops a schema', inCode('DROP SCHEMA other CASCADE;'), /table other\.note/],
  [
    'a DO block that drops a column',
    inCode('ALTER TABLE "Odd ""name" DROP COLUMN "Odd.column";'),
    /column Odd "name\.Odd\.column/,
  ],
  [
    'a DO block that drops an attribute',
    inCode('ALTER TYPE address DROP ATTRIBUTE town;'),
    /attribute address\.town/,
  ],
  ['a DO block that drops a sequence', inCode('DROP SEQUENCE counter;'), /sequence counter/],
  ['a DO block that drops an enum', inCode('DROP TYPE mood CASCADE;'), /column felt\.mood/],
  [
    'a DO block that drops an extension',
    inCode('DROP EXTENSION citext CASCADE;'),
    /column felt\.mail/,
  ],
  [
    'a DO block that drops a materialized view',
    inCode('DROP MATERIALIZED VIEW stored;'),
    /materialized view stored/,
  ],
  ['a DO block that refreshes', inCode('REFRESH MATERIALIZED VIEW stored;'), /rows of stored/],
  [
    'a DO block that refreshes concurrently',
    inCode('REFRESH MATERIALIZED VIEW CONCURRENTLY stored_by_key;'),
    /rows of stored_by_key/,
  ],
  [
    'a DO block that computes values',
    inCode('ALTER TABLE keyless ALTER n TYPE integer USING 0;'),
    /values of keyless/,
  ],
  [
    'a DO block that computes values of a table that the text changes, too',
    `ALTER TABLE keyless ADD COLUMN w integer; ${inCode('ALTER TABLE keyless ALTER n TYPE integer USING 0;')}`,
    /values of keyless/,
  ],
  [
    'a DO block that recreates a table',
    inCode(
      'CREATE TABLE t AS SELECT v, 0 AS n FROM keyless; DROP TABLE keyless; ALTER TABLE t RENAME TO keyless;',
    ),
    /table keyless/,
  ],
  ['a DO block that drops what is owned', inCode('DROP OWNED BY $role$;'), /table foreign_note/],
  [
    'a DO block that restarts a sequence',
    inCode('ALTER SEQUENCE counter RESTART;'),
    /position of counter/,
  ],
  [
    'a DO block that sets a sequence',
    inCode(`PERFORM setval('counter', 1);`),
    /position of counter/,
  ],
  [
    'a DO block that sets a sequence by EXECUTE',
    inCode(`EXECUTE 'SELECT set' || 'val(''"Odd counter"'', 1)';`),
    /position of Odd counter/,
  ],
  [
    'a DO block that renames first',
    inCode('ALTER TABLE note RENAME TO x; ALTER SCHEMA other RENAME TO y; DELETE FROM x;'),
    ALL_NOTES,
  ],
  ['ON DELETE CASCADE', 'DELETE FROM customer WHERE id = 1;', /rows of purchase \(2\)/],
  ['ON DELETE SET NULL', 'DELETE FROM customer WHERE id = 1;', /values of visit \(1\)/],
  ['ON DELETE SET DEFAULT', 'DELETE FROM customer WHERE id = 1;', /values of rating \(1\)/],
  [
    'ON UPDATE CASCADE',
    'DELETE FROM visit; DELETE FROM rating; UPDATE customer SET id = id + 100 WHERE id = 1;',
    /values of purchase \(2\)/,
  ],
  ['a cycle of foreign keys', 'DELETE FROM ring_a WHERE id = 1;', /rows of ring_b \(1\)/],
  ['TRUNCATE CASCADE', 'TRUNCATE customer CASCADE;', /rows of (?:purchase|visit|rating)/],
  ['a trigger', 'INSERT INTO triggering VALUES (1);', /rows of note \(7\)/],
  ['a deferred trigger', 'INSERT INTO deferring VALUES (1);', /values of note \(10\)/],
  [
    'a trigger on a new column',
    'ALTER TABLE touchy ADD COLUMN m integer; UPDATE touchy SET m = n;',
    /column touchy\.v/,
  ],
  ['a trigger on another column', 'UPDATE touchy SET n = 5;', /: column touchy\.v\./],
  [
    'a trigger of the migration',
    `CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM note; RETURN NULL; END'; CREATE TRIGGER t AFTER INSERT ON lonely EXECUTE FUNCTION t(); INSERT INTO lonely VALUES (2);`,
    ALL_NOTES,
  ],
  [
    'an event trigger',
    `CREATE FUNCTION t() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM note; END'; CREATE EVENT TRIGGER $role$_on_table ON ddl_command_end WHEN tag IN ('CREATE SEQUENCE') EXECUTE FUNCTION t(); CREATE SEQUENCE fresh; DROP EVENT TRIGGER $role$_on_table;`,
    ALL_NOTES,
  ],
  ['a rule', 'INSERT INTO asked VALUES (1);', ALL_NOTES],
  [
    'a rule of the migration',
    'CREATE RULE r AS ON INSERT TO lonely DO ALSO UPDATE note SET v = NULL; INSERT INTO lonely VALUES (2);',
    VALUES_OF_NOTE,
  ],
  ['UPDATE through a view', `UPDATE noted SET v = 'x' WHERE id = 1;`, VALUES_OF_NOTE],
  ['DELETE through a view', 'DELETE FROM noted WHERE id = 1;', ALL_NOTES],
  ['EXPLAIN ANALYZE', 'EXPLAIN ANALYZE DELETE FROM note;', ALL_NOTES],
  ['PREPARE and EXECUTE', 'PREPARE p AS DELETE FROM note; EXECUTE p;', ALL_NOTES],
  ['a query in COPY', 'COPY (DELETE FROM note RETURNING id) TO STDOUT;', ALL_NOTES],
  ['DECLARE CURSOR', 'DECLARE c CURSOR FOR SELECT wipe(); FETCH ALL FROM c;', ALL_NOTES],
  [
    'TRUNCATE of a table without statistics',
    inCode('TRUNCATE "never analyzed";'),
    /rows of never analyzed/,
  ],
  ['a large object', 'SELECT lo_unlink(4711);', /rows of pg_catalog\.pg_largeobject/],
  ['an overwritten large object', `SELECT lo_put(4711, 0, 'x');`, /pg_largeobject/],
  ['a truncated large object', `SELECT lo_truncate(lo_open(4711, 131072), 1);`, /pg_largeobject/],
  [
    'a temporary table that shadows a DELETE',
    `CREATE TEMP TABLE note (id integer, v text); DELETE FROM public.note;`,
    ALL_NOTES,
  ],
  [
    'a temporary table that shadows an UPDATE',
    `CREATE TEMP TABLE note (id integer, v text); UPDATE public.note SET v = 'x';`,
    VALUES_OF_NOTE,
  ],
  [
    'CREATE TABLE IF NOT EXISTS of an existing table',
    `CREATE TABLE IF NOT EXISTS note (id integer, v text); UPDATE note SET v = 'x';`,
    VALUES_OF_NOTE,
  ],
  [
    'ADD COLUMN IF NOT EXISTS of an existing column',
    `ALTER TABLE note ADD COLUMN IF NOT EXISTS v text; UPDATE note SET v = 'x';`,
    VALUES_OF_NOTE,
  ],
  [
    'an UPDATE in code, with a new column',
    `ALTER TABLE note ADD COLUMN m integer; UPDATE note SET m = 1; ${inCode('UPDATE note SET v = NULL;')}`,
    VALUES_OF_NOTE,
  ],
  [
    'an old table under the name of a new one',
    `CREATE TABLE fresh (id integer, v text); ${inCode('ALTER TABLE fresh RENAME TO x; ALTER TABLE keyless RENAME TO fresh;')} UPDATE fresh SET v = NULL;`,
    /values of keyless/,
  ],
  [
    'an old column under the name of a new one',
    `ALTER TABLE note ADD COLUMN m text; ALTER TABLE note RENAME m TO m2; ALTER TABLE note RENAME v TO m; UPDATE note SET m = 'x';`,
    /column note\.m\b/,
  ],
  [
    'SAVEPOINT',
    'SAVEPOINT s; DELETE FROM note WHERE id = 1; ROLLBACK TO s; SELECT wipe();',
    ALL_NOTES,
  ],
  ['dblink', `SELECT dblink_exec('$link$', 'DELETE FROM note');`, /everything that statement 1/],
  [
    'a foreign table in code',
    `${FOREIGN_TABLE} ${inCode('DELETE FROM remote;')}`,
    /rows of remote/,
  ],
  [
    'COPY TO PROGRAM',
    `COPY (SELECT 1) TO PROGRAM 'psql "$link$" -c "DELETE FROM note"';`,
    /everything that statement 1/,
  ],
  [
    'counting turned off',
    `SET track_counts = off; ${inCode('DELETE FROM note;')} SET track_counts = on;`,
    /everything that statement 1/,
  ],
  [
    'system catalogs',
    `SET allow_system_table_mods = on; UPDATE pg_attribute SET attisdropped = true, attname = 'x' WHERE attrelid = 'keyless'::regclass AND attname = 'n';`,
    /pg_attribute|column keyless\.n/,
  ],
  [
    'pg_catalog by code',
    inCode(
      `SET LOCAL allow_system_table_mods = on; DELETE FROM pg_catalog.pg_class WHERE oid = 'lonely'::regclass;`,
    ),
    /table lonely/,
  ],
]

/** All ways, each with a unique name. */
export const DESTRUCTIONS: readonly DestructionCase[] = [
  ...NAMED_IN_STATEMENT,
  ...HIDDEN_IN_CODE,
].map(([name, sql, destroys]) => ({ name, sql, destroys }))
