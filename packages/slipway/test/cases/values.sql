-- Values of dropped and converted columns, and the constraints that they must satisfy.
-- case nulls-beside-a-default
-- m1
CREATE TABLE a (id int PRIMARY KEY, n int DEFAULT 5, t timestamptz DEFAULT now());
-- data
INSERT INTO a VALUES (1, NULL, NULL), (2, 7, '2026-01-01');
-- m2
ALTER TABLE a DROP COLUMN n, DROP COLUMN t;
-- case nulls-of-an-enum-without-key
-- m1
CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE a (id int, m mood DEFAULT 'good');
-- data
INSERT INTO a VALUES (1, NULL), (2, 'bad'), (2, 'bad');
-- m2
ALTER TABLE a DROP COLUMN m; DROP TYPE mood;
-- case key-converted
-- m1
CREATE TABLE a (id text PRIMARY KEY, v text NOT NULL);
-- data
INSERT INTO a VALUES ('007', 'x'), ('08', 'y');
-- m2
ALTER TABLE a ALTER COLUMN id TYPE int USING id::int;
-- case converted-without-key
-- m1
CREATE TABLE a (v text);
-- data
INSERT INTO a VALUES ('007'), ('7'), (NULL);
-- m2
ALTER TABLE a ALTER COLUMN v TYPE int USING coalesce(v, '0')::int;
-- case created-again-in-one-statement
-- m1
CREATE TABLE a (id int PRIMARY KEY, n numeric(8,2) DEFAULT 1);
-- data
INSERT INTO a VALUES (1, 10.25), (2, NULL);
-- m2
ALTER TABLE a DROP COLUMN n, ADD COLUMN n jsonb;
-- case enum-value-under-a-trigger
-- m1
CREATE TYPE status AS ENUM ('new', 'done'); CREATE TABLE a (id int PRIMARY KEY, s status NOT NULL DEFAULT 'new'); CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER t BEFORE UPDATE OF s ON a FOR EACH ROW WHEN (OLD.s IS DISTINCT FROM NEW.s) EXECUTE FUNCTION noop();
-- data
INSERT INTO a VALUES (1, 'new'), (2, 'done');
-- m2
ALTER TYPE status ADD VALUE 'gone';
-- case enum-value-under-a-policy
-- m1
CREATE TYPE status AS ENUM ('new', 'done'); CREATE TABLE a (id int PRIMARY KEY, s status NOT NULL); ALTER TABLE a ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON a USING (s = 'new'); CREATE RULE r AS ON UPDATE TO a WHERE OLD.s = 'done' DO INSTEAD NOTHING;
-- data
INSERT INTO a VALUES (1, 'new'), (2, 'done');
-- m2
ALTER TYPE status ADD VALUE 'gone' BEFORE 'done';
-- case type-under-a-trigger
-- m1
CREATE TABLE a (id int PRIMARY KEY, s varchar(10)); CREATE FUNCTION noop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER t AFTER UPDATE OF s ON a FOR EACH ROW EXECUTE FUNCTION noop(); ALTER TABLE a DISABLE TRIGGER t; COMMENT ON TRIGGER t ON a IS 'kept';
-- data
INSERT INTO a VALUES (1, 'x');
-- m2
DROP TRIGGER t ON a; ALTER TABLE a ALTER COLUMN s TYPE text;
-- case extension-types
-- m1
CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION cube; CREATE TABLE a (id int PRIMARY KEY, c citext NOT NULL, h hstore DEFAULT '', q cube, l citext[]);
-- data
INSERT INTO a VALUES (1, 'Ab', 'k=>1', '(1,2)', '{a,B}'), (2, 'b', NULL, NULL, NULL);
-- m2
ALTER TABLE a DROP COLUMN c, DROP COLUMN h, DROP COLUMN q, DROP COLUMN l;
-- case types-with-modifiers
-- m1
CREATE TABLE a (id int PRIMARY KEY, n numeric(6,2) NOT NULL, b bit varying(5), i interval day to second(2), t timestamp(3) with time zone, c char(4)[]);
-- data
INSERT INTO a VALUES (1, 1.25, '101', '1 day 02:03:04.55', '2026-01-01 00:00:00.123+00', '{a,b}');
-- m2
ALTER TABLE a DROP COLUMN n, DROP COLUMN b, DROP COLUMN i, DROP COLUMN t, DROP COLUMN c;
-- case key-dropped-later
-- m1
CREATE TABLE a (id int PRIMARY KEY, v text NOT NULL);
-- data
INSERT INTO a VALUES (1, 'x'), (2, 'y');
-- m2
ALTER TABLE a DROP COLUMN v; ALTER TABLE a DROP COLUMN id; ALTER TABLE a ADD COLUMN id uuid PRIMARY KEY DEFAULT gen_random_uuid();
-- case key-multiplied-later
-- m1
CREATE TABLE a (id int PRIMARY KEY, v text NOT NULL);
-- data
INSERT INTO a VALUES (1, 'x'), (2, 'y');
-- m2
ALTER TABLE a DROP COLUMN v; UPDATE a SET id = id + 1 WHERE id = 2; UPDATE a SET id = id * 10;
-- case created-again-with-another-type
-- m1
CREATE TABLE a (id int PRIMARY KEY, n int NOT NULL);
-- data
INSERT INTO a VALUES (1, 10), (2, 20);
-- m2
ALTER TABLE a DROP COLUMN n; ALTER TABLE a ADD COLUMN n text NOT NULL DEFAULT 'none';
-- case value-before-its-check
-- m1
CREATE TABLE a (id int PRIMARY KEY, s text NOT NULL CHECK (s IN ('a', 'b')));
-- data
INSERT INTO a VALUES (1, 'a'), (2, 'b');
-- m2
ALTER TABLE a DROP CONSTRAINT a_s_check; UPDATE a SET s = upper(s); ALTER TABLE a ADD CONSTRAINT a_s_check CHECK (s IN ('A', 'B'));
-- case value-before-its-unique-key
-- m1
CREATE TABLE a (id int PRIMARY KEY, s text UNIQUE); CREATE UNIQUE INDEX a_lower ON a (lower(s));
-- data
INSERT INTO a VALUES (1, 'a'), (2, 'b');
-- m2
ALTER TABLE a DROP CONSTRAINT a_s_key; DROP INDEX a_lower; UPDATE a SET s = 'same';
-- case value-before-its-foreign-key
-- m1
CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int NOT NULL REFERENCES p);
-- data
INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1, 1), (2, 2);
-- m2
ALTER TABLE c DROP CONSTRAINT c_p_fkey; UPDATE c SET p = p + 100;
-- case row-before-its-foreign-key
-- m1
CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int NOT NULL REFERENCES p);
-- data
INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1, 1), (2, 2);
-- m2
ALTER TABLE c DROP CONSTRAINT c_p_fkey; DELETE FROM p;
-- case created-again-as-prisma-writes-it
-- m1
CREATE TABLE "a" ("id" SERIAL NOT NULL, "n" INTEGER NOT NULL, "of" INTEGER, CONSTRAINT "a_pkey" PRIMARY KEY ("id")); CREATE UNIQUE INDEX "a_n_key" ON "a"("n"); ALTER TABLE "a" ADD CONSTRAINT "a_of_fkey" FOREIGN KEY ("of") REFERENCES "a"("n") ON DELETE SET NULL ON UPDATE CASCADE;
-- data
INSERT INTO "a" ("n", "of") VALUES (10, NULL), (20, 10), (30, 20);
-- m2
ALTER TABLE "a" DROP CONSTRAINT "a_of_fkey"; DROP INDEX "a_n_key"; ALTER TABLE "a" DROP COLUMN "n", ADD COLUMN "n" TEXT, DROP COLUMN "of", ADD COLUMN "of" TEXT NOT NULL DEFAULT 'x'; CREATE UNIQUE INDEX "a_n_key" ON "a"("n");
-- case created-again-with-a-view
-- m1
CREATE TABLE a (id int PRIMARY KEY, n int CHECK (n > 0), g int GENERATED ALWAYS AS (id * 2) STORED); CREATE VIEW v AS SELECT id FROM a;
-- data
INSERT INTO a VALUES (1, 10), (2, NULL);
-- m2
ALTER TABLE a DROP COLUMN n, ADD COLUMN n jsonb NOT NULL DEFAULT '{}'; CREATE VIEW w AS SELECT n FROM a;
-- case a-column-for-a-table-without-a-key
-- m1
CREATE TABLE a (v text, w text);
-- data
INSERT INTO a VALUES ('x', 'y'), ('x', 'y'), (NULL, NULL);
-- m2
ALTER TABLE a ADD COLUMN n int NOT NULL DEFAULT 5; UPDATE a SET n = 6; ALTER TABLE a DROP COLUMN w;

