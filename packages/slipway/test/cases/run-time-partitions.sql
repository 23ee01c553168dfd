-- Partitions that the application creates and no migration knows.
-- case drop-column
-- m1
CREATE TABLE delivery (id int NOT NULL, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); CREATE INDEX delivery_note ON delivery (note, at DESC);
-- data
CREATE TABLE "delivery 2026" PARTITION OF delivery FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO delivery VALUES (1, '2026-02-01', 'x'), (2, '2026-03-01', NULL);
-- m2
ALTER TABLE delivery DROP COLUMN note;
-- case columns-and-indexes
-- m1
CREATE TABLE delivery (id int NOT NULL, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); CREATE INDEX delivery_note ON delivery (note, at DESC);
-- data
CREATE TABLE delivery_2026 PARTITION OF delivery FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO delivery VALUES (1, '2026-02-01', 'x'), (2, '2026-03-01', NULL);
-- m2
ALTER TABLE delivery ADD COLUMN headers jsonb NOT NULL DEFAULT '{}'; CREATE INDEX delivery_id ON delivery (id); DROP INDEX delivery_note;
-- case type-of-the-key
-- m1
CREATE TABLE delivery (id int NOT NULL, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
-- data
CREATE TABLE delivery_2026 PARTITION OF delivery FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO delivery VALUES (1, '2026-02-01', 'x'), (2, '2026-03-01', NULL);
-- m2
ALTER TABLE delivery ADD COLUMN headers jsonb NOT NULL DEFAULT '{}', ALTER COLUMN id TYPE bigint;
-- case changed-rows
-- m1
CREATE TABLE delivery (id int NOT NULL, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
-- data
CREATE TABLE delivery_2026 PARTITION OF delivery FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO delivery VALUES (1, '2026-02-01', 'x'), (2, '2026-03-01', NULL);
-- m2
UPDATE delivery SET note = 'none' WHERE note IS NULL; DELETE FROM delivery WHERE id = 1; ALTER TABLE delivery ALTER COLUMN note SET NOT NULL;
-- case renamed
-- m1
CREATE TABLE delivery (id int NOT NULL, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
-- data
CREATE TABLE delivery_2026 PARTITION OF delivery FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO delivery VALUES (1, '2026-02-01', 'x'), (2, '2026-03-01', NULL);
-- m2
ALTER TABLE delivery RENAME COLUMN note TO notes; ALTER TABLE delivery RENAME TO deliveries;
-- case drop-table: impossible, no migration says which partitions the table had: a down.sql must create them for the kept rows
-- m1
CREATE TABLE delivery (id int NOT NULL, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
-- data
CREATE TABLE delivery_2026 PARTITION OF delivery FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO delivery VALUES (1, '2026-02-01', 'x'), (2, '2026-03-01', NULL);
-- m2
DROP TABLE delivery;
-- case truncate-table
-- m1
CREATE TABLE delivery (id int NOT NULL, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
-- data
CREATE TABLE delivery_2026 PARTITION OF delivery FOR VALUES FROM ('2026-01-01') TO ('2027-01-01'); INSERT INTO delivery VALUES (1, '2026-02-01', 'x'), (2, '2026-03-01', NULL);
-- m2
TRUNCATE delivery;
