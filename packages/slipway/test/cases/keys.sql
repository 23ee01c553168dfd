-- Changes of keys: kept data finds its row by the old key.
-- case key-multiplied
-- m1
CREATE TABLE account (id int PRIMARY KEY, name text NOT NULL);
-- data
INSERT INTO account VALUES (1, 'a'), (2, 'b'), (30, 'c');
-- m2
UPDATE account SET id = id * 10;
-- case value-and-key
-- m1
CREATE TABLE account (id int PRIMARY KEY, name text NOT NULL);
-- data
INSERT INTO account VALUES (1, 'a'), (2, 'b');
-- m2
UPDATE account SET id = id + 100, name = upper(name);
-- case no-key
-- m1
CREATE TABLE log (line text);
-- data
INSERT INTO log VALUES ('a'), ('a'), (NULL);
-- m2
UPDATE log SET line = 'x';
-- case always-numbered-dropped
-- m1
CREATE TABLE k (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, a int, c text);
-- data
INSERT INTO k (a, c) VALUES (1, 'x'), (2, 'y'), (3, NULL);
-- m2
DELETE FROM k WHERE a = 2; ALTER TABLE k DROP COLUMN id CASCADE; UPDATE k SET c = a;
-- case always-numbered-changed
-- m1
CREATE TABLE k (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, a int, c text);
-- data
INSERT INTO k (a, c) VALUES (1, 'x'), (2, 'y');
-- m2
UPDATE k SET id = DEFAULT WHERE a = 1;
-- case type-changed-beside-a-new-column
-- m1
CREATE TABLE delivery (id int PRIMARY KEY, note text);
-- data
INSERT INTO delivery VALUES (1, 'x'), (2, NULL);
-- m2
ALTER TABLE delivery ADD COLUMN headers jsonb NOT NULL DEFAULT '{}', ALTER COLUMN id TYPE bigint;
-- case type-changed-beside-a-new-type
-- m1
CREATE TABLE "Line" (item varchar(20), at int, size int, PRIMARY KEY (item, at));
-- data
INSERT INTO "Line" VALUES ('a', 1, 3), ('b', 1, 4);
-- m2
ALTER TABLE "Line" ALTER COLUMN size TYPE text USING size || ' cm'; ALTER TABLE "Line" ALTER COLUMN item TYPE text;
-- case new-columns-with-a-new-key
-- m1
CREATE TABLE tag (name text CONSTRAINT tag_pkey PRIMARY KEY);
-- data
INSERT INTO tag VALUES ('a'), ('b');
-- m2
ALTER TABLE tag DROP CONSTRAINT tag_pkey; ALTER TABLE tag ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(), ADD COLUMN color text NOT NULL DEFAULT 'red', ADD PRIMARY KEY (id);
