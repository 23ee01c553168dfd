/** DROP TABLE and DROP SCHEMA: the tables are moved, or copied if they cannot be moved. */
export const KEEP_TABLE = `
CREATE OR REPLACE FUNCTION slipway.is_movable(target regclass) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT relkind = 'r' AND NOT relispartition
    AND NOT EXISTS (SELECT FROM pg_inherits WHERE target IN (inhrelid, inhparent))
  FROM pg_class WHERE oid = target
$$;

CREATE OR REPLACE FUNCTION slipway.keep_table(origin jsonb, target regclass) RETURNS void
LANGUAGE plpgsql SET row_security = off AS $$
DECLARE
  entry jsonb;
BEGIN
  IF NOT slipway.is_stored(target) THEN RETURN; END IF;
  PERFORM slipway.lock_table(target, 'ACCESS EXCLUSIVE');
  PERFORM slipway.hold_sequences(ARRAY[target]);
  IF (SELECT relforcerowsecurity FROM pg_class WHERE oid = target) THEN
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', target);
  END IF;
  IF NOT slipway.holds_rows(target) THEN RETURN; END IF;
  entry := slipway.entry_of(target, origin, 'table');
  entry := entry || jsonb_build_object('details', slipway.about(target));
  IF slipway.is_movable(target) THEN
    BEGIN
      PERFORM slipway.move_table(target, entry ->> 'table_schema', entry ->> 'table_name', 'kept_' || (entry ->> 'id'));
      PERFORM slipway.record_kept(entry || jsonb_build_object('stored_as', 'kept_' || (entry ->> 'id')));
      RETURN;
    EXCEPTION WHEN OTHERS THEN
      IF slipway.must_stop(SQLSTATE) THEN RAISE; END IF;
    END;
  END IF;
  PERFORM slipway.record_kept(
    slipway.store(entry, format('SELECT %s FROM %s', slipway.copied(target, NULL), slipway.own_rows(target))));
EXCEPTION WHEN insufficient_privilege THEN
  PERFORM slipway.record_kept(slipway.entry_of(target, origin, 'table')
    || jsonb_build_object('not_kept', 'the role may not read it'));
END $$;

-- Whether a table is a partition of one of the tables, whose copy then contains its rows.
CREATE OR REPLACE FUNCTION slipway.is_partition_of(target oid, tables oid[]) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM pg_partition_ancestors(target) AS a(relation) WHERE relation <> target AND relation = ANY (tables))
$$;

-- If PostgreSQL rejects the statement, its error is raised before anything is moved.
CREATE OR REPLACE FUNCTION slipway.keep_tables(origin jsonb, dropping text, names text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  targets oid[] := ARRAY(SELECT to_regclass(name)::oid FROM unnest(names) AS name WHERE to_regclass(name) IS NOT NULL);
  name text;
BEGIN
  PERFORM slipway.try_statement(dropping);
  FOREACH name IN ARRAY names LOOP
    CONTINUE WHEN to_regclass(name) IS NULL OR slipway.is_partition_of(to_regclass(name), targets);
    PERFORM slipway.keep_table(origin, to_regclass(name));
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION slipway.keep_schemas(origin jsonb, dropping text, names text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  targets oid[] := ARRAY(SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY (names) AND c.relkind IN ('r', 'p') ORDER BY c.oid);
  target oid;
BEGIN
  PERFORM slipway.try_statement(dropping);
  FOREACH target IN ARRAY targets LOOP
    CONTINUE WHEN slipway.is_partition_of(target, targets);
    PERFORM slipway.keep_table(origin, target);
  END LOOP;
END $$;
`
