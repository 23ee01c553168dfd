Changes that no statement shows, and changes with deferred checks.

-- case check-function-deletes
-- m1
CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (id int PRIMARY KEY); CREATE FUNCTION eat(i int) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$ BEGIN DELETE FROM t WHERE id = i; RETURN true; END $$;
-- data
INSERT INTO t VALUES (1,'a'),(2,'b'); INSERT INTO u VALUES (1);
-- m2
ALTER TABLE u ADD CONSTRAINT c CHECK (eat(id));

-- case column-default-function-deletes
-- m1
CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (id int PRIMARY KEY); CREATE FUNCTION eat() RETURNS int LANGUAGE plpgsql VOLATILE AS $$ BEGIN DELETE FROM t WHERE id = 1; RETURN 1; END $$;
-- data
INSERT INTO t VALUES (1,'a'),(2,'b'); INSERT INTO u VALUES (1);
-- m2
ALTER TABLE u ADD COLUMN e int DEFAULT eat();

-- case index-function-updates
-- m1
CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (id int PRIMARY KEY); CREATE FUNCTION eat(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN i; END $$; CREATE FUNCTION dele(i int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$ BEGIN DELETE FROM public.t WHERE id = i; RETURN i; END $$; CREATE FUNCTION eat2(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN public.dele(i); END $$;
-- data
INSERT INTO t VALUES (1,'a'),(2,'b'); INSERT INTO u VALUES (1);
-- m2
CREATE INDEX ON u (eat2(id));

-- case instead-of-trigger-view
-- m1
CREATE TABLE base (id int PRIMARY KEY, a text, b text); CREATE VIEW v AS SELECT id, a || '/' || b AS ab FROM base;
CREATE FUNCTION v_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'DELETE' THEN DELETE FROM base WHERE id = OLD.id; RETURN OLD; END IF; UPDATE base SET a = split_part(NEW.ab, '/', 1), b = split_part(NEW.ab, '/', 2) WHERE id = OLD.id; RETURN NEW; END $$;
CREATE TRIGGER v_up INSTEAD OF UPDATE OR DELETE ON v FOR EACH ROW EXECUTE FUNCTION v_up();
-- data
INSERT INTO base VALUES (1,'a','b'),(2,'c','d'),(3,'e','f');
-- m2
UPDATE v SET ab = 'x/y' WHERE id < 3; DELETE FROM v WHERE id = 3;

-- case trigger-before-delete-suppresses-and-redirects
-- m1
CREATE TABLE t (id int PRIMARY KEY, st text); CREATE TABLE log (n int, x text); CREATE FUNCTION soft() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET st = 'gone' WHERE id = OLD.id; INSERT INTO log VALUES (OLD.id, OLD.st); DELETE FROM log WHERE n = 99; RETURN NULL; END $$; CREATE TRIGGER soft BEFORE DELETE ON t FOR EACH ROW EXECUTE FUNCTION soft();
-- data
INSERT INTO t VALUES (1,'a'),(2,'b'); INSERT INTO log VALUES (99,'q'),(99,'q');
-- m2
DELETE FROM t WHERE id = 1;

-- case do-execute-dynamic
-- m1
CREATE TABLE "T 1" (id int PRIMARY KEY, v text); CREATE TABLE "T 2" (id int, v text);
-- data
INSERT INTO "T 1" VALUES (1,'a'),(2,'b'); INSERT INTO "T 2" VALUES (1,'a'),(1,'a');
-- m2
DO $$ BEGIN FOR i IN 1..2 LOOP EXECUTE format('UPDATE %I SET v = v || %L', 'T ' || i, '''x'); EXECUTE format('DELETE FROM %I WHERE id = 2', 'T ' || i); END LOOP; EXECUTE 'TRUNCATE "T 2"'; END $$;

-- case session-replication-role
-- m1
CREATE TABLE p (id int PRIMARY KEY, v text); CREATE TABLE q (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE); CREATE FUNCTION boom() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$; CREATE TRIGGER no BEFORE DELETE ON p FOR EACH ROW EXECUTE FUNCTION boom();
-- data
INSERT INTO p VALUES (1,'a'),(2,'b'); INSERT INTO q VALUES (1,1),(2,2);
-- m2
SET session_replication_role = replica; DELETE FROM p WHERE id = 1; DELETE FROM q WHERE id = 1; UPDATE p SET v = 'z'; RESET session_replication_role;

-- case temp-table-shadows
-- m1
CREATE TABLE t (id int PRIMARY KEY, v text);
-- data
INSERT INTO t VALUES (1,'a'),(2,'b'),(3,'c');
-- m2
CREATE TEMP TABLE t AS SELECT * FROM public.t; DELETE FROM t; DELETE FROM public.t WHERE id = 2; DROP TABLE t;

-- case deferrable-constraints
-- m1
CREATE TABLE t (id int PRIMARY KEY, pos int UNIQUE DEFERRABLE INITIALLY DEFERRED, par int REFERENCES t DEFERRABLE INITIALLY DEFERRED);
-- data
BEGIN; INSERT INTO t VALUES (1,1,3),(2,2,1),(3,3,2); COMMIT;
-- m2
UPDATE t SET pos = 4 - pos; UPDATE t SET id = id + 10, par = par + 10; DELETE FROM t WHERE id > 10;

-- case deferrable-key-swap
-- m1
CREATE TABLE t (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, v text);
-- data
INSERT INTO t VALUES (1,'a'),(2,'b'),(3,'c');
-- m2
UPDATE t SET id = 4 - id; UPDATE t SET v = v || id; DELETE FROM t WHERE id = 1;

-- case large-object-unlinked: impossible, large objects are not kept
-- m1
CREATE TABLE t (id int PRIMARY KEY, lo oid);
-- data
INSERT INTO t VALUES (1, lo_from_bytea(0, '\x0102'));
-- m2
SELECT lo_unlink(lo) FROM t;

-- case call-outside: impossible, the effects of CALL are not seen before they are committed
-- m1
CREATE TABLE s (id int PRIMARY KEY, n int); CREATE PROCEDURE tidy(lim int) LANGUAGE sql AS $$ DELETE FROM s WHERE n < lim; $$;
-- data
INSERT INTO s SELECT n, n FROM generate_series(1, 6) AS n;
-- m2
CALL tidy(4);

-- case do-drops-and-creates-a-table
-- m1
CREATE TABLE users (id int PRIMARY KEY, note text); CREATE TABLE posts (id serial PRIMARY KEY, author int NOT NULL REFERENCES users (id) ON DELETE CASCADE, body text); CREATE TABLE tags (post int REFERENCES posts, tag text);
-- data
INSERT INTO users VALUES (1, 'old'), (2, 'xy'); INSERT INTO posts (author, body) VALUES (1, 'p'), (2, 'xy'), (2, 'b'); INSERT INTO tags VALUES (1, 'a'), (1, 'a'), (3, NULL);
-- m2
DO $$ BEGIN IF EXISTS (SELECT FROM users WHERE md5(note) = md5('x' || 'y')) THEN DROP TABLE tags; DROP TABLE posts; CREATE TABLE posts (id serial PRIMARY KEY, author int NOT NULL REFERENCES users (id) ON DELETE CASCADE, body text); CREATE TABLE tags (post int REFERENCES posts, tag text); END IF; END $$;

-- case do-drops-and-creates-a-column
-- m1
CREATE TABLE users (id int PRIMARY KEY, other text, note text);
-- data
INSERT INTO users VALUES (1, 'a', 'old'), (2, 'b', 'xy'), (3, 'c', NULL);
-- m2
DO $$ BEGIN IF EXISTS (SELECT FROM users WHERE md5(note) = md5('x' || 'y')) THEN ALTER TABLE users DROP COLUMN note; ALTER TABLE users ADD COLUMN note text; END IF; END $$;

-- case do-drops-a-column: impossible, the down migration does not know about it
-- m1
CREATE TABLE users (id int PRIMARY KEY, note text);
-- data
INSERT INTO users VALUES (1, 'old'), (2, 'xy');
-- m2
DO $$ BEGIN IF EXISTS (SELECT FROM users WHERE md5(note) = md5('x' || 'y')) THEN ALTER TABLE users DROP COLUMN note; END IF; END $$;

-- case do-drops-a-table-and-renames-another: impossible, the down migration does not know about it
-- m1
CREATE TABLE one (id int PRIMARY KEY, note text); CREATE TABLE two (id int PRIMARY KEY, note text);
-- data
INSERT INTO one VALUES (1, 'xy'); INSERT INTO two VALUES (2, 'b');
-- m2
DO $$ BEGIN IF EXISTS (SELECT FROM one WHERE md5(note) = md5('x' || 'y')) THEN DROP TABLE one; ALTER TABLE two RENAME TO one; END IF; END $$;

-- case trigger-of-an-update-deletes-rarely
-- m1
CREATE TABLE users (id int PRIMARY KEY, note text); CREATE TABLE posts (id int PRIMARY KEY, author int REFERENCES users);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF md5(NEW.note) = md5('x' || 'y') THEN DELETE FROM posts WHERE author = NEW.id; END IF; RETURN NEW; END $$; CREATE TRIGGER t AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f();
-- data
INSERT INTO users VALUES (1, 'old'), (2, 'xy'); INSERT INTO posts VALUES (1, 1), (2, 2), (3, 2);
-- m2
ALTER TABLE users ADD COLUMN f text; UPDATE users SET f = note;

-- case call-commits-and-deletes: impossible, the effects of CALL are not seen before they are committed
-- m1
CREATE TABLE posts (id int PRIMARY KEY, body text); CREATE PROCEDURE tidy() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM posts WHERE md5(body) = md5('x' || 'y'); COMMIT; END $$;
-- data
INSERT INTO posts VALUES (1, 'p'), (2, 'xy');
-- m2
CALL tidy();

-- case column-of-a-row-type
-- m1
CREATE TABLE a (id serial PRIMARY KEY, x text, z int); CREATE TABLE b (id int PRIMARY KEY, y a);
-- data
INSERT INTO a (x) VALUES ('one'); INSERT INTO b VALUES (1, ROW(7, 'in "n" (e),r', 8)), (2, NULL), (3, ROW(NULL, NULL, NULL));
-- m2
ALTER TABLE a DROP COLUMN x;

-- case last-column-of-a-row-type-within-others
-- m1
CREATE TABLE a (id int, x text); CREATE DOMAIN whole AS a; CREATE TYPE crate AS (n int, content a); CREATE TABLE b (id int PRIMARY KEY, many a[], one whole, boxed crate);
-- data
INSERT INTO b VALUES (1, ARRAY[ROW(7, 'inner')::a, NULL], ROW(8, 'w'), ROW(1, ROW(9, 'boxed')::a)::crate), (2, NULL, NULL, NULL);
-- m2
ALTER TABLE a DROP COLUMN x;

-- case column-of-a-row-type-within-an-array: impossible, it is restored after the other columns
-- m1
CREATE TABLE a (id int, x text, z text); CREATE TABLE b (id int PRIMARY KEY, many a[]);
-- data
INSERT INTO b VALUES (1, ARRAY[ROW(7, 'inner', 'last')::a]);
-- m2
ALTER TABLE a DROP COLUMN x;

-- case attribute-of-a-type-within-others
-- m1
CREATE TYPE p AS (x int, y text); CREATE DOMAIN whole AS p; CREATE TABLE t (id int PRIMARY KEY, one whole, more whole[]);
-- data
INSERT INTO t VALUES (1, ROW(1, 'a'), ARRAY[ROW(2, 'b')::whole]), (2, NULL, NULL);
-- m2
ALTER TYPE p DROP ATTRIBUTE y;
