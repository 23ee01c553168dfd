/**
 * Dropping a type must not fail because a moved table still has a column of it, so such columns become
 * text.
 */
export const RELEASE = `
CREATE OR REPLACE FUNCTION slipway.release(types oid[], of_history text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  command text;
BEGIN
  FOR command IN
    WITH RECURSIVE reached AS (
      SELECT unnest(types) AS type
      UNION SELECT t.oid FROM pg_type t LEFT JOIN pg_range r ON r.rngtypid = t.oid
        LEFT JOIN pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN reached ON reached.type IN (t.typelem, t.typbasetype, r.rngsubtype, a.atttypid))
    SELECT format('ALTER TABLE %s %s', c.oid::regclass,
        string_agg(format('ALTER COLUMN %I TYPE text COLLATE "default" USING %1$I::text', a.attname), ', '))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relkind IN ('r', 'p') AND CASE c.relnamespace WHEN 'slipway'::regnamespace THEN c.relname LIKE 'kept\\_%'
        AND (of_history IS NULL OR c.relname IN (SELECT stored_as FROM slipway.kept WHERE history_schema = of_history))
      ELSE a.attname ~ '^_slipway_kept_' AND NOT c.relispartition END
      AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid IN (SELECT type FROM reached)
    GROUP BY c.oid
  LOOP
    EXECUTE command;
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION slipway.release_types(names text[]) RETURNS void LANGUAGE sql AS $$
  SELECT slipway.release(ARRAY(SELECT to_regtype(name)::oid FROM unnest(names) AS name WHERE to_regtype(name) IS NOT NULL), NULL)
$$;

CREATE OR REPLACE FUNCTION slipway.release_schemas(names text[]) RETURNS void LANGUAGE sql AS $$
  SELECT slipway.release(ARRAY(SELECT t.oid FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE n.nspname = ANY (names)), NULL)
$$;

CREATE OR REPLACE FUNCTION slipway.release_extensions(names text[]) RETURNS void LANGUAGE sql AS $$
  SELECT slipway.release(ARRAY(SELECT d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.classid = 'pg_type'::regclass AND d.refclassid = 'pg_extension'::regclass AND e.extname = ANY (names)), NULL)
$$;

-- Before code that Slipway cannot analyse: it may drop any user-defined type.
CREATE OR REPLACE FUNCTION slipway.release_all(history text) RETURNS void LANGUAGE sql AS $$
  SELECT slipway.release(ARRAY(SELECT oid FROM pg_type WHERE typnamespace <> 'pg_catalog'::regnamespace AND typtype IN ('e', 'd', 'c', 'r', 'b')), history)
$$;
`
