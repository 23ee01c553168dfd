/** The objects that the statements need. The table `canary` has the values; no statement contains them. */
export const SETTING_UP = `CREATE TABLE canary (n int PRIMARY KEY, v text NOT NULL, i bigint NOT NULL);
CREATE TYPE mood AS ENUM ('ok');
CREATE DOMAIN short AS text CHECK (length(VALUE) < 3);
CREATE TABLE one (v text UNIQUE);
CREATE TABLE pair (a text, b bigint, UNIQUE (a, b));
CREATE UNIQUE INDEX lowered ON pair (lower(a));
CREATE TABLE checked (v text CHECK (length(v) < 3), w bigint CHECK (w < 0));
CREATE TABLE needs (v text, must int NOT NULL);
CREATE TABLE child (v text REFERENCES one (v));
CREATE TABLE excluded (v int8range, EXCLUDE USING gist (v WITH &&));
CREATE TABLE parted (v text) PARTITION BY LIST (v);
CREATE TABLE limited (v varchar(3), c char(2), d numeric(3, 2), s smallint, b bit(3));
CREATE TABLE walled (v text);
ALTER TABLE walled ENABLE ROW LEVEL SECURITY;
ALTER TABLE walled FORCE ROW LEVEL SECURITY;
CREATE POLICY none ON walled USING (false);
CREATE VIEW narrow AS SELECT v FROM one WHERE length(v) < 3 WITH CHECK OPTION;
CREATE SEQUENCE counter MAXVALUE 10;
CREATE FUNCTION runs(sql text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE sql; END $$;
CREATE FUNCTION refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no change of %', NEW.v USING DETAIL = NEW.v, HINT = NEW.v, COLUMN = NEW.v; END $$;
CREATE TABLE guarded (v text);
CREATE TRIGGER refuses BEFORE INSERT ON guarded FOR EACH ROW EXECUTE FUNCTION refuses();
CREATE FUNCTION inner_insert(t text) RETURNS void LANGUAGE sql AS $$ INSERT INTO needs (v) VALUES (t) $$;
`

const TYPES =
  `integer bigint smallint numeric real float8 boolean date time timetz timestamp timestamptz interval uuid inet
cidr macaddr macaddr8 json jsonb xml bit varbit point line lseg box path polygon circle int4range numrange tsrange daterange
money oid tid pg_lsn txid_snapshot regclass regproc regprocedure regoper regoperator regtype regrole regnamespace regconfig
regdictionary regcollation jsonpath integer[] uuid[] date[] json[] mood mood[] short int2vector tsquery aclitem`
    .split(/\s+/)
    .map((type) => `SELECT (V)::${type}`)

const OF_WORDS = [
  'nextval(V)',
  'currval(V)',
  'setval(V, 5)',
  "to_regclass(V || '.a.b.c')",
  "nextval(V || '.a.b.c')",
  "to_date(V, 'YYYY-MM-DD')",
  "to_timestamp(V, 'HH24')",
  "to_number(V, '9')",
  "V ~ ('(' || V)",
  "regexp_replace('x', '[' || V, '')",
  'date_trunc(V, now())',
  'date_part(V, now())',
  'current_setting(V)',
  "set_config('TimeZone', V, true)",
  "set_config(V, 'x', true)",
  "set_config('DateStyle', V, true)",
  "set_config('search_path', V, true)::regclass",
  "set_config('work_mem', V, true)",
  "set_config('role', V, true)",
  "convert_to('x', V)",
  "convert_from('x', V)",
  "encode('x', V)",
  "decode(V, 'hex')",
  "decode(V, 'base64')",
  "decode('x', V)",
  "('\\x' || V)::bytea",
  'now() AT TIME ZONE V',
  'pg_read_file(V)',
  "has_table_privilege(V, 'select')",
  "has_table_privilege('canary', V)",
  "has_column_privilege('canary', V, 'select')",
  "has_schema_privilege(V, 'usage')",
  "has_function_privilege(V, 'execute')",
  "has_database_privilege(V, 'connect')",
  "pg_has_role(V, 'usage')",
  "pg_get_serial_sequence(V, 'x')",
  "pg_get_serial_sequence('canary', V)",
  'pg_size_bytes(V)',
  'pg_get_viewdef(V)',
  "to_tsquery(V || ' x')",
  "to_tsvector(V::regconfig, 'x')",
  "ts_parse(V, 'x')",
  "jsonb_path_query('{}', ('strict $.' || V)::jsonpath)",
  "jsonb_path_query('{}', ('strict $.\"' || V || '\"')::jsonpath)",
  "jsonb_build_object('a', V)::jsonb -> 'a' ->> 0 || (V)::int",
  "(jsonb_build_object('a', V) ->> 'a')::int",
  "(jsonb_build_object('a', V) -> 'a')::int",
  "format(V || '%z')",
  "format('%' || V || '$s')",
  "json_populate_record(NULL::limited, json_build_object('s', V))",
  "jsonb_populate_record(NULL::limited, jsonb_build_object('v', V))",
  "jsonb_set('[]', ARRAY[V], '1')",
  "('[]'::jsonb) - V || 1",
  "xpath(V, '<a/>')",
  'xmlparse(DOCUMENT V)',
  "xmlparse(CONTENT '<' || V || '>')",
  "xmlelement(name x, xmlparse(DOCUMENT '<a>' || V))",
  "query_to_xml(V, true, true, '')",
  "cursor_to_xml(V, 1, true, true, '')",
  'inner_insert(V)',
  'string_to_array(V, NULL)::int[]',
  'ARRAY[V]::int[]',
  'overlay(V placing V from -1)',
  'substring(V from 1 for -1)',
  'array_fill(V, ARRAY[-1])',
  'width_bucket(V::float8, 0, 1, 2)',
  'isfinite(V::date)',
  'pg_cancel_backend(V::int)',
  'txid_status(V::int8)',
  'make_timestamptz(2000, 1, 1, 1, 1, 1, V)',
  'generate_series(1, V::int)',
  'ltrim(V)::int',
  'V::short',
  'row_to_json(ROW(V))::text::int',
  "coalesce(V, '1')::int",
  "greatest(V, 'a')::uuid",
  'pg_relation_filenode(V)',
  "to_regtype(V || '(')",
].map((expression) => `SELECT ${expression}`)

