Rows that statements delete, overwrite and insert, directly or indirectly: captured while the server changes them.

-- case delete-by-limit-without-order
-- m1
CREATE TABLE job (id int PRIMARY KEY, payload text);
-- data
INSERT INTO job SELECT n, 'p' || n FROM generate_series(1, 30) AS n;
-- m2
DELETE FROM job WHERE ctid IN (SELECT ctid FROM job LIMIT 7);

-- case update-with-volatile-values
-- m1
CREATE TABLE token (id int PRIMARY KEY, secret text NOT NULL, used boolean NOT NULL);
-- data
INSERT INTO token SELECT n, 's' || n, n % 2 = 0 FROM generate_series(1, 20) AS n;
-- m2
UPDATE token SET secret = md5(random()::text), used = random() < 0.5 WHERE random() < 0.7;

-- case do-block-with-loop
-- m1
CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);
-- data
INSERT INTO account VALUES (1, 10), (2, 20), (3, 30);
-- m2
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM account LOOP
  UPDATE account SET balance = balance * 2 WHERE id = r.id; UPDATE account SET balance = balance + 1 WHERE id = r.id;
  IF r.id = 2 THEN DELETE FROM account WHERE id = 2; INSERT INTO account VALUES (2, 0); END IF; END LOOP; END $$;

-- case procedure-in-a-transaction
-- m1
CREATE TABLE stock (id int PRIMARY KEY, n int); CREATE PROCEDURE tidy() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM stock WHERE n = 0; UPDATE stock SET n = n - 1; END $$;
-- data
INSERT INTO stock SELECT n, n % 3 FROM generate_series(1, 12) AS n;
-- m2
DO $$ BEGIN CALL tidy(); END $$;

-- case merge
-- m1
CREATE TABLE price (id int PRIMARY KEY, amount numeric(9, 2)); CREATE TABLE feed (id int PRIMARY KEY, amount numeric(9, 2));
-- data
INSERT INTO price VALUES (1, 1.50), (2, 2), (3, NULL); INSERT INTO feed VALUES (1, 9), (2, NULL), (4, 4);
-- m2
MERGE INTO price p USING feed f ON p.id = f.id WHEN MATCHED AND f.amount IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET amount = f.amount WHEN NOT MATCHED THEN INSERT VALUES (f.id, f.amount);

-- case upsert
-- m1
CREATE TABLE setting (key text PRIMARY KEY, value text);
-- data
INSERT INTO setting VALUES ('a', 'old'), ('b', NULL);
-- m2
INSERT INTO setting VALUES ('a', 'new'), ('c', 'new') ON CONFLICT (key) DO UPDATE SET value = excluded.value;

-- case insert-from-a-query
-- m1
CREATE TABLE source (id int PRIMARY KEY, name text); CREATE TABLE copy (id int PRIMARY KEY, name text); CREATE TABLE plain (name text);
-- data
INSERT INTO source VALUES (1, 'a'), (2, 'b'); INSERT INTO copy VALUES (9, 'z'); INSERT INTO plain VALUES ('a'), ('a');
-- m2
INSERT INTO copy SELECT * FROM source; INSERT INTO plain SELECT name FROM source;

-- case insert-by-a-function
-- m1
CREATE TABLE log (id serial PRIMARY KEY, line text, parent int REFERENCES log); CREATE FUNCTION note() RETURNS void LANGUAGE sql AS $$ INSERT INTO log (id, line) VALUES (100, 'x'); INSERT INTO log (id, line, parent) VALUES (101, 'y', 100) $$;
-- data
INSERT INTO log (line) VALUES ('a');
-- m2
SELECT note();

-- case cycle-of-cascades
-- m1
CREATE TABLE a (id int PRIMARY KEY, b_id int); CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a ON DELETE CASCADE);
ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b_id) REFERENCES b ON DELETE CASCADE;
-- data
INSERT INTO a VALUES (1, NULL), (2, NULL), (3, NULL); INSERT INTO b VALUES (1, 1), (2, 2), (3, 3); UPDATE a SET b_id = id % 3 + 1;
-- m2
DELETE FROM a WHERE id = 1;

