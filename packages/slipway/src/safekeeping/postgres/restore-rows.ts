/** Rows that data statements changed: they are restored after the down migration has restored the schema. */
export const RESTORE_ROWS = `
CREATE OR REPLACE FUNCTION slipway.rows_in(target regclass) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  count bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM %s', target) INTO count;
  RETURN count;
END $$;

CREATE OR REPLACE FUNCTION slipway.restore_entry(entry slipway.kept, target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  since bigint := 0;
  restored bigint;
BEGIN
  entry := slipway.follow_names(entry, target);
  IF entry.details ->> 'operation' = 'update' THEN
    restored := slipway.update_kept(entry, target, entry.columns);
    PERFORM slipway.mark_restored(entry.id, restored, 0);
  ELSE
    IF entry.details ->> 'operation' = 'truncate' THEN since := slipway.rows_in(target); END IF;
    restored := slipway.insert_kept(entry, target);
    PERFORM slipway.mark_restored(entry.id, restored, since);
  END IF;
END $$;

-- Values of one table that an UPDATE changed, before the down migration makes a demand on their column.
CREATE OR REPLACE FUNCTION slipway.restore_updates(history text, of_migration text, name text, own text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  target regclass := to_regclass(name);
  entry slipway.kept;
BEGIN
  FOR entry IN SELECT k.* FROM slipway.kept k
    WHERE k.history_schema = history AND k.migration = of_migration AND k.kind = 'rows' AND k.details ->> 'operation' = 'update' AND k.key IS NOT NULL
      AND k.restored_at IS NULL AND k.stored_as IS NOT NULL AND own = ANY (k.columns)
      AND slipway.relation_of(k) = target
    ORDER BY k.statement DESC, k.id
  LOOP
    BEGIN
      PERFORM slipway.restore_entry(entry, target);
    -- The rows that it refers to are restored at the end, and it with them.
    EXCEPTION WHEN foreign_key_violation THEN NULL;
    END;
  END LOOP;
END $$;

-- The last change first. Values of tables that the down migration itself changes stay. A row whose parent is not back yet waits for it.
CREATE OR REPLACE FUNCTION slipway.restore_rows(history text, of_migration text, changed_tables text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  pending bigint[] := ARRAY(SELECT id FROM slipway.kept WHERE history_schema = history AND migration = of_migration
    AND kind = 'rows' AND restored_at IS NULL AND stored_as IS NOT NULL AND (details ->> 'operation' <> 'update' OR key IS NOT NULL)
    ORDER BY statement DESC, id);
  waiting bigint[] := '{}';
  one bigint;
  entry slipway.kept;
  target regclass;
BEGIN
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
