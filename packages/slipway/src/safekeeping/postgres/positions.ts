/**
 * The positions of sequences: kept when a sequence is dropped, and restored so that no number is used
 * twice.
 */
export const POSITIONS = `
-- The columns that get numbers from a sequence.
CREATE OR REPLACE FUNCTION slipway.numbered_by(sequence oid) RETURNS TABLE (relation oid, attnum smallint) LANGUAGE sql STABLE AS $$
  SELECT refobjid, refobjsubid::smallint FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = sequence
    AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i') AND refobjsubid > 0
  UNION SELECT d.adrelid, d.adnum FROM pg_depend p JOIN pg_attrdef d ON d.oid = p.objid
    WHERE p.classid = 'pg_attrdef'::regclass AND p.refclassid = 'pg_class'::regclass AND p.refobjid = sequence
$$;

-- Locks these sequences, and those that belong to these tables, so that no session takes a number between
-- the reading of a position and the drop of the sequence. If this session has moved a sequence, its
-- earlier position is kept, or the position after the numbers in rows of other sessions if that is
-- further.
CREATE OR REPLACE FUNCTION slipway.hold_sequences(relations oid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  one record;
  is_own boolean;
BEGIN
  FOR one IN SELECT s.seqrelid AS oid, s.seqincrement FROM pg_sequence s JOIN slipway.attribute a
      ON a.objid = s.seqrelid AND a.name = 'position' AND NOT a.settled
    WHERE s.seqrelid = ANY (relations) OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
      AND d.objid = s.seqrelid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (relations) AND d.deptype IN ('a', 'i'))
  LOOP
    is_own := EXISTS (SELECT FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation = one.oid
      AND mode = 'RowExclusiveLock');
    BEGIN
      EXECUTE format('ALTER SEQUENCE %s INCREMENT BY %s', one.oid::regclass, one.seqincrement);
      UPDATE slipway.attribute a SET value = CASE WHEN is_own THEN slipway.behind_others(one.oid, a.value::jsonb, a.beyond)
          ELSE slipway.position_of(one.oid) END::text
        WHERE a.objid = one.oid AND a.name = 'position' AND NOT a.settled;
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
  END LOOP;
END $$;

-- DROP SEQUENCE. A sequence that the transaction group itself created is not kept.
CREATE OR REPLACE FUNCTION slipway.keep_sequences(origin jsonb, names text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  targets oid[] := ARRAY(SELECT to_regclass(name)::oid FROM unnest(names) AS name WHERE to_regclass(name) IS NOT NULL);
  one record;
BEGIN
  PERFORM slipway.hold_sequences(targets);
  FOR one IN SELECT a.objid, a.value FROM slipway.attribute a
    WHERE a.objid = ANY (targets) AND a.name = 'position' AND NOT a.settled
  LOOP
    PERFORM slipway.record_kept(slipway.entry_of(one.objid, origin, 'sequence')
      || jsonb_build_object('details', jsonb_build_object('position', one.value::jsonb)));
  END LOOP;
END $$;

-- The next number of a sequence at a position.
CREATE OR REPLACE FUNCTION slipway.number_after(place jsonb, step bigint) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT (place ->> 0)::numeric + CASE WHEN (place ->> 1)::boolean THEN step ELSE 0 END
$$;

CREATE OR REPLACE FUNCTION slipway.further(one jsonb, other jsonb, step bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN sign(step) * (slipway.number_after(one, step) - slipway.number_after(other, step)) > 0 THEN one ELSE other END
$$;

-- The furthest number in the rows of a table, in the direction of a sequence, except the numbers 'but';
-- if 'since' is given, only in rows that other transactions wrote from that transaction on. Child tables
-- have their own defaults.
CREATE OR REPLACE FUNCTION slipway.highest(relation regclass, own name, how pg_sequence, since xid, but bigint[]) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  found_number numeric;
BEGIN
  EXECUTE format('SELECT %1$s(%2$I) FROM %3$s WHERE %2$I BETWEEN %4$s AND %5$s%6$s%7$s', CASE WHEN how.seqincrement > 0 THEN 'max' ELSE 'min' END,
    own, slipway.own_rows(relation), how.seqmin, how.seqmax,
    CASE WHEN since IS NULL THEN '' ELSE format(' AND age(xmin) > 0 AND age(xmin) <= age(%L::xid)', since) END,
    CASE WHEN cardinality(but) > 0 THEN format(' AND %I <> ALL (%L)', own, but) ELSE '' END)
    INTO found_number;
  RETURN found_number;
END $$;

-- A position, or the position after the numbers in rows of other sessions if that is further. 'but' are
-- the numbers that rows had before.
CREATE OR REPLACE FUNCTION slipway.behind_others(sequence oid, place jsonb, but bigint[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  how pg_sequence;
  one record;
  used numeric;
BEGIN
  SELECT * INTO how FROM pg_sequence WHERE seqrelid = sequence;
  FOR one IN SELECT n.relation, a.attname FROM slipway.numbered_by(sequence) AS n
    JOIN pg_attribute a ON a.attrelid = n.relation AND a.attnum = n.attnum
    WHERE but IS NOT NULL AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
  LOOP
    -- From the oldest transaction on, except this one.
    used := slipway.highest(one.relation, one.attname, how, '2', but);
    IF used IS NOT NULL THEN place := slipway.further(jsonb_build_array(used, true), place, how.seqincrement); END IF;
  END LOOP;
  RETURN place;
END $$;

-- The numbers beyond the position of a sequence that rows have; null if no index finds them, if there are
-- more than 100, or if the table is locked. No lock remains: the exception releases it.
CREATE OR REPLACE FUNCTION slipway.numbers_beyond(sequence oid) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  how pg_sequence;
  one record;
  numbers bigint[];
  all_numbers bigint[] := '{}';
BEGIN
  SELECT * INTO how FROM pg_sequence WHERE seqrelid = sequence;
  IF how.seqcycle THEN RETURN NULL; END IF;
  FOR one IN SELECT CASE c.relkind WHEN 'r' THEN 'ONLY ' ELSE '' END || c.oid::regclass AS name, a.attname, EXISTS (SELECT FROM pg_index i
        JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am m ON m.oid = ic.relam
        WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree') AS indexed
    FROM slipway.numbered_by(sequence) AS n JOIN pg_class c ON c.oid = n.relation
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = n.attnum AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
  LOOP
    IF NOT one.indexed THEN RETURN NULL; END IF;
    BEGIN
      EXECUTE format('LOCK TABLE %s IN ACCESS SHARE MODE NOWAIT', one.name);
      EXECUTE format('SELECT array_agg(n) FROM (SELECT DISTINCT %1$I AS n FROM %2$s WHERE %1$I %3$s %4$s ORDER BY n %5$s LIMIT 101) AS numbers',
        one.attname, one.name, CASE WHEN how.seqincrement > 0 THEN '>=' ELSE '<=' END,
        slipway.number_after(slipway.position_of(sequence), how.seqincrement), CASE WHEN how.seqincrement > 0 THEN 'ASC' ELSE 'DESC' END)
        INTO numbers;
      RAISE SQLSTATE 'SLW00';
    EXCEPTION WHEN SQLSTATE 'SLW00' THEN NULL;
      WHEN lock_not_available OR insufficient_privilege THEN RETURN NULL;
    END;
    IF cardinality(numbers) > 100 THEN RETURN NULL; END IF;
    all_numbers := all_numbers || coalesce(numbers, '{}');
  END LOOP;
  RETURN all_numbers;
END $$;

-- Whether a table has only rows that were restored with it, or with one of its columns; null if neither
-- was restored.
CREATE OR REPLACE FUNCTION slipway.has_restored_rows_only(of_attribute slipway.attribute, relation regclass, own name) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  restored bigint;
  count bigint;
BEGIN
  SELECT (k.details ->> 'restored')::bigint INTO restored FROM slipway.kept k
    JOIN pg_class c ON c.oid = has_restored_rows_only.relation JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.history_schema = of_attribute.history_schema AND k.migration = of_attribute.migration AND k.restored_at IS NOT NULL
      AND (k.kind = 'columns' AND k.relation = c.oid AND own = ANY (k.columns)
        OR k.kind = 'table' AND (k.table_schema, k.table_name) = (n.nspname, c.relname))
    ORDER BY k.id DESC LIMIT 1;
  IF restored IS NULL THEN RETURN NULL; END IF;
  EXECUTE format('SELECT count(*) FROM %s', relation) INTO count;
  RETURN count = restored;
END $$;

-- Whether this transaction wrote all rows of a table: then they do not show when they were inserted.
CREATE OR REPLACE FUNCTION slipway.is_rewritten(relation regclass) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  has_old boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE age(xmin) > 0)', relation) INTO has_old;
  RETURN NOT has_old;
END $$;

-- Sets a sequence to its position before a migration, or to a later one if the sequence has advanced
-- since or rows written since have a higher number. The lock keeps other sessions from taking numbers in
-- the meantime, and a rollback of the transaction undoes the change.
CREATE OR REPLACE FUNCTION slipway.restore_position(of_attribute slipway.attribute, since xid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  sequence regclass := substr(of_attribute.object, length('SEQUENCE ') + 1);
  wanted jsonb := of_attribute.value;
  how pg_sequence;
  one record;
  used numeric;
  restored_only boolean;
  present jsonb;
BEGIN
  SELECT * INTO how FROM pg_sequence WHERE seqrelid = sequence;
  EXECUTE format('ALTER SEQUENCE %s INCREMENT BY %s', sequence, how.seqincrement);
  present := slipway.position_of(sequence);
  IF NOT how.seqcycle AND NOT of_attribute.gone AND present <> of_attribute.left_as::jsonb THEN
    wanted := slipway.further(present, wanted, how.seqincrement);
  END IF;
  FOR one IN SELECT n.relation::regclass AS name, a.attname FROM slipway.numbered_by(sequence) AS n
    JOIN pg_attribute a ON a.attrelid = n.relation AND a.attnum = n.attnum
    WHERE NOT how.seqcycle AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
  LOOP
    restored_only := slipway.has_restored_rows_only(of_attribute, one.name, one.attname);
    CONTINUE WHEN restored_only;
    IF NOT restored_only THEN wanted := slipway.further(present, wanted, how.seqincrement); END IF;
    -- It is unknown whether numbers that rows had before were taken since.
    used := slipway.highest(one.name, one.attname, how, NULL, of_attribute.beyond);
    IF sign(how.seqincrement) * (used - slipway.number_after(wanted, how.seqincrement)) >= 0 THEN
      IF of_attribute.beyond IS NULL AND restored_only IS NULL AND NOT slipway.is_rewritten(one.name) THEN
        used := slipway.highest(one.name, one.attname, how, since, NULL);
      END IF;
      IF used IS NOT NULL THEN wanted := slipway.further(jsonb_build_array(used, true), wanted, how.seqincrement); END IF;
    END IF;
  END LOOP;
  PERFORM slipway.set_position(sequence, present, wanted);
END $$;

-- The positions of all sequences of this role, and the numbers beyond these positions that rows have.
CREATE OR REPLACE FUNCTION slipway.positions() RETURNS jsonb LANGUAGE sql AS $$
  SELECT coalesce(jsonb_object_agg(r.oid, jsonb_build_object('position', slipway.position_of(r.oid),
    'beyond', slipway.numbers_beyond(r.oid))), '{}') FROM slipway.own_relations() AS r
  WHERE CASE r.relkind WHEN 'S' THEN has_sequence_privilege(r.oid, 'SELECT') END
$$;

CREATE OR REPLACE FUNCTION slipway.remember_positions() RETURNS void LANGUAGE sql AS $$
  SELECT set_config('slipway.restored', '{}', true);
  SELECT set_config('slipway.remembered', slipway.positions()::text, true)
$$;

-- The rows of a table took numbers from a sequence when a column was added. Resets the sequence to its
-- position if all rows have their earlier values again and no other session took a number.
CREATE OR REPLACE FUNCTION slipway.give_numbers_back(name text, own text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  target regclass := to_regclass(name);
  remembered jsonb := current_setting('slipway.remembered')::jsonb;
  one record;
  present jsonb;
  count bigint := slipway.rows_in(target);
BEGIN
  IF count = 0 OR (current_setting('slipway.restored')::jsonb ->> own)::bigint IS DISTINCT FROM count THEN RETURN; END IF;
  FOR one IN SELECT DISTINCT s.*, remembered -> s.seqrelid::text -> 'position' AS position FROM pg_attribute a
      JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
      JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
      JOIN pg_sequence s ON s.seqrelid = d.refobjid
    WHERE a.attrelid = target AND a.attname = own AND remembered ? s.seqrelid::text
  LOOP
    EXECUTE format('ALTER SEQUENCE %s INCREMENT BY %s', one.seqrelid::regclass, one.seqincrement);
    present := slipway.position_of(one.seqrelid);
    IF present = jsonb_build_array(slipway.number_after(one.position, one.seqincrement)
      + (ceil(count::numeric / one.seqcache) * one.seqcache - 1) * one.seqincrement, true) THEN
      PERFORM slipway.set_position(one.seqrelid, present, one.position);
    END IF;
  END LOOP;
END $$;

-- Moves sequences to their positions before a group that was rolled back. Moving a sequence forward never
-- repeats a number; moving it back requires a column that the sequence numbers, whose rows have none of
-- the numbers in between, and no session that has one. Returns the sequences that were not moved.
CREATE OR REPLACE FUNCTION slipway.undo_positions(before jsonb) RETURNS text[] LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
  one record;
  present jsonb;
  numbers bigint[];
  stay text[] := '{}';
BEGIN
  FOR one IN SELECT s.*, b.value -> 'position' AS position, b.value -> 'beyond' AS beyond
    FROM jsonb_each(before) AS b JOIN pg_sequence s ON s.seqrelid = b.key::oid WHERE slipway.position_of(s.seqrelid) <> b.value -> 'position'
  LOOP
    BEGIN
      EXECUTE format('ALTER SEQUENCE %s INCREMENT BY %s', one.seqrelid::regclass, one.seqincrement);
      present := slipway.position_of(one.seqrelid);
      PERFORM slipway.set_position(one.seqrelid, present, one.position);
      CONTINUE WHEN slipway.further(one.position, present, one.seqincrement) <> present;
      numbers := slipway.numbers_beyond(one.seqrelid);
      CONTINUE WHEN to_jsonb(numbers) <@ one.beyond AND one.seqcache = 1 AND EXISTS (SELECT FROM slipway.numbered_by(one.seqrelid));
      PERFORM slipway.set_position(one.seqrelid, one.position, present);
      stay := stay || format('%s went from %s to %s', one.seqrelid::regclass, one.position ->> 0, present ->> 0);
    EXCEPTION WHEN lock_not_available OR insufficient_privilege THEN
      stay := stay || format('%s went from %s to %s', one.seqrelid::regclass, one.position ->> 0, slipway.position_of(one.seqrelid) ->> 0);
    END;
  END LOOP;
  RETURN stay;
END $$;

CREATE OR REPLACE FUNCTION slipway.set_position(sequence regclass, present jsonb, wanted jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF wanted = present THEN RETURN; END IF;
  EXECUTE format('ALTER SEQUENCE %s RESTART WITH %s', sequence, wanted ->> 0);
  PERFORM setval(sequence, (wanted ->> 0)::bigint, true) WHERE (wanted ->> 1)::boolean;
  PERFORM slipway.refuse_unlike(slipway.position_of(sequence) = wanted, 'positions');
END $$;
`
