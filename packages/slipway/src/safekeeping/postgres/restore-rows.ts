/** Undoes the row changes of a migration by its logs, last event first. */
export const RESTORE_ROWS = `
CREATE OR REPLACE FUNCTION slipway.rows_in(target regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  count bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM %s', target) INTO count;
  RETURN count;
END $$;

-- Whether a column holds the values from when an entry was kept: it is the same column, or its values
-- that were kept later or set aside are restored. A column that was added again since holds other values.
-- An entry's own columns count once they are restored.
CREATE OR REPLACE FUNCTION slipway.is_comparable(entry slipway.kept, target regclass, name text, number integer) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN entry.kind = 'columns' AND name = ANY (entry.columns) THEN coalesce(entry.details -> 'columnsDone' ? name, false)
    ELSE entry.relation <> target OR coalesce((entry.details -> 'numbers' ->> name)::integer = number, true)
      OR EXISTS (SELECT FROM slipway.kept later WHERE later.relation = entry.relation AND later.kind = 'columns' AND (later.id > entry.id
          OR later.details ? 'setAside' AND NOT later.details ? 'mark' AND later.migration = entry.migration)
        AND later.restored_at IS NOT NULL AND name = ANY (later.columns)) END
$$;

-- SQL for the content of a row, to compare rows of a table (t) with those of a log or a copy (k).
CREATE OR REPLACE FUNCTION slipway.content_of(entry slipway.kept, target regclass, alias text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT format('ROW(%s)::text', string_agg(CASE alias WHEN 't' THEN 't.' || name ELSE value END, ', '))
  FROM slipway.shared(target, to_regclass('slipway.' || entry.stored_as), ARRAY(SELECT attname::text FROM pg_attribute
    WHERE attrelid = target AND attnum > 0 AND slipway.is_comparable(entry, target, attname::text, attnum)))
$$;

-- SQL that pairs rows of a table one by one with rows of a log or a copy that have the same content: the
-- table (o), place (c) and writing transaction (x) of the row, and the row of the log or copy (m). The
-- oldest rows are paired first.
CREATE OR REPLACE FUNCTION slipway.pairs(entry slipway.kept, target regclass, rows_of_log text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT format('(SELECT r.o, r.c, r.x, l.m FROM (SELECT t.tableoid AS o, t.ctid AS c, t.xmin AS x, %1$s AS content,
        row_number() OVER (PARTITION BY %1$s ORDER BY age(t.xmin) DESC) AS i
      FROM %3$s AS t) AS r
    JOIN (SELECT %5$s AS m, %2$s AS content, row_number() OVER (PARTITION BY %2$s) AS i FROM %4$s AS k) AS l USING (content, i))',
    slipway.content_of(entry, target, 't'), slipway.content_of(entry, target, 'k'), slipway.own_rows(target), rows_of_log,
    CASE WHEN entry.kind = 'columns' THEN 'k.ctid' WHEN entry.details ->> 'operation' = 'update' THEN 'k._slipway_m' ELSE '0' END)
$$;

-- SQL for the condition that no other row refers to a row (t).
CREATE OR REPLACE FUNCTION slipway.unreferenced(target regclass) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_agg(format(' AND NOT EXISTS (SELECT FROM %s AS r WHERE %s%s)', c.conrelid::regclass,
      (SELECT string_agg(format('r.%I = t.%I', a.attname, b.attname), ' AND ')
        FROM unnest(c.conkey, c.confkey) AS k(own, theirs)
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own
        JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.theirs),
      CASE WHEN c.conrelid = target THEN ' AND r.ctid <> t.ctid' ELSE '' END), ''), '')
  FROM pg_constraint c LEFT JOIN pg_constraint whole ON whole.oid = c.conparentid
  WHERE c.contype = 'f' AND c.confrelid = target AND whole.conrelid IS NOT DISTINCT FROM CASE WHEN c.conparentid <> 0 THEN c.conrelid END
$$;

-- Deletes inserted rows that are unchanged and that nothing refers to. Returns their number.
CREATE OR REPLACE FUNCTION slipway.undo_insert(entry slipway.kept, target regclass, rows_of_log text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  stored regclass := to_regclass('slipway.' || entry.stored_as);
  key text[] := entry.key;
  has_key boolean := cardinality(key) = (SELECT count(*) FROM slipway.shared(target, stored, key));
  condition text := CASE WHEN has_key IS NOT TRUE THEN format('EXISTS (SELECT FROM %s AS p WHERE p.o = t.tableoid AND p.c = t.ctid)',
      slipway.pairs(entry, target, rows_of_log))
    ELSE format('EXISTS (SELECT FROM %s AS k WHERE %s AND %s = %s)', rows_of_log, slipway.same_key(target, stored, key),
      slipway.content_of(entry, target, 't'), slipway.content_of(entry, target, 'k')) END;
  count bigint;
  total bigint := 0;
BEGIN
  LOOP
    EXECUTE format('DELETE FROM %s AS t WHERE %s%s', slipway.own_rows(target), condition, slipway.unreferenced(target));
    GET DIAGNOSTICS count = ROW_COUNT;
    total := total + count;
    -- Rows that refer to each other are deleted one after the other.
    EXIT WHEN count = 0 OR NOT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND conrelid = target AND confrelid = target);
  END LOOP;
  RETURN total;
END $$;

-- Restores the values of updated rows. If the key does not change, the first version of a row is
-- restored. Otherwise a row is found by its new key, or by its new content if there is no key. Returns
-- how many versions found their rows.
CREATE OR REPLACE FUNCTION slipway.undo_update(entry slipway.kept, target regclass, first_event float8, last_event float8) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  stored regclass := to_regclass('slipway.' || entry.stored_as);
  paired boolean := coalesce((entry.details ->> 'paired')::boolean, false);
  versions text := format('(SELECT * FROM %s WHERE _slipway_n BETWEEN %s AND %s%s)', stored, first_event, last_event,
    CASE WHEN paired THEN ' AND _slipway_op = ''o''' ELSE '' END);
  new_versions text := replace(versions, '''o''', '''n''');
  sets text;
  present text;
  vals text;
  same text;
  command text;
  count bigint;
  distinct_rows bigint;
  found_rows bigint;
BEGIN
  -- The values from before a change of type are already restored.
  entry.columns := ARRAY(SELECT name FROM unnest(entry.columns) AS name WHERE NOT EXISTS (SELECT FROM slipway.kept k
    WHERE k.history_schema = entry.history_schema AND k.migration = entry.migration AND k.relation = entry.relation
      AND k.kind = 'columns' AND k.id < entry.id AND k.restored_at IS NOT NULL AND name = ANY (k.columns)));
  SELECT string_agg(format('%s = %s', name, value), ', '), string_agg('t.' || name, ', '), string_agg(value, ', ')
    INTO sets, present, vals FROM slipway.shared(target, stored, entry.columns);
  EXECUTE format('SELECT count(*) FROM %s AS v', versions) INTO count;
  IF sets IS NULL THEN RETURN count; END IF;
  IF entry.key IS NOT NULL AND cardinality(entry.key) <> (SELECT count(*) FROM slipway.shared(target, stored, entry.key)) THEN
    RAISE EXCEPTION '% lacks columns of the key of the kept data', target USING ERRCODE = 'SLW03';
  END IF;
  same := slipway.same_key(target, stored, entry.key);
  IF entry.key IS NOT NULL AND NOT (paired AND entry.columns && entry.key) THEN
    IF paired THEN
      versions := format('(SELECT DISTINCT ON (%1$s) * FROM %2$s AS v ORDER BY %1$s, _slipway_n, _slipway_m)',
        (SELECT string_agg(quote_ident(name), ', ') FROM unnest(entry.key) AS name), versions);
    END IF;
    PERFORM set_config('slipway.declared', jsonb_build_object('relation', target::oid, 'columns', entry.columns)::text, true);
    found_rows := slipway.update_back(format('UPDATE %s AS t SET %s FROM %s AS k WHERE %s', slipway.own_rows(target), sets, versions, same),
      present, vals);
    PERFORM set_config('slipway.declared', '', true);
    EXECUTE format('SELECT count(*) FROM %s AS v', versions) INTO distinct_rows;
    RETURN CASE WHEN found_rows = distinct_rows THEN count ELSE found_rows END;
  END IF;
  IF entry.key IS NOT NULL THEN
    command := format('UPDATE %s AS t SET %s FROM %s AS k JOIN %s AS n USING (_slipway_m) WHERE %s', slipway.own_rows(target), sets, versions,
      new_versions, regexp_replace(same, '= k\\.', '= n.', 'g'));
  ELSE
    command := format('UPDATE %s AS t SET %s FROM %s AS k JOIN %s AS p ON p.m = k._slipway_m WHERE p.o = t.tableoid AND p.c = t.ctid',
      slipway.own_rows(target), sets, versions, slipway.pairs(entry, target, new_versions));
  END IF;
  RETURN slipway.update_back(command, present, vals);
END $$;

-- The events of a table's logs in the order in which they are undone, last first. Consecutive events of
-- one log are undone together, unless they change keys or there is no key.
CREATE OR REPLACE FUNCTION slipway.runs_of(ids bigint[]) RETURNS TABLE (id bigint, first_event float8, last_event float8) LANGUAGE plpgsql AS $$
DECLARE
  all_events text;
BEGIN
  SELECT string_agg(format('SELECT %s::bigint AS id, %L::boolean AS single, _slipway_n AS n FROM slipway.%I GROUP BY _slipway_n', k.id,
      k.details ->> 'operation' = 'update' AND (k.key IS NULL OR k.columns && k.key) AND k.details ->> 'paired' = 'true', k.stored_as), ' UNION ALL ')
    INTO all_events FROM slipway.kept k WHERE k.id = ANY (ids);
  RETURN QUERY EXECUTE format('SELECT id, min(n), max(n) FROM (SELECT *, count(*) FILTER (WHERE is_first) OVER (ORDER BY n) AS run
    FROM (SELECT *, single OR id IS DISTINCT FROM lag(id) OVER (ORDER BY n) AS is_first FROM (%s) AS e) AS marked) AS grouped
    GROUP BY id, run ORDER BY 2 DESC', all_events);
END $$;

-- Adds columns that earlier statements of the migration dropped to a log of deleted rows. Notes how many
-- values of each column are restored with the rows.
CREATE OR REPLACE FUNCTION slipway.complete_log(log_entry slipway.kept) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  log regclass := to_regclass('slipway.' || log_entry.stored_as);
  one record;
  same text;
  filled bigint;
BEGIN
  FOR one IN SELECT k.id, k.key, k.details ->> 'setAside' AS aside, to_regclass('slipway.' || k.stored_as) AS vals, name
    FROM slipway.kept k, unnest(k.columns) AS name
    WHERE k.history_schema = log_entry.history_schema AND k.migration = log_entry.migration AND k.kind = 'columns'
      AND k.relation = log_entry.relation AND k.id < log_entry.id AND (k.key IS NOT NULL OR k.details ? 'setAside') ORDER BY k.id DESC
  LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = log AND attname = one.name AND NOT attisdropped);
    IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = log AND attname = one.aside AND NOT attisdropped) THEN
      EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', log, one.aside, one.name);
    ELSIF one.vals IS NOT NULL THEN
      EXECUTE (SELECT format('ALTER TABLE %s ADD COLUMN %I %s', log, one.name, format_type(atttypid, atttypmod))
        FROM pg_attribute WHERE attrelid = one.vals AND attname = one.name);
      SELECT string_agg(format('t.%1$I::text = k.%1$I::text', part), ' AND ') INTO same FROM unnest(one.key) AS part;
      EXECUTE format('UPDATE %s AS t SET %2$I = k.%2$I FROM %3$s AS k WHERE %4$s', log, one.name, one.vals, same);
      EXECUTE format('SELECT count(*) FROM %s AS k WHERE EXISTS (SELECT FROM %s AS t WHERE %s)', one.vals, log, same) INTO filled;
      UPDATE slipway.kept SET details = details || jsonb_build_object('filled',
        coalesce(details -> 'filled', '{}') || jsonb_build_object(one.id::text, filled)) WHERE id = log_entry.id;
    END IF;
  END LOOP;
END $$;

-- After all deleted rows of a log are restored: counts the values of dropped columns that are restored
-- with them.
CREATE OR REPLACE FUNCTION slipway.count_filled(log_entry slipway.kept) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT k.id, (k.details ->> 'restored')::bigint + f.value::bigint AS restored, (k.details ->> 'since')::bigint AS since
    FROM jsonb_each_text(log_entry.details -> 'filled') AS f JOIN slipway.kept k ON k.id = f.key::bigint
    WHERE k.restored_at IS NOT NULL AND k.rows >= (k.details ->> 'restored')::bigint + f.value::bigint
  LOOP
    PERFORM slipway.mark_restored(one.id, one.restored, one.since);
  END LOOP;
END $$;

-- Undoes the logs of one table in one statement of a migration.
CREATE OR REPLACE FUNCTION slipway.undo_logs(ids bigint[], target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  undone jsonb := '{}';
  since bigint := 0;
  entry slipway.kept;
  run record;
  stored regclass;
  rows_of_log text;
  count bigint;
BEGIN
  FOR entry IN SELECT k.* FROM slipway.kept k WHERE k.id = ANY (ids) LOOP
    PERFORM slipway.follow_names(entry, target);
    IF entry.details ->> 'operation' IN ('delete', 'truncate') THEN PERFORM slipway.complete_log(entry); END IF;
    IF entry.details ->> 'operation' = 'truncate' THEN since := slipway.rows_in(target); END IF;
  END LOOP;
  FOR run IN SELECT * FROM slipway.runs_of(ids) LOOP
    SELECT k.* INTO entry FROM slipway.kept k WHERE k.id = run.id;
    entry := slipway.follow_names(entry, target);
    stored := to_regclass('slipway.' || entry.stored_as);
    rows_of_log := format('(SELECT * FROM %s WHERE _slipway_n BETWEEN %s AND %s)', stored, run.first_event, run.last_event);
    count := CASE WHEN entry.details ->> 'operation' IN ('delete', 'truncate') THEN slipway.insert_back(target, stored, rows_of_log)
      WHEN entry.details ->> 'operation' = 'insert' THEN slipway.undo_insert(entry, target, rows_of_log)
      ELSE slipway.undo_update(entry, target, run.first_event, run.last_event) END;
    undone := undone || jsonb_build_object(run.id::text, count + coalesce((undone ->> run.id::text)::bigint, 0));
  END LOOP;
  FOR entry IN SELECT k.* FROM slipway.kept k WHERE k.id = ANY (ids) ORDER BY k.id LOOP
    count := coalesce((undone ->> entry.id::text)::bigint, 0);
    IF entry.details ->> 'operation' = 'truncate' THEN PERFORM slipway.set_sequences(target, entry.details -> 'sequences'); END IF;
    -- Rows that the application has changed since are left unchanged.
    IF entry.details ->> 'operation' = 'insert' THEN UPDATE slipway.kept SET rows = count WHERE id = entry.id; END IF;
    PERFORM slipway.mark_restored(entry.id, count, CASE entry.details ->> 'operation' WHEN 'truncate' THEN since ELSE 0 END);
    IF count = entry.rows AND entry.details ? 'filled' THEN PERFORM slipway.count_filled(entry); END IF;
  END LOOP;
END $$;

-- Restores the values from before a change of type that did not change the schema in the end, so that no
-- statement of the down migration restores them.
CREATE OR REPLACE FUNCTION slipway.undo_type(entry slipway.kept, target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  stored regclass := to_regclass('slipway.' || entry.stored_as);
  sets text;
  present text;
  vals text;
BEGIN
  IF entry.details ? 'setAside' THEN
    PERFORM slipway.fill_from_aside(entry, target, 'true');
    RETURN;
  END IF;
  entry := slipway.follow_names(entry, target);
  SELECT string_agg(format('%s = %s', name, value), ', '), string_agg('t.' || name, ', '), string_agg(value, ', ')
    INTO sets, present, vals FROM slipway.shared(target, stored, entry.columns);
  IF sets IS NULL OR cardinality(entry.key) <> (SELECT count(*) FROM slipway.shared(target, stored, entry.key)) THEN RETURN; END IF;
  PERFORM slipway.mark_restored(entry.id, slipway.update_back(format('UPDATE %s AS t SET %s FROM %s AS k WHERE %s', slipway.own_rows(target),
    sets, stored, slipway.same_key(target, stored, entry.key)), present, vals), 0);
END $$;

-- Defers the checks of the tables' foreign keys to the end; returns the commands that undo this.
CREATE OR REPLACE FUNCTION slipway.defer_keys(targets oid[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  key record;
  again text[] := '{}';
BEGIN
  FOR key IN SELECT DISTINCT c.conrelid::regclass AS name, c.conname FROM pg_constraint c
    WHERE c.contype = 'f' AND NOT c.condeferrable AND c.conparentid = 0 AND (c.conrelid = ANY (targets)
      OR EXISTS (SELECT FROM pg_constraint part WHERE part.conparentid = c.oid AND part.conrelid = ANY (targets)))
  LOOP
    BEGIN
      EXECUTE format('ALTER TABLE %s ALTER CONSTRAINT %I DEFERRABLE', key.name, key.conname);
      again := again || format('ALTER TABLE %s ALTER CONSTRAINT %I NOT DEFERRABLE', key.name, key.conname);
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
  END LOOP;
  SET CONSTRAINTS ALL DEFERRED;
  RETURN again;
END $$;

-- Undoes logs, last statement first; foreign keys are checked at the end.
CREATE OR REPLACE FUNCTION slipway.undo(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  targets oid[] := ARRAY(SELECT DISTINCT slipway.relation_of(k)::oid FROM slipway.kept k WHERE k.id = ANY (ids));
  was_capturing boolean := EXISTS (SELECT FROM pg_trigger WHERE slipway.is_capturing(tgfoid) AND tgenabled <> 'D');
  again text[] := '{}';
  target oid;
  one record;
BEGIN
  SET CONSTRAINTS ALL IMMEDIATE;
  FOREACH target IN ARRAY targets LOOP
    again := again || slipway.quiet(target) || slipway.open_identity(target, ARRAY(
      SELECT unnest((slipway.follow_names(k, target::regclass)).columns) FROM slipway.kept k
      WHERE k.id = ANY (ids) AND slipway.relation_of(k) = target AND k.columns IS NOT NULL));
    -- A rollback keeps the values that it overwrites.
    IF nullif(current_setting('slipway.origin', true), '')::jsonb ->> 'inserts' = 'false' THEN
      PERFORM slipway.capture_on(target, '{update}');
    END IF;
  END LOOP;
  again := again || slipway.defer_keys(targets);
  FOR one IN SELECT k.statement, slipway.relation_of(k) AS place, array_agg(k.id) AS logs, max(k.id) AS last, k.kind
    FROM slipway.kept k WHERE k.id = ANY (ids) GROUP BY 1, 2, k.kind ORDER BY k.statement DESC, last DESC
  LOOP
    IF one.kind = 'rows' THEN
      PERFORM slipway.undo_logs(one.logs, one.place);
    ELSE
      PERFORM slipway.undo_type(k, one.place) FROM slipway.kept k WHERE k.id = ANY (one.logs);
      again := again || ARRAY(SELECT slipway.without_aside(k, one.place) FROM slipway.kept k
        WHERE k.id = ANY (one.logs) AND k.details ? 'setAside');
    END IF;
  END LOOP;
  SET CONSTRAINTS ALL IMMEDIATE;
  PERFORM slipway.run_all(again);
  IF NOT was_capturing THEN PERFORM slipway.end_capture(); END IF;
END $$;

-- The entries of a migration that are still to be undone.
CREATE OR REPLACE FUNCTION slipway.to_undo(history text, of_migration text, changed_tables text[]) RETURNS SETOF slipway.kept
LANGUAGE sql STABLE AS $$
  SELECT k.* FROM slipway.kept k WHERE k.history_schema = history AND k.migration = of_migration AND k.restored_at IS NULL
    AND (k.stored_as IS NOT NULL OR k.details ? 'setAside') AND slipway.relation_of(k) IS NOT NULL
    AND (k.kind = 'rows' AND k.details ? 'log' OR k.kind = 'columns' AND k.details ? 'changedType')
    AND (k.details ->> 'operation' IN ('delete', 'truncate', 'insert')
      OR slipway.relation_of(k) NOT IN (SELECT to_regclass(name) FROM unnest(changed_tables) AS name WHERE to_regclass(name) IS NOT NULL))
$$;

-- Restores rows of one table before a statement of the down migration checks them: if it is the same
-- table, or was restored in its place, and now has all columns.
CREATE OR REPLACE FUNCTION slipway.restore_rows_of(history text, of_migration text, name text, changed_tables text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  target regclass := to_regclass(name);
  ids bigint[] := ARRAY(SELECT k.id FROM slipway.to_undo(history, of_migration, changed_tables) k
    WHERE slipway.relation_of(k) = target AND k.kind = 'rows' AND (k.relation = target AND slipway.is_this_database(k.database_identity)
      OR EXISTS (SELECT FROM slipway.kept t WHERE t.history_schema = history AND t.migration = of_migration AND t.kind = 'table'
        AND t.relation = k.relation AND t.restored_at IS NOT NULL)));
BEGIN
  -- A deleted row needs all of its columns; any other row needs its key and the changed columns.
  IF ids = '{}' OR EXISTS (SELECT FROM slipway.kept k CROSS JOIN jsonb_each_text(k.details -> 'numbers') AS n
    LEFT JOIN pg_attribute a ON a.attrelid = k.relation AND a.attrelid = target AND a.attnum = n.value::integer
    WHERE k.id = ANY (ids) AND coalesce(a.attisdropped, k.relation <> target) AND NOT starts_with(n.key, '_slipway_')
      AND (k.details ->> 'operation' IN ('delete', 'truncate') OR n.key = ANY (k.columns || k.key))
      AND NOT EXISTS (SELECT FROM pg_attribute b WHERE b.attrelid = target AND b.attname = n.key AND NOT b.attisdropped))
  THEN RETURN; END IF;
  PERFORM slipway.undo(ids);
-- These rows refer to rows that are restored only at the end, so they are, too.
EXCEPTION WHEN integrity_constraint_violation OR foreign_key_violation THEN NULL;
END $$;

CREATE OR REPLACE FUNCTION slipway.restore_entry(entry slipway.kept, target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  since bigint := 0;
  restored bigint;
BEGIN
  IF entry.details ? 'log' THEN
    PERFORM slipway.undo(ARRAY[entry.id]);
    RETURN;
  END IF;
  -- An earlier version of Slipway kept the data.
  entry := slipway.follow_names(entry, target);
  IF entry.details ->> 'operation' = 'update' THEN
    restored := slipway.update_kept(entry, target, entry.columns, 'true');
    PERFORM slipway.mark_restored(entry.id, restored, 0);
  ELSE
    IF entry.details ->> 'operation' = 'truncate' THEN since := slipway.rows_in(target); END IF;
    restored := slipway.insert_kept(entry, target);
    PERFORM slipway.mark_restored(entry.id, restored, since);
  END IF;
END $$;

-- Restores rows, last change first. Updates are not undone in tables that the down migration itself
-- changes.
CREATE OR REPLACE FUNCTION slipway.restore_rows(history text, of_migration text, changed_tables text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  pending bigint[] := ARRAY(SELECT id FROM slipway.kept WHERE history_schema = history AND migration = of_migration
    AND kind = 'rows' AND restored_at IS NULL AND stored_as IS NOT NULL AND NOT details ? 'log'
    AND (details ->> 'operation' <> 'update' OR key IS NOT NULL) ORDER BY statement DESC, id);
  waiting bigint[] := '{}';
  ids bigint[] := ARRAY(SELECT k.id FROM slipway.to_undo(history, of_migration, changed_tables) k);
  one bigint;
  entry slipway.kept;
  target regclass;
BEGIN
  IF ids <> '{}' THEN PERFORM slipway.undo(ids); END IF;
  -- Data that an earlier version of Slipway kept: rows wait until the rows that they refer to are
  -- restored.
  WHILE pending <> '{}' LOOP
    FOREACH one IN ARRAY pending LOOP
      SELECT * INTO entry FROM slipway.kept WHERE id = one;
      target := slipway.relation_of(entry);
      CONTINUE WHEN target IS NULL OR (entry.details ->> 'operation' = 'update'
        AND target IN (SELECT to_regclass(name) FROM unnest(changed_tables) AS name));
      BEGIN
        PERFORM slipway.restore_entry(entry, target);
      EXCEPTION WHEN foreign_key_violation THEN
        IF cardinality(waiting) + 1 >= cardinality(pending) THEN RAISE; END IF;
        waiting := waiting || one;
      END;
    END LOOP;
    pending := waiting;
    waiting := '{}';
  END LOOP;
END $$;
`