-- case set-null-and-set-default
-- m1
CREATE TABLE team (id int PRIMARY KEY); CREATE TABLE member (id int PRIMARY KEY, team int REFERENCES team ON DELETE SET NULL, former int DEFAULT 1 REFERENCES team ON DELETE SET DEFAULT, name text);
-- data
INSERT INTO team VALUES (1), (2), (3); INSERT INTO member VALUES (1, 2, 3, 'a'), (2, 2, 2, 'b'), (3, 3, 1, 'c');
-- m2
DELETE FROM team WHERE id > 1;

-- case cascaded-key-change
-- m1
CREATE TABLE country (code text PRIMARY KEY, name text); CREATE TABLE town (id int PRIMARY KEY, country text REFERENCES country ON UPDATE CASCADE ON DELETE CASCADE);
-- data
INSERT INTO country VALUES ('uk', 'Kingdom'), ('de', 'Land'); INSERT INTO town VALUES (1, 'uk'), (2, 'de'), (3, 'uk');
-- m2
UPDATE country SET code = upper(code);

-- case key-change-and-reuse
-- m1
CREATE TABLE slot (id int PRIMARY KEY, v text);
-- data
INSERT INTO slot VALUES (1, 'a'), (2, 'b'), (3, 'c');
-- m2
UPDATE slot SET id = id + 100; UPDATE slot SET id = 104 - id, v = v || '!' WHERE id > 100;

-- case update-without-key
-- m1
CREATE TABLE reading (at int, v numeric, note text);
-- data
INSERT INTO reading VALUES (1, 1, NULL), (1, 1, NULL), (2, 5, 'x'), (NULL, NULL, NULL);
-- m2
UPDATE reading SET v = v * 10, note = 'scaled';

-- case delete-without-key
-- m1
CREATE TABLE reading (at int, v numeric, note text);
-- data
INSERT INTO reading VALUES (1, 1, NULL), (1, 1, NULL), (2, 5, 'x'), (NULL, NULL, NULL);
-- m2
DELETE FROM reading WHERE v = 1 OR v IS NULL;

-- case heirs-two-levels
-- m1
CREATE TABLE animal (id int PRIMARY KEY, name text); CREATE TABLE bird (wings int NOT NULL) INHERITS (animal); CREATE TABLE owl (night boolean) INHERITS (bird);
-- data
INSERT INTO animal VALUES (1, 'a'); INSERT INTO bird VALUES (2, 'b', 2); INSERT INTO owl VALUES (3, 'o', 2, true), (4, 'p', 2, false);
-- m2
UPDATE animal SET name = upper(name); DELETE FROM bird WHERE id > 2;

-- case partitions
-- m1
CREATE TABLE event (id int, at int, v text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10); CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10) TO (20);
-- data
INSERT INTO event SELECT n, n, 'v' || n FROM generate_series(1, 19) AS n;
-- m2
UPDATE event SET at = at + 10 WHERE at BETWEEN 3 AND 5; DELETE FROM event_1 WHERE at > 7; DELETE FROM event WHERE at = 12;

-- case truncated-partition
-- m1
CREATE TABLE event (id int, at int, v text) PARTITION BY RANGE (at); CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10); CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (10) TO (20);
-- data
INSERT INTO event SELECT n, n, 'v' || n FROM generate_series(1, 19) AS n;
-- m2
DO $$ BEGIN TRUNCATE event_2; END $$;

-- case truncate-cascade
-- m1
CREATE TABLE up (id serial PRIMARY KEY, v text); CREATE TABLE down (id serial PRIMARY KEY, up_id int NOT NULL REFERENCES up);
-- data
INSERT INTO up (v) VALUES ('a'), ('b'); INSERT INTO down (up_id) VALUES (1), (2), (2);
-- m2
TRUNCATE up RESTART IDENTITY CASCADE;

-- case trigger-that-deletes-elsewhere
-- m1
CREATE TABLE head (id int PRIMARY KEY, v text); CREATE TABLE line (id int PRIMARY KEY, head int, v text);
CREATE FUNCTION clean() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM line WHERE head = OLD.id; RETURN OLD; END $$;
CREATE TRIGGER clean BEFORE DELETE ON head FOR EACH ROW EXECUTE FUNCTION clean();
-- data
INSERT INTO head VALUES (1, 'a'), (2, 'b'); INSERT INTO line VALUES (1, 1, 'x'), (2, 1, 'y'), (3, 2, 'z');
-- m2
DELETE FROM head WHERE id = 1;

