Tables without a key: columns that a migration adds, and columns that code or a dropped type removes.

-- case add-column-no-key
-- m1
CREATE TABLE t (a int, v text);
-- data
INSERT INTO t VALUES (1,'a'),(1,'a');
-- m2
ALTER TABLE t ADD COLUMN x int DEFAULT 4; UPDATE t SET x = 5 WHERE a = 1;

-- case add-column-no-key-filled
-- m1
CREATE TABLE t (a int, v text);
-- data
INSERT INTO t VALUES (1,'a'),(1,'a');
-- m2
ALTER TABLE t ADD COLUMN x text; UPDATE t SET x = v || a;

-- case drop-domain-cascade
-- m1
CREATE DOMAIN email AS text CHECK (VALUE ~ '@'); CREATE TABLE t (id int PRIMARY KEY, e email NOT NULL, es email[], n text); CREATE TABLE u (e email);
-- data
INSERT INTO t VALUES (1,'a@b','{c@d,e@f}','n'),(2,'x@y',NULL,NULL); INSERT INTO u VALUES ('q@q'),('q@q'),(NULL);
-- m2
DROP DOMAIN email CASCADE;

-- case drop-composite-type-cascade-no-key
-- m1
CREATE TYPE addr AS (street text, no int); CREATE TABLE t (n text, a addr, l addr[]);
-- data
INSERT INTO t VALUES ('x','(a,1)','{"(b,2)","(,)"}'),('x','(a,1)',NULL),(NULL,NULL,NULL);
-- m2
DROP TYPE addr CASCADE;

-- case drop-column-in-do-without-key
-- m1
CREATE TABLE c (v text, w int);
-- data
INSERT INTO c VALUES ('q',1),('q',2),(NULL,NULL);
-- m2
DO $$ BEGIN ALTER TABLE c DROP COLUMN w; END $$;

-- case set-default-cascade-without-key
-- m1
CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE q (p int DEFAULT 0 REFERENCES p ON DELETE SET DEFAULT, note text);
-- data
INSERT INTO p VALUES (0),(1),(2); INSERT INTO q VALUES (1,'a'),(1,'a'),(2,'b'),(0,'a'),(NULL,'a');
-- m2
DELETE FROM p WHERE id = 1;

-- case alter-type-in-do-without-key: impossible, rows whose values code has converted cannot be found again
-- m1
CREATE TABLE c (v text, w numeric);
-- data
INSERT INTO c VALUES ('q',1.5),('q',2.5),(NULL,NULL);
-- m2
DO $$ BEGIN ALTER TABLE c ALTER w TYPE int; END $$;