-- case enum-value-removed-by-swap
-- m1
CREATE TYPE st AS ENUM ('a','b','c'); CREATE TABLE t (id int PRIMARY KEY, s st NOT NULL DEFAULT 'a');
-- data
INSERT INTO t VALUES (1,'a'),(2,'b'),(3,'c');
-- m2
UPDATE t SET s = 'a' WHERE s = 'c'; CREATE TYPE st_new AS ENUM ('a','b'); ALTER TABLE t ALTER s DROP DEFAULT; ALTER TABLE t ALTER s TYPE st_new USING s::text::st_new; ALTER TYPE st RENAME TO st_old; ALTER TYPE st_new RENAME TO st; DROP TYPE st_old; ALTER TABLE t ALTER s SET DEFAULT 'a';

-- case enum-swap-prisma-style
-- m1
CREATE TYPE "Role" AS ENUM ('USER','ADMIN','OLD'); CREATE TABLE "User" (id serial PRIMARY KEY, role "Role" NOT NULL DEFAULT 'OLD', roles "Role"[]);
-- data
INSERT INTO "User" (role, roles) VALUES ('USER','{USER,OLD}'),('OLD',NULL),('ADMIN','{}');
-- m2
UPDATE "User" SET role = 'USER' WHERE role = 'OLD'; UPDATE "User" SET roles = array_remove(roles, 'OLD');
CREATE TYPE "Role_new" AS ENUM ('USER','ADMIN');
ALTER TABLE "User" ALTER COLUMN "role" DROP DEFAULT;
ALTER TABLE "User" ALTER COLUMN "role" TYPE "Role_new" USING ("role"::text::"Role_new");
ALTER TABLE "User" ALTER COLUMN "roles" TYPE "Role_new"[] USING ("roles"::text::"Role_new"[]);
ALTER TYPE "Role" RENAME TO "Role_old";
ALTER TYPE "Role_new" RENAME TO "Role";
DROP TYPE "Role_old";
ALTER TABLE "User" ALTER COLUMN "role" SET DEFAULT 'USER';

