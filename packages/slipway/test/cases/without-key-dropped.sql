Tables without a key: columns that a deploy drops. Their values are matched to rows by the other columns.

-- case duplicates
-- m1
CREATE TABLE t (a int, b text);
-- data
INSERT INTO t VALUES (1,'x'),(1,'x'),(2,'x'),(3,'y'),(NULL,'y'),(NULL,NULL),(4,NULL);
-- m2
ALTER TABLE t DROP COLUMN a;

-- case several-columns-in-one-statement
-- m1
CREATE TABLE t (a int NOT NULL, b text, c date, d numeric);
-- data
INSERT INTO t SELECT n, 'b' || n, '2026-01-01'::date + n, 1.50 FROM generate_series(1, 20) AS n; INSERT INTO t VALUES (1,NULL,NULL,NULL),(2,NULL,'2026-01-01',1.5);
-- m2
ALTER TABLE t DROP COLUMN a, DROP COLUMN b, DROP COLUMN c;

-- case several-columns-one-after-the-other
-- m1
CREATE TABLE t (a int NOT NULL, b text, c date, d numeric);
-- data
INSERT INTO t SELECT n, 'b' || 20 - n, '2026-01-01'::date + n % 7, n % 2 FROM generate_series(1, 20) AS n;
-- m2
ALTER TABLE t DROP COLUMN c; ALTER TABLE t DROP COLUMN a; ALTER TABLE t DROP COLUMN b;

-- case several-columns-in-several-transactions
-- m1
CREATE TABLE t (a int NOT NULL, b text, c int);
-- data
INSERT INTO t SELECT n, 'b' || 20 - n, n % 3 FROM generate_series(1, 20) AS n;
-- m2
-- slipway: no-transaction
ALTER TABLE t DROP COLUMN a; CREATE INDEX CONCURRENTLY t_c ON t (c); ALTER TABLE t DROP COLUMN b;

-- case all-columns
-- m1
CREATE TABLE t (a int, b text);
-- data
INSERT INTO t VALUES (1,'x'),(1,'x'),(2,NULL),(NULL,NULL);
-- m2
ALTER TABLE t DROP COLUMN a; ALTER TABLE t DROP COLUMN b;

-- case json-and-types-without-equality
-- m1
CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE addr AS (street text, no int);
CREATE TABLE t (j json, p point, x xml, m mood[], a addr, f real, v int);
-- data
INSERT INTO t VALUES ('{"a": 1}','(1,2)','<a/>','{sad}','(s,1)',0.1,1),('{"a":1}','(1,2)','<a/>','{sad}','(s,1)',0.1,2),(NULL,NULL,NULL,NULL,'(,)','NaN',3),(NULL,NULL,NULL,'{NULL,ok}',NULL,NULL,NULL);
-- m2
ALTER TABLE t DROP COLUMN v;

-- case json-is-dropped
-- m1
CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (j json, m mood NOT NULL, v text);
-- data
INSERT INTO t VALUES ('{"a": 1, "a": 2}','sad','x'),('[]','ok','x'),(NULL,'ok',NULL);
-- m2
ALTER TABLE t DROP COLUMN j, DROP COLUMN m; DROP TYPE mood;

-- case view-of-all-columns
-- m1
CREATE TABLE t (a int, b text);
-- data
INSERT INTO t VALUES (1,'x'),(2,'x'),(NULL,'y');
-- m2
ALTER TABLE t DROP COLUMN a; CREATE VIEW v AS SELECT * FROM t;

-- case default-and-null
-- m1
CREATE TABLE t (a int DEFAULT 7, b text);
-- data
INSERT INTO t VALUES (1,'x'),(NULL,'x'),(NULL,'y'),(7,'y');
-- m2
ALTER TABLE t DROP COLUMN a;

-- case serial-and-identity
-- m1
CREATE TABLE t (s serial, i int GENERATED ALWAYS AS IDENTITY, b text);
-- data
INSERT INTO t (b) VALUES ('x'),('x'),('y'); DELETE FROM t WHERE s = 1;
-- m2
ALTER TABLE t DROP COLUMN s, DROP COLUMN i;

-- case the-key-itself
-- m1
CREATE TABLE t (id serial PRIMARY KEY, b text); CREATE TABLE u (t int REFERENCES t, n text);
-- data
INSERT INTO t (b) VALUES ('x'),('x'),('y'),(NULL); INSERT INTO u VALUES (1,'a'),(3,'b'),(3,'b'),(NULL,'c');
-- m2
ALTER TABLE u DROP COLUMN t; ALTER TABLE t DROP COLUMN id CASCADE;

-- case dropped-and-added-again
-- m1
CREATE TABLE t (a int, b text);
-- data
INSERT INTO t VALUES (1,'x'),(2,'x'),(NULL,'y');
-- m2
ALTER TABLE t DROP COLUMN a, ADD COLUMN a text;

-- case rows-changed-before
-- m1
CREATE TABLE t (a int, b text, c int);
-- data
INSERT INTO t VALUES (1,'x',1),(2,'z',1),(3,'q',1),(4,'x',2),(NULL,'x',1);
-- m2
UPDATE t SET b = 'y' WHERE c = 1; DELETE FROM t WHERE a = 4; INSERT INTO t VALUES (9,'y',1); ALTER TABLE t DROP COLUMN a;

-- case rows-changed-later
-- m1
CREATE TABLE t (a int, b text, c int);
-- data
INSERT INTO t VALUES (1,'x',1),(2,'z',1),(3,'q',1),(4,'x',2),(NULL,'x',1);
-- m2
ALTER TABLE t DROP COLUMN a; UPDATE t SET b = 'y' WHERE c = 1; DELETE FROM t WHERE c = 2;

-- case partitioned
-- m1
CREATE TABLE p (id int, a text, b text) PARTITION BY LIST (id); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p2 PARTITION OF p DEFAULT;
-- data
INSERT INTO p VALUES (1,'a','x'),(1,'b','x'),(2,'c','x'),(3,NULL,'x'),(NULL,'d',NULL);
-- m2
ALTER TABLE p DROP COLUMN a;

-- case heirs
-- m1
CREATE TABLE t (a int, b text); CREATE TABLE u (c int) INHERITS (t);
-- data
INSERT INTO t VALUES (1,'x'),(2,'x'); INSERT INTO u VALUES (3,'x',1),(4,'x',2),(5,'x',3);
-- m2
ALTER TABLE t DROP COLUMN a;

-- case computed-column-and-row-security
-- m1
CREATE SCHEMA "S 1"; CREATE TABLE "S 1"."T t" ("A a" int, b text, c text GENERATED ALWAYS AS (upper(b)) STORED);
ALTER TABLE "S 1"."T t" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY few ON "S 1"."T t" USING (b = 'x');
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.b := upper(NEW.b); RETURN NEW; END $$;
CREATE TRIGGER shouting BEFORE UPDATE ON "S 1"."T t" FOR EACH ROW EXECUTE FUNCTION shout();
-- data
INSERT INTO "S 1"."T t" VALUES (1,'x'),(2,'x'),(3,'y');
-- m2
ALTER TABLE "S 1"."T t" DROP COLUMN "A a";

-- case renamed-later
-- m1
CREATE TABLE t (a int, b text, c text);
-- data
INSERT INTO t VALUES (1,'x','1'),(2,'x','1'),(NULL,'y','2');
-- m2
ALTER TABLE t DROP COLUMN a; ALTER TABLE t RENAME COLUMN b TO d; ALTER TABLE t RENAME TO tt;