-- case trigger-that-stamps
-- m1
CREATE TABLE doc (id int PRIMARY KEY, body text, touched int NOT NULL DEFAULT 0);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.touched := OLD.touched + 1; RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE UPDATE ON doc FOR EACH ROW EXECUTE FUNCTION stamp();
-- data
INSERT INTO doc VALUES (1, 'a', 5), (2, 'b', 7);
-- m2
UPDATE doc SET body = 'new'; UPDATE doc SET body = 'newer' WHERE id = 1;

-- case rule-that-does-more
-- m1
CREATE TABLE asked (id int PRIMARY KEY); CREATE TABLE victim (id int PRIMARY KEY, v text); CREATE RULE more AS ON DELETE TO asked DO ALSO DELETE FROM victim WHERE id = OLD.id;
-- data
INSERT INTO asked VALUES (1), (2); INSERT INTO victim VALUES (1, 'a'), (2, 'b'), (3, 'c');
-- m2
DELETE FROM asked WHERE id = 2;

-- case through-a-view
-- m1
CREATE TABLE base (id int PRIMARY KEY, v text, hidden text); CREATE VIEW seen AS SELECT id, v FROM base WHERE id < 3;
-- data
INSERT INTO base VALUES (1, 'a', 'h1'), (2, 'b', 'h2'), (3, 'c', 'h3');
-- m2
DELETE FROM seen WHERE id = 2; UPDATE seen SET v = 'z';

-- case queries-that-change-rows
-- m1
CREATE TABLE todo (id int PRIMARY KEY, v text); CREATE TABLE done (id int PRIMARY KEY, v text);
-- data
INSERT INTO todo VALUES (1, 'a'), (2, 'b'); INSERT INTO done VALUES (9, 'z');
-- m2
WITH moved AS (DELETE FROM todo WHERE id = 1 RETURNING *), changed AS (UPDATE done SET v = 'y' RETURNING 1) INSERT INTO done SELECT * FROM moved;

-- case deferred-trigger
-- m1
CREATE TABLE first (id int PRIMARY KEY); CREATE TABLE second (id int PRIMARY KEY, v text);
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE second SET v = 'late'; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON first DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();
-- data
INSERT INTO second VALUES (1, 'a'), (2, NULL);
-- m2
INSERT INTO first SELECT 1;

-- case rolled-back-savepoint
-- m1
CREATE TABLE try (id int PRIMARY KEY, v text);
-- data
INSERT INTO try VALUES (1, 'a'), (2, 'b'), (3, 'c');
-- m2
DO $$ BEGIN BEGIN DELETE FROM try; RAISE EXCEPTION 'no'; EXCEPTION WHEN raise_exception THEN NULL; END; DELETE FROM try WHERE id = 2; END $$;

-- case triggers-off-and-on
-- m1
CREATE TABLE busy (id int PRIMARY KEY, v text); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER t BEFORE UPDATE ON busy FOR EACH ROW EXECUTE FUNCTION f();
-- data
INSERT INTO busy VALUES (1, 'a'), (2, 'b');
-- m2
DELETE FROM busy WHERE id = 2; ALTER TABLE busy DISABLE TRIGGER ALL; UPDATE busy SET v = 'x'; ALTER TABLE busy ENABLE TRIGGER ALL;

-- case dropped-in-code
-- m1
CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE old (id int PRIMARY KEY, v text, w text);
-- data
INSERT INTO t VALUES (1, 'a'); INSERT INTO old VALUES (1, 'x', 'y'), (2, NULL, 'z');
-- m2
DO $$ BEGIN INSERT INTO t SELECT id + 10, v FROM old; DROP TABLE old; ALTER TABLE t DROP COLUMN v; END $$;

-- case converted-in-code
-- m1
CREATE TABLE m (id int PRIMARY KEY, n numeric(9, 3), s text);
-- data
INSERT INTO m VALUES (1, 1.234, 'long'), (2, NULL, 'longer');
-- m2
DO $$ BEGIN ALTER TABLE m ALTER COLUMN n TYPE int USING n * 2, ALTER COLUMN s TYPE varchar(3) USING left(s, 3); END $$;

