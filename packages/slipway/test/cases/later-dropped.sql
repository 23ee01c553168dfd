Rows and columns that one statement deletes before another one drops their table or column.

-- case drop-column-then-delete-row
-- m1
CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 7, b text NOT NULL);
-- data
INSERT INTO t VALUES (1,NULL,'x'),(2,3,'y'),(3,4,'z');
-- m2
ALTER TABLE t DROP COLUMN a; DELETE FROM t WHERE id < 3; ALTER TABLE t DROP COLUMN b;

-- case drop-column-delete-drop-table
-- m1
CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 7, b text NOT NULL);
-- data
INSERT INTO t VALUES (1,NULL,'x'),(2,3,'y'),(3,4,'z');
-- m2
ALTER TABLE t DROP COLUMN a; DELETE FROM t WHERE id < 3; DROP TABLE t;

-- case delete-then-drop-table
-- m1
CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 7, b text NOT NULL); CREATE TABLE c (id int PRIMARY KEY, t int REFERENCES t);
-- data
INSERT INTO t VALUES (1,NULL,'x'),(2,3,'y'),(3,4,'z'); INSERT INTO c VALUES (1,3);
-- m2
DELETE FROM t WHERE id < 3; UPDATE t SET a = 9; DROP TABLE t CASCADE;

-- case delete-cascade-then-drop-parent
-- m1
CREATE TABLE t (id serial PRIMARY KEY, a text); CREATE TABLE c (id int PRIMARY KEY, t int REFERENCES t ON DELETE CASCADE);
-- data
INSERT INTO t (a) VALUES ('a'),('b'),('c'); INSERT INTO c VALUES (1,1),(2,2),(3,3);
-- m2
DELETE FROM t WHERE id = 1; DROP TABLE t CASCADE;

-- case update-then-drop-both
-- m1
CREATE TABLE t (id serial PRIMARY KEY, a text); CREATE TABLE c (id int PRIMARY KEY, t int NOT NULL REFERENCES t);
-- data
INSERT INTO t (a) VALUES ('a'),('b'),('c'); INSERT INTO c VALUES (1,1),(2,2),(3,3);
-- m2
UPDATE c SET t = 1; DELETE FROM t WHERE id > 1; DROP TABLE c; DROP TABLE t;

-- case null-vs-default-column-and-table
-- m1
CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 7, b text DEFAULT 'x', c timestamptz DEFAULT now());
-- data
INSERT INTO t VALUES (1,NULL,NULL,NULL),(2,DEFAULT,DEFAULT,'2020-01-01');
-- m2
ALTER TABLE t DROP COLUMN a; DELETE FROM t WHERE id = 1; ALTER TABLE t DROP COLUMN b; DROP TABLE t;

-- case delete-then-drop-column-then-table
-- m1
CREATE TABLE t (id serial PRIMARY KEY, a text, b text NOT NULL); CREATE TABLE c (id int PRIMARY KEY, t int REFERENCES t ON DELETE CASCADE);
-- data
INSERT INTO t (a, b) VALUES ('a','1'),('b','2'),('c','3'); INSERT INTO c VALUES (1,1),(2,2),(3,3);
-- m2
DELETE FROM t WHERE id = 1; UPDATE t SET b = 'x'; ALTER TABLE t DROP COLUMN a; DELETE FROM t WHERE id = 2; DROP TABLE t CASCADE;

-- case owned-by-other-role-column-grants
-- m1
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'slipway_case_owner') THEN CREATE ROLE slipway_case_owner; END IF; END $$; CREATE TABLE t (id serial PRIMARY KEY, v text, w text); ALTER TABLE t OWNER TO slipway_case_owner; GRANT UPDATE (v, w) ON t TO PUBLIC; GRANT SELECT ON t TO PUBLIC; GRANT INSERT (w) ON t TO pg_monitor WITH GRANT OPTION;
-- data
INSERT INTO t (v, w) VALUES ('a','b'),('c','d');
-- m2
ALTER TABLE t DROP COLUMN w; DELETE FROM t WHERE id = 1; DROP TABLE t;
