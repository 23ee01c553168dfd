/**
 * Records the attributes of objects that a transaction group changes or removes: their values before and
 * after.
 */
export const RECORD_ATTRIBUTES = `
-- Whether an object no longer exists: it was dropped, or moved to the kept data.
CREATE OR REPLACE FUNCTION slipway.is_gone(classid oid, objid oid, objsubid integer) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  gone boolean;
BEGIN
  IF classid <> 'pg_class'::regclass THEN
    -- Before PostgreSQL 14, functions such as pg_identify_object fail for an object that does not exist.
    EXECUTE format('SELECT NOT EXISTS (SELECT FROM %s WHERE oid = $1)', classid::regclass) INTO gone USING objid;
    RETURN gone;
  END IF;
  RETURN CASE WHEN objsubid = 0 THEN NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = objid AND c.relnamespace <> 'slipway'::regnamespace)
    ELSE NOT EXISTS (SELECT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.oid = objid AND c.relnamespace <> 'slipway'::regnamespace AND a.attnum = objsubid
        AND NOT a.attisdropped AND a.attname !~ '^_slipway_kept_') END;
END $$;

-- Whether this transaction has written the catalog row of an object: GRANT and REVOKE do not lock the
-- object.
CREATE OR REPLACE FUNCTION slipway.is_written(classid oid, objid oid, objsubid integer) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT bool_or(age(x) <= 0 AND pg_xact_status((pg_current_xact_id()::text::bigint - age(x))::text::xid8) = 'in progress') FROM (
    SELECT a.xmin AS x FROM pg_attribute a WHERE classid = 'pg_class'::regclass AND objsubid > 0 AND a.attrelid = objid AND a.attnum = objsubid
    UNION ALL SELECT c.xmin FROM pg_class c WHERE classid = 'pg_class'::regclass AND objsubid = 0 AND c.oid = objid
    UNION ALL SELECT p.xmin FROM pg_proc p WHERE classid = 'pg_proc'::regclass AND p.oid = objid
    UNION ALL SELECT t.xmin FROM pg_type t WHERE classid = 'pg_type'::regclass AND t.oid = objid
    UNION ALL SELECT n.xmin FROM pg_namespace n WHERE classid = 'pg_namespace'::regclass AND n.oid = objid) AS written(x)
$$;

-- Records all attributes before the first statement of a transaction group.
CREATE OR REPLACE FUNCTION slipway.record_before(history text, of_migration text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  -- Positions of sequences that an earlier run of the group moved and could not reset when it was rolled
  -- back.
  positions jsonb := nullif(current_setting('slipway.positions', true), '')::jsonb;
BEGIN
  DELETE FROM slipway.attribute WHERE history_schema = history AND migration = of_migration AND problem IS NOT NULL;
  INSERT INTO slipway.attribute (history_schema, migration, classid, objid, objsubid, relation, object, part, name, value, beyond)
    SELECT history, of_migration, a.classid, a.objid, a.objsubid, a.relation, a.object, a.part, a.name,
      CASE a.name WHEN 'position' THEN coalesce(positions ->> a.objid::text, a.value) ELSE a.value END,
      CASE a.name WHEN 'position' THEN slipway.numbers_beyond(a.objid) END
    FROM slipway.attributes() AS a;
END $$;

-- The command that removes an attribute that the object did not have before; null if the down migration
-- removes it.
CREATE OR REPLACE FUNCTION slipway.removal_of(objid oid, objsubid integer, object text, name text, present text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN name = 'privileges' AND objsubid > 0 THEN '[]'
    WHEN name ~ '^(column )?option ' THEN regexp_replace(present, ' SET \\(([^=]+)=.*\\)$', ' RESET (\\1)')
    WHEN name = 'definition' THEN 'DROP ' || object
    WHEN name = 'statistics' THEN regexp_replace(present, '[0-9]+$', '-1')
    WHEN name = 'compression' THEN regexp_replace(present, '\\w+$', 'default')
    WHEN name = 'storage' THEN regexp_replace(present, '\\w+$', (SELECT CASE t.typstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL'
        WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = objid AND a.attnum = objsubid))
    WHEN name = 'default' THEN regexp_replace(present, ' SET DEFAULT .*$', ' DROP DEFAULT')
    WHEN name = 'persistence' THEN regexp_replace(present, 'UNLOGGED$', 'LOGGED')
    WHEN name = 'of type' THEN regexp_replace(present, ' OF \\S.*$', ' NOT OF')
    WHEN name = 'replica identity' THEN regexp_replace(present, ' REPLICA IDENTITY .*$', ' REPLICA IDENTITY DEFAULT')
    WHEN name = 'cluster' THEN regexp_replace(present, ' CLUSTER ON .*$', ' SET WITHOUT CLUSTER')
    WHEN name ~ '^(trigger|rule) ' THEN regexp_replace(present, ' (?:DISABLE|ENABLE REPLICA|ENABLE ALWAYS) (TRIGGER|RULE) ', ' ENABLE \\1 ') END
$$;

-- The name that an object, or a column of a relation, had before the relation was renamed.
CREATE OR REPLACE FUNCTION slipway.named_before(object text, relation_now text, relation_before text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN object = relation_now THEN relation_before
    WHEN starts_with(object, regexp_replace(relation_now, '^[A-Z ]+ ', 'COLUMN ') || '.')
      THEN regexp_replace(relation_before, '^[A-Z ]+ ', 'COLUMN ') || substr(object, length(regexp_replace(relation_now, '^[A-Z ]+ ', 'COLUMN ')) + 1)
    ELSE object END
$$;

-- After the last statement of the group: deletes the records of attributes that it did not change. An
-- object counts as changed by this session only if the session holds a lock on it, or has written its
-- privileges. A sequence that no column uses may have been advanced by other sessions: it counts only if
-- it was restarted, or if the statements set positions. A sequence that only advanced is recorded as not
-- restorable. An attribute that an object did not have before is recorded with the command that removes
-- it.
CREATE OR REPLACE FUNCTION slipway.record_after(history text, of_migration text, sets_positions boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  WITH held AS MATERIALIZED (SELECT coalesce(l.classid, 'pg_class'::regclass) AS classid, coalesce(l.objid, l.relation) AS objid,
      bool_or(l.mode <> 'RowExclusiveLock') AS strong
    FROM pg_locks l WHERE l.pid = pg_backend_pid() AND l.granted AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
      AND l.locktype IN ('relation', 'object') GROUP BY 1, 2),
  present AS MATERIALIZED (SELECT * FROM slipway.attributes()),
  before AS MATERIALIZED (SELECT * FROM slipway.attribute b
    WHERE b.history_schema = history AND b.migration = of_migration AND NOT b.settled),
  compared AS (
    SELECT b.id, n.value, slipway.is_gone(b.classid, b.objid, b.objsubid) AS gone, CASE
        WHEN b.name = 'privileges' THEN coalesce(h.strong, false) OR slipway.is_written(b.classid, b.objid, b.objsubid)
        WHEN b.name <> 'position' THEN h.strong
        WHEN slipway.is_gone(b.classid, b.objid, 0) THEN true
        ELSE h.strong OR h.objid IS NOT NULL AND (sets_positions OR EXISTS (SELECT FROM slipway.numbered_by(b.objid))) END AS own,
      b.name = 'position' AND h.objid IS NOT NULL AND n.value IS DISTINCT FROM b.value AS moved
    FROM before b LEFT JOIN present AS n USING (classid, objid, objsubid, name)
    LEFT JOIN held h ON CASE WHEN b.relation IS NULL THEN (h.classid, h.objid) = (b.classid, b.objid)
      ELSE h.classid = 'pg_class'::regclass AND h.objid = b.relation END),
  taken AS (UPDATE slipway.attribute b SET settled = true, gone = c.gone, left_as = c.value, database_identity = slipway.database_identity()
    FROM compared c WHERE c.id = b.id AND c.own AND (c.gone OR c.value IS DISTINCT FROM b.value)),
  stays AS (UPDATE slipway.attribute b SET settled = true, left_as = c.value, database_identity = slipway.database_identity(),
      problem = 'a function or a trigger of the migration took numbers from it, and others may have used numbers since'
    FROM compared c WHERE c.id = b.id AND c.own IS NOT TRUE AND c.moved)
  INSERT INTO slipway.attribute (history_schema, migration, classid, objid, objsubid, relation, object, part, name, value,
      settled, gone, left_as, database_identity)
    SELECT history, of_migration, n.classid, n.objid, n.objsubid, n.relation, slipway.named_before(n.object, o.object, b.object), n.part, n.name,
      replace(r.removal, n.object, slipway.named_before(n.object, o.object, b.object)), true, false,
      CASE n.name WHEN 'comment' THEN n.value ELSE replace(n.value, n.object, slipway.named_before(n.object, o.object, b.object)) END,
      slipway.database_identity()
    FROM present n CROSS JOIN LATERAL slipway.removal_of(n.objid, n.objsubid, n.object, n.name, n.value) AS r(removal)
    JOIN present o ON o.name = 'privileges' AND o.objsubid = 0
      AND (o.classid, o.objid) = (CASE WHEN n.relation IS NULL THEN n.classid ELSE 'pg_class'::regclass END, coalesce(n.relation, n.objid))
    JOIN before b ON b.name = 'privileges' AND b.objsubid = 0 AND (b.classid, b.objid) = (o.classid, o.objid)
    WHERE (n.name = 'comment' OR r.removal IS NOT NULL)
      AND NOT EXISTS (SELECT FROM before b WHERE (b.classid, b.objid, b.objsubid, b.name) = (n.classid, n.objid, n.objsubid, n.name))
      AND (EXISTS (SELECT FROM held h WHERE h.strong AND ((h.classid, h.objid) = (n.classid, n.objid)
          OR h.classid = 'pg_class'::regclass AND h.objid = n.relation))
        OR n.name = 'privileges' AND slipway.is_written(n.classid, n.objid, n.objsubid));
  DELETE FROM slipway.attribute WHERE history_schema = history AND migration = of_migration AND NOT settled;
END $$;
`