-- case computed-same-type
-- m1
CREATE TABLE e (id int PRIMARY KEY, s text NOT NULL, t text);
-- data
INSERT INTO e VALUES (1, 'Abc', 'x'), (2, 'dEf', NULL);
-- m2
ALTER TABLE e ALTER COLUMN s TYPE text USING lower(s), ALTER COLUMN t TYPE text USING coalesce(t, 'none'); UPDATE e SET s = s || '!';

-- case extension-in-a-schema
-- m1
CREATE EXTENSION hstore; CREATE TABLE bag (id int PRIMARY KEY, h hstore, hs hstore[] DEFAULT '{}');
-- data
INSERT INTO bag VALUES (1, 'a=>1', ARRAY['b=>2'::hstore]), (2, NULL, NULL);
-- m2
DROP EXTENSION hstore CASCADE;

-- case type-cascade
-- m1
CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN word AS text CHECK (VALUE <> ''); CREATE TABLE p (id int PRIMARY KEY, m mood DEFAULT 'ok', w word, n text);
-- data
INSERT INTO p VALUES (1, 'sad', 'x', 'n'), (2, NULL, NULL, 'n');
-- m2
DROP TYPE mood CASCADE; DROP DOMAIN word CASCADE;

-- case dropped-attribute
-- m1
CREATE TYPE address AS (street text, town text); CREATE TABLE home (id int PRIMARY KEY, at address, more address[]);
-- data
INSERT INTO home VALUES (1, ROW('s', 't'), ARRAY[ROW('u', 'v')::address]), (2, NULL, NULL);
-- m2
ALTER TYPE address DROP ATTRIBUTE town CASCADE;

-- case first-attribute: impossible, PostgreSQL adds an attribute after the others
-- m1
CREATE TYPE p AS (x int, y text); CREATE TABLE t (id serial PRIMARY KEY, p p);
-- data
INSERT INTO t (p) VALUES (ROW(1, 'a, "b" \ c')), (ROW(NULL, 'd')), (ROW(2, '')), (ROW(NULL, NULL)), (NULL);
-- m2
ALTER TYPE p DROP ATTRIBUTE x;

-- case rows-with-exchanged-attributes
-- m1
CREATE TYPE pair AS (a text, b text, c text); ALTER TYPE pair DROP ATTRIBUTE a; CREATE TABLE t (id int PRIMARY KEY, p pair);
-- data
INSERT INTO t VALUES (1, ROW('b1', 'c1')), (2, ROW('b2', NULL)), (3, NULL);
-- m2
ALTER TYPE pair RENAME ATTRIBUTE b TO d; ALTER TYPE pair RENAME ATTRIBUTE c TO b; ALTER TYPE pair RENAME ATTRIBUTE d TO c;
DELETE FROM t WHERE id < 3;

-- case composite-and-its-type
-- m1
CREATE TYPE pair AS (a int, b text); ALTER TYPE pair DROP ATTRIBUTE a; ALTER TYPE pair ADD ATTRIBUTE c int; CREATE TABLE t (id int PRIMARY KEY, p pair);
-- data
INSERT INTO t VALUES (1, ROW('b1', 1)), (2, NULL);
-- m2
DROP TYPE pair CASCADE;

-- case update-then-drop-column
-- m1
CREATE TABLE item (id int PRIMARY KEY, a int, b int NOT NULL);
-- data
INSERT INTO item VALUES (1, 1, 10), (2, 2, 20);
-- m2
UPDATE item SET a = b, b = 0; DELETE FROM item WHERE id = 2; ALTER TABLE item DROP COLUMN b;

-- case values-before-their-constraints
-- m1
CREATE TABLE u (id int PRIMARY KEY, email text UNIQUE, age int CHECK (age > 0), kind text NOT NULL);
-- data
INSERT INTO u VALUES (1, 'a', 1, 'x'), (2, 'b', 2, 'y');
-- m2
ALTER TABLE u DROP CONSTRAINT u_email_key, DROP CONSTRAINT u_age_check, ALTER COLUMN kind DROP NOT NULL; UPDATE u SET email = 'same', age = -1, kind = NULL;

