/** SQL of a database with every kind of SQLite object, and with values that are easily lost. */
export const EVERYTHING = String.raw`
PRAGMA foreign_keys = OFF;
PRAGMA user_version = 42;
PRAGMA application_id = 1234567;
CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL COLLATE NOCASE, at DATETIME DEFAULT CURRENT_TIMESTAMP);
INSERT INTO customers (id, name, at) VALUES (1, 'Ann', '2026'), (2, 'Bob', 0), (900, 'gone', 0);
DELETE FROM customers WHERE id = 900;
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
  total REAL, twice REAL GENERATED ALWAYS AS (total * 2) STORED, half AS (total / 2), CHECK (total >= 0)); -- a comment
INSERT INTO orders (id, customer_id, total) VALUES (1, 1, 9.99), (2, 1, 0.1), (3, 2, 1e300);
CREATE TABLE words (word TEXT PRIMARY KEY DESC, n INT) WITHOUT ROWID;
INSERT INTO words VALUES ('b', 2), ('a', 1), ('ä', 3);
CREATE TABLE pairs (a INT, b TEXT, c, PRIMARY KEY (b, a)) WITHOUT ROWID;
INSERT INTO pairs VALUES (1, 'x', NULL), (2, 'x', x'00ff');
CREATE TABLE strict_ones (i INTEGER, t TEXT, b BLOB, r REAL, a ANY) STRICT;
INSERT INTO strict_ones VALUES (1, 'one', x'', 1.0, 1), (2, 'two', zeroblob(3), -1.5, 'any');
CREATE TABLE "odd ""name' -- not a comment" ("select" INT, "a
b" TEXT, 'c;' TEXT DEFAULT ';
');
INSERT INTO "odd ""name' -- not a comment" VALUES (1, 'x', 'y'), (2, char(10), NULL);
CREATE TABLE loose (v);
INSERT INTO loose VALUES (9223372036854775807), (-9223372036854775808), (9007199254740993), (0.1 + 0.2), (5e-324), (1.7976931348623157e308),
  (9e999), (-9e999), (0.0 * -1), (0.0), (1.0), (1), ('1'), (NULL), (''), (x''), (x'0a27'), ('it''s'), ('a' || char(0) || 'b'), (char(0)),
  ('line' || char(10) || 'break'), ('both \n and' || char(10)), (char(13) || char(10)), (char(13)), ('back\slash'), ('ends with;'), ('-- lines: 3'),
  (char(10) || '-- lines: 3' || char(10) || ';'), ('😀 ü'), (char(65533)), (char(65279) || 'bom'), (2.5e-8), (123456789012345678.0), (CAST(x'31' AS TEXT));
DELETE FROM loose WHERE rowid = 7;
CREATE TABLE taken (rowid TEXT, _rowid_ TEXT, oid TEXT);
INSERT INTO taken VALUES ('a', 'b', 'c'), ('a', 'a', 'a');
CREATE TABLE half_taken (rowid TEXT, v INT);
INSERT INTO half_taken (_rowid_, rowid, v) VALUES (7, 'a', 1), (3, 'b', 2);
CREATE TABLE descending (id INTEGER PRIMARY KEY DESC, v TEXT);
INSERT INTO descending (rowid, id, v) VALUES (5, 1, 'x'), (2, 9, 'y');
CREATE TABLE unkeyed (a REFERENCES nowhere (x), b TEXT UNIQUE);
INSERT INTO unkeyed VALUES (NULL, 'q');
INSERT INTO orders (id, customer_id, total) VALUES (77, 4711, 1);
CREATE TABLE empty_one (a);
CREATE INDEX orders_customer ON orders (customer_id, total DESC) WHERE total > 1;
CREATE UNIQUE INDEX customers_lower ON customers (lower(name));
CREATE INDEX "odd index" ON customers (at COLLATE BINARY);
CREATE VIEW big_orders (id, total) AS SELECT id, total FROM orders WHERE total > 5 -- large
;
CREATE VIEW of_view AS SELECT * FROM big_orders;
CREATE TABLE log (what TEXT, at TEXT);
CREATE TRIGGER log_customers AFTER INSERT ON customers BEGIN
  INSERT INTO log VALUES ('it''s; new', NEW.name);
  UPDATE log SET at = NULL WHERE at = ';';
END;
CREATE TRIGGER insert_big INSTEAD OF INSERT ON big_orders BEGIN INSERT INTO orders (customer_id, total) VALUES (1, NEW.total); END;
CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
CREATE VIRTUAL TABLE posts_fts USING fts5(title, body, content='posts', content_rowid='id', tokenize = 'porter');
CREATE TRIGGER posts_ai AFTER INSERT ON posts BEGIN INSERT INTO posts_fts (rowid, title, body) VALUES (new.id, new.title, new.body); END;
INSERT INTO posts VALUES (1, 'Quick', 'the quick
brown fox'), (2, 'Lazy', 'dogs');
CREATE VIRTUAL TABLE notes USING fts5(note);
INSERT INTO notes (rowid, note) VALUES (5, 'hello world'), (9, 'it''s');
CREATE VIRTUAL TABLE contentless USING fts5(words, content='');
INSERT INTO contentless (rowid, words) VALUES (3, 'only the index');
CREATE VIRTUAL TABLE places USING rtree(id, min_x, max_x, +label);
INSERT INTO places VALUES (1, 0.5, 1.5, 'here');
ANALYZE;
`
