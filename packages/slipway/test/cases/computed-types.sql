Changes of type that compute the new values, which cannot be converted back.

-- case computed-type-no-cast-back
-- m1
CREATE TABLE t (id int PRIMARY KEY, price int NOT NULL DEFAULT 5, v text);
-- data
INSERT INTO t VALUES (1,10),(2,20);
-- m2
ALTER TABLE t ALTER price DROP DEFAULT, ALTER price TYPE text USING 'EUR ' || price;

-- case computed-type-no-cast-back-no-key
-- m1
CREATE TABLE t (price int, v text);
-- data
INSERT INTO t VALUES (10,'a'),(10,'a'),(NULL,'b');
-- m2
ALTER TABLE t ALTER price TYPE text USING 'EUR ' || price;

-- case bool-to-text
-- m1
CREATE TABLE t (id int PRIMARY KEY, a boolean NOT NULL);
-- data
INSERT INTO t VALUES (1,true),(2,false);
-- m2
ALTER TABLE t ALTER a TYPE text USING CASE WHEN a THEN 'active' ELSE 'off' END;

-- case enum-to-int
-- m1
CREATE TYPE st AS ENUM ('a','b'); CREATE TABLE t (id int PRIMARY KEY, s st NOT NULL DEFAULT 'a');
-- data
INSERT INTO t VALUES (1,'a'),(2,'b');
-- m2
ALTER TABLE t ALTER s DROP DEFAULT; ALTER TABLE t ALTER s TYPE int USING CASE s WHEN 'a' THEN 1 ELSE 2 END;

-- case array-to-scalar
-- m1
CREATE TABLE t (id int PRIMARY KEY, a int[]);
-- data
INSERT INTO t VALUES (1,'{1,2}'),(2,NULL),(3,'{}');
-- m2
ALTER TABLE t ALTER a TYPE int USING a[1];

-- case ts-to-epoch
-- m1
CREATE TABLE t (id int PRIMARY KEY, at timestamptz NOT NULL); CREATE INDEX ON t (at);
-- data
INSERT INTO t VALUES (1,'2024-01-01 00:00:00.123456+00');
-- m2
ALTER TABLE t ALTER at TYPE bigint USING extract(epoch FROM at)::bigint;

-- case uuid-to-text-hash
-- m1
CREATE TABLE t (id uuid PRIMARY KEY, v text); CREATE TABLE c (id int PRIMARY KEY, t uuid);
-- data
INSERT INTO t VALUES ('00000000-0000-0000-0000-000000000001','a'); INSERT INTO c VALUES (1,'00000000-0000-0000-0000-000000000001');
-- m2
ALTER TABLE t ALTER id TYPE text USING 'u_' || left(id::text, 8); ALTER TABLE c ALTER t TYPE text USING 'u_' || left(t::text, 8);

-- case type-using-several-columns-swapped
-- m1
CREATE TABLE t (id int PRIMARY KEY, a text, b text, c int);
-- data
INSERT INTO t VALUES (1,'1','x',5),(2,NULL,'y',NULL),(3,'3',NULL,7);
-- m2
ALTER TABLE t ALTER a TYPE int USING c, ALTER b TYPE varchar(2) USING a, ALTER c TYPE text USING b;

-- case type-numeric-int-no-key
-- m1
CREATE TABLE t (a numeric, v text);
-- data
INSERT INTO t VALUES (1.5,'a'),(1.25,'a'),(NULL,'x');
-- m2
ALTER TABLE t ALTER a TYPE int USING a * 10;

-- case text-to-array-and-json
-- m1
CREATE TABLE t (id int PRIMARY KEY, tags text, meta text);
-- data
INSERT INTO t VALUES (1,'a,b','{"x":  1}'),(2,NULL,NULL),(3,'','[]');
-- m2
ALTER TABLE t ALTER tags TYPE text[] USING string_to_array(tags, ','), ALTER meta TYPE jsonb USING meta::jsonb;

-- case type-of-heirs-and-partitions
-- m1
CREATE TABLE m (k int, v text, PRIMARY KEY (k)) PARTITION BY RANGE (k); CREATE TABLE ma PARTITION OF m FOR VALUES FROM (0) TO (5); CREATE TABLE mb PARTITION OF m DEFAULT; CREATE TABLE par (id int PRIMARY KEY, v text); CREATE TABLE kid (x int) INHERITS (par);
-- data
INSERT INTO m VALUES (1,'1.50'),(7,'7.00'); INSERT INTO par VALUES (1,'1.0'); INSERT INTO kid VALUES (1,'2.0',1),(1,'2.00',2);
-- m2
ALTER TABLE m ALTER v TYPE numeric USING v::numeric * 1; ALTER TABLE par ALTER v TYPE float8 USING v::float8;