-- case names-exchanged
-- m1
CREATE TABLE r (id int PRIMARY KEY, a text, b text);
-- data
INSERT INTO r VALUES (1, 'a', 'b'), (2, NULL, 'c');
-- m2
ALTER TABLE r RENAME COLUMN a TO c; ALTER TABLE r RENAME COLUMN b TO a; ALTER TABLE r RENAME COLUMN c TO b; UPDATE r SET a = 'x', b = 'y' WHERE id = 1; DELETE FROM r WHERE id = 2;

-- case renamed-then-dropped
-- m1
CREATE TABLE log (id int PRIMARY KEY, line text, note text);
-- data
INSERT INTO log VALUES (1, 'l', 'n'), (2, 'm', NULL);
-- m2
ALTER TABLE log RENAME COLUMN note TO old_note; ALTER TABLE log DROP COLUMN old_note; ALTER TABLE log RENAME TO log_old;

-- case odd-names
-- m1
CREATE SCHEMA "Odd schema"; CREATE TABLE "Odd schema"."t able" ("k ey" int PRIMARY KEY, "o" text, "k" text, "t" text, "n" text, "_x""y" text);
-- data
INSERT INTO "Odd schema"."t able" VALUES (1, 'o', 'k', 't', 'n', 'x'), (2, 'o', 'k', 't', 'n', 'y');
-- m2
UPDATE "Odd schema"."t able" SET "o" = 'p', "_x""y" = 'z'; DELETE FROM "Odd schema"."t able" WHERE "k ey" = 2; DO $$ BEGIN UPDATE "Odd schema"."t able" SET "k" = 'q', "k ey" = 5; END $$;

