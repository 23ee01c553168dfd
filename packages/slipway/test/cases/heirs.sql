Tables that inherit from others: each has rows, columns and keys of its own.

-- case heirs-drop-parent-cascade
-- m1
CREATE TABLE par (id int PRIMARY KEY, n text); CREATE TABLE kid (extra jsonb) INHERITS (par); CREATE TABLE kid2 (other int NOT NULL DEFAULT 3) INHERITS (kid);
-- data
INSERT INTO par VALUES (1,'p'); INSERT INTO kid VALUES (2,'k','{"a": 1}'); INSERT INTO kid2 VALUES (3,'kk',NULL,9),(3,'dup',NULL,9);
-- m2
DROP TABLE par CASCADE;

-- case heirs-drop-parent-and-heir-by-name
-- m1
CREATE TABLE par (id int PRIMARY KEY, n text); CREATE TABLE kid (extra jsonb) INHERITS (par);
-- data
INSERT INTO par VALUES (1,'p'),(2,'q'); INSERT INTO kid VALUES (2,'k','{"a": 1}'),(1,NULL,NULL);
-- m2
DROP TABLE kid, par;

-- case heirs-schema-dropped
-- m1
CREATE SCHEMA s; CREATE TABLE s.par (id int PRIMARY KEY, n text); CREATE TABLE s.kid (extra jsonb) INHERITS (s.par);
-- data
INSERT INTO s.par VALUES (1,'p'),(2,'q'); INSERT INTO s.kid VALUES (2,'k','{"a": 1}'),(1,NULL,NULL);
-- m2
DROP SCHEMA s CASCADE;

-- case heirs-drop-column-of-parent
-- m1
CREATE TABLE par (id int PRIMARY KEY, n text, x int); CREATE TABLE kid (extra text) INHERITS (par);
-- data
INSERT INTO par VALUES (1,'p',1); INSERT INTO kid VALUES (2,'k',2,'e'),(2,'k2',3,'f');
-- m2
ALTER TABLE par DROP COLUMN x;

-- case heirs-drop-column-of-parent-with-default
-- m1
CREATE TABLE par (id int PRIMARY KEY, n text, x int DEFAULT 4); CREATE TABLE kid (extra text) INHERITS (par);
-- data
INSERT INTO par VALUES (1,'p',1),(2,'p',NULL); INSERT INTO kid VALUES (2,'k',2,'e'),(2,'k2',NULL,'f');
-- m2
ALTER TABLE par DROP COLUMN x, DROP COLUMN n;

-- case heirs-drop-column-in-do
-- m1
CREATE TABLE par (id int PRIMARY KEY, n text, x int); CREATE TABLE kid (extra text) INHERITS (par);
-- data
INSERT INTO par VALUES (1,'p',1); INSERT INTO kid VALUES (2,'k',2,'e'),(2,'k2',3,'f');
-- m2
DO $$ BEGIN ALTER TABLE par DROP COLUMN x; END $$;

-- case heirs-type-change
-- m1
CREATE TABLE par (id int PRIMARY KEY, v text, w text); CREATE TABLE kid (x int) INHERITS (par);
-- data
INSERT INTO par VALUES (1,'1.0','a'); INSERT INTO kid VALUES (1,'2.0','b',1),(1,'2.00','c',2);
-- m2
ALTER TABLE par ALTER v TYPE float8 USING v::float8, ALTER w TYPE int USING length(w);

-- case add-column-heirs
-- m1
CREATE TABLE t (a int PRIMARY KEY, v text); CREATE TABLE k (b int) INHERITS (t);
-- data
INSERT INTO t VALUES (1,'a'),(2,'a'); INSERT INTO k VALUES (1,'b',1),(1,'b',1);
-- m2
ALTER TABLE t ADD COLUMN x int NOT NULL DEFAULT 4; UPDATE t SET x = 5 WHERE a = 1;

-- case heirs-update-parent-no-key
-- m1
CREATE TABLE par (id int, n text); CREATE TABLE kid (extra text) INHERITS (par);
-- data
INSERT INTO par VALUES (1,'p'); INSERT INTO kid VALUES (2,'k','e'),(2,'k','f'),(2,'k','f');
-- m2
UPDATE par SET n = n || id; DELETE FROM ONLY par; DELETE FROM par WHERE tableoid = 'kid'::regclass AND n = 'k2';