-- case enum-value-deleted-rows
-- m1
CREATE SCHEMA "S"; CREATE TYPE "S"."St at" AS ENUM ('a','it''s','c'); CREATE TABLE t (id int PRIMARY KEY, s "S"."St at" NOT NULL); CREATE TABLE u (s "S"."St at");
-- data
INSERT INTO t VALUES (1,'a'),(2,'it''s'),(3,'c'); INSERT INTO u VALUES ('it''s'),('a'),(NULL);
-- m2
DELETE FROM t WHERE s <> 'a'; UPDATE u SET s = 'a' WHERE s = 'it''s'; CREATE TYPE "S".n AS ENUM ('a'); ALTER TABLE t ALTER s TYPE "S".n USING s::text::"S".n; ALTER TABLE u ALTER s TYPE "S".n USING s::text::"S".n; DROP TYPE "S"."St at"; ALTER TYPE "S".n RENAME TO "St at";
-- case required-column-of-a-quoted-type
-- m1
CREATE TYPE "Mood" AS ENUM ('SAD', 'OK'); CREATE TABLE "User" (id int PRIMARY KEY, mood "Mood" NOT NULL, moods "Mood"[] NOT NULL);
-- data
INSERT INTO "User" VALUES (1, 'SAD', '{OK}'), (2, 'OK', '{}');
-- m2
ALTER TABLE "User" DROP COLUMN mood, DROP COLUMN moods;
-- case table-and-its-quoted-type
-- m1
CREATE TYPE "Mood" AS ENUM ('SAD', 'OK'); CREATE TABLE "User" (id serial PRIMARY KEY, mood "Mood" NOT NULL, name text);
-- data
INSERT INTO "User" (mood, name) VALUES ('SAD', 'a'), ('OK', NULL);
-- m2
DROP TABLE IF EXISTS "User"; DROP TYPE IF EXISTS "Mood";
-- case tables-and-their-types
-- m1
CREATE SCHEMA other; CREATE TYPE other."Mood" AS ENUM ('SAD', 'OK'); CREATE DOMAIN "Short" AS varchar(5); CREATE TYPE point3 AS (x int, y int, z int);
CREATE TABLE a (id int PRIMARY KEY, mood other."Mood" NOT NULL, short "Short" NOT NULL); CREATE TABLE other.b (a int REFERENCES a, at point3 NOT NULL, moods other."Mood"[] NOT NULL DEFAULT '{SAD}');
-- data
INSERT INTO a VALUES (1, 'SAD', 'x'), (2, 'OK', ''); INSERT INTO other.b VALUES (1, '(1,2,3)', '{OK}'), (2, '(,,)', '{}');
-- m2
DROP TABLE other.b; DROP TABLE a; DROP TYPE other."Mood"; DROP DOMAIN "Short"; DROP TYPE point3;
