-- case refreshed-concurrently: impossible, no query returns rows that are older than the tables
-- m1
CREATE TABLE t (id int primary key); CREATE MATERIALIZED VIEW m AS SELECT id FROM t; CREATE UNIQUE INDEX m_id ON m (id);
-- data
INSERT INTO t VALUES (1);
-- m2
REFRESH MATERIALIZED VIEW CONCURRENTLY m;
-- case refreshed: impossible, no query returns rows that are older than the tables
-- m1
CREATE TABLE t (id int primary key); CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
-- data
INSERT INTO t VALUES (1);
-- m2
REFRESH MATERIALIZED VIEW m;
-- case dropped: impossible, no query returns rows that are older than the tables
-- m1
CREATE TABLE t (id int primary key); CREATE MATERIALIZED VIEW m AS SELECT id FROM t;
-- data
INSERT INTO t VALUES (1);
-- m2
DROP MATERIALIZED VIEW m;
-- case made-again-for-a-column: impossible, no query returns rows that are older than the tables
-- m1
CREATE TABLE t (id int primary key, v int); CREATE MATERIALIZED VIEW m AS SELECT id, v FROM t;
-- data
INSERT INTO t VALUES (1, 1);
-- m2
ALTER TABLE t DROP COLUMN v CASCADE;
