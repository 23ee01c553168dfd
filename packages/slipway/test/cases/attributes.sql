-- Properties of objects that are not part of their definitions are restored.
-- case column-privileges
-- m1
CREATE TABLE g (id int PRIMARY KEY, secret text, open text);
-- data
INSERT INTO g VALUES (1, 's', 'o'); GRANT SELECT (id, open), UPDATE (open) ON g TO pg_monitor; GRANT SELECT ON g TO pg_signal_backend WITH GRANT OPTION;
-- m2
DROP TABLE g;
-- case column-privileges-of-a-column
-- m1
CREATE TABLE g (id int PRIMARY KEY, open text);
-- data
INSERT INTO g VALUES (1, 'o'); GRANT SELECT (open) ON g TO PUBLIC; COMMENT ON COLUMN g.open IS 'public';
-- m2
ALTER TABLE g DROP COLUMN open;
-- case granted-by-a-grantee
-- m1
CREATE TABLE g (id int PRIMARY KEY);
-- data
GRANT SELECT ON g TO pg_monitor WITH GRANT OPTION; SET ROLE pg_monitor; GRANT SELECT ON g TO pg_signal_backend; RESET ROLE;
-- m2
DROP TABLE g;
-- case owner
-- m1
CREATE TABLE g (id serial PRIMARY KEY, v text); CREATE VIEW gv AS SELECT id FROM g; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- data
INSERT INTO g (v) VALUES ('a'); ALTER TABLE g OWNER TO pg_monitor; ALTER VIEW gv OWNER TO pg_monitor; ALTER FUNCTION f() OWNER TO pg_monitor;
-- m2
DROP VIEW gv; DROP TABLE g; DROP FUNCTION f();
-- case owner-without-privileges
-- m1
CREATE TABLE g (id int PRIMARY KEY);
-- data
INSERT INTO g VALUES (1); REVOKE ALL ON g FROM CURRENT_USER; GRANT SELECT ON g TO PUBLIC;
-- m2
DROP TABLE g;
-- case public-may-not-call
-- m1
CREATE FUNCTION secret(n int) RETURNS int LANGUAGE sql AS 'SELECT n'; REVOKE ALL ON FUNCTION secret(int) FROM PUBLIC;
-- data
GRANT EXECUTE ON FUNCTION secret(int) TO pg_monitor; COMMENT ON FUNCTION secret(int) IS 'not for all';
-- m2
DROP FUNCTION secret(int);
-- case default-privileges-since
-- m1
CREATE TABLE g (id int PRIMARY KEY);
-- data
INSERT INTO g VALUES (1); ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor;
-- m2
DROP TABLE g;
-- case default-privileges-of-a-schema
-- m1
CREATE SCHEMA app; CREATE TABLE app.g (id int PRIMARY KEY);
-- data
INSERT INTO app.g VALUES (1); ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO pg_monitor; GRANT USAGE ON SCHEMA app TO pg_monitor; COMMENT ON SCHEMA app IS 'all';
-- m2
DROP SCHEMA app CASCADE;
-- case type-privileges
-- m1
CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE TYPE pair AS (a int, b int);
-- data
REVOKE USAGE ON TYPE mood FROM PUBLIC; GRANT USAGE ON DOMAIN positive TO pg_monitor; COMMENT ON TYPE pair IS 'two'; COMMENT ON COLUMN pair.a IS 'first'; COMMENT ON CONSTRAINT positive_check ON DOMAIN positive IS 'above 0';
-- m2
DROP TYPE mood; DROP DOMAIN positive; DROP TYPE pair;
-- case comments
-- m1
CREATE TABLE o (id int PRIMARY KEY, n int CHECK (n > 0)); CREATE INDEX o_n ON o (n); CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER o_t BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION noop(); CREATE RULE o_r AS ON DELETE TO o WHERE OLD.n = 7 DO INSTEAD NOTHING; ALTER TABLE o ENABLE ROW LEVEL SECURITY; CREATE POLICY o_p ON o USING (n > 1);
-- data
INSERT INTO o VALUES (1, 1); COMMENT ON TABLE o IS 't'; COMMENT ON COLUMN o.n IS 'c'; COMMENT ON INDEX o_n IS 'i'; COMMENT ON INDEX o_pkey IS 'ip'; COMMENT ON CONSTRAINT o_pkey ON o IS 'p'; COMMENT ON CONSTRAINT o_n_check ON o IS 'k'; COMMENT ON TRIGGER o_t ON o IS 'g'; COMMENT ON RULE o_r ON o IS 'r'; COMMENT ON POLICY o_p ON o IS 'y';
-- m2
DROP TABLE o;
-- case comments-of-parts
-- m1
CREATE TABLE o (id int PRIMARY KEY, n int CONSTRAINT above CHECK (n > 0)); CREATE INDEX o_n ON o (n); COMMENT ON CONSTRAINT above ON o IS 'it''s "quoted" on o'; COMMENT ON INDEX o_n IS 'i';
-- data
INSERT INTO o VALUES (1, 1);
-- m2
ALTER TABLE o DROP CONSTRAINT above; DROP INDEX o_n;
-- case view-attributes
-- m1
CREATE TABLE o (id int PRIMARY KEY, n int); CREATE VIEW ov WITH (security_barrier = true) AS SELECT id, n FROM o; COMMENT ON VIEW ov IS 'v'; COMMENT ON COLUMN ov.n IS 'c'; ALTER VIEW ov ALTER COLUMN n SET DEFAULT 3;
-- data
INSERT INTO o VALUES (1, 1); GRANT SELECT (n) ON ov TO pg_monitor;
-- m2
DROP VIEW ov;
-- case materialized-view-attributes
-- m1
CREATE TABLE o (id int PRIMARY KEY, big text); CREATE MATERIALIZED VIEW om AS SELECT id, big FROM o; ALTER MATERIALIZED VIEW om ALTER COLUMN big SET STORAGE EXTERNAL; ALTER MATERIALIZED VIEW om ALTER COLUMN big SET STATISTICS 50; CREATE UNIQUE INDEX om_id ON om (id); ALTER MATERIALIZED VIEW om CLUSTER ON om_id;
-- data
INSERT INTO o VALUES (1, 'x'); REFRESH MATERIALIZED VIEW om; COMMENT ON COLUMN om.big IS 'large';
-- m2
DROP MATERIALIZED VIEW om;
-- case column-settings
-- m1
CREATE TABLE o (id int PRIMARY KEY, big text, doc jsonb); ALTER TABLE o ALTER big SET STORAGE MAIN, ALTER doc SET STORAGE EXTERNAL, ALTER id SET STATISTICS 0, ALTER id SET (n_distinct = -0.5);
-- data
INSERT INTO o VALUES (1, 'b', '{}');
DO $$ BEGIN
  IF current_setting('server_version_num')::int >= 140000 THEN ALTER TABLE o ALTER big SET COMPRESSION pglz; END IF;