-- case types-without-equality
-- m1
CREATE TABLE j (id int PRIMARY KEY, d json, p point, x xml, b bytea, a int[], r int4range, i interval);
-- data
INSERT INTO j VALUES (1, '{"b": 1, "a": [2]}', '(1,2)', '<a/>', '\x00ff', '{1,NULL}', '[1,5)', '1 day'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
-- m2
DO $$ BEGIN UPDATE j SET d = '[]', p = '(0,0)', x = '<b/>', b = '\x01', a = NULL, r = 'empty', i = '2 days' WHERE id = 1; DELETE FROM j WHERE id = 2; END $$;

-- case generated-and-identity
-- m1
CREATE TABLE g (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int, twice int GENERATED ALWAYS AS (n * 2) STORED);
-- data
INSERT INTO g (n) SELECT generate_series(1, 5);
-- m2
DELETE FROM g WHERE id = 3; UPDATE g SET n = n + 1; DO $$ BEGIN UPDATE g SET n = n * 5 WHERE id = 1; END $$;

-- case content-replaced
-- m1
CREATE TABLE cache (id int PRIMARY KEY, v text); CREATE TABLE plain (v text);
-- data
INSERT INTO cache VALUES (1, 'a'), (2, 'b'); INSERT INTO plain VALUES ('x'), ('x'), ('y');
-- m2
DELETE FROM cache; INSERT INTO cache SELECT n, 'new' FROM generate_series(2, 4) AS n; DELETE FROM plain; INSERT INTO plain SELECT 'x' FROM generate_series(1, 3);

-- case role-taken-by-the-file
-- m1
CREATE TABLE held (id int PRIMARY KEY, v text);
-- data
INSERT INTO held VALUES (1, 'a'), (2, 'b');
-- m2
SET LOCAL search_path = pg_catalog; DELETE FROM public.held WHERE id = 1; UPDATE public.held SET v = 'z'; RESET search_path;

-- case composite-key-partial-set-null
-- m1
CREATE TABLE tenant_user (tenant int, id int, name text, PRIMARY KEY (tenant, id)); CREATE TABLE post (tenant int NOT NULL, id int, author int, PRIMARY KEY (tenant, id), FOREIGN KEY (tenant, author) REFERENCES tenant_user ON DELETE SET NULL (author));
-- data
INSERT INTO tenant_user VALUES (1,1,'a'),(1,2,'b'),(2,1,'c'); INSERT INTO post VALUES (1,1,1),(1,2,2),(2,1,1),(2,2,NULL);
-- m2
DELETE FROM tenant_user WHERE id = 1;

-- case composite-key-with-nulls-match-full
-- m1
CREATE TABLE p (a int, b text, UNIQUE (a, b)); CREATE TABLE q (a int, b text, note text, FOREIGN KEY (a, b) REFERENCES p (a, b) MATCH FULL ON DELETE CASCADE ON UPDATE CASCADE);
-- data
INSERT INTO p VALUES (1,'x'),(2,'y'),(NULL,'z'),(3,NULL); INSERT INTO q VALUES (1,'x','m'),(1,'x','m'),(NULL,NULL,'n'),(2,'y',NULL);
-- m2
UPDATE p SET b = b || '!' WHERE a = 1; DELETE FROM p WHERE a = 2 OR a IS NULL;

-- case sub-partitions-default-move
-- m1
CREATE TABLE ev (id int, region text, at date, v text, PRIMARY KEY (id, region, at)) PARTITION BY LIST (region);
CREATE TABLE ev_eu PARTITION OF ev FOR VALUES IN ('eu') PARTITION BY RANGE (at); CREATE TABLE ev_eu_24 PARTITION OF ev_eu FOR VALUES FROM ('2024-01-01') TO ('2025-01-01'); CREATE TABLE ev_eu_d PARTITION OF ev_eu DEFAULT; CREATE TABLE ev_d PARTITION OF ev DEFAULT;
-- data
INSERT INTO ev SELECT n, CASE n % 3 WHEN 0 THEN 'eu' WHEN 1 THEN 'us' ELSE 'xx' END, date '2024-11-01' + n * 10, 'v' || n FROM generate_series(1, 12) AS n;
-- m2
UPDATE ev SET region = 'eu' WHERE region = 'us'; UPDATE ev SET at = at + 400 WHERE id % 2 = 0; DELETE FROM ev_d WHERE id > 8; DELETE FROM ev WHERE id = 3;

-- case identity-always-updated-key
-- m1
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
-- data
INSERT INTO t (v) VALUES ('a'),('b'),('c');
-- m2
UPDATE t SET id = DEFAULT WHERE v = 'b'; DELETE FROM t WHERE v = 'a';

-- case arrays-ranges-bytea-jsonb-values
-- m1
CREATE TABLE t (id int PRIMARY KEY, a int[], aa text[][], r int4range, mr int4multirange, b bytea, j jsonb, js json, x xml, p point, i inet, iv interval, tz timestamptz, f float8, n numeric, bt bit(5), ts tsvector, mny money, u uuid, ch char(5));
-- data
INSERT INTO t VALUES (1,'[0:2]={1,2,3}','{{a,b},{c,NULL}}','[1,5)','{[1,2),[4,9)}','\x00ff27','{"a": "\u00e9", "n": 12345678901234567890.123}','{"b" :1,  "b":2}','<a>1</a>','(1,2)','10.0.0.1/8','1 mon -3 days 04:05:06.000007','2024-03-31 02:30:00.123456+00','0.1','12345678901234567890.000',B'10101','a:1 b:2','12.34','00000000-0000-0000-0000-000000000001','ab'),(2,'{}','{}','empty','{}','','null','null',NULL,'(NaN,Infinity)',NULL,'-1 year','infinity','NaN','NaN',NULL,'',NULL,NULL,'');
-- m2
UPDATE t SET a = NULL, aa = NULL, r = NULL, mr = NULL, b = NULL, j = NULL, js = NULL, x = NULL, p = NULL, i = NULL, iv = NULL, tz = NULL, f = NULL, n = NULL, bt = NULL, ts = NULL, mny = NULL, u = NULL, ch = NULL;

-- case columns-named-as-our-aliases
-- m1
CREATE TABLE k (t int PRIMARY KEY, k text, n text, v text, o text, m text, c text, p text, r text, target text, stored text, _slipway_x text); CREATE TABLE t (t text, k text, p text, o text);
-- data
INSERT INTO k VALUES (1,'k','n','v','o','m','c','p','r','t','s','x'); INSERT INTO k (t) VALUES (2); INSERT INTO t VALUES ('t','k','p','o'),('t','k','p','o');
-- m2
UPDATE k SET k = 'z', n = 'z', o = 'z', _slipway_x = 'y'; DELETE FROM k WHERE t = 2; UPDATE t SET k = t || k; DELETE FROM t WHERE ctid = (SELECT max(ctid) FROM t); ALTER TABLE k DROP COLUMN m;
