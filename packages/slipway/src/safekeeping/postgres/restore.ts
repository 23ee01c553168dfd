/** Restores the rows of tables and columns immediately after a statement has created these again. */
export const RESTORE = `
-- The text of a kept composite value for the current type: each attribute is found by its number, or by
-- its name if it was created again.
CREATE OR REPLACE FUNCTION slipway.composite_text(kept jsonb, relation oid) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN kept IS NOT NULL THEN format('(%s)', string_agg(
      coalesce('"' || replace(replace(v.text, '\\', '\\\\'), '"', '""') || '"', ''), ',' ORDER BY a.attnum)) END
  FROM pg_attribute a LEFT JOIN LATERAL (SELECT e ->> 2 AS text FROM jsonb_array_elements(kept -> 'values') AS e
    WHERE CASE WHEN (kept ->> 'type')::oid = relation AND EXISTS (SELECT FROM pg_attribute old
        WHERE old.attrelid = relation AND old.attnum = (e ->> 0)::integer AND NOT old.attisdropped)
      THEN (e ->> 0)::integer = a.attnum ELSE e ->> 1 = a.attname END) AS v ON true
  WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
$$;

-- The columns that a table and its kept data share, with SQL for the kept values in the table's types.
CREATE OR REPLACE FUNCTION slipway.shared(target regclass, stored regclass, wanted text[])
RETURNS TABLE (name text, value text) LANGUAGE sql STABLE AS $$
  SELECT format('%I', a.attname), CASE WHEN a.atttypid = k.atttypid THEN format('k.%I', a.attname)
      WHEN t.typtype = 'c' AND k.atttypid = 'jsonb'::regtype
        THEN format('slipway.composite_text(k.%I, %s)::%s', a.attname, t.typrelid, format_type(a.atttypid, -1))
      ELSE format('k.%I::text::%s', a.attname, format_type(a.atttypid, -1)) END
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN pg_attribute k ON k.attname = a.attname AND k.attrelid = stored
  WHERE a.attrelid = target AND a.attnum > 0 AND k.attnum > 0 AND NOT a.attisdropped AND NOT k.attisdropped
    AND a.attgenerated = '' AND (wanted IS NULL OR a.attname::text = ANY (wanted))
  ORDER BY a.attnum
$$;

CREATE OR REPLACE FUNCTION slipway.refuse_unlike(are_alike boolean, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT are_alike THEN RAISE EXCEPTION 'The restored % differ from the kept ones', what USING ERRCODE = 'SLW01'; END IF;
END $$;

-- Inserts kept rows (k) into a table, except those whose key is in use. Compares the stored rows with the
-- kept ones: by count and checksum, or row by row if some were not inserted. Returns the number of
-- inserted rows.
CREATE OR REPLACE FUNCTION slipway.insert_back(target regclass, stored regclass, kept_rows text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  names text;
  vals text;
  count bigint;
  are_alike boolean;
BEGIN
  SELECT string_agg(name, ', '), string_agg(value, ', ') INTO names, vals FROM slipway.shared(target, stored, NULL);
  EXECUTE format('WITH back AS (INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %3$s FROM %4$s AS k%5$s RETURNING ROW(%2$s)::text AS content),
      kept AS (SELECT ROW(%3$s)::text AS content FROM %4$s AS k)
    SELECT b.count, CASE WHEN b.count = k.count THEN b.sum IS NOT DISTINCT FROM k.sum
        ELSE NOT EXISTS (SELECT content FROM back EXCEPT ALL SELECT content FROM kept) END
    FROM (SELECT count(*), sum(hashtextextended(content, 0)::numeric) FROM back) AS b,
      (SELECT count(*), sum(hashtextextended(content, 0)::numeric) FROM kept) AS k',
    target, names, vals, kept_rows, slipway.unless_taken(target, stored)) INTO count, are_alike;
  PERFORM slipway.refuse_unlike(are_alike, 'rows');
  RETURN count;
END $$;

-- Runs an UPDATE of a table (t) from kept data, and compares the stored values with the kept ones row by
-- row. Returns the number of rows.
CREATE OR REPLACE FUNCTION slipway.update_back(command text, present text, wanted text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  count bigint;
  are_alike boolean;
BEGIN
  EXECUTE format('WITH back AS (%s RETURNING ROW(%s)::text = ROW(%s)::text AS is_alike) SELECT count(*), bool_and(is_alike) FROM back',
    command, present, wanted) INTO count, are_alike;
  PERFORM slipway.refuse_unlike(are_alike, 'values');
  RETURN count;
END $$;

-- Disables the user's triggers, rules and policies, including those of partitions, while rows are
-- restored. Sets REPLICA IDENTITY FULL on published tables without a key, whose rows the server would
-- otherwise refuse to change. Returns the commands that undo this.
CREATE OR REPLACE FUNCTION slipway.quiet(target regclass) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  off text[];
  again text[];
BEGIN
  SELECT array_agg(format('ALTER TABLE %s DISABLE %s', place, name)), array_agg(format('ALTER TABLE %s ENABLE %s %s', place,
      CASE enabled WHEN 'R' THEN 'REPLICA' WHEN 'A' THEN 'ALWAYS' ELSE '' END, name))
    INTO off, again FROM (
      SELECT tgrelid::regclass AS place, format('TRIGGER %I', tgname) AS name, tgenabled AS enabled FROM pg_trigger
        WHERE tgrelid IN (SELECT slipway.family_of(target)) AND NOT tgisinternal AND tgparentid = 0 AND NOT slipway.is_capturing(tgfoid)
      UNION ALL SELECT ev_class::regclass, format('RULE %I', rulename), ev_enabled FROM pg_rewrite WHERE ev_class = target AND ev_type <> '1') AS own
    WHERE enabled <> 'D';
  PERFORM slipway.run_all(off);
  IF (SELECT relforcerowsecurity FROM pg_class WHERE oid = target) THEN
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', target);
    again := again || format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  END IF;
  IF EXISTS (SELECT FROM pg_publication WHERE pubupdate OR pubdelete) THEN
    SELECT array_agg(format('ALTER TABLE %s REPLICA IDENTITY FULL', place)),
      again || array_agg(format('ALTER TABLE %s REPLICA IDENTITY %s', place, CASE identity WHEN 'n' THEN 'NOTHING' ELSE 'DEFAULT' END))
      INTO off, again FROM (
        SELECT c.oid::regclass AS place, c.relreplident AS identity FROM pg_class c
        WHERE c.oid IN (SELECT slipway.family_of(target)) AND c.relkind IN ('r', 'p') AND (c.relreplident = 'n' OR c.relreplident = 'd'
          AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary))) AS unidentified;
    PERFORM slipway.run_all(off);
  END IF;
  RETURN again;
END $$;

-- Makes identity columns that are GENERATED ALWAYS writable; returns the commands that undo this.
CREATE OR REPLACE FUNCTION slipway.open_identity(target regclass, names text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  own text;
  again text[] := '{}';
BEGIN
  FOR own IN SELECT attname FROM pg_attribute WHERE attrelid = target AND attidentity = 'a' AND NOT attisdropped AND attname::text = ANY (names)
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET GENERATED BY DEFAULT', target, own);
    again := again || format('ALTER TABLE %s ALTER COLUMN %I SET GENERATED ALWAYS', target, own);
  END LOOP;
  RETURN again;
END $$;

-- Sets sequences to continue after the used numbers, so that no number is used twice.
CREATE OR REPLACE FUNCTION slipway.set_sequences(target regclass, sequences jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  one record;
  sequence text;
  wanted jsonb;
BEGIN
  FOR one IN SELECT key, value FROM jsonb_each(coalesce(sequences, '{}'))
    WHERE EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attname = key AND NOT attisdropped)
  LOOP
    sequence := pg_get_serial_sequence(target::text, one.key);
    CONTINUE WHEN sequence IS NULL;
    wanted := slipway.further(one.value, slipway.position_of(sequence), (SELECT seqincrement FROM pg_sequence WHERE seqrelid = sequence::regclass));
    PERFORM setval(sequence, (wanted ->> 0)::bigint, (wanted ->> 1)::boolean);
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION slipway.xid_of(number text) RETURNS xid LANGUAGE sql IMMUTABLE AS $$
  SELECT (number::bigint & 4294967295)::text::xid
$$;

-- Marks an entry as restored. Drops its kept data, unless some of it was not restored or may be in the
-- wrong rows.
CREATE OR REPLACE FUNCTION slipway.mark_restored(kept_id bigint, restored bigint, since bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  entry slipway.kept;
BEGIN
  UPDATE slipway.kept SET restored_at = clock_timestamp(),
      details = details || jsonb_build_object('restored', restored, 'since', since, 'restoredBy', pg_current_xact_id()::text)
    WHERE id = kept_id RETURNING * INTO entry;
  IF entry.stored_as IS NOT NULL AND (entry.rows IS NULL OR entry.rows <= restored) AND NOT entry.details ? 'uncertain' THEN
    EXECUTE format('DROP TABLE IF EXISTS slipway.%I CASCADE', entry.stored_as);
    UPDATE slipway.kept SET stored_as = NULL, rows = restored WHERE id = kept_id;
  END IF;
END $$;

-- Columns that have been renamed since get their new names in the kept data as well.
CREATE OR REPLACE FUNCTION slipway.follow_names(entry slipway.kept, target regclass) RETURNS slipway.kept LANGUAGE plpgsql AS $$
DECLARE
  renamed record;
BEGIN
  FOR renamed IN SELECT n.key AS old, a.attname::text AS new, EXISTS (
      SELECT FROM pg_attribute WHERE attrelid = to_regclass('slipway.' || entry.stored_as) AND attname = n.key) AS stored
    FROM jsonb_each_text(entry.details -> 'numbers') AS n
    JOIN pg_attribute a ON a.attrelid = target AND a.attnum = n.value::integer AND NOT a.attisdropped AND a.attname <> n.key
    WHERE entry.relation = target AND slipway.is_this_database(entry.database_identity)
      AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attname = n.key AND NOT attisdropped)
  LOOP
    -- An earlier statement of the same down migration may have done this.
    IF renamed.stored THEN
      EXECUTE format('ALTER TABLE slipway.%I RENAME COLUMN %I TO %I', entry.stored_as, renamed.old, renamed.new);
    END IF;
    entry.key := array_replace(entry.key, renamed.old, renamed.new);
    entry.columns := array_replace(entry.columns, renamed.old, renamed.new);
  END LOOP;
  RETURN entry;
END $$;

-- SQL for the condition that a row (t) has the key of a kept row (k).
CREATE OR REPLACE FUNCTION slipway.same_key(target regclass, stored regclass, key text[]) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(format('t.%s = %s', name, value), ' AND ') FROM slipway.shared(target, stored, key)
$$;

-- SQL that skips rows whose key is in use, also if a deferrable constraint does not allow ON CONFLICT.
CREATE OR REPLACE FUNCTION slipway.unless_taken(target regclass, stored regclass) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN NOT slipway.holds_rows(target) THEN ''
    WHEN NOT EXISTS (SELECT FROM pg_index WHERE indrelid = target AND indisunique AND NOT indimmediate) THEN ' ON CONFLICT DO NOTHING'
    ELSE coalesce(format(' WHERE NOT EXISTS (SELECT FROM %s AS t WHERE %s)', target,
      slipway.same_key(target, stored, slipway.key_of(target, '{}'))), '') END
$$;

-- Inserts whole rows into a table, except those whose key is in use. Returns how many it restored.
CREATE OR REPLACE FUNCTION slipway.insert_kept(entry slipway.kept, target regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  stored regclass := to_regclass('slipway.' || entry.stored_as);
  again text[] := slipway.quiet(target);
  count bigint;
BEGIN
  entry := slipway.follow_names(entry, target);
  count := slipway.insert_back(target, stored, stored::text);
  SET CONSTRAINTS ALL IMMEDIATE;
  PERFORM slipway.run_all(again);
  PERFORM slipway.set_sequences(target, entry.details -> 'sequences');
  RETURN count;
END $$;

-- Adds the columns that the migration dropped or changed before it dropped the table to the kept table.
-- Returns the table's entry, with the positions of the columns' sequences.
CREATE OR REPLACE FUNCTION slipway.rejoin_columns(table_entry slipway.kept) RETURNS slipway.kept LANGUAGE plpgsql AS $$
DECLARE
  stored regclass := to_regclass('slipway.' || table_entry.stored_as);
  vals regclass;
  entry slipway.kept;
  own text;
  count bigint;
BEGIN
  FOR entry IN SELECT k.* FROM slipway.kept k
    WHERE k.history_schema = table_entry.history_schema AND k.migration = table_entry.migration AND k.kind = 'columns'
      AND k.restored_at IS NULL AND (k.key IS NOT NULL OR k.details ? 'setAside') AND k.id < table_entry.id
      AND k.table_schema = table_entry.table_schema AND k.table_name = table_entry.table_name
    ORDER BY k.id DESC
  LOOP
    vals := to_regclass('slipway.' || entry.stored_as);
    FOREACH own IN ARRAY entry.columns LOOP
      EXECUTE format('ALTER TABLE %s DROP COLUMN IF EXISTS %I', stored, own);
      IF entry.details ? 'setAside' THEN
        EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', stored, entry.details ->> 'setAside', own);
      ELSE
        EXECUTE (SELECT format('ALTER TABLE %s ADD COLUMN %I %s', stored, own, format_type(atttypid, atttypmod))
          FROM pg_attribute WHERE attrelid = vals AND attname = own);
      END IF;
    END LOOP;
    IF vals IS NOT NULL THEN
      EXECUTE format('UPDATE %s AS t SET %s FROM %s AS k WHERE %s', stored,
        (SELECT string_agg(format('%1$I = k.%1$I', name), ', ') FROM unnest(entry.columns) AS name), vals,
        (SELECT string_agg(format('t.%1$I::text = k.%1$I::text', name), ' AND ') FROM unnest(entry.key) AS name));
      -- Values of rows that were deleted in between stay kept until these rows are restored.
      GET DIAGNOSTICS count = ROW_COUNT;
    ELSE
      EXECUTE format('SELECT count(*) FROM %s', stored) INTO count;
    END IF;
    PERFORM slipway.mark_restored(entry.id, count, 0);
    table_entry.details := jsonb_set(table_entry.details, '{sequences}',
      coalesce(table_entry.details -> 'sequences', '{}') || coalesce(entry.details -> 'sequences', '{}'));
  END LOOP;
  RETURN table_entry;
END $$;

CREATE OR REPLACE FUNCTION slipway.restore_kept_table(entry slipway.kept, target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  stored regclass := to_regclass('slipway.' || entry.stored_as);
  restored bigint;
  since bigint := 0;
BEGIN
  entry := slipway.rejoin_columns(entry);
  IF slipway.holds_rows(target) THEN
    EXECUTE format('SELECT count(*) FROM %s', target) INTO since;
    EXECUTE format('UPDATE slipway.kept SET rows = (SELECT count(*) FROM %s) WHERE id = %s', stored, entry.id);
  END IF;
  restored := slipway.insert_kept(entry, target);
  PERFORM slipway.mark_restored(entry.id, restored, since);
END $$;

CREATE OR REPLACE FUNCTION slipway.restore_table(history text, of_migration text, name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  target regclass := to_regclass(name);
  entry slipway.kept;
BEGIN
  FOR entry IN SELECT k.* FROM slipway.kept k JOIN pg_class c ON c.oid = target AND c.relname = k.table_name
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = k.table_schema
    WHERE k.history_schema = history AND k.migration = of_migration AND k.kind = 'table' AND k.restored_at IS NULL AND k.stored_as IS NOT NULL
    ORDER BY k.id DESC LIMIT 1
  LOOP
    PERFORM slipway.restore_kept_table(entry, target);
  END LOOP;
END $$;

-- Whether a default may yield a different value each time.
CREATE OR REPLACE FUNCTION slipway.varies(expression pg_node_tree) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT expression::text ~ 'SQLVALUEFUNCTION' OR EXISTS (
    SELECT FROM regexp_matches(expression::text, ':(?:op)?funcid (\\d+)', 'g') AS called(id) JOIN pg_proc ON oid = id[1]::oid
    WHERE provolatile <> 'i')
$$;

-- SQL for the condition that no values were written to columns of a row (t): they are NULL, or the
-- default. If the default differs by row, this is unknown, and the condition is true.
CREATE OR REPLACE FUNCTION slipway.unwritten(target regclass, names text[]) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT format('(%s)', string_agg(CASE
      WHEN a.attidentity <> '' OR slipway.varies(d.adbin) THEN 'true'
      WHEN d.oid IS NULL THEN format('t.%I IS NULL', a.attname)
      ELSE format('(t.%1$I IS NULL OR t.%1$I::text IS NOT DISTINCT FROM (%2$s)::%3$s::text)', a.attname,
        pg_get_expr(d.adbin, target), format_type(a.atttypid, a.atttypmod)) END, ' AND '))
  FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  WHERE a.attrelid = target AND a.attname::text = ANY (names) AND NOT a.attisdropped
$$;

-- Restores values in the rows that still exist under their key and satisfy a condition. Returns the
-- number of these rows.
CREATE OR REPLACE FUNCTION slipway.update_kept(entry slipway.kept, target regclass, names text[], condition text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  stored regclass := to_regclass('slipway.' || entry.stored_as);
  again text[] := slipway.quiet(target);
  sets text;
  present text;
  vals text;
  count bigint;
BEGIN
  entry := slipway.follow_names(entry, target);
  again := again || slipway.open_identity(target, names);
  IF cardinality(entry.key) <> (SELECT count(*) FROM slipway.shared(target, stored, entry.key)) THEN
    RAISE EXCEPTION '% lacks columns of the key of the kept data', target USING ERRCODE = 'SLW03';
  END IF;
  SELECT string_agg(format('%s = %s', name, value), ', '), string_agg('t.' || name, ', '), string_agg(value, ', ')
    INTO sets, present, vals FROM slipway.shared(target, stored, names);
  count := slipway.update_back(format('UPDATE %s AS t SET %s FROM %s AS k WHERE %s AND %s', target, sets, stored,
    slipway.same_key(target, stored, entry.key), condition), present, vals);
  SET CONSTRAINTS ALL IMMEDIATE;
  PERFORM slipway.run_all(again);
  RETURN count;
END $$;

-- Counts the rows, found by their content, that others have written since: they may be different rows.
CREATE OR REPLACE FUNCTION slipway.note_written_since(entry slipway.kept, target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  own text[] := ARRAY(SELECT k.details ->> 'restoredBy' FROM slipway.kept k WHERE k.details ? 'restoredBy') || pg_current_xact_id()::text;
  since bigint;
BEGIN
  IF NOT entry.details ? 'transaction' OR NOT slipway.is_this_database(entry.database_identity) THEN RETURN; END IF;
  EXECUTE format('SELECT count(*) FROM %s AS p WHERE age(p.x) < age(%L::xid) AND p.x <> ALL (%L::xid[])',
    slipway.pairs(entry, target, 'slipway.' || entry.stored_as), slipway.xid_of(entry.details ->> 'transaction'),
    ARRAY(SELECT slipway.xid_of(one) FROM unnest(own) AS one)) INTO since;
  IF since > 0 THEN
    UPDATE slipway.kept SET details = details || jsonb_build_object('uncertain', since) WHERE id = entry.id;
  END IF;
END $$;

-- Restores values, one by one, in the rows that are equal in all other columns and satisfy a condition.
-- Returns the number of these rows.
CREATE OR REPLACE FUNCTION slipway.update_matched(entry slipway.kept, target regclass, names text[], condition text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  stored text := 'slipway.' || entry.stored_as;
  again text[] := slipway.quiet(target) || slipway.open_identity(target, names);
  sets text;
  present text;
  vals text;
  count bigint;
BEGIN
  entry := slipway.follow_names(entry, target);
  SELECT string_agg(format('%s = %s', name, value), ', '), string_agg('t.' || name, ', '), string_agg(value, ', ')
    INTO sets, present, vals FROM slipway.shared(target, stored::regclass,
      ARRAY(SELECT unnest(names) INTERSECT SELECT unnest(entry.columns)));
  PERFORM slipway.note_written_since(entry, target);
  count := slipway.update_back(format('UPDATE %s AS t SET %s FROM %s AS k JOIN %s AS p ON p.m = k.ctid WHERE p.o = t.tableoid AND p.c = t.ctid AND %s',
    slipway.own_rows(target), sets, stored, slipway.pairs(entry, target, stored), condition), present, vals);
  SET CONSTRAINTS ALL IMMEDIATE;
  PERFORM slipway.run_all(again);
  RETURN count;
END $$;

-- Restores the values of a column that was set aside, in the rows that satisfy a condition.
CREATE OR REPLACE FUNCTION slipway.fill_from_aside(entry slipway.kept, target regclass, condition text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  aside text := entry.details ->> 'setAside';
  mark text := coalesce(entry.details ->> 'mark', aside);
  since bigint := 0;
  vals text;
  count bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM %s AS t WHERE %I IS NOT NULL AND NOT %s', target, mark, condition) INTO since;
  SELECT format('t.%I', aside) || CASE WHEN a.atttypid = b.atttypid THEN '' ELSE '::text::' || format_type(a.atttypid, -1) END INTO vals
    FROM pg_attribute a, pg_attribute b
    WHERE a.attrelid = target AND a.attname = entry.columns[1] AND b.attrelid = target AND b.attname = aside;
  count := slipway.update_back(format('UPDATE %s AS t SET %I = %s WHERE %I IS NOT NULL AND %s', target, entry.columns[1], vals, mark, condition),
    format('t.%I', entry.columns[1]), vals);
  PERFORM slipway.mark_restored(entry.id, count, since);
END $$;

CREATE OR REPLACE FUNCTION slipway.without_aside(entry slipway.kept, target regclass) RETURNS text LANGUAGE sql AS $$
  SELECT format('ALTER TABLE %s DROP COLUMN IF EXISTS %I, DROP COLUMN IF EXISTS %I', target, entry.details ->> 'setAside',
    coalesce(entry.details ->> 'mark', entry.details ->> 'setAside'))
$$;

-- Restores a column that was set aside by a rename, and drops it unless some of its values were not
-- restored.
CREATE OR REPLACE FUNCTION slipway.restore_aside(entry slipway.kept, target regclass, condition text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  again text[] := slipway.quiet(target) || slipway.open_identity(target, entry.columns);
BEGIN
  PERFORM slipway.fill_from_aside(entry, target, condition);
  SET CONSTRAINTS ALL IMMEDIATE;
  PERFORM slipway.run_all(again);
  IF EXISTS (SELECT FROM slipway.kept k WHERE k.id = entry.id AND k.details ->> 'since' = '0') THEN
    PERFORM slipway.run_all(ARRAY[slipway.without_aside(entry, target)]);
  END IF;
  PERFORM slipway.set_sequences(target, entry.details -> 'sequences');
END $$;

-- Fails if rows have no value in a column that becomes NOT NULL.
CREATE OR REPLACE FUNCTION slipway.require_values(name text, own text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  count bigint;
BEGIN
  IF to_regclass(name) IS NULL THEN RETURN; END IF;
  EXECUTE format('SELECT count(*) FROM %s WHERE %I IS NOT DISTINCT FROM NULL', to_regclass(name), own) INTO count;
  IF count > 0 THEN
    RAISE EXCEPTION '% rows have no value', count
      USING ERRCODE = 'SLW04', DETAIL = replace(name, '"', '') || '.' || own;
  END IF;
END $$;

-- Remembers in how many rows a statement has restored the values of columns.
CREATE OR REPLACE FUNCTION slipway.count_restored(names text[], count bigint) RETURNS void LANGUAGE sql AS $$
  SELECT set_config('slipway.restored', (coalesce(nullif(current_setting('slipway.restored', true), ''), '{}')::jsonb
    || (SELECT jsonb_object_agg(name, count) FROM unnest(names) AS name))::text, true)
$$;

CREATE OR REPLACE FUNCTION slipway.restore_columns(
  history text, of_migration text, name text, names text[], changed_type boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  target regclass := to_regclass(name);
  entry slipway.kept;
  done text[];
  restored bigint;
BEGIN
  FOR entry IN SELECT k.* FROM slipway.kept k
    WHERE k.history_schema = history AND k.migration = of_migration AND k.kind = 'columns' AND k.restored_at IS NULL
      AND k.not_kept IS NULL AND slipway.relation_of(k) = target
      -- The down migration may also change the type of a column that was dropped and added again.
      AND (changed_type OR NOT k.details ? 'changedType') AND k.columns && names
    ORDER BY k.id DESC
  LOOP
    IF entry.details ? 'setAside' THEN
      PERFORM slipway.restore_aside(entry, target, 'true');
      PERFORM slipway.count_restored(names, (k.details ->> 'restored')::bigint) FROM slipway.kept k WHERE k.id = entry.id;
      CONTINUE;
    END IF;
    restored := CASE WHEN entry.details ? 'matched' THEN slipway.update_matched(entry, target, names, 'true')
      ELSE slipway.update_kept(entry, target, names, 'true') END;
    PERFORM slipway.count_restored(names, restored);
    done := ARRAY(SELECT jsonb_array_elements_text(coalesce(entry.details -> 'columnsDone', '[]'))) || names;
    UPDATE slipway.kept SET details = details || jsonb_build_object('columnsDone', done) WHERE id = entry.id;
    IF entry.columns <@ done THEN
      PERFORM slipway.set_sequences(target, entry.details -> 'sequences');
      PERFORM slipway.mark_restored(entry.id, restored, 0);
    END IF;
  END LOOP;
END $$;

-- Changes a column to its old type. If the cast fails for some values and these are kept, they are
-- restored without it: 'change' is the statement without USING, 'type' the old type, 'cast_sql' the cast
-- for rows written since.
CREATE OR REPLACE FUNCTION slipway.change_type_back(
  history text, of_migration text, name text, own text, statement text, change text, type text, cast_sql text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  target regclass := to_regclass(name);
  entry slipway.kept;
  aside text;
  mark text;
  again text[];
  are_kept boolean;
BEGIN
  EXECUTE statement;
EXCEPTION WHEN data_exception OR cannot_coerce OR datatype_mismatch THEN
  SELECT k.* INTO entry FROM slipway.kept k
    WHERE k.history_schema = history AND k.migration = of_migration AND k.kind = 'columns' AND k.restored_at IS NULL
      AND k.not_kept IS NULL AND k.details ? 'changedType' AND slipway.relation_of(k) = target AND own = ANY (k.columns)
    ORDER BY k.id LIMIT 1;
  IF entry.id IS NULL THEN RAISE; END IF;
  aside := coalesce(entry.details ->> 'setAside', '_slipway_kept_' || slipway.next_kept(entry.table_schema));
  mark := coalesce(entry.details ->> 'mark', '_slipway_kept_' || slipway.next_kept(entry.table_schema));
  IF NOT entry.details ? 'setAside' THEN
    entry := slipway.follow_names(entry, target);
    again := slipway.quiet(target);
    EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s, ADD COLUMN %I boolean', target, aside, type, mark);
    EXECUTE format('UPDATE %s AS t SET %I = k.%I::%s, %I = true FROM slipway.%I AS k WHERE %s', target, aside, own, type, mark,
      entry.stored_as, slipway.same_key(target, to_regclass('slipway.' || entry.stored_as), entry.key));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM slipway.run_all(again);
  END IF;
  BEGIN
    EXECUTE format('%s USING CASE WHEN %I THEN %I::text::%s ELSE %s END', change, mark, aside, type, cast_sql);
  EXCEPTION WHEN cannot_coerce OR datatype_mismatch THEN
    EXECUTE format('SELECT bool_and(%I IS TRUE) FROM %s', mark, target) INTO are_kept;
    IF NOT are_kept THEN RAISE; END IF;
    EXECUTE format('%s USING %I::text::%s', change, aside, type);
  END;
  IF NOT entry.details ? 'setAside' THEN
    EXECUTE format('ALTER TABLE %s DROP COLUMN %I, DROP COLUMN %I', target, aside, mark);
  END IF;
END $$;
`