END $$;
-- m2
ALTER TABLE o DROP COLUMN big, DROP COLUMN doc;
-- case settings-lost-by-a-change-of-type
-- m1
CREATE TABLE o (id int PRIMARY KEY, big text); ALTER TABLE o ALTER big SET STORAGE EXTERNAL, ALTER big SET STATISTICS 300;
-- data
INSERT INTO o VALUES (1, '10');
-- m2
ALTER TABLE o ALTER big TYPE int USING big::int;
-- case table-settings
-- m1
CREATE TABLE o (id int PRIMARY KEY, n int NOT NULL, big text) WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false); CREATE INDEX o_n ON o (n) WITH (fillfactor = 60); CREATE UNIQUE INDEX o_u ON o (n); ALTER TABLE o CLUSTER ON o_n; ALTER TABLE o REPLICA IDENTITY USING INDEX o_u; CREATE INDEX o_e ON o ((n + 1)); ALTER INDEX o_e ALTER COLUMN 1 SET STATISTICS 200;
-- data
INSERT INTO o VALUES (1, 1);
-- m2
DROP TABLE o;
-- case settings-lost-with-an-index
-- m1
CREATE TABLE o (id int PRIMARY KEY, n int NOT NULL); CREATE UNIQUE INDEX o_u ON o (n); ALTER TABLE o CLUSTER ON o_u; ALTER TABLE o REPLICA IDENTITY USING INDEX o_u;
-- data
INSERT INTO o VALUES (1, 1);
-- m2
DROP INDEX o_u;
-- case replica-identity-full
-- m1
CREATE UNLOGGED TABLE o (id int PRIMARY KEY); ALTER TABLE o REPLICA IDENTITY FULL;
-- data
INSERT INTO o VALUES (1);
-- m2
DROP TABLE o;
-- case statistics-objects
-- m1
CREATE TABLE o (a int, b int, c int); CREATE STATISTICS o_d (dependencies, ndistinct) ON a, b FROM o; ALTER STATISTICS o_d SET STATISTICS 40; COMMENT ON STATISTICS o_d IS 's';
-- data
INSERT INTO o VALUES (1, 1, 1);
-- m2
DROP TABLE o;
-- case statistics-object-alone
-- m1
CREATE TABLE o (a int, b int); CREATE STATISTICS o_d ON a, b FROM o;
-- data
INSERT INTO o VALUES (1, 1);
-- m2
DROP STATISTICS o_d;
-- case statistics-of-a-dropped-column
-- m1
CREATE TABLE o (id int PRIMARY KEY, a int, b int); CREATE STATISTICS o_d ON a, b FROM o;
-- data
INSERT INTO o VALUES (1, 1, 1);
-- m2
ALTER TABLE o DROP COLUMN b;
-- case typed-table
-- m1
CREATE TYPE person AS (id int, name text); CREATE TABLE people OF person (PRIMARY KEY (id), name WITH OPTIONS NOT NULL DEFAULT 'x');
-- data
INSERT INTO people VALUES (1, 'a');
-- m2
DROP TABLE people;
-- case rules-and-policies
-- m1
CREATE TABLE o (id int PRIMARY KEY, n int); CREATE RULE o_r AS ON DELETE TO o WHERE OLD.n = 7 DO INSTEAD NOTHING; ALTER TABLE o DISABLE RULE o_r; ALTER TABLE o ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY o_p ON o AS RESTRICTIVE FOR UPDATE TO PUBLIC USING (n > 1) WITH CHECK (n < 9);
-- data
INSERT INTO o VALUES (1, 1);
-- m2
DROP TABLE o;
-- case disabled-triggers
-- m1
CREATE TABLE o (id int PRIMARY KEY, n int); CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER a BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION noop(); CREATE TRIGGER b BEFORE INSERT ON o FOR EACH ROW EXECUTE FUNCTION noop(); ALTER TABLE o DISABLE TRIGGER a, ENABLE ALWAYS TRIGGER b;
-- data
INSERT INTO o VALUES (1, 1);
-- m2
DROP TABLE o;
-- case publication
-- m1
CREATE TABLE o (id int PRIMARY KEY, n int); CREATE TABLE other (id int PRIMARY KEY);
-- data
INSERT INTO o VALUES (1, 1); DO $$ BEGIN
  CREATE PUBLICATION feed FOR TABLE other;
  EXECUTE 'ALTER PUBLICATION feed ADD TABLE o' || CASE WHEN current_setting('server_version_num')::int >= 150000 THEN ' (id) WHERE (id > 0)' ELSE '' END;
