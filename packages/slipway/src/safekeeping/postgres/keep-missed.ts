/**
 * Finds data that a transaction group destroyed and no hook kept, by what the server did, and keeps it
 * when the group runs again.
 */
export const KEEP_MISSED = `
-- The columns that hold values of a composite type or of a table's row type, directly or within arrays,
-- domains and other types. Follows the dependencies on the type, which are indexed, because this runs
-- while a group holds its locks.
CREATE OR REPLACE FUNCTION slipway.holders_of(type oid) RETURNS TABLE (relation oid, name text, is_direct boolean) LANGUAGE sql STABLE AS $$
  WITH RECURSIVE holding AS (SELECT c.reltype AS oid, true AS is_direct FROM pg_class c WHERE c.oid = type
    UNION SELECT part.oid, false FROM holding h
      JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = h.oid
      CROSS JOIN LATERAL (SELECT d.objid AS oid WHERE d.classid = 'pg_type'::regclass
        UNION ALL SELECT c.reltype FROM pg_class c WHERE d.classid = 'pg_class'::regclass AND c.oid = d.objid AND c.relkind = 'c') AS part)
  SELECT a.attrelid, a.attname::text, bool_or(h.is_direct) FROM holding h
    JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid = h.oid AND d.classid = 'pg_class'::regclass
    JOIN pg_attribute a ON a.attrelid = d.objid AND a.attnum = d.objsubid AND a.atttypid = h.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace <> 'slipway'::regnamespace
  GROUP BY a.attrelid, a.attname, a.attnum ORDER BY a.attrelid, a.attnum
$$;

-- Destroyed data of the tables and types that existed before, given with their relfilenodes. The
-- transaction's counts include rows of rolled back savepoints, so they may differ from the kept rows even
-- if triggers captured from the beginning.
CREATE OR REPLACE FUNCTION slipway.missed(existing oid[], files oid[]) RETURNS TABLE (what text, relation oid, number integer)
LANGUAGE sql AS $$
  WITH before AS (SELECT * FROM unnest(existing, files) AS b(relation, file)),
  counted AS (SELECT b.relation, slipway.top_of(b.relation) AS top, n.counts[1] AS changed, n.counts[2] AS inserted
    FROM before b JOIN pg_class c ON c.oid = b.relation AND c.relkind = 'r' AND c.relnamespace <> 'slipway'::regnamespace
    CROSS JOIN LATERAL slipway.counts_of(b.relation) AS n(counts)
    WHERE n.counts[1] > 0 OR n.counts[2] > 0),
  sums AS (SELECT top, sum(changed) AS changed, sum(inserted) AS inserted FROM counted GROUP BY top),
  captured AS (SELECT slipway.top_of(k.relation) AS top,
      sum(k.rows) FILTER (WHERE k.details ->> 'operation' IN ('delete', 'update')) AS changed,
      -- A row that moves to another partition is deleted there and inserted here.
      sum(k.rows) FILTER (WHERE k.details ->> 'operation' IN ('insert', 'update')) AS inserted
    FROM slipway.kept_now() k WHERE k.kind = 'rows' AND k.not_kept IS NULL GROUP BY 1),
  free AS (SELECT slipway.top_of(key::oid) AS top, sum(value::bigint) AS changed
    FROM jsonb_each_text(coalesce(nullif(current_setting('slipway.free', true), ''), '{}')::jsonb) GROUP BY 1),
  dropped AS MATERIALIZED (SELECT b.relation, a.attnum AS number FROM before b
    JOIN pg_class c ON c.oid = b.relation AND c.relkind IN ('r', 'p') AND c.relnamespace <> 'slipway'::regnamespace
    JOIN pg_attribute a ON a.attrelid = b.relation AND a.attnum > 0 AND a.attisdropped AND age(a.xmin) <= age(pg_current_xact_id()::xid)),
  rewritten AS (SELECT b.relation, pg_relation_size(b.relation) = 0 AS emptied FROM before b JOIN pg_class c ON c.oid = b.relation
    WHERE c.relkind = 'r' AND c.relfilenode <> b.file AND c.relnamespace <> 'slipway'::regnamespace)
  SELECT 'changed', c.relation, 0 FROM counted c JOIN sums s USING (top) LEFT JOIN captured k USING (top) LEFT JOIN free f USING (top)
    WHERE c.changed > 0 AND s.changed > coalesce(k.changed, 0) + coalesce(f.changed, 0)
      AND NOT slipway.is_captured(c.relation, '{delete,update}')
  UNION ALL SELECT 'inserted', c.relation, 0 FROM counted c JOIN sums s USING (top) LEFT JOIN captured k USING (top) LEFT JOIN free f USING (top)
    WHERE c.inserted > 0 AND s.inserted > coalesce(k.inserted, 0) + coalesce(f.changed, 0)
      AND (SELECT coalesce(nullif(current_setting('slipway.origin', true), ''), '{}')::jsonb ->> 'inserts') IS DISTINCT FROM 'false'
      AND NOT slipway.is_captured(c.relation, '{insert}')
  UNION ALL SELECT CASE WHEN r.emptied THEN 'emptied' ELSE 'rewritten' END, r.relation, 0 FROM rewritten r
    WHERE NOT r.emptied OR NOT slipway.is_captured(r.relation, '{truncate}')
  UNION ALL SELECT 'gone', b.relation, 0 FROM before b
    WHERE NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = b.relation)
      AND NOT EXISTS (SELECT FROM slipway.kept_now() k WHERE k.relation = b.relation AND k.kind = 'table')
  UNION ALL SELECT 'column', a.attrelid, a.attnum FROM before b JOIN pg_attribute a ON a.attrelid = b.relation
    JOIN pg_class c ON c.oid = b.relation AND c.relnamespace <> 'slipway'::regnamespace
    WHERE a.attnum > 0 AND a.attisdropped AND NOT EXISTS (SELECT FROM slipway.kept_now() k, unnest(k.columns) AS name
      WHERE k.relation = b.relation AND k.kind = 'columns' AND (k.details -> 'numbers' ->> name)::integer = a.attnum)
  UNION ALL SELECT 'typed', d.relation, d.number FROM dropped d WHERE EXISTS (SELECT FROM slipway.holders_of(d.relation))
  UNION ALL SELECT 'large', 'pg_largeobject'::regclass, 0 WHERE (slipway.counts_of('pg_largeobject'::regclass))[1] > 0
  UNION ALL SELECT DISTINCT 'kept', k.relation, 0 FROM slipway.kept_now() k
$$;

-- The columns whose values were overwritten, with their names at that time.
CREATE OR REPLACE FUNCTION slipway.overwritten() RETURNS TABLE (relation oid, number integer, names text[]) LANGUAGE sql AS $$
  SELECT k.relation, (k.details -> 'numbers' ->> name)::integer, array_agg(DISTINCT name)
  FROM slipway.kept_now() k CROSS JOIN unnest(k.columns) AS name
  WHERE k.kind = 'rows' AND k.details ->> 'operation' = 'update' GROUP BY 1, 2
$$;

-- Captures all operations on a table, before a group runs again.
CREATE OR REPLACE FUNCTION slipway.capture_all(origin jsonb, target oid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  operations text[] := CASE WHEN origin ->> 'inserts' = 'false' THEN '{delete,update,truncate}' ELSE '{delete,update,insert,truncate}' END;
BEGIN
  PERFORM slipway.begin_capture(origin);
  PERFORM slipway.capture_on(slipway.top_of(target), operations);
  PERFORM slipway.capture_on(target, operations);
END $$;

-- Copies a table that code will drop.
CREATE OR REPLACE FUNCTION slipway.copy_table(origin jsonb, target oid) RETURNS void LANGUAGE plpgsql
SET row_security = off AS $$
BEGIN
  PERFORM slipway.begin_capture(origin);
  IF NOT slipway.is_stored(target) THEN RETURN; END IF;
  PERFORM slipway.lock_table(target, 'SHARE ROW EXCLUSIVE');
  IF NOT slipway.holds_rows(target) THEN RETURN; END IF;
  PERFORM slipway.record_kept(slipway.store(slipway.entry_of(target, origin, 'table')
    || jsonb_build_object('details', slipway.about(target) || '{"copied": true}'),
    format('SELECT %s FROM %s', coalesce(slipway.copied(target, NULL), ''), slipway.own_rows(target))));
EXCEPTION WHEN insufficient_privilege THEN
  PERFORM slipway.record_kept(slipway.entry_of(target, origin, 'table') || jsonb_build_object('not_kept', 'the role may not read it'));
END $$;

-- Copies columns that code, or the drop of their type, will drop. Inherited columns are kept with those
-- of the parent table.
CREATE OR REPLACE FUNCTION slipway.copy_columns(origin jsonb, target oid, wanted text[]) RETURNS void LANGUAGE plpgsql
SET row_security = off AS $$
DECLARE
  names text[] := slipway.valued(target, ARRAY(SELECT attname::text FROM pg_attribute
    WHERE attrelid = target AND attislocal AND attname::text = ANY (wanted)));
  own text;
BEGIN
  PERFORM slipway.begin_capture(origin);
  IF NOT slipway.is_stored(target) OR names = '{}' THEN RETURN; END IF;
  PERFORM slipway.lock_table(target, 'SHARE ROW EXCLUSIVE');
  IF NOT slipway.holds_rows(target) THEN RETURN; END IF;
  IF slipway.must_copy(origin, target, names) THEN
    PERFORM slipway.keep_whole(slipway.entry_of(target, origin, 'columns') || jsonb_build_object('details', slipway.about(target)),
      target, names);
    RETURN;
  END IF;
  IF slipway.key_of_all(target, names) IS NULL THEN
    FOREACH own IN ARRAY names LOOP
      PERFORM slipway.keep_beside(slipway.entry_of(target, origin, 'columns') || jsonb_build_object('details', slipway.about(target)),
        target, own);
    END LOOP;
    RETURN;
  END IF;
  PERFORM slipway.keep_copy(slipway.entry_of(target, origin, 'columns') || jsonb_build_object('details', slipway.about(target)),
    target, names, true);
EXCEPTION WHEN insufficient_privilege THEN
  PERFORM slipway.record_kept(slipway.entry_of(target, origin, 'columns')
    || jsonb_build_object('columns', to_jsonb(wanted), 'not_kept', 'the role may not read the table'));
END $$;

-- Copies values that code will convert or truncate, of the wanted columns or of all.
CREATE OR REPLACE FUNCTION slipway.copy_values(origin jsonb, target oid, wanted text[]) RETURNS void LANGUAGE plpgsql
SET row_security = off AS $$
DECLARE
  by_key text[] := slipway.key_of(target, '{}');
  log jsonb;
  count bigint;
BEGIN
  PERFORM slipway.begin_capture(origin);
  IF NOT slipway.is_stored(target) THEN RETURN; END IF;
  PERFORM slipway.lock_table(target, 'SHARE ROW EXCLUSIVE');
  wanted := slipway.valued(target, coalesce(wanted, ARRAY(SELECT attname::text FROM pg_attribute
    WHERE attrelid = target AND attnum > 0 AND NOT attisdropped)));
  IF wanted = '{}' OR NOT slipway.holds_rows(target) THEN RETURN; END IF;
  IF by_key IS NULL THEN
    PERFORM slipway.record_kept(slipway.entry_of(target, origin, 'rows') || jsonb_build_object('columns', to_jsonb(wanted),
      'not_kept', 'the table has no key by which the values could be restored'));
    RETURN;
  END IF;
  log := slipway.log_of(target, 'rewrite', by_key, '{}');
  EXECUTE format('%s %s FROM %s', log ->> 'into', slipway.logged(slipway.next_event(), log ->> 'list', NULL, NULL), slipway.own_rows(target));
  GET DIAGNOSTICS count = ROW_COUNT;
  PERFORM slipway.log_more(log, count, wanted);
EXCEPTION WHEN insufficient_privilege THEN
  PERFORM slipway.record_kept(slipway.entry_of(target, origin, 'rows')
    || jsonb_build_object('columns', to_jsonb(wanted), 'not_kept', 'the role may not read the table'));
END $$;

-- Copies the values of a composite type that will lose an attribute, or of the row type of a table that
-- will lose a column. Within arrays, domains and other types, values are copied as text, which has no
-- attribute names: only the last attribute can be restored in its place.
CREATE OR REPLACE FUNCTION slipway.copy_values_of_type(origin jsonb, type oid, number integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  target oid;
  names text[];
  are_direct boolean;
  is_last boolean := NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = type AND attnum > number AND NOT attisdropped);
BEGIN
  PERFORM slipway.begin_capture(origin);
  FOR target, names, are_direct IN SELECT h.relation, array_agg(h.name), bool_and(h.is_direct) FROM slipway.holders_of(type) h GROUP BY 1 LOOP
    CONTINUE WHEN NOT slipway.holds_rows(target) OR EXISTS (SELECT FROM slipway.kept_now() k
      WHERE k.relation = target AND k.details ->> 'operation' = 'rewrite' AND names <@ k.columns);
    IF are_direct OR is_last THEN
      PERFORM slipway.copy_values(origin, target, names);
    ELSE
      PERFORM slipway.record_kept(slipway.entry_of(target, origin, 'rows') || jsonb_build_object('columns', to_jsonb(names),
        'not_kept', 'its values contain values of that type inside arrays, domains or other types'));
    END IF;
  END LOOP;
END $$;

-- Records destroyed data that could not be kept.
CREATE OR REPLACE FUNCTION slipway.record_missed(origin jsonb, of_schema text, of_table text, target oid, entry jsonb) RETURNS void
LANGUAGE sql AS $$
  SELECT slipway.record_kept(jsonb_build_object('id', slipway.next_kept(of_schema), 'history_schema', origin -> 'history_schema',
    'migration', origin -> 'migration', 'statement', origin -> 'statement', 'kind', 'rows', 'table_schema', of_schema,
    'table_name', of_table, 'relation', target) || entry)
$$;

-- Gives kept data the names from before the group, under which it is restored. 'names' has the schema,
-- name and column names (by number) of each table.
CREATE OR REPLACE FUNCTION slipway.name_as_before(names jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  entry slipway.kept;
  old jsonb;
  renamed jsonb;
  one record;
BEGIN
  FOR entry IN SELECT k.* FROM slipway.kept_now() k WHERE names ? k.relation::text LOOP
    old := names -> entry.relation::text;
    -- Maps the present name of each column to the earlier one. A new column may have the name of an old
    -- one.
    SELECT coalesce(jsonb_object_agg(present.name, coalesce(old -> 'columns' ->> present.number, '_slipway_new_' || present.number)), '{}')
    INTO renamed
    FROM (SELECT n.key AS name, n.value AS number FROM jsonb_each_text(entry.details -> 'numbers') AS n
      UNION ALL SELECT attname, attnum::text FROM pg_attribute
        WHERE entry.kind = 'table' AND attrelid = entry.relation AND attnum > 0 AND NOT attisdropped
          AND NOT starts_with(attname, '_slipway_')
          AND to_regclass('slipway.' || entry.stored_as) = entry.relation) AS present
    WHERE old -> 'columns' ->> present.number <> present.name OR NOT old -> 'columns' ? present.number
      AND present.name IN (SELECT value FROM jsonb_each_text(old -> 'columns'));
    CONTINUE WHEN renamed = '{}' AND (entry.table_schema, entry.table_name) = (old ->> 'schema', old ->> 'name');
    IF entry.details ? 'setAside' THEN
      entry.columns := ARRAY[coalesce(renamed ->> (entry.details ->> 'setAside'), entry.columns[1])];
    ELSE
      entry.columns := ARRAY(SELECT coalesce(renamed ->> name, name) FROM unnest(entry.columns) AS name);
      -- Names may have been exchanged.
      FOR one IN SELECT pass, attname::text AS name, '_slipway_' || a.attnum AS between, renamed ->> attname AS wanted
        FROM pg_attribute a CROSS JOIN generate_series(1, 2) AS pass
        WHERE attrelid = to_regclass('slipway.' || entry.stored_as) AND attnum > 0 AND NOT attisdropped AND renamed ? attname
        ORDER BY pass
      LOOP
        EXECUTE format('ALTER TABLE slipway.%I RENAME COLUMN %I TO %I', entry.stored_as,
          CASE one.pass WHEN 1 THEN one.name ELSE one.between END, CASE one.pass WHEN 1 THEN one.between ELSE one.wanted END);
      END LOOP;
    END IF;
    UPDATE slipway.kept k SET table_schema = old ->> 'schema', table_name = old ->> 'name', columns = entry.columns,
      key = (SELECT array_agg(coalesce(renamed ->> name, name) ORDER BY n) FROM unnest(k.key) WITH ORDINALITY AS part(name, n)),
      details = CASE WHEN k.details ? 'numbers' THEN k.details || jsonb_build_object('numbers',
        (SELECT jsonb_object_agg(coalesce(renamed ->> n.key, n.key), n.value) FROM jsonb_each(k.details -> 'numbers') AS n)) ELSE k.details END
      WHERE k.id = entry.id;
  END LOOP;
END $$;
`
