-- case attach-partition
-- m1
CREATE TABLE event (id int NOT NULL, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_2025 (id int NOT NULL, at date NOT NULL, note text, PRIMARY KEY (id, at)); CREATE INDEX event_note ON event (note);
-- data
INSERT INTO event_2025 VALUES (1, '2025-02-01', 'x');
-- m2
ALTER TABLE event ATTACH PARTITION event_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- case change-of-bounds
-- m1
CREATE TABLE event (id int NOT NULL, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- data
INSERT INTO event VALUES (1, '2025-02-01');
-- m2
ALTER TABLE event DETACH PARTITION event_2025; ALTER TABLE event ATTACH PARTITION event_2025 FOR VALUES FROM ('2024-01-01') TO ('2026-01-01');
-- case detach-default-and-list-partitions
-- m1
CREATE TABLE task (id int, state text, n int DEFAULT 7, CHECK (n > 0)) PARTITION BY LIST (state);
CREATE TABLE task_open PARTITION OF task FOR VALUES IN ('open', 'new'); CREATE TABLE task_rest PARTITION OF task DEFAULT;
CREATE INDEX task_n ON task (n);
-- data
INSERT INTO task VALUES (1, 'open', 2), (2, 'else', 3);
-- m2
ALTER TABLE task DETACH PARTITION task_open; ALTER TABLE task DETACH PARTITION task_rest; ALTER TABLE task_open RENAME TO open_task;
-- case detach-hash-partition-of-a-partition
-- m1
CREATE TABLE m (id int NOT NULL, at date NOT NULL, UNIQUE (id, at)) PARTITION BY RANGE (at);
CREATE TABLE m_25 PARTITION OF m FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY HASH (id);
CREATE TABLE m_25_0 PARTITION OF m_25 FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE m_25_1 PARTITION OF m_25 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
-- data
INSERT INTO m SELECT n, '2025-05-05' FROM generate_series(1, 9) n;
-- m2
ALTER TABLE m_25 DETACH PARTITION m_25_1;
-- case detach-with-foreign-keys
-- m1
CREATE TABLE owner (id int PRIMARY KEY); CREATE TABLE e (id int NOT NULL, at date NOT NULL, owner int REFERENCES owner, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE e_25 PARTITION OF e FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); CREATE TABLE e_24 PARTITION OF e FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- data
INSERT INTO owner VALUES (1); INSERT INTO e VALUES (1, '2025-01-01', 1), (1, '2024-01-01', 1);
-- m2
ALTER TABLE e DETACH PARTITION e_25;
-- case foreign-key-to-a-partitioned-table
-- m1
CREATE TABLE e (id int NOT NULL PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE e_1 PARTITION OF e FOR VALUES FROM (0) TO (10); CREATE TABLE e_2 PARTITION OF e FOR VALUES FROM (10) TO (20);
CREATE TABLE mark (id int PRIMARY KEY, e int CONSTRAINT mark_e REFERENCES e (id) ON DELETE CASCADE);
-- data
INSERT INTO e VALUES (1), (11); INSERT INTO mark VALUES (1, 11), (2, 1);
-- m2
ALTER TABLE mark DROP CONSTRAINT mark_e;
-- case drop-unique-of-partitioned
-- m1
CREATE TABLE event (id int NOT NULL, at date NOT NULL, note text) PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); ALTER TABLE event ADD CONSTRAINT event_once UNIQUE (note, at); ALTER TABLE event ADD PRIMARY KEY (id, at);
-- data
INSERT INTO event VALUES (1, '2025-02-01', 'x'), (2, '2025-03-01', 'y');
-- m2
ALTER TABLE event DROP CONSTRAINT event_once; ALTER TABLE event DROP CONSTRAINT event_pkey;
-- case drop-index-with-named-parts
-- m1
CREATE TABLE event (id int, at date, note text) PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); CREATE INDEX notes_of_2025 ON event_2025 (note); CREATE INDEX event_notes ON event (note);
-- data
INSERT INTO event VALUES (1, '2025-02-01', 'x');
-- m2
DROP INDEX event_notes;
-- case drop-partition
-- m1
CREATE TABLE event (id int, at date, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); CREATE INDEX event_note ON event (note);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); CREATE TABLE event_2024 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- data
INSERT INTO event VALUES (1, '2025-02-01', 'x'), (2, '2024-02-01', 'y');
-- m2
DROP TABLE event_2024;
-- case own-default-and-not-null-of-a-partition
-- m1
CREATE TABLE event (id int, at date, note text DEFAULT 'n') PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); ALTER TABLE event_2025 ALTER note SET DEFAULT 'of 2025', ALTER note SET NOT NULL;
-- data
INSERT INTO event VALUES (1, '2025-02-01', 'x');
-- m2
ALTER TABLE event_2025 ALTER note DROP DEFAULT, ALTER note DROP NOT NULL;
-- case column-of-partitioned
-- m1
CREATE TABLE event (id int, at date, note varchar(20), PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); CREATE INDEX event_note ON event (note);
-- data
INSERT INTO event VALUES (1, '2025-02-01', 'x');
-- m2
ALTER TABLE event RENAME COLUMN note TO remark; ALTER TABLE event ALTER remark TYPE text; ALTER TABLE event ADD COLUMN n int; ALTER TABLE event_2025 RENAME TO event_25;
-- case table-becomes-the-default-partition-of-its-successor
-- m1
CREATE TABLE log (id int NOT NULL, at date NOT NULL, PRIMARY KEY (id, at));
-- data
INSERT INTO log VALUES (1, '2025-02-01'), (2, '2024-02-01');
-- m2
ALTER TABLE log RENAME TO log_old; ALTER INDEX log_pkey RENAME TO log_old_pkey; CREATE TABLE log (id int NOT NULL, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); ALTER TABLE log ATTACH PARTITION log_old DEFAULT;
-- case no-inherit
-- m1
CREATE TABLE animal (id int, name text, CHECK (id > 0)); CREATE TABLE cat (id int, name text, lives int, CONSTRAINT animal_id_check CHECK (id > 0)); ALTER TABLE cat INHERIT animal;
-- data
INSERT INTO animal VALUES (1, 'x'); INSERT INTO cat VALUES (2, 'Tom', 9);
-- m2
ALTER TABLE cat NO INHERIT animal;
-- case inherit
-- m1
CREATE TABLE animal (id int, name text); CREATE TABLE thing (id int); CREATE TABLE cat (id int, name text, lives int);
-- data
INSERT INTO animal VALUES (1, 'x'); INSERT INTO cat VALUES (2, 'Tom', 9);
-- m2
ALTER TABLE cat INHERIT animal; ALTER TABLE cat INHERIT thing;
-- case detach-and-change
-- m1
CREATE TABLE event (id int NOT NULL, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); CREATE INDEX event_note ON event (note);
-- data
INSERT INTO event VALUES (1, '2025-02-01', 'x'), (2, '2025-03-01', 'y');
-- m2
ALTER TABLE event DETACH PARTITION event_2025; ALTER TABLE event_2025 ADD COLUMN more text; ALTER TABLE event ADD COLUMN other int; DROP INDEX event_note; ALTER TABLE event_2025 RENAME note TO remark;
-- case detach-partition-in-another-schema-and-drop-the-table
-- m1
CREATE SCHEMA parts; CREATE TABLE event (id int NOT NULL, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); CREATE TABLE parts.event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- data
INSERT INTO event VALUES (1, '2025-02-01');
-- m2
ALTER TABLE event DETACH PARTITION parts.event_2025; DROP TABLE event; ALTER TABLE parts.event_2025 SET SCHEMA public; ALTER TABLE event_2025 RENAME TO event;
-- case partitioned-with-trigger-and-identity
-- m1
CREATE TABLE event (id serial, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); CREATE TABLE event_2025 PARTITION OF event FOR VALUES FROM ('2025-01-01') TO ('2026-01-01'); CREATE FUNCTION up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; CREATE TRIGGER up BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION up();
-- data
INSERT INTO event (at, note) VALUES ('2025-02-01', 'x');
-- m2
ALTER TABLE event DETACH PARTITION event_2025; ALTER TRIGGER up ON event RENAME TO touched;
-- case drop-unique-index-on-sub-partitions
-- m1
CREATE TABLE m (id int NOT NULL, at date NOT NULL, n text) PARTITION BY RANGE (at); CREATE TABLE m_25 PARTITION OF m FOR VALUES FROM ('2025-01-01') TO ('2026-01-01') PARTITION BY LIST (id); CREATE TABLE m_25_1 PARTITION OF m_25 FOR VALUES IN (1); CREATE UNIQUE INDEX "M once" ON m (id, at) INCLUDE (n); CREATE INDEX m_lower ON m (lower(n)) WHERE n IS NOT NULL; COMMENT ON INDEX m_lower IS 'lower';
-- data
INSERT INTO m VALUES (1, '2025-01-01', 'N');
-- m2
DROP INDEX "M once", m_lower;
-- case default-of-partition
-- m1
CREATE TABLE p (id int, a int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
-- data
INSERT INTO p VALUES (1, 1);
-- m2
ALTER TABLE p1 ALTER COLUMN a SET DEFAULT 7;
-- case comment-on-partition-columns
-- m1
CREATE SCHEMA "S x"; CREATE TABLE p (id int, "A b" text, c int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (c);
CREATE TABLE "S x"."p 2" PARTITION OF p1 FOR VALUES FROM (0) TO (10); COMMENT ON COLUMN p1.c IS 'before'; COMMENT ON COLUMN "S x"."p 2".id IS 'gone'; COMMENT ON COLUMN p.id IS 'of the parent';
CREATE TABLE up (id int, c int); CREATE TABLE heir (own int) INHERITS (up);
-- data
INSERT INTO p VALUES (1, 'a', 2);
-- m2
COMMENT ON COLUMN p1.id IS 'a column'; COMMENT ON COLUMN p1.c IS 'it''s'; COMMENT ON COLUMN "S x"."p 2"."A b" IS 'deep'; COMMENT ON COLUMN "S x"."p 2".id IS NULL; COMMENT ON COLUMN heir.c IS 'inherited';
-- case detached-partition-with-comments
-- m1
CREATE TABLE p (id int, c int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); COMMENT ON COLUMN p1.c IS 'of the partition';
-- data
INSERT INTO p VALUES (1, 2);
-- m2
ALTER TABLE p DETACH PARTITION p1; COMMENT ON COLUMN p1.c IS 'alone'; COMMENT ON COLUMN p1.id IS 'alone';
-- case grants-on-partition-columns
-- m1
CREATE TABLE p (id int, c int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE up (id int, c int); CREATE TABLE heir (own int) INHERITS (up);
-- data
INSERT INTO p VALUES (1, 2);
-- m2
GRANT SELECT (id) ON p1 TO pg_monitor; GRANT UPDATE (c) ON heir TO pg_monitor;
-- case settings-of-partition-columns
-- m1
CREATE TABLE p (id int, c text) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE up (id int, c text); CREATE TABLE heir (own int) INHERITS (up);
-- data
INSERT INTO p VALUES (1, 2);
-- m2
ALTER TABLE p1 ALTER c SET STORAGE EXTERNAL, ALTER id SET STATISTICS 100, ALTER c SET (n_distinct = 5); ALTER TABLE heir ALTER c SET STORAGE MAIN, ALTER id SET STATISTICS 9;
-- case default-of-a-partition-from-a-new-sequence
-- m1
CREATE TABLE h (id int PRIMARY KEY, a text) PARTITION BY HASH (id); CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 2, REMAINDER 1);
-- data
INSERT INTO h VALUES (11, 'x');
-- m2
CREATE SEQUENCE "C 2" START 19; ALTER TABLE h1 ALTER COLUMN id SET DEFAULT nextval('"C 2"');
-- case default-of-a-partition-of-a-partition-in-a-key
-- m1
CREATE SEQUENCE s; CREATE TABLE r (id int NOT NULL, at int NOT NULL DEFAULT 1, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); CREATE TABLE r2 PARTITION OF r FOR VALUES FROM (20) TO (40) PARTITION BY HASH (id); CREATE TABLE r2a PARTITION OF r2 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
-- data
INSERT INTO r VALUES (1, 30);
-- m2
ALTER TABLE r2a ALTER COLUMN at SET DEFAULT nextval('s'); ALTER TABLE r2a ALTER COLUMN id SET DEFAULT 4;
