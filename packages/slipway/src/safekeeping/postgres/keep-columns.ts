/**
 * DROP COLUMN and changes of type: the key and the values are copied. Without a key, whole rows are
 * copied, or the column is set aside.
 */
export const KEEP_COLUMNS = `
-- Commands that drop everything that DROP COLUMN drops with a column.
CREATE OR REPLACE FUNCTION slipway.trimmings_of_column(target regclass, own text) RETURNS text[] LANGUAGE sql STABLE AS $$
  WITH this AS (SELECT attnum, attidentity, atthasdef FROM pg_attribute
    WHERE attrelid = target AND attname = own AND NOT attisdropped),
  needing AS (SELECT d.classid, d.objid FROM pg_depend d, this WHERE d.refclassid = 'pg_class'::regclass
    AND d.refobjid = target AND d.refobjsubid = this.attnum)
  SELECT array_agg(command ORDER BY rank) FROM (
    SELECT CASE contype WHEN 'f' THEN 1 ELSE 2 END AS rank,
      format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', target, conname) AS command
    FROM pg_constraint, this WHERE conrelid = target AND contype IN ('f', 'p', 'u', 'x', 'c') AND this.attnum = ANY (conkey)
    UNION ALL SELECT 3, format('DROP INDEX IF EXISTS %s', indexrelid::regclass) FROM pg_index
      WHERE indrelid = target AND indexrelid IN (SELECT objid FROM needing WHERE classid = 'pg_class'::regclass)
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = target)
    UNION ALL SELECT 4, format('DROP STATISTICS %I.%I', n.nspname, stxname) FROM pg_statistic_ext s
      JOIN pg_namespace n ON n.oid = stxnamespace
      WHERE stxrelid = target AND s.oid IN (SELECT objid FROM needing WHERE classid = 'pg_statistic_ext'::regclass)
    UNION ALL SELECT 5, format('ALTER TABLE %s ALTER COLUMN %I DROP IDENTITY', target, own) FROM this WHERE attidentity <> ''
    UNION ALL SELECT 6, format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', target, own) FROM this WHERE atthasdef
    UNION ALL SELECT 7, format('DROP SEQUENCE IF EXISTS %s', objid::regclass) FROM needing
      JOIN pg_class s ON s.oid = objid AND s.relkind = 'S' WHERE classid = 'pg_class'::regclass
    UNION ALL SELECT 8, format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', target, own)) AS all_of_them
$$;

-- Commands that drop the views and foreign keys that CASCADE drops with a column.
CREATE OR REPLACE FUNCTION slipway.dependents_of_column(target regclass, own text) RETURNS text[] LANGUAGE sql STABLE AS $$
  WITH this AS (SELECT attnum FROM pg_attribute WHERE attrelid = target AND attname = own AND NOT attisdropped)
  SELECT array_agg(command) FROM (
    SELECT DISTINCT format('DROP %s IF EXISTS %s CASCADE',
        CASE v.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, v.oid::regclass) AS command
    FROM this, pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = target
      AND d.refobjsubid = this.attnum AND v.relkind IN ('v', 'm')
    UNION ALL
    SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass, conname)
    FROM this, pg_constraint WHERE contype = 'f' AND confrelid = target AND this.attnum = ANY (confkey) AND conparentid = 0) AS all_of_them
$$;

-- Marks the rows that a table has now, without writing to them: later ones are not marked.
CREATE OR REPLACE FUNCTION slipway.mark_rows(target regclass, mark text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ADD COLUMN %I boolean DEFAULT true', target, mark);
  EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', target, mark);
END $$;

-- Renames the column, and adds an empty one in its place for the statement to drop. Also adds trivial
-- constraints with the names of those that the statement drops.
CREATE OR REPLACE FUNCTION slipway.set_aside(target regclass, own text, new text, with_dependents boolean, constraints text[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM slipway.try_statement(format('ALTER TABLE %s DROP COLUMN %I %s', target, own,
    CASE WHEN with_dependents THEN 'CASCADE' ELSE 'RESTRICT' END));
  IF with_dependents THEN PERFORM slipway.run_all(slipway.dependents_of_column(target, own)); END IF;
  PERFORM slipway.run_all(slipway.trimmings_of_column(target, own));
  IF EXISTS (SELECT FROM pg_depend d JOIN pg_attribute a ON a.attrelid = target AND a.attname = own
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = target AND d.refobjsubid = a.attnum) THEN
    RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist';
  END IF;
  EXECUTE format('ALTER TABLE %s RENAME COLUMN %I TO %I', target, own, new);
  EXECUTE format('COMMENT ON COLUMN %s.%I IS NULL', target, new);
  EXECUTE format('ALTER TABLE %s ADD COLUMN %I integer', target, own);
  PERFORM slipway.run_all(ARRAY(SELECT format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (true) NOT VALID', target, name)
    FROM unnest(constraints) AS name
    WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = target AND conname = name)));
END $$;

CREATE OR REPLACE FUNCTION slipway.try_to_set_aside(
  entry jsonb, target regclass, own text, with_dependents boolean, constraints text[]) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  new text := '_slipway_kept_' || (entry ->> 'id');
  mark text;
BEGIN
  -- If the column has a default, a NULL in an existing row is a value to restore.
  IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attname = own AND NOT attisdropped AND atthasdef) THEN
    mark := '_slipway_kept_' || slipway.next_kept(entry ->> 'table_schema');
    PERFORM slipway.mark_rows(target, mark);
  END IF;
  PERFORM slipway.set_aside(target, own, new, with_dependents, constraints);
  PERFORM slipway.record_kept(entry || jsonb_build_object('columns', jsonb_build_array(own),
    'details', (entry -> 'details') || jsonb_strip_nulls(jsonb_build_object('setAside', new, 'mark', mark))));
  RETURN true;
EXCEPTION WHEN OTHERS THEN
  IF slipway.must_stop(SQLSTATE) THEN RAISE; END IF;
  RETURN false;
END $$;

-- The columns that are not generated; the server computes the others again.
CREATE OR REPLACE FUNCTION slipway.valued(target regclass, names text[]) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT coalesce(array_agg(attname::text ORDER BY attnum), '{}') FROM pg_attribute
  WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attname::text = ANY (names)
$$;

CREATE OR REPLACE FUNCTION slipway.has_heirs(target regclass) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM pg_inherits JOIN pg_class p ON p.oid = inhparent WHERE inhparent = target AND p.relkind = 'r')
$$;

-- The key that identifies the rows of a table; null if it has child tables, because each of these has its
-- own keys.
CREATE OR REPLACE FUNCTION slipway.key_of_all(target regclass, without text[]) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT slipway.key_of(target, without) WHERE NOT slipway.has_heirs(target)
$$;

-- Details of an entry whose rows will be found by their content. The transaction shows later which rows
-- were written since.
CREATE OR REPLACE FUNCTION slipway.matched_now() RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('matched', true, 'transaction', pg_current_xact_id()::text)
$$;

-- Copies whole rows in a rollback, which must not add columns to the table, if no key finds the rows
-- again. After another deploy, values can be restored to rows that are equal in all other columns, unless
-- the table has child tables, whose rows have their own columns.
CREATE OR REPLACE FUNCTION slipway.keep_whole(entry jsonb, target regclass, names text[]) RETURNS void LANGUAGE plpgsql
SET row_security = off AS $$
BEGIN
  PERFORM slipway.record_kept(slipway.store(entry || jsonb_build_object('columns', to_jsonb(names),
      'details', coalesce(entry -> 'details', '{}') || CASE WHEN slipway.has_heirs(target) THEN '{}' ELSE slipway.matched_now() END),
    format('SELECT %s FROM %s', slipway.copied(target, NULL), target)));
END $$;

-- Copies whole rows if no key finds them again: a row is then found by all its other columns. Rows that
-- are equal in these are interchangeable. The copy also serves later statements that drop other columns
-- of the same rows. Returns whether the copy suffices.
CREATE OR REPLACE FUNCTION slipway.keep_matched(entry jsonb, target regclass, names text[]) RETURNS boolean LANGUAGE plpgsql
SET row_security = off AS $$
DECLARE
  earlier slipway.kept;
BEGIN
  -- Rows of child tables have their own columns.
  IF slipway.has_heirs(target) THEN RETURN false; END IF;
  SELECT k.* INTO earlier FROM slipway.kept k
    WHERE k.history_schema = entry ->> 'history_schema' AND k.migration = entry ->> 'migration' AND k.relation = target
      AND k.kind = 'columns' AND k.restored_at IS NULL AND (k.details ? 'matched' OR k.details ? 'setAside')
    ORDER BY k.id DESC LIMIT 1;
  IF earlier.id IS NULL THEN
    PERFORM slipway.record_kept(slipway.store(entry || jsonb_build_object('columns', to_jsonb(names),
        'details', (entry -> 'details') || slipway.matched_now()),
      format('SELECT %s FROM %s', slipway.copied(target, NULL), slipway.own_rows(target))));
    RETURN true;
  END IF;
  IF NOT earlier.details ? 'matched' OR earlier.kept_at < now() OR EXISTS (SELECT FROM pg_attribute
    WHERE attrelid = target AND attname::text = ANY (names)
      AND (earlier.details -> 'numbers' ->> attname)::integer IS DISTINCT FROM attnum) THEN RETURN false; END IF;
  UPDATE slipway.kept k SET columns = k.columns || names WHERE k.id = earlier.id;
  RETURN true;
END $$;

-- Whether a rollback must copy whole rows: a key that the down migration changes later cannot find them.
CREATE OR REPLACE FUNCTION slipway.must_copy(origin jsonb, target regclass, without text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT origin ->> 'inserts' = 'false' AND slipway.key_of_all(target, without) IS NULL
$$;

CREATE OR REPLACE FUNCTION slipway.keep_copy(entry jsonb, target regclass, names text[], all_rows boolean)
RETURNS void LANGUAGE plpgsql SET row_security = off AS $$
DECLARE
  key text[] := slipway.key_of_all(target, names);
  condition text := 'true';
BEGIN
  IF key IS NULL THEN
    PERFORM slipway.record_kept(entry || jsonb_build_object('columns', to_jsonb(names),
      'not_kept', 'the table has no key by which the values could be restored'));
    RETURN;
  END IF;
  IF NOT all_rows THEN
    SELECT string_agg(format('%I IS NOT NULL', name), ' OR ') INTO condition FROM unnest(names) AS name;
  END IF;
  PERFORM slipway.record_kept(
    slipway.store(entry || jsonb_build_object('columns', to_jsonb(names), 'key', to_jsonb(key)),
      format('SELECT %s FROM %s WHERE %s', slipway.copied(target, key || names), target, condition)));
END $$;

CREATE OR REPLACE FUNCTION slipway.keep_columns(
  origin jsonb, name text, wanted text[], with_dependents boolean, max_rows bigint, added_again boolean,
  constraints text[], changed_later text[], settled boolean) RETURNS void
LANGUAGE plpgsql SET row_security = off AS $$
DECLARE
  target regclass := to_regclass(name);
  names text[] := slipway.valued(target, wanted);
  is_large boolean := (SELECT reltuples FROM pg_class WHERE oid = target) > max_rows;
  forced boolean;
  own text;
  entry jsonb;
BEGIN
  IF target IS NULL OR NOT slipway.is_stored(target) OR names = '{}' THEN RETURN; END IF;
  PERFORM slipway.lock_table(target, 'ACCESS EXCLUSIVE');
  SELECT relforcerowsecurity INTO forced FROM pg_class WHERE oid = target;
  IF forced THEN EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', target); END IF;
  IF slipway.holds_rows(target) THEN
    entry := slipway.entry_of(target, origin, 'columns') || jsonb_build_object('details', slipway.about(target));
    IF slipway.must_copy(origin, target, names || changed_later) THEN
      PERFORM slipway.keep_whole(entry, target, names);
      names := '{}';
    ELSIF is_large OR slipway.key_of_all(target, names || changed_later) IS NULL THEN
      -- A key that the migration changes later cannot find the rows, and neither can content that it
      -- changes later.
      IF settled AND NOT is_large AND slipway.keep_matched(entry, target, names) THEN names := '{}'; END IF;
      FOREACH own IN ARRAY names LOOP
        IF slipway.try_to_set_aside(entry, target, own, with_dependents, constraints) THEN
          names := array_remove(names, own);
          entry := entry || jsonb_build_object('id', slipway.next_kept(entry ->> 'table_schema'));
        END IF;
      END LOOP;
    END IF;
    -- A column that is restored with a default, or under another name, may have a value in every row, so
    -- NULLs are kept, too.
    IF names <> '{}' THEN
      PERFORM slipway.keep_copy(entry, target, names, added_again OR EXISTS (
        SELECT FROM pg_attribute WHERE attrelid = target AND attname::text = ANY (names) AND atthasdef));
    END IF;
  END IF;
  IF forced THEN EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target); END IF;
EXCEPTION WHEN insufficient_privilege THEN
  PERFORM slipway.record_kept(slipway.entry_of(target, origin, 'columns')
    || jsonb_build_object('columns', to_jsonb(wanted), 'not_kept', 'the role may not read the table'));
END $$;

-- Whether a change of type can lose part of a value; true if unknown.
CREATE OR REPLACE FUNCTION slipway.loses(old text, new text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN new IS NULL THEN true
    WHEN old = new OR new = 'text' THEN false
    WHEN ARRAY[old, new] <@ ARRAY['smallint', 'integer', 'bigint'] THEN
      array_position(ARRAY['smallint', 'integer', 'bigint'], old) > array_position(ARRAY['smallint', 'integer', 'bigint'], new)
    WHEN old ~ '^character varying' AND new ~ '^character varying' THEN
      coalesce(substring(old FROM '\\d+')::bigint, 'infinity'::float8) > coalesce(substring(new FROM '\\d+')::bigint, 'infinity'::float8)
    -- Between user-defined types, a value that the new type lacks makes the change fail.
    ELSE EXISTS (SELECT FROM pg_type WHERE oid IN (to_regtype(old), to_regtype(new)) AND typnamespace = 'pg_catalog'::regnamespace)
  END
$$;

-- Keeps the old values in an extra column of the table, if no key identifies the rows. The column has a
-- built-in type, which outlives user-defined ones. The rows that this writes do not count as changed.
CREATE OR REPLACE FUNCTION slipway.keep_beside(entry jsonb, target regclass, own text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  new text := '_slipway_kept_' || (entry ->> 'id');
  mark text := '_slipway_kept_' || slipway.next_kept(entry ->> 'table_schema');
  again text[] := slipway.quiet(target);
  type text := (SELECT CASE t.typnamespace WHEN 'pg_catalog'::regnamespace THEN format_type(atttypid, atttypmod) ELSE 'text' END
    FROM pg_attribute JOIN pg_type t ON t.oid = atttypid WHERE attrelid = target AND attname = own AND NOT attisdropped);
  count bigint;
BEGIN
  EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', target, new, type);
  EXECUTE format('UPDATE %s SET %I = %I::%s', target, new, own, type);
  GET DIAGNOSTICS count = ROW_COUNT;
  IF NOT slipway.is_captured(target, '{update}') THEN PERFORM slipway.add_free(target, count); END IF;
  SET CONSTRAINTS ALL IMMEDIATE;
  PERFORM slipway.run_all(again);
  PERFORM slipway.mark_rows(target, mark);
  PERFORM slipway.record_kept(entry || jsonb_build_object('columns', jsonb_build_array(own),
    'details', (entry -> 'details') || jsonb_build_object('setAside', new, 'mark', mark)));
END $$;

CREATE OR REPLACE FUNCTION slipway.keep_types(origin jsonb, name text, changes jsonb, changed_later text[]) RETURNS void
LANGUAGE plpgsql SET row_security = off AS $$
DECLARE
  target regclass := to_regclass(name);
  names text[];
  forced boolean;
  own text;
BEGIN
  IF target IS NULL OR NOT slipway.is_stored(target) THEN RETURN; END IF;
  SELECT array_agg(attname::text ORDER BY attnum) INTO names FROM pg_attribute
    WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
      AND changes ? attname AND slipway.loses(format_type(atttypid, atttypmod), changes ->> attname);
  IF names IS NULL THEN RETURN; END IF;
  PERFORM slipway.lock_table(target, 'ACCESS EXCLUSIVE');
  SELECT relforcerowsecurity INTO forced FROM pg_class WHERE oid = target;
  IF forced THEN EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', target); END IF;
  IF slipway.holds_rows(target) AND slipway.must_copy(origin, target, names || changed_later) THEN
    PERFORM slipway.keep_whole(slipway.entry_of(target, origin, 'columns')
      || jsonb_build_object('details', '{"changedType": true}'::jsonb), target, names);
  ELSIF slipway.holds_rows(target) AND slipway.key_of_all(target, names || changed_later) IS NOT NULL THEN
    PERFORM slipway.keep_copy(slipway.entry_of(target, origin, 'columns')
      || jsonb_build_object('details', '{"changedType": true}'::jsonb), target, names, true);
  ELSIF slipway.holds_rows(target) THEN
    FOREACH own IN ARRAY names LOOP
      PERFORM slipway.keep_beside(slipway.entry_of(target, origin, 'columns')
        || jsonb_build_object('details', '{"changedType": true}'::jsonb), target, own);
    END LOOP;
  END IF;
  IF forced THEN EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target); END IF;
EXCEPTION WHEN insufficient_privilege THEN
  PERFORM slipway.record_kept(slipway.entry_of(target, origin, 'columns')
    || jsonb_build_object('columns', to_jsonb(names), 'not_kept', 'the role may not read the table'));
END $$;
`