const OF_NUMBERS = [
  'I::int4',
  'I::int2',
  'I * I * I',
  'chr(I::numeric::int)',
  'make_date(I::int, 1, 1)',
  'lo_get((I % 4000000000)::oid)',
  "setval('counter', I)",
  'make_date(2000, 1, (I % 2000000000)::int)',
  'make_time((I % 2000000000)::int, 1, 1)',
  'chr((I % 2000000000)::int)',
  "repeat('x', (I % 2000000000)::int + 1000000000)",
  'pg_get_userbyid((I % 4000000000)::oid)::int',
  "date '2000-01-01' + (I % 2000000000)::int + 2000000000",
  'to_timestamp(I * 1000)',
  'exp(I)',
  'sqrt(-I)',
  'ln(-I)',
  'I::text::date',
  'I::text::uuid',
  'I::text::inet',
  "get_byte('x', (I % 2000000000)::int)",
  '(ARRAY[1])[I]::text::date || I::text::date',
  'I::bit(3)::int / 0',
  "current_setting('a' || I)",
].map((expression) => `SELECT ${expression}`)

const OF_ROWS = [
  'INSERT INTO one VALUES (V), (V)',
  'INSERT INTO pair VALUES (V, I), (V, I)',
  'INSERT INTO pair VALUES (upper(V), 1), (lower(V), 2)',
  'INSERT INTO checked VALUES (V, -1)',
  "INSERT INTO checked VALUES ('', I)",
  'INSERT INTO needs (v) VALUES (V)',
  'INSERT INTO child VALUES (V)',
  'INSERT INTO excluded VALUES (int8range(I, I + 9)), (int8range(I, I + 5))',
  'INSERT INTO parted VALUES (V)',
  'INSERT INTO limited (v) VALUES (V)',
  'INSERT INTO limited (c) VALUES (V)',
  'INSERT INTO limited (d) VALUES (I)',
  'INSERT INTO limited (s) VALUES (I)',
  'INSERT INTO limited (b) VALUES ((I::bit(40))::text::varbit)',
  'INSERT INTO walled VALUES (V)',
  'INSERT INTO narrow VALUES (V)',
  'INSERT INTO guarded VALUES (V)',
  'INSERT INTO one VALUES (V); INSERT INTO child VALUES (V); DELETE FROM one',
  'INSERT INTO one VALUES (V); INSERT INTO one SELECT v FROM one',
  'CREATE TABLE t AS SELECT V AS v, I AS i FROM generate_series(1, 2); CREATE UNIQUE INDEX ON t (v)',
  'CREATE TABLE t AS SELECT V AS v, I AS i FROM generate_series(1, 2); CREATE UNIQUE INDEX ON t (lower(v), (i + 1))',
  'CREATE TABLE t AS SELECT V AS v; ALTER TABLE t ADD CHECK (length(v) < 3)',
  'CREATE TABLE t AS SELECT V AS v; ALTER TABLE t ADD FOREIGN KEY (v) REFERENCES one (v)',
  'CREATE TABLE t AS SELECT V AS v; ALTER TABLE t ALTER v TYPE int USING v::int',
  'CREATE TABLE t AS SELECT V AS v; ALTER TABLE t ALTER v TYPE mood USING v::mood',
  'CREATE TABLE t AS SELECT V AS v; ALTER TABLE t ALTER v TYPE varchar(2)',
  'CREATE TABLE t AS SELECT V AS v; ALTER TABLE t ADD w int GENERATED ALWAYS AS (v::int) STORED',
  'CREATE TABLE t (v text, w int); INSERT INTO t SELECT V; ALTER TABLE t ALTER w SET NOT NULL',
  'CREATE TABLE t AS SELECT V AS v; ALTER TABLE t ADD PRIMARY KEY (v); INSERT INTO t VALUES (V)',
  'CREATE TABLE t AS SELECT V AS v; CREATE INDEX ON t ((v::int))',
]

