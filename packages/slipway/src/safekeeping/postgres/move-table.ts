/**
 * Moves a table of any size into Slipway's schema, without dependencies between it and the user's
 * objects.
 */
export const MOVE_TABLE = `
CREATE OR REPLACE FUNCTION slipway.run_all(commands text[]) RETURNS void LANGUAGE plpgsql
SET client_min_messages = warning AS $$
DECLARE
  command text;
BEGIN
  FOREACH command IN ARRAY coalesce(commands, '{}') LOOP EXECUTE command; END LOOP;
END $$;

-- Commands that drop the views and foreign keys that CASCADE drops with a table.
CREATE OR REPLACE FUNCTION slipway.dependents(target regclass) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT array_agg(command) FROM (
    SELECT DISTINCT format('DROP %s IF EXISTS %s CASCADE',
        CASE v.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, v.oid::regclass) AS command
    FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = target
      AND v.oid <> target AND v.relkind IN ('v', 'm')
    UNION ALL
    SELECT format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', conrelid::regclass, conname)
    FROM pg_constraint WHERE contype = 'f' AND confrelid = target AND conrelid <> target AND conparentid = 0) AS all_of_them
$$;

-- Indexes that use no user-defined objects. They move with the table, because the time to drop an index
-- grows with its size.
CREATE OR REPLACE FUNCTION slipway.plain_indexes(target regclass) RETURNS SETOF oid LANGUAGE sql STABLE AS $$
  SELECT indexrelid FROM pg_index i WHERE indrelid = target AND indexprs IS NULL AND indpred IS NULL
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype = 'x')
    AND NOT EXISTS (SELECT FROM unnest(indclass::oid[]) AS used JOIN pg_opclass o ON o.oid = used
      WHERE opcnamespace <> 'pg_catalog'::regnamespace)
    AND NOT EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = atttypid LEFT JOIN pg_collation l ON l.oid = attcollation
      WHERE attrelid = indexrelid AND (typnamespace <> 'pg_catalog'::regnamespace OR collnamespace <> 'pg_catalog'::regnamespace))
$$;

-- Commands that drop everything that a table has besides its rows and these indexes, in a possible order.
CREATE OR REPLACE FUNCTION slipway.trimmings(target regclass) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT array_agg(command ORDER BY rank) FROM (
    SELECT CASE contype WHEN 'f' THEN 1 ELSE 2 END AS rank,
      format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', target, conname) AS command
    FROM pg_constraint WHERE conrelid = target AND contype IN ('f', 'p', 'u', 'x', 'c')
      AND (contype NOT IN ('p', 'u') OR conindid NOT IN (SELECT slipway.plain_indexes(target)))
    UNION ALL SELECT 3, format('DROP INDEX IF EXISTS %s', indexrelid::regclass) FROM pg_index
      WHERE indrelid = target AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = target)
        AND indexrelid NOT IN (SELECT slipway.plain_indexes(target))
    UNION ALL SELECT 4, format('DROP TRIGGER %I ON %s', tgname, target) FROM pg_trigger
      WHERE tgrelid = target AND NOT tgisinternal
    UNION ALL SELECT 5, format('DROP RULE %I ON %s', rulename, target) FROM pg_rewrite WHERE ev_class = target
    UNION ALL SELECT 6, format('DROP POLICY %I ON %s', polname, target) FROM pg_policy WHERE polrelid = target
    UNION ALL SELECT 7, format('ALTER TABLE %s %s', target, CASE
        WHEN attidentity <> '' THEN format('ALTER COLUMN %I DROP IDENTITY', attname)
        WHEN attgenerated = 's' THEN format('ALTER COLUMN %I DROP EXPRESSION', attname)
        WHEN attgenerated = 'v' THEN format('DROP COLUMN %I', attname)
        ELSE format('ALTER COLUMN %I DROP DEFAULT', attname) END)
      FROM pg_attribute WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND (atthasdef OR attidentity <> '')
    UNION ALL SELECT 8, format('DROP SEQUENCE IF EXISTS %s CASCADE', objid::regclass) FROM pg_depend
      JOIN pg_class s ON s.oid = objid AND s.relkind = 'S'
      WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass AND refobjid = target AND deptype = 'a'
    UNION ALL SELECT 9, format('DROP STATISTICS %I.%I', n.nspname, stxname) FROM pg_statistic_ext
      JOIN pg_namespace n ON n.oid = stxnamespace WHERE stxrelid = target
    UNION ALL SELECT 10, format('ALTER PUBLICATION %I DROP TABLE %s', pubname, target) FROM pg_publication_rel
      JOIN pg_publication p ON p.oid = prpubid WHERE prrelid = target
    UNION ALL SELECT 11, format('ALTER TABLE %s NOT OF', target) FROM pg_class WHERE oid = target AND reloftype <> 0
    UNION ALL SELECT 12, format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', target)
      FROM pg_class WHERE oid = target AND (relrowsecurity OR relforcerowsecurity)) AS all_of_them
$$;

-- Whether anything that does not belong to the table still depends on it.
CREATE OR REPLACE FUNCTION slipway.is_needed(target regclass) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM pg_depend d
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = target AND d.deptype IN ('n', 'a')
      AND NOT (d.classid = 'pg_class'::regclass AND d.objid IN (SELECT indexrelid FROM pg_index WHERE indrelid = target))
      AND NOT (d.classid = 'pg_constraint'::regclass
        AND EXISTS (SELECT FROM pg_constraint c WHERE c.oid = d.objid AND c.conrelid = target)))
  OR EXISTS (SELECT FROM pg_depend d JOIN pg_type t ON d.refobjid IN (t.oid, t.typarray)
    WHERE t.typrelid = target AND d.refclassid = 'pg_type'::regclass AND d.deptype <> 'i')
$$;

-- Moves a table, and creates an empty one in its place for the statement to drop.
CREATE OR REPLACE FUNCTION slipway.move_table(target regclass, home text, own text, new text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM slipway.run_all(slipway.dependents(target));
  PERFORM slipway.run_all(slipway.trimmings(target));
  IF slipway.is_needed(target) THEN
    RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist';
  END IF;
  -- The old names of the indexes would conflict when the table is created again, and in the schema of
  -- kept data.
  PERFORM slipway.run_all(ARRAY(SELECT format('ALTER INDEX %s RENAME TO %I', index::regclass, new || '_' || n)
    FROM slipway.plain_indexes(target) WITH ORDINALITY AS moved(index, n)));
  EXECUTE format('ALTER TABLE %s RENAME TO %I', target, new);
  EXECUTE format('ALTER TABLE %I.%I SET SCHEMA slipway', home, new);
  EXECUTE format('CREATE TABLE %I.%I ()', home, own);
END $$;
`
