/** The commands for kept data: restore one entry, drop old data. */
export const MANAGE = `
-- The table that kept data belongs to: by its OID on the database where it was kept, regardless of its
-- current name; on any other database by schema and name, because there an OID belongs to a different
-- object.
CREATE OR REPLACE FUNCTION slipway.relation_of(entry slipway.kept) RETURNS regclass LANGUAGE plpgsql STABLE AS $$
DECLARE
  target regclass;
BEGIN
  IF slipway.is_this_database(entry.database_identity) THEN
    SELECT oid INTO target FROM pg_class
      WHERE oid = entry.relation AND relkind IN ('r', 'p') AND relnamespace <> 'slipway'::regnamespace;
    IF FOUND THEN RETURN target; END IF;
  END IF;
  SELECT c.oid INTO target FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND (n.nspname, c.relname) = (entry.table_schema, entry.table_name);
  RETURN target;
END $$;

-- Restores one entry. Returns false if its table or columns do not exist, or its rows cannot be found.
CREATE OR REPLACE FUNCTION slipway.restore_one(kept_id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  entry slipway.kept;
  target regclass;
  unwritten text;
BEGIN
  SELECT * INTO entry FROM slipway.kept WHERE id = kept_id AND restored_at IS NULL FOR UPDATE;
  IF entry.kind = 'sequence' THEN
    SELECT c.oid INTO target FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind = 'S' AND (n.nspname, c.relname) = (entry.table_schema, entry.table_name);
    IF target IS NULL THEN RETURN false; END IF;
    PERFORM slipway.set_position(target, slipway.position_of(target), slipway.further(slipway.position_of(target),
      entry.details -> 'position', (SELECT seqincrement FROM pg_sequence WHERE seqrelid = target)));
    PERFORM slipway.mark_restored(kept_id, 0, 0);
    RETURN true;
  END IF;
  target := slipway.relation_of(entry);
  IF target IS NULL THEN RETURN false; END IF;
  BEGIN
    entry := slipway.follow_names(entry, target);
    IF NOT entry.columns <@ slipway.valued(target, entry.columns) THEN RAISE EXCEPTION USING ERRCODE = 'SLW03'; END IF;
  EXCEPTION WHEN SQLSTATE 'SLW03' THEN RETURN false;
  END;
  -- When the command began, it looked for the entry's table on this database, and did not find it with
  -- certainty.
  IF entry.kind <> 'table' AND NOT slipway.is_this_database(entry.database_identity) THEN
    RAISE EXCEPTION '% may not be the table that the kept data belongs to', target USING ERRCODE = 'SLW02';
  END IF;
  CASE entry.kind
    WHEN 'table' THEN PERFORM slipway.restore_kept_table(entry, target);
    WHEN 'rows' THEN
      IF entry.details ->> 'operation' = 'update' AND entry.key IS NULL AND entry.details ->> 'paired' IS DISTINCT FROM 'true' THEN
        RETURN false;
      END IF;
      PERFORM slipway.restore_entry(entry, target);
    ELSE
      -- Values that were written to the column since stay, except after a change of type: converted
      -- values cannot be distinguished from them.
      unwritten := CASE WHEN entry.details ? 'changedType' THEN 'true' ELSE slipway.unwritten(target, entry.columns) END;
      IF entry.details ? 'setAside' THEN
        PERFORM slipway.restore_aside(entry, target, unwritten);
      ELSIF entry.details ? 'matched' THEN
        PERFORM slipway.mark_restored(kept_id, slipway.update_matched(entry, target, entry.columns, unwritten), 0);
      ELSIF entry.key IS NULL THEN
        RETURN false;
      ELSE
        PERFORM slipway.mark_restored(kept_id, slipway.update_kept(entry, target, entry.columns, unwritten), 0);
      END IF;
  END CASE;
  RETURN true;
END $$;

-- Whether the table, or all columns, of an entry were created since, by the migration or later: the
-- original object no longer exists, and no other object of that time has its name.
CREATE OR REPLACE FUNCTION slipway.has_new_place(entry slipway.kept) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT slipway.is_this_database(entry.database_identity) AND CASE entry.kind
    WHEN 'table' THEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = slipway.relation_of(entry) AND a.attnum = -1
      AND age(a.xmin) <= age(slipway.xid_of(entry.details ->> 'transaction')))
    ELSE slipway.relation_of(entry) = entry.relation AND NOT EXISTS (SELECT FROM unnest(entry.columns) AS name
      WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = entry.relation AND a.attname = name AND NOT a.attisdropped
        AND a.attnum::text NOT IN (SELECT value FROM jsonb_each_text(entry.details -> 'numbers')))) END
$$;

-- Restores the data of tables and columns that code created again, not a statement of the down migration.
-- Data that cannot be restored stays kept. Parents are restored before the rows that refer to them.
CREATE OR REPLACE FUNCTION slipway.restore_others(history text, of_migration text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  one bigint;
  more boolean := true;
BEGIN
  WHILE more LOOP
    more := false;
    FOR one IN SELECT k.id FROM slipway.kept k WHERE k.history_schema = history AND k.migration = of_migration
      AND k.kind IN ('table', 'columns') AND k.restored_at IS NULL AND k.not_kept IS NULL AND NOT k.details ? 'changedType'
      AND slipway.has_new_place(k) ORDER BY k.kind DESC, k.id DESC
    LOOP
      BEGIN
        more := slipway.restore_one(one) OR more;
      EXCEPTION WHEN OTHERS THEN
        IF slipway.must_stop(SQLSTATE) THEN RAISE; END IF;
      END;
    END LOOP;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION slipway.prune_kept(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  entry slipway.kept;
  target regclass;
BEGIN
  FOR entry IN SELECT * FROM slipway.kept WHERE id = ANY (ids) LOOP
    IF entry.stored_as IS NOT NULL THEN EXECUTE format('DROP TABLE IF EXISTS slipway.%I CASCADE', entry.stored_as); END IF;
    target := slipway.relation_of(entry);
    IF target IS NOT NULL AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = target AND attname = entry.details ->> 'setAside') THEN
      EXECUTE format('ALTER TABLE %s DROP COLUMN IF EXISTS %I, DROP COLUMN IF EXISTS %I', target, entry.details ->> 'setAside',
        coalesce(entry.details ->> 'mark', entry.details ->> 'setAside'));
    END IF;
  END LOOP;
  DELETE FROM slipway.kept WHERE id = ANY (ids);
END $$;
`
