/** DELETE, UPDATE and TRUNCATE: the rows as they are before. */
export const KEEP_ROWS = `
-- Rows that a foreign key takes along: of each table that refers to the kept ones and follows them.
CREATE OR REPLACE FUNCTION slipway.keep_followers(entry jsonb, target regclass, seen regclass[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  follower record;
  kept jsonb;
  condition text;
BEGIN
  FOR follower IN SELECT c.conrelid::regclass AS name,
      c.confdeltype = 'c' AS goes,
      jsonb_agg(a.attname ORDER BY k.n) AS columns, array_agg(format('%I::text', a.attname) ORDER BY k.n) AS own, array_agg(format('%I::text', b.attname) ORDER BY k.n) AS theirs
    FROM pg_constraint c
    CROSS JOIN LATERAL unnest(c.conkey, c.confkey) WITH ORDINALITY AS k(own, theirs, n)
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own
    JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = k.theirs
    WHERE c.contype = 'f' AND c.confrelid = target AND c.conparentid = 0 AND c.confdeltype IN ('c', 'n', 'd')
      AND NOT c.conrelid = ANY (seen)
    GROUP BY c.oid, c.conrelid, c.confdeltype
  LOOP
    condition := format('(%s) IN (SELECT %s FROM slipway.%I)', array_to_string(follower.own, ', '),
      array_to_string(follower.theirs, ', '), entry ->> 'stored_as');
    kept := slipway.keep_selected(entry, follower.name,
      format('%s WHERE %s', follower.name, condition), CASE WHEN follower.goes THEN '{"operation": "delete"}'::jsonb
        ELSE jsonb_build_object('operation', 'update', 'columns', follower.columns) END);
    IF kept IS NOT NULL AND follower.goes THEN PERFORM slipway.keep_followers(kept, follower.name, seen || follower.name); END IF;
  END LOOP;
END $$;

-- The lock lets others read: nobody may write between the copy and the statement.
CREATE OR REPLACE FUNCTION slipway.keep_selected(
  origin jsonb, target regclass, chosen text, about jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  own text;
  entry jsonb;
  count bigint;
  -- A row whose key is changed is not found by it again.
  key text[] := slipway.key_of(target, CASE WHEN about ->> 'operation' = 'update'
    THEN ARRAY(SELECT jsonb_array_elements_text(about -> 'columns')) ELSE '{}' END);
BEGIN
  PERFORM slipway.lock_table(target, 'SHARE ROW EXCLUSIVE');
  entry := slipway.entry_of(target, origin, 'rows');
  own := 'kept_' || (entry ->> 'id');
  EXECUTE format('CREATE TABLE slipway.%I AS %s SELECT %s FROM %s', own, 'WITH ' || (about ->> 'with'),
    slipway.copied(target, NULL), chosen);
  GET DIAGNOSTICS count = ROW_COUNT;
  IF count = 0 THEN
    EXECUTE format('DROP TABLE slipway.%I', own);
    RETURN NULL;
  END IF;
  -- A trigger may change more columns than the statement names.
  IF about ->> 'operation' = 'update' AND EXISTS (SELECT FROM pg_trigger
    WHERE tgrelid = target AND NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 19 = 19) THEN
    about := about || jsonb_build_object('columns', (SELECT jsonb_agg(attname) FROM pg_attribute
      WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attgenerated = ''));
  END IF;
  entry := entry || jsonb_build_object('stored_as', own, 'rows', count, 'details', about - 'with',
    'key', to_jsonb(key), 'columns', coalesce(about -> 'columns', '[]'));
  PERFORM slipway.record_kept(entry);
  RETURN entry;
END $$;

CREATE OR REPLACE FUNCTION slipway.keep_rows(
  origin jsonb, name text, chosen text, about jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  target regclass := to_regclass(name);
  entry jsonb;
BEGIN
  IF EXISTS (SELECT FROM pg_class WHERE oid = target AND relkind IN ('v', 'f')) THEN
    PERFORM slipway.record_kept(slipway.entry_of(target, origin, 'rows')
      || jsonb_build_object('not_kept', 'it holds no rows itself: it is a view, or a foreign table'));
  END IF;
  IF target IS NULL OR NOT slipway.is_stored(target) THEN RETURN; END IF;
  entry := slipway.keep_selected(origin, target, chosen, about);
  IF entry IS NOT NULL AND about ->> 'operation' = 'delete' THEN
    PERFORM slipway.keep_followers(entry, target, ARRAY[target]);
  END IF;
EXCEPTION WHEN OTHERS THEN
  IF slipway.must_stop(SQLSTATE) THEN RAISE; END IF;
  PERFORM slipway.record_kept(slipway.entry_of(target, origin, 'rows')
    || jsonb_build_object('not_kept', 'its rows could not be selected beforehand'));
END $$;

-- With CASCADE, all tables that refer to these.
CREATE OR REPLACE FUNCTION slipway.reached(targets oid[]) RETURNS SETOF oid LANGUAGE sql STABLE AS $$
  WITH RECURSIVE reached AS (
    SELECT unnest(targets) AS target
    UNION SELECT conrelid FROM pg_constraint c JOIN reached ON c.confrelid = reached.target WHERE contype = 'f' AND conparentid = 0)
  SELECT target FROM reached
$$;

CREATE OR REPLACE FUNCTION slipway.keep_all_rows(origin jsonb, names text[], with_referring boolean)
RETURNS void LANGUAGE plpgsql SET row_security = off AS $$
DECLARE
  targets oid[] := ARRAY(SELECT to_regclass(name)::oid FROM unnest(names) AS name WHERE to_regclass(name) IS NOT NULL);
  target regclass;
BEGIN
  IF with_referring THEN targets := ARRAY(SELECT slipway.reached(targets)); END IF;
  FOREACH target IN ARRAY targets::regclass[] LOOP
    CONTINUE WHEN NOT slipway.is_stored(target);
    PERFORM slipway.lock_table(target, 'ACCESS EXCLUSIVE');
    BEGIN
      PERFORM slipway.keep_selected(origin, target, target::text,
        slipway.about(target) || '{"operation": "truncate"}');
    EXCEPTION WHEN insufficient_privilege THEN
      PERFORM slipway.record_kept(slipway.entry_of(target, origin, 'rows')
        || jsonb_build_object('not_kept', 'the role may not read all of its rows'));
    END;
  END LOOP;
END $$;
`
