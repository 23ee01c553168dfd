/** Restores attributes last, after all objects and rows. */
export const RESTORE_ATTRIBUTES = `
-- Replaces all privileges on an object with the recorded ones, in their order. Roles that no longer exist
-- are skipped.
CREATE OR REPLACE FUNCTION slipway.set_privileges(object text, part text, own text, wanted jsonb, present jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  place text := regexp_replace(regexp_replace(object, '^(MATERIALIZED VIEW|VIEW|FOREIGN TABLE) ', 'TABLE '), '^AGGREGATE ', 'FUNCTION ');
  columns text := coalesce(' (' || part || ')', '');
  before text := current_setting('role');
  one record;
BEGIN
  FOR one IN SELECT 'PUBLIC' AS grantee UNION SELECT quote_ident(r.rolname) FROM pg_roles r
    WHERE r.rolname = own OR r.rolname IN (SELECT g ->> 1 FROM jsonb_array_elements(nullif(present, 'null')) AS g)
  LOOP
    EXECUTE format('REVOKE ALL%s ON %s FROM %s CASCADE', columns, place, one.grantee);
  END LOOP;
  IF wanted = 'null' THEN
    EXECUTE format('GRANT ALL%s ON %s TO %I', columns, place, own);
    IF place ~ '^(FUNCTION|PROCEDURE|TYPE|DOMAIN) ' THEN EXECUTE format('GRANT ALL ON %s TO PUBLIC', place); END IF;
    RETURN;
  END IF;
  FOR one IN SELECT g ->> 0 AS grantor, g ->> 1 AS grantee, g ->> 2 AS privilege, (g ->> 3)::boolean AS with_option
    FROM jsonb_array_elements(wanted) WITH ORDINALITY AS list(g, n)
    WHERE g ->> 1 IS NULL OR EXISTS (SELECT FROM pg_roles WHERE rolname = g ->> 1)
    ORDER BY n
  LOOP
    IF one.grantor <> own AND EXISTS (SELECT FROM pg_roles WHERE rolname = one.grantor) THEN
      EXECUTE format('SET LOCAL ROLE %I', one.grantor);
    END IF;
    EXECUTE format('GRANT %s%s ON %s TO %s%s', one.privilege, columns, place, coalesce(quote_ident(one.grantee), 'PUBLIC'),
      CASE WHEN one.with_option AND one.grantee <> own THEN ' WITH GRANT OPTION' ELSE '' END);
    EXECUTE format('SET LOCAL ROLE %s', CASE before WHEN 'none' THEN 'NONE' ELSE quote_ident(before) END);
  END LOOP;
END $$;

CREATE OR REPLACE FUNCTION slipway.restore_attribute(one slipway.attribute, since xid, present text, own text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  CASE one.name
    WHEN 'owner' THEN EXECUTE format('ALTER %s OWNER TO %I', one.object, one.value);
    WHEN 'comment' THEN EXECUTE format('COMMENT ON %s IS %L', one.object, one.value);
    WHEN 'privileges' THEN
      PERFORM slipway.set_privileges(one.object, one.part, own, one.value::jsonb, coalesce(present, 'null')::jsonb);
    WHEN 'position' THEN PERFORM slipway.restore_position(one, since);
    ELSE EXECUTE one.value;
  END CASE;
END $$;

-- Attributes that were changed since the migration are left unchanged. If one cannot be restored, the
-- reason is recorded, and the others are still restored.
CREATE OR REPLACE FUNCTION slipway.restore_attributes(history text, of_migration text) RETURNS void
LANGUAGE plpgsql SET client_min_messages = warning AS $$
DECLARE
  found record;
  one slipway.attribute;
BEGIN
  -- Owners and comments of statistics need the statistics; privileges need the owner.
  FOR stage IN 1..3 LOOP
    FOR found IN WITH present AS MATERIALIZED (SELECT * FROM slipway.attributes())
      SELECT a AS attribute, CASE WHEN slipway.is_this_database(a.database_identity) THEN a.xmin END AS since, p.value AS present, coalesce(o.value, pg_get_userbyid(c.relowner)) AS own
      FROM slipway.attribute a
      LEFT JOIN present p ON p.object = a.object AND p.part IS NOT DISTINCT FROM a.part AND p.name = a.name
      LEFT JOIN present o ON o.object = a.object AND o.name = 'owner'
      LEFT JOIN pg_class c ON c.oid = p.objid AND p.classid = 'pg_class'::regclass
      WHERE a.history_schema = history AND a.migration = of_migration AND a.settled AND a.problem IS NULL
        AND stage = CASE WHEN a.name = 'definition' THEN 1 WHEN a.name IN ('owner', 'of type') THEN 2 ELSE 3 END
      ORDER BY a.name = 'privileges', a.id
    LOOP
      one := found.attribute;
      BEGIN
        IF found.present IS DISTINCT FROM one.value
          AND (one.gone OR one.name = 'position' OR found.present IS NOT DISTINCT FROM one.left_as) THEN
          PERFORM slipway.restore_attribute(one, found.since, found.present, found.own);
        END IF;
        DELETE FROM slipway.attribute WHERE id = one.id;
      EXCEPTION WHEN OTHERS THEN
        IF slipway.must_stop(SQLSTATE) THEN RAISE; END IF;
        UPDATE slipway.attribute SET problem = SQLERRM WHERE id = one.id;
      END;
    END LOOP;
  END LOOP;
  UPDATE slipway.kept SET restored_at = clock_timestamp(), details = details || '{"restored": 0, "since": 0}'
    WHERE history_schema = history AND migration = of_migration AND kind = 'sequence' AND restored_at IS NULL
      AND EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'S' AND (n.nspname, c.relname) = (table_schema, table_name));
END $$;
`