/** Statements that a function composes from a value, which becomes a name. */
const COMPOSED = [
  'SELECT %s',
  'SELECT c.%s FROM canary c',
  'SELECT %I',
  'SELECT canary.%I FROM canary',
  'SELECT %I.v FROM canary',
  'SELECT %I()',
  'SELECT %I(1)',
  'SELECT 1::%I',
  'TABLE %I',
  'TABLE %I.%I',
  'ALTER TABLE %I ADD x int',
  'ALTER TABLE canary DROP %I',
  'ALTER TABLE canary ADD CONSTRAINT c CHECK (%I > 1)',
  'DROP TABLE %I',
  'DROP TABLE IF EXISTS %I; SELECT %I',
  'DROP FUNCTION IF EXISTS %I(); SELECT %I',
  'DROP TYPE IF EXISTS %I; SELECT %I',
  'DROP TABLE IF EXISTS %I.x; SELECT %I',
  'SET ROLE %I',
  'SET %I = 1',
  'GRANT SELECT ON canary TO %I',
  'CREATE EXTENSION %I',
  'CALL %I()',
  'EXECUTE %I',
  'FETCH %I',
  'LOCK TABLE %I',
  "SELECT 'x' COLLATE %I",
  'CREATE TABLE x (a %I)',
  'CREATE TRIGGER x BEFORE INSERT ON canary EXECUTE FUNCTION %I()',
  'COMMENT ON COLUMN canary.%I IS NULL',
  'INSERT INTO canary (%I) VALUES (1)',
  'CREATE SCHEMA x AUTHORIZATION %I',
  'ALTER ROLE %I RENAME TO x',
  'CREATE INDEX ON canary (%I)',
  'CREATE INDEX x ON canary USING %I (n)',
  'SELECT 1 AS a ORDER BY %I',
  'SELECT * FROM canary JOIN canary c USING (%I)',
  'SELECT %L::int',
  "SELECT 'x' OPERATOR(%I.+) 1",
  'DISCARD %s',
  'ROLLBACK TO %I',
  "DO LANGUAGE %I ''",
  'SELECT max(n) FROM canary GROUP BY %I',
].map((text) => `DO $$ BEGIN EXECUTE ${formatted(text)}; END $$`)

function formatted(text: string): string {
  const values = [...text.matchAll(/%[IsL]/g)].map(() => 'V')
  return `format('${text.replaceAll("'", "''")}', ${values.join(', ')})`
}

const RAISED = [
  "DO $$ BEGIN RAISE EXCEPTION 'bad %', V; END $$",
  "DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = V, DETAIL = V, HINT = V, ERRCODE = '23505'; END $$",
  "DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = 'x', COLUMN = V, CONSTRAINT = V, TABLE = V, SCHEMA = V, DATATYPE = V; END $$",
  "DO $$ BEGIN RAISE EXCEPTION USING MESSAGE = V, ERRCODE = '22P02'; END $$",
  "DO $$ BEGIN RAISE NOTICE 'seen %', V; RAISE WARNING '%', I; RAISE unique_violation USING MESSAGE = V; END $$",
  'DO $$ BEGIN ASSERT false, V; END $$',
  'DO $$ DECLARE n int := V; BEGIN END $$',
  'DO $$ DECLARE n short := V; BEGIN END $$',
  'DO $$ DECLARE r record; BEGIN SELECT v INTO STRICT r FROM canary WHERE v = V AND n < 0; END $$',
  'DO $$ DECLARE c refcursor := V; BEGIN FETCH c INTO c; END $$',
  'DO $$ BEGIN PERFORM runs(V); END $$',
  "DO $$ BEGIN PERFORM runs('SELECT c.' || V || ' FROM canary c'); END $$",
  "DO $$ BEGIN PERFORM set_config('role', V, true); END $$",
  'DO $$ BEGIN CASE V WHEN NULL THEN NULL; END CASE; END $$',
  'DO $$ DECLARE a int[]; BEGIN FOREACH a SLICE 1 IN ARRAY ARRAY[V]::int[] LOOP END LOOP; END $$',
  'DO $$ BEGIN PERFORM 1 / (length(V) - length(V)); END $$',
  "SELECT runs('SELECT ' || V || '.x')",
  "SELECT runs('INSERT INTO needs (v) VALUES (' || quote_literal(V) || ')')",
]

/** About 240 statements that the server refuses, or warns about, while it processes a value of a row. */
export const FAILING: readonly string[] = [
  ...TYPES,
  ...OF_WORDS,
  ...OF_NUMBERS,
  ...OF_ROWS,
  ...COMPOSED,
  ...RAISED,
]

/** A statement about one row of `canary`. */
export function failingOn(statement: string, n: number): string {
  const of = (column: string) => `(SELECT ${column} FROM canary WHERE n = ${n})`
  return statement
    .replaceAll(/(?<![\w'])V(?!\w)/g, of('v'))
    .replaceAll(/(?<![\w'])I(?!\w)/g, of('i'))
}
