-- Changes of keys: what is kept finds its row by the key as it was.
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
