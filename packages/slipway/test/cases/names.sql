-- case rename-table-in-function
-- m1
CREATE TABLE client (id int PRIMARY KEY, name text);
-- data
INSERT INTO client VALUES (1, 'Ulla');
-- m2
CREATE FUNCTION pg_temp.go() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER TABLE client RENAME TO customer'; EXECUTE 'ALTER INDEX client_pkey RENAME TO customer_pkey'; END $$;
SELECT pg_temp.go();
-- case rename-of-a-name-cut-at-63-bytes
-- m1
CREATE TABLE t (id int PRIMARY KEY, a_column_whose_name_is_longer_than_the_sixty_three_bytes_that_the_server_keeps text);
-- data
INSERT INTO t VALUES (1, 'x');
-- m2
ALTER TABLE t RENAME COLUMN a_column_whose_name_is_longer_than_the_sixty_three_bytes_that_the_server_keeps TO another_column_whose_name_is_longer_than_the_sixty_three_bytes_that_it_keeps;
-- case rename-of-a-name-with-umlauts-cut-at-63-bytes
-- m1
CREATE TABLE "übergrößenträgerübergrößenträgerübergrößenträgerübergrößenträger" (id int PRIMARY KEY);
-- data
INSERT INTO "übergrößenträgerübergrößenträgerübergrößenträgerübergrößenträger" VALUES (1);
-- m2
DO $$ BEGIN EXECUTE 'ALTER TABLE "übergrößenträgerübergrößenträgerübergrößenträgerübergrößenträger" RENAME TO "größe"'; END $$;
-- case rename-sequence
-- m1
CREATE SEQUENCE invoice_no; CREATE TABLE invoice (id int DEFAULT nextval('invoice_no') PRIMARY KEY);
-- data
INSERT INTO invoice DEFAULT VALUES; INSERT INTO invoice DEFAULT VALUES; SELECT nextval('invoice_no');
-- m2
ALTER SEQUENCE invoice_no RENAME TO invoice_number;
-- case rename-schema-with-tables
-- m1
CREATE SCHEMA shop; CREATE TABLE shop.item (id serial PRIMARY KEY, name text); CREATE VIEW shop.names AS SELECT name FROM shop.item;
-- data
INSERT INTO shop.item (name) VALUES ('a'), ('b');
-- m2
ALTER SCHEMA shop RENAME TO store;
-- case move-table-in-do
-- m1
CREATE TABLE item (id serial PRIMARY KEY, name text); CREATE INDEX item_name ON item (name);
-- data
INSERT INTO item (name) VALUES ('a'), ('b');
-- m2
CREATE SCHEMA old; DO $$ BEGIN ALTER TABLE item SET SCHEMA old; END $$;
-- case move-and-rename-table
-- m1
CREATE SCHEMA staff; CREATE TABLE staff.person (id int PRIMARY KEY); CREATE TABLE person (id int PRIMARY KEY, n text);
-- data
INSERT INTO staff.person VALUES (1); INSERT INTO person VALUES (2, 'x');
-- m2
ALTER TABLE person RENAME TO visitor; ALTER INDEX person_pkey RENAME TO visitor_pkey; ALTER TABLE staff.person SET SCHEMA public; DROP SCHEMA staff;
-- case swap-tables
-- m1
CREATE TABLE a (id int PRIMARY KEY, n text); CREATE TABLE b (id int PRIMARY KEY, n text);
-- data
INSERT INTO a VALUES (1, 'a'); INSERT INTO b VALUES (2, 'b'), (3, 'b');
-- m2
ALTER TABLE a RENAME TO x; ALTER TABLE b RENAME TO a; ALTER TABLE x RENAME TO b;
-- case rotate-columns
-- m1
CREATE TABLE t (id int PRIMARY KEY, a text, b text, c text);
-- data
INSERT INTO t VALUES (1, 'a', 'b', 'c');
-- m2
ALTER TABLE t RENAME a TO x; ALTER TABLE t RENAME b TO a; ALTER TABLE t RENAME c TO b; ALTER TABLE t RENAME x TO c;
-- case rename-and-reuse-column
-- m1
CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL); CREATE INDEX t_name ON t (name);
-- data
INSERT INTO t VALUES (1, 'Ulla Ott');
-- m2
ALTER TABLE t RENAME COLUMN name TO full_name; ALTER TABLE t ADD COLUMN name text; UPDATE t SET name = split_part(full_name, ' ', 1); CREATE VIEW names AS SELECT name, full_name FROM t;
-- case rename-and-reuse-table-with-foreign-keys
-- m1
CREATE TABLE log (id int PRIMARY KEY, line text); CREATE TABLE note (id int PRIMARY KEY, log int REFERENCES log (id));
-- data
INSERT INTO log VALUES (1, 'x'), (2, 'y'); INSERT INTO note VALUES (1, 2);
-- m2
ALTER TABLE log RENAME TO log_2025; ALTER INDEX log_pkey RENAME TO log_2025_pkey; CREATE TABLE log (id int PRIMARY KEY, line text); CREATE TABLE mark (id int PRIMARY KEY, log int REFERENCES log (id));
-- case rename-and-reuse-sequence
-- m1
CREATE SEQUENCE s;
-- data
SELECT nextval('s'), nextval('s');
-- m2
ALTER SEQUENCE s RENAME TO s_old; CREATE SEQUENCE s START 1000;
-- case rename-and-reuse-type
-- m1
CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE t (id int PRIMARY KEY, m mood);
-- data
INSERT INTO t VALUES (1, 'bad');
-- m2
ALTER TYPE mood RENAME TO old_mood; CREATE TYPE mood AS ENUM ('up', 'down'); ALTER TABLE t ADD COLUMN n mood;
-- case rename-enum-value-in-do
-- m1
CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE t (id int PRIMARY KEY, m mood);
-- data
INSERT INTO t VALUES (1, 'bad'), (2, 'good');
-- m2
DO $$ BEGIN ALTER TYPE mood RENAME VALUE 'bad' TO 'awful'; ALTER TYPE mood RENAME VALUE 'good' TO 'bad'; END $$;
-- case rename-domain-and-its-constraint
-- m1
CREATE DOMAIN mail AS text CONSTRAINT has_at CHECK (VALUE LIKE '%@%'); CREATE TABLE t (id int PRIMARY KEY, m mail);
-- data
INSERT INTO t VALUES (1, 'a@b');
-- m2
ALTER DOMAIN mail RENAME CONSTRAINT has_at TO at; ALTER DOMAIN mail RENAME TO email;
-- case rename-function-trigger-policy-rule
-- m1
CREATE TABLE t (id int PRIMARY KEY, n int); CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.n := 1; RETURN NEW; END $$;
CREATE TRIGGER t_up BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION up(); COMMENT ON TRIGGER t_up ON t IS 'counts';
ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON t USING (n > 0); CREATE RULE quiet AS ON DELETE TO t DO INSTEAD NOTHING;
CREATE STATISTICS t_st ON id, n FROM t;
-- data
INSERT INTO t VALUES (1, 5);
-- m2
ALTER FUNCTION up() RENAME TO raise_n; ALTER TRIGGER t_up ON t RENAME TO t_raise; ALTER POLICY mine ON t RENAME TO own; ALTER RULE quiet ON t RENAME TO silent; ALTER STATISTICS t_st RENAME TO t_statistics;
-- case rename-constraint-and-index-in-do
-- m1
CREATE TABLE t (id int, n int CONSTRAINT positive CHECK (n > 0), CONSTRAINT t_key PRIMARY KEY (id)); CREATE INDEX t_n ON t (n); CREATE TABLE u (t int CONSTRAINT u_t REFERENCES t);
-- data
INSERT INTO t VALUES (1, 1);
-- m2
DO $$ BEGIN ALTER TABLE t RENAME CONSTRAINT t_key TO t_pkey; ALTER TABLE t RENAME CONSTRAINT positive TO n_positive; ALTER INDEX t_n RENAME TO t_n_idx; ALTER TABLE u RENAME CONSTRAINT u_t TO u_t_fkey; END $$;
-- case rename-view-and-its-column
-- m1
CREATE TABLE t (id int PRIMARY KEY, n int); CREATE VIEW v AS SELECT id, n FROM t; CREATE MATERIALIZED VIEW m AS SELECT n FROM t; COMMENT ON VIEW v IS 'all';
-- data
INSERT INTO t VALUES (1, 5); REFRESH MATERIALIZED VIEW m;
-- m2
ALTER VIEW v RENAME COLUMN n TO number; ALTER VIEW v RENAME TO w; ALTER MATERIALIZED VIEW m RENAME TO n;
-- case rename-column-of-parent-and-heir
-- m1
CREATE TABLE animal (id int, name text); CREATE TABLE cat (lives int) INHERITS (animal);
-- data
INSERT INTO animal VALUES (1, 'x'); INSERT INTO cat VALUES (2, 'Tom', 9);
-- m2
DO $$ BEGIN ALTER TABLE animal RENAME COLUMN name TO called; ALTER TABLE cat RENAME TO tomcat; END $$;
-- case rename-attribute-in-use
-- m1
CREATE TYPE addr AS (street text, city text); CREATE TABLE p (id int PRIMARY KEY, ad addr, old addr[]);
-- data
INSERT INTO p VALUES (1, ROW('a', 'b'), ARRAY[ROW('c', 'd')::addr]);
-- m2
ALTER TYPE addr RENAME ATTRIBUTE street TO line; ALTER TYPE addr RENAME ATTRIBUTE city TO town; ALTER TYPE addr RENAME TO address;
-- case swap-attributes
-- m1
CREATE TYPE pair AS (a text, b text); CREATE TABLE p (id int PRIMARY KEY, ad pair);
-- data
INSERT INTO p VALUES (1, ROW('a', 'b'));
-- m2
ALTER TYPE pair RENAME ATTRIBUTE a TO c; ALTER TYPE pair RENAME ATTRIBUTE b TO a; ALTER TYPE pair RENAME ATTRIBUTE c TO b;
-- case rename-table-to-one-that-was-dropped
-- m1
CREATE TABLE a (id int PRIMARY KEY, n text); CREATE TABLE b (id int PRIMARY KEY, n text);
-- data
INSERT INTO a VALUES (1, 'a'); INSERT INTO b VALUES (2, 'b');
-- m2
DROP TABLE b; ALTER TABLE a RENAME TO b;
-- case rename-schema-in-do-with-all
-- m1
CREATE SCHEMA "Old One"; CREATE TYPE "Old One".mood AS ENUM ('x', 'y'); CREATE TABLE "Old One"."T" (id serial PRIMARY KEY, m "Old One".mood); CREATE FUNCTION "Old One".f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE VIEW "Old One".v AS SELECT m FROM "Old One"."T"; CREATE TABLE u (t int REFERENCES "Old One"."T");
-- data
INSERT INTO "Old One"."T" (m) VALUES ('x'), ('y'); INSERT INTO u VALUES (2);
-- m2
DO $$ BEGIN EXECUTE 'ALTER SCHEMA "Old One" RENAME TO new_one'; END $$; CREATE SCHEMA "Old One"; CREATE TABLE "Old One"."T" (id serial PRIMARY KEY, n int);
-- case table-of-another-role-is-renamed
-- m1
DO $$ BEGIN CREATE ROLE slipway_owner_of_names; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE TABLE log (id int PRIMARY KEY, line text); ALTER TABLE log OWNER TO slipway_owner_of_names; GRANT SELECT ON log TO PUBLIC;
-- data
INSERT INTO log VALUES (1, 'x');
-- m2
ALTER TABLE log RENAME TO log_2025; ALTER TABLE log_2025 RENAME CONSTRAINT log_pkey TO log_2025_pkey; CREATE TABLE log (LIKE log_2025 INCLUDING ALL);
-- case long-names
-- m1
CREATE TABLE a_table_with_a_name_that_is_as_long_as_the_server_lets_it_be_00 (id int PRIMARY KEY, ä_column_with_a_name_that_is_as_long_as_the_server_lets_it_be text);
-- data
INSERT INTO a_table_with_a_name_that_is_as_long_as_the_server_lets_it_be_00 VALUES (1, 'x');
-- m2
ALTER TABLE a_table_with_a_name_that_is_as_long_as_the_server_lets_it_be_00 RENAME ä_column_with_a_name_that_is_as_long_as_the_server_lets_it_be TO ö_column_with_a_name_that_is_longer_than_the_server_lets_any_name_be;
ALTER TABLE a_table_with_a_name_that_is_as_long_as_the_server_lets_it_be_00 RENAME TO a_table_with_a_name_that_is_longer_than_the_server_lets_any_name_be; CREATE TABLE a_table_with_a_name_that_is_as_long_as_the_server_lets_it_be_00 (id int); CREATE VIEW of_it AS SELECT id FROM a_table_with_a_name_that_is_as_long_as_the_server_lets_it_be_00;
-- case renames-by-a-function
-- m1
CREATE TABLE t (id int PRIMARY KEY, a text); CREATE FUNCTION rename_all() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'ALTER TABLE t RENAME a TO b'; EXECUTE 'ALTER TABLE t RENAME TO u'; EXECUTE 'ALTER INDEX t_pkey RENAME TO u_pkey'; END $$;
-- data
INSERT INTO t VALUES (1, 'x');
-- m2
SELECT rename_all(); DROP FUNCTION rename_all(); ALTER TABLE u ADD COLUMN c int DEFAULT 5;