END $$; COMMENT ON PUBLICATION feed IS 'f';
-- m2
DROP TABLE o;
-- case view-on-a-view
-- m1
CREATE TABLE o (id int PRIMARY KEY); CREATE VIEW v1 AS SELECT id FROM o; CREATE VIEW v2 AS SELECT id FROM v1; COMMENT ON COLUMN v2.id IS 'deep';
-- data
INSERT INTO o VALUES (1); GRANT SELECT ON v2 TO pg_monitor; REVOKE ALL ON v1 FROM CURRENT_USER;
-- m2
DROP TABLE o CASCADE;
-- case in-code
-- m1
CREATE TABLE o (id int PRIMARY KEY); CREATE VIEW ov AS SELECT id FROM o; COMMENT ON COLUMN ov.id IS 'c';
-- data
INSERT INTO o VALUES (1); GRANT SELECT ON ov TO pg_monitor;
-- m2
DO $$ BEGIN DROP VIEW ov; END $$;
-- case foreign-schema-of-parts
-- m1
CREATE SCHEMA "My App"; CREATE TABLE "My App"."O" ("Id" int PRIMARY KEY, "Big" text); ALTER TABLE "My App"."O" ALTER "Big" SET STORAGE EXTERNAL; COMMENT ON COLUMN "My App"."O"."Big" IS 'q';
-- data
INSERT INTO "My App"."O" VALUES (1, 'x'); GRANT SELECT ("Big") ON "My App"."O" TO pg_monitor;
-- m2
DROP TABLE "My App"."O";
-- case partitioned
-- m1
CREATE TABLE m (id int, day date NOT NULL, big text) PARTITION BY RANGE (day); CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') WITH (fillfactor = 50); ALTER TABLE m_1 ALTER big SET STORAGE EXTERNAL; COMMENT ON COLUMN m_1.big IS 'c';
-- data
INSERT INTO m VALUES (1, '2026-02-01', 'x'); GRANT SELECT ON m TO pg_monitor; GRANT INSERT ON m_1 TO pg_monitor;
-- m2
DROP TABLE m;
-- case granted-on-public
-- m1
CREATE TABLE g (id int PRIMARY KEY);
-- data
INSERT INTO g VALUES (1); GRANT CREATE ON SCHEMA public TO pg_monitor WITH GRANT OPTION;
-- m2
REVOKE ALL ON SCHEMA public FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM pg_monitor CASCADE; GRANT USAGE ON SCHEMA public TO pg_signal_backend;
-- case granted-on-identity
-- m1
CREATE SCHEMA app; CREATE TABLE app.g (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int);
-- data
INSERT INTO app.g (n) VALUES (1); GRANT SELECT ON SEQUENCE app.g_id_seq TO PUBLIC;
-- m2
DO $$ BEGIN BEGIN GRANT ALL ON ALL SEQUENCES IN SCHEMA app TO pg_monitor; EXCEPTION WHEN others THEN NULL; END; REVOKE ALL ON SEQUENCE app.g_id_seq FROM PUBLIC; END $$;
-- case view-without-data
-- m1
CREATE TABLE o (id int PRIMARY KEY); CREATE MATERIALIZED VIEW mv AS SELECT id FROM o WITH NO DATA; CREATE MATERIALIZED VIEW nv AS SELECT id FROM o WITH NO DATA;
-- data
INSERT INTO o VALUES (1);
-- m2
DROP MATERIALIZED VIEW mv; REFRESH MATERIALIZED VIEW nv;
-- case settings-of-columns-that-had-none
-- m1
CREATE TABLE o (id int PRIMARY KEY, c text); CREATE MATERIALIZED VIEW m AS SELECT id, c FROM o; CREATE INDEX o_e ON o ((id + 1));
-- data
-- m2
ALTER TABLE o ALTER c SET STORAGE EXTERNAL, ALTER id SET STATISTICS 100, ALTER c SET (n_distinct = 5); ALTER MATERIALIZED VIEW m ALTER c SET STATISTICS 5; ALTER INDEX o_e ALTER COLUMN 1 SET STATISTICS 7;
-- case settings-that-objects-had-not
-- m1
CREATE TABLE o (id int PRIMARY KEY, c text); CREATE INDEX o_c ON o (c); CREATE VIEW v AS SELECT * FROM o; CREATE MATERIALIZED VIEW m AS SELECT id, c FROM o; CREATE TYPE ty AS (a int, b text); CREATE TABLE oft (a int, b text);
-- data
-- m2
ALTER TABLE o SET (fillfactor = 70, toast.autovacuum_enabled = false), CLUSTER ON o_c; ALTER INDEX o_c SET (fillfactor = 60); ALTER VIEW v SET (security_barrier = true); ALTER VIEW v ALTER c SET DEFAULT 'x'; ALTER MATERIALIZED VIEW m SET (fillfactor = 50); ALTER TABLE o SET UNLOGGED, REPLICA IDENTITY FULL; ALTER TABLE oft OF ty;
-- case privileges-and-comments-that-columns-had-not
-- m1
CREATE TABLE o (id int PRIMARY KEY, c text); CREATE VIEW v AS SELECT * FROM o; CREATE MATERIALIZED VIEW m AS SELECT id, c FROM o; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- data
-- m2
GRANT SELECT (id) ON o TO pg_monitor; GRANT SELECT (id) ON v TO pg_monitor; GRANT SELECT (id) ON m TO pg_monitor; COMMENT ON COLUMN m.id IS 'm'; COMMENT ON COLUMN v.id IS 'v'; COMMENT ON FUNCTION f() IS 'f'; COMMENT ON CONSTRAINT o_pkey ON o IS 'key'; COMMENT ON INDEX o_pkey IS 'index of a key'; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor;
-- case settings-that-some-objects-had
-- m1
CREATE TABLE o (id int PRIMARY KEY, c text, d text) WITH (fillfactor = 70); ALTER TABLE o ALTER c SET STATISTICS 3, ALTER c SET (n_distinct = 4); CREATE INDEX o_c ON o (c); CREATE INDEX o_d ON o (d); CREATE TRIGGER up BEFORE UPDATE ON o FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger(); CREATE STATISTICS o_s ON c, d FROM o; CREATE RULE r AS ON DELETE TO o DO ALSO SELECT 1;
-- data
INSERT INTO o VALUES (1, 'a', 'b'); COMMENT ON INDEX o_pkey IS 'before';
-- m2
ALTER TABLE o SET (fillfactor = 60, autovacuum_enabled = false), ALTER c SET STATISTICS 4, ALTER d SET STATISTICS 5, ALTER c SET (n_distinct = 5, n_distinct_inherited = 7), CLUSTER ON o_d, DISABLE TRIGGER up, DISABLE RULE r; ALTER STATISTICS o_s SET STATISTICS 11; COMMENT ON STATISTICS o_s IS 's'; COMMENT ON TRIGGER up ON o IS 't'; COMMENT ON RULE r ON o IS 'r'; COMMENT ON INDEX o_pkey IS 'after'; CREATE STATISTICS o_n ON id, d FROM o; COMMENT ON STATISTICS o_n IS 'n'; ALTER STATISTICS o_n SET STATISTICS 6;

-- case new-attributes-of-renamed
-- m1
CREATE SCHEMA other; CREATE TABLE "Old t" (id int PRIMARY KEY, note text); CREATE VIEW v AS SELECT 1 AS a; CREATE TABLE moved (id int, note text);
-- data
INSERT INTO "Old t" VALUES (1, 'x'); INSERT INTO moved VALUES (1, 'x');
-- m2
ALTER TABLE "Old t" ALTER COLUMN note SET STORAGE EXTERNAL, ALTER COLUMN note SET STATISTICS 77, SET (fillfactor = 50); COMMENT ON COLUMN "Old t".note IS 'c';
COMMENT ON TABLE "Old t" IS 't'; GRANT SELECT (note) ON "Old t" TO pg_monitor; ALTER TABLE "Old t" RENAME TO "New t";
COMMENT ON VIEW v IS 'v'; ALTER VIEW v RENAME TO w;
ALTER TABLE moved ALTER COLUMN note SET STATISTICS 7; COMMENT ON COLUMN moved.id IS 'i'; ALTER TABLE moved SET SCHEMA other;
