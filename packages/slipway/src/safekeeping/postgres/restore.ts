/** Tables and columns: their rows are restored immediately after a statement has created them again. */
export const RESTORE = `
-- The columns that a table and what is kept share, and the kept values as the table takes them.
CREATE OR REPLACE FUNCTION slipway.shared(target regclass, stored regclass, wanted text[])
RETURNS TABLE (name text, value text) LANGUAGE sql STABLE AS $$
  SELECT format('%I', a.attname), CASE WHEN a.atttypid = k.atttypid THEN format('k.%I', a.attname)
      ELSE format('k.%I::text::%s', a.attname, format_type(a.atttypid, -1)) END
  FROM pg_attribute a JOIN pg_attribute k ON k.attname = a.attname AND k.attrelid = stored
  WHERE a.attrelid = target AND a.attnum > 0 AND k.attnum > 0 AND NOT a.attisdropped AND NOT k.attisdropped
    AND a.attgenerated = '' AND (wanted IS NULL OR a.attname::text = ANY (wanted))
  ORDER BY a.attnum
$$;

-- Count and sum of the rows of a query, whatever their order.
CREATE OR REPLACE FUNCTION slipway.checksum(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  found_sum text;
BEGIN
  EXECUTE format('SELECT count(*) || '' rows, '' || coalesce(sum(hashtextextended(r::text, 0)::numeric), 0) FROM (%s) AS r', query)
    INTO found_sum;
  RETURN found_sum;
END $$;

CREATE OR REPLACE FUNCTION slipway.compare(kept text, restored text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF slipway.checksum(kept) <> slipway.checksum(restored) THEN
    RAISE EXCEPTION 'The restored rows are not those that were kept' USING ERRCODE = 'SLW01';
  END IF;
END $$;

-- Turns off the user's triggers and policies while rows are restored; returns the commands that undo this.
CREATE OR REPLACE FUNCTION slipway.quiet(target regclass) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  again text[];
BEGIN
  SELECT array_agg(format('ALTER TABLE %s ENABLE %s TRIGGER %I', target,
      CASE tgenabled WHEN 'R' THEN 'REPLICA' WHEN 'A' THEN 'ALWAYS' ELSE '' END, tgname)) INTO again
    FROM pg_trigger WHERE tgrelid = target AND NOT tgisinternal AND tgenabled <> 'D' AND NOT slipway.is_capturing(tgfoid);
  PERFORM slipway.run_all(ARRAY(SELECT format('ALTER TABLE %s DISABLE TRIGGER %I', target, tgname)
    FROM pg_trigger WHERE tgrelid = target AND NOT tgisinternal AND tgenabled <> 'D' AND NOT slipway.is_capturing(tgfoid)));
  IF (SELECT relforcerowsecurity FROM pg_class WHERE oid = target) THEN
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', target);
    again := again || format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  END IF;
  RETURN again;
END $$;

-- Sequences continue after the used numbers; nobody gets a number twice.
CREATE OR REPLACE FUNCTION slipway.set_sequences(target regclass, sequences jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  one record;
  sequence text;
BEGIN
  FOR one IN SELECT key, value FROM jsonb_each(coalesce(sequences, '{}'))
    WHERE EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attname = key AND NOT attisdropped)
  LOOP
    sequence := pg_get_serial_sequence(target::text, one.key);
    CONTINUE WHEN sequence IS NULL;
    EXECUTE format('SELECT setval(%L, greatest(%s, last_value), is_called OR %s) FROM %s', sequence,
      one.value ->> 0, one.value ->> 1, sequence);
  END LOOP;
END $$;

-- Says that it was restored; without what was kept, unless some of it found no place.
CREATE OR REPLACE FUNCTION slipway.mark_restored(kept_id bigint, restored bigint, since bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  entry slipway.kept;
BEGIN
  UPDATE slipway.kept SET restored_at = clock_timestamp(),
      details = details || jsonb_build_object('restored', restored, 'since', since)
    WHERE id = kept_id RETURNING * INTO entry;
  IF entry.stored_as IS NOT NULL AND (entry.rows IS NULL OR entry.rows <= restored) THEN
    EXECUTE format('DROP TABLE IF EXISTS slipway.%I CASCADE', entry.stored_as);
    UPDATE slipway.kept SET stored_as = NULL, rows = restored WHERE id = kept_id;
  END IF;
END $$;

-- Columns that have another name by now are called so in what is kept, too.
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

-- How a kept row finds its own.
CREATE OR REPLACE FUNCTION slipway.same_key(target regclass, stored regclass, key text[]) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(format('t.%s = %s', name, value), ' AND ') FROM slipway.shared(target, stored, key)
$$;

-- Keeps out rows whose place is taken, also where a constraint that is checked late cannot tell.
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
  names text;
  vals text;
  count bigint;
BEGIN
  entry := slipway.follow_names(entry, target);
  SELECT string_agg(name, ', '), string_agg(value, ', ') INTO names, vals FROM slipway.shared(target, stored, NULL);
  EXECUTE format('INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM %s AS k%s',
    target, names, vals, stored, slipway.unless_taken(target, stored));
  GET DIAGNOSTICS count = ROW_COUNT;
  SET CONSTRAINTS ALL IMMEDIATE;
  PERFORM slipway.run_all(again);
  PERFORM slipway.set_sequences(target, entry.details -> 'sequences');
  RETURN count;
END $$;

-- Columns that earlier statements of the migration dropped or changed, before the table itself: they go back into the
-- kept table. Returns its entry, with the positions of their sequences.
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
      AND k.restored_at IS NULL AND k.not_kept IS NULL AND k.id < table_entry.id
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
      -- Values of rows that were deleted meanwhile wait for these.
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
  was_empty boolean := NOT slipway.holds_rows(target);
  restored bigint;
  since bigint := 0;
  names text;
  vals text;
BEGIN
  entry := slipway.rejoin_columns(entry);
  IF NOT was_empty THEN
    EXECUTE format('SELECT count(*) FROM %s', target) INTO since;
    EXECUTE format('UPDATE slipway.kept SET rows = (SELECT count(*) FROM %s) WHERE id = %s', stored, entry.id);
  END IF;
  restored := slipway.insert_kept(entry, target);
  IF was_empty THEN
    SELECT string_agg(name, ', '), string_agg(value, ', ') INTO names, vals FROM slipway.shared(target, stored, NULL);
    PERFORM slipway.compare(format('SELECT %s FROM %s AS k', vals, stored), format('SELECT %s FROM %s', names, target));
  END IF;
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

-- Restores values in the rows that still exist under their key. Returns the number of these rows.
CREATE OR REPLACE FUNCTION slipway.update_kept(entry slipway.kept, target regclass, names text[]) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  stored regclass := to_regclass('slipway.' || entry.stored_as);
  again text[] := slipway.quiet(target);
  same text;
  sets text;
  kept text;
  vals text;
  count bigint;
BEGIN
  entry := slipway.follow_names(entry, target);
  IF cardinality(entry.key) <> (SELECT count(*) FROM slipway.shared(target, stored, entry.key)) THEN
    RAISE EXCEPTION '% has not all columns of the key of what was kept', target USING ERRCODE = 'SLW02';
  END IF;
  same := slipway.same_key(target, stored, entry.key);
  SELECT string_agg(format('%s = %s', name, value), ', '), string_agg('t.' || name, ', '), string_agg(value, ', ')
    INTO sets, kept, vals FROM slipway.shared(target, stored, names);
  EXECUTE format('UPDATE %s AS t SET %s FROM %s AS k WHERE %s', target, sets, stored, same);
  GET DIAGNOSTICS count = ROW_COUNT;
  SET CONSTRAINTS ALL IMMEDIATE;
  PERFORM slipway.run_all(again);
  PERFORM slipway.compare(format('SELECT %s FROM %s AS k JOIN %s AS t ON %s', vals, stored, target, same),
    format('SELECT %s FROM %s AS k JOIN %s AS t ON %s', kept, stored, target, same));
  RETURN count;
END $$;

-- The values of a column that was set aside.
CREATE OR REPLACE FUNCTION slipway.fill_from_aside(entry slipway.kept, target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  aside text := entry.details ->> 'setAside';
  count bigint;
BEGIN
  EXECUTE (SELECT format('UPDATE %1$s SET %2$I = %3$I%4$s WHERE %5$I IS NOT NULL', target, entry.columns[1], aside,
    CASE WHEN a.atttypid = b.atttypid THEN '' ELSE '::text::' || format_type(a.atttypid, -1) END,
    coalesce(entry.details ->> 'mark', aside))
    FROM pg_attribute a, pg_attribute b
    WHERE a.attrelid = target AND a.attname = entry.columns[1] AND b.attrelid = target AND b.attname = aside);
  GET DIAGNOSTICS count = ROW_COUNT;
  PERFORM slipway.mark_restored(entry.id, count, 0);
END $$;

CREATE OR REPLACE FUNCTION slipway.without_aside(entry slipway.kept, target regclass) RETURNS text LANGUAGE sql AS $$
  SELECT format('ALTER TABLE %s DROP COLUMN IF EXISTS %I, DROP COLUMN IF EXISTS %I', target, entry.details ->> 'setAside',
    coalesce(entry.details ->> 'mark', entry.details ->> 'setAside'))
$$;

-- A column that was set aside by a rename.
CREATE OR REPLACE FUNCTION slipway.restore_aside(entry slipway.kept, target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  again text[] := slipway.quiet(target);
BEGIN
  PERFORM slipway.fill_from_aside(entry, target);
  SET CONSTRAINTS ALL IMMEDIATE;
  PERFORM slipway.run_all(again);
  PERFORM slipway.run_all(ARRAY[slipway.without_aside(entry, target)]);
  PERFORM slipway.set_sequences(target, entry.details -> 'sequences');
END $$;

-- A column becomes NOT NULL only where all rows have a value.
CREATE OR REPLACE FUNCTION slipway.require_values(name text, own text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  count bigint;
BEGIN
  IF to_regclass(name) IS NULL THEN RETURN; END IF;
  EXECUTE format('SELECT count(*) FROM %s WHERE %I IS NULL', to_regclass(name), own) INTO count;
  IF count > 0 THEN
    RAISE EXCEPTION '% rows have no value', count
      USING ERRCODE = 'SLW04', DETAIL = replace(name, '"', '') || '.' || own;
  END IF;
END $$;

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
      -- A column that was dropped and added again has another type in the down migration, as one whose type was changed.
      AND (changed_type OR NOT k.details ? 'changedType') AND k.columns && names
    ORDER BY k.id DESC
  LOOP
    IF entry.details ? 'setAside' THEN
      PERFORM slipway.restore_aside(entry, target);
      CONTINUE;
    END IF;
    restored := slipway.update_kept(entry, target, names);
    done := ARRAY(SELECT jsonb_array_elements_text(coalesce(entry.details -> 'columnsDone', '[]'))) || names;
    UPDATE slipway.kept SET details = details || jsonb_build_object('columnsDone', done) WHERE id = entry.id;
    IF entry.columns <@ done THEN
      PERFORM slipway.set_sequences(target, entry.details -> 'sequences');
      PERFORM slipway.mark_restored(entry.id, restored, 0);
    END IF;
  END LOOP;
END $$;

-- Changes the type of a column back. Values that the cast does not take need none where they are kept: the statement
-- without USING, the old type, and the cast for rows written since.
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
