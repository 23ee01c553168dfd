/**
 * DELETE, UPDATE, INSERT and TRUNCATE: rows are kept as the server changes them, regardless of which
 * statement, function, trigger, rule or foreign key does it. Triggers write a log of each table while a
 * transaction group runs, and are dropped before it ends. A log has the columns of its table and the
 * number of the event. If it has old and new versions of rows in pairs, it also has the number of the
 * pair, and whether a row is the old (o) or the new (n) version.
 */
export const KEEP_ROWS = `
-- The entries kept in this transaction for the running migration.
CREATE OR REPLACE FUNCTION slipway.kept_now() RETURNS SETOF slipway.kept LANGUAGE sql STABLE AS $$
  SELECT k.* FROM slipway.kept k, (SELECT nullif(current_setting('slipway.origin', true), '')::jsonb AS origin) AS run
  WHERE k.kept_at >= now() AND k.history_schema = run.origin ->> 'history_schema' AND k.migration = run.origin ->> 'migration'
$$;

-- The rows of a table itself, without those of its child tables.
CREATE OR REPLACE FUNCTION slipway.own_rows(target regclass) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || target::text FROM pg_class WHERE oid = target
$$;

CREATE OR REPLACE FUNCTION slipway.names_of(target oid, numbers int2[]) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT array_agg(attname::text) FROM pg_attribute WHERE attrelid = target AND attnum = ANY (numbers)
$$;

-- A table with its partitions and child tables.
CREATE OR REPLACE FUNCTION slipway.family_of(target oid) RETURNS SETOF oid LANGUAGE sql STABLE AS $$
  WITH RECURSIVE family AS (
    SELECT target AS relation
    UNION SELECT inhrelid FROM pg_inherits JOIN family ON inhparent = relation)
  SELECT relation FROM family
$$;

-- The topmost table above a partition or child table.
CREATE OR REPLACE FUNCTION slipway.top_of(target oid) RETURNS oid LANGUAGE plpgsql STABLE AS $$
DECLARE
  parent oid;
BEGIN
  LOOP
    SELECT inhparent INTO parent FROM pg_inherits WHERE inhrelid = target ORDER BY inhseqno LIMIT 1;
    IF parent IS NULL THEN RETURN target; END IF;
    target := parent;
  END LOOP;
END $$;

-- The server's counts of a table's rows: deleted or updated, and inserted.
CREATE OR REPLACE FUNCTION slipway.server_counts(target oid) RETURNS bigint[] LANGUAGE sql AS $$
  SELECT ARRAY[pg_stat_get_xact_tuples_deleted(target) + pg_stat_get_xact_tuples_updated(target), pg_stat_get_xact_tuples_inserted(target)]
$$;

-- Sets the running statement, and remembers the server's counts, which may still include earlier
-- transactions of the session.
CREATE OR REPLACE FUNCTION slipway.begin_capture(origin jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(current_setting('slipway.counted', true), '') = '' THEN
    PERFORM set_config('slipway.counted', (SELECT coalesce(jsonb_object_agg(c.oid, to_jsonb(n.counts)), '{}')
      FROM pg_class c CROSS JOIN LATERAL slipway.server_counts(c.oid) AS n(counts)
      WHERE c.relkind = 'r' AND n.counts <> '{0,0}')::text, true);
  END IF;
  PERFORM set_config('slipway.origin', origin::text, true);
END $$;

-- The rows of a table that this transaction has deleted or updated, and inserted.
CREATE OR REPLACE FUNCTION slipway.counts_of(target oid) RETURNS bigint[] LANGUAGE sql AS $$
  SELECT ARRAY[counts[1] - coalesce((earlier ->> 0)::bigint, 0), counts[2] - coalesce((earlier ->> 1)::bigint, 0)]
  FROM slipway.server_counts(target) AS n(counts),
    (SELECT nullif(current_setting('slipway.counted', true), '')::jsonb -> target::text AS earlier) AS before
$$;

-- The rows that this transaction has deleted and updated in a table and its family.
CREATE OR REPLACE FUNCTION slipway.changes_of(target oid) RETURNS bigint LANGUAGE sql AS $$
  SELECT sum((slipway.counts_of(relation))[1])::bigint FROM slipway.family_of(target) AS relation
$$;

-- The log of a table for the running statement: the beginning of the command that adds to it, and the
-- columns.
CREATE OR REPLACE FUNCTION slipway.log_of(target regclass, operation text, by_key text[], about jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  origin jsonb := current_setting('slipway.origin')::jsonb;
  list text := coalesce(', ' || slipway.copied(target, NULL), '');
  entry jsonb;
  own bigint;
BEGIN
  SELECT k.id INTO own FROM slipway.kept_now() k WHERE k.relation = target AND k.kind = 'rows' AND k.not_kept IS NULL
    AND k.statement = (origin ->> 'statement')::integer AND k.details ->> 'operation' = operation
    AND k.details ->> 'log' = list AND k.details ->> 'paired' IS NOT DISTINCT FROM about ->> 'paired';
  IF own IS NOT NULL THEN
    RETURN jsonb_build_object('id', own, 'list', list, 'into', format('INSERT INTO slipway.kept_%s', own));
  END IF;
  entry := slipway.entry_of(target, origin, 'rows');
  own := entry ->> 'id';
  PERFORM slipway.record_kept(entry || jsonb_build_object('stored_as', 'kept_' || own, 'rows', 0, 'key', to_jsonb(by_key),
    'details', about || jsonb_build_object('operation', operation, 'log', list)));
  RETURN jsonb_build_object('id', own, 'list', list, 'into', format('CREATE TABLE slipway.kept_%s AS', own));
END $$;

CREATE OR REPLACE FUNCTION slipway.log_more(log jsonb, more bigint, changed text[]) RETURNS void LANGUAGE sql AS $$
  UPDATE slipway.kept k SET rows = k.rows + more,
    columns = ARRAY(SELECT DISTINCT name FROM unnest(k.columns || changed) AS name ORDER BY name)
  WHERE k.id = (log ->> 'id')::bigint
$$;

-- The beginning of a SELECT of rows in the format of a log; with pair and version if they are paired.
CREATE OR REPLACE FUNCTION slipway.logged(number float8, list text, version text, pair text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT format('SELECT %s::float8 AS _slipway_n', number)
    || CASE WHEN pair IS NULL THEN '' ELSE format(', %s AS _slipway_m, %L::"char" AS _slipway_op', pair, version) END || list
$$;

-- The number of an event. Events of a statement's triggers are captured before the statement's own event,
-- but are ordered after it.
CREATE OR REPLACE FUNCTION slipway.next_event() RETURNS float8 LANGUAGE plpgsql AS $$
DECLARE
  depth integer := pg_trigger_depth();
  state jsonb := coalesce(nullif(current_setting('slipway.events', true), ''), '{"n": 0}')::jsonb;
  number float8 := coalesce((state ->> depth::text)::float8 - 0.001, floor((state ->> 'n')::float8) + 1);
  following jsonb := jsonb_build_object('n', greatest((state ->> 'n')::float8, number));
BEGIN
  FOR outer_depth IN 1 .. depth - 1 LOOP
    following := following || jsonb_build_object(outer_depth::text, least((state ->> outer_depth::text)::float8, number));
  END LOOP;
  PERFORM set_config('slipway.events', following::text, true);
  RETURN number;
END $$;

-- The columns with earlier values that the text of an UPDATE assigns; null if other columns may change,
-- too.
CREATE OR REPLACE FUNCTION slipway.declared_columns(target oid) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT ARRAY(SELECT jsonb_array_elements_text(declared -> 'columns'))
  FROM (SELECT nullif(current_setting('slipway.declared', true), '')::jsonb AS declared) AS now
  WHERE (declared ->> 'relation')::oid = target AND pg_trigger_depth() = 1
$$;

-- The columns that differ between the versions of an event.
CREATE OR REPLACE FUNCTION slipway.differing(stored regclass, number float8) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  found_names text[];
  list text;
BEGIN
  SELECT string_agg(format('CASE WHEN bool_or(o.%1$I::text IS DISTINCT FROM n.%1$I::text) THEN %1$L END', attname), ', ') INTO list
    FROM pg_attribute WHERE attrelid = stored AND attnum > 0 AND NOT attisdropped AND NOT starts_with(attname, '_slipway_');
  EXECUTE format('SELECT array_remove(ARRAY[%s]::text[], NULL) FROM %2$s o JOIN %2$s n USING (_slipway_n, _slipway_m)
    WHERE _slipway_n = %3$s AND o._slipway_op = ''o'' AND n._slipway_op = ''n''', list, stored, number) INTO found_names;
  RETURN found_names;
END $$;

-- Runs as the owner of the ledger, because a file may have set a role that may not write there.
CREATE OR REPLACE FUNCTION slipway.capture_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET row_security = off AS $$
DECLARE
  changed text[];
  paired boolean;
  pair CONSTANT text := 'row_number() OVER ()';
  log jsonb;
  number float8;
  count bigint;
BEGIN
  CASE TG_OP
  WHEN 'DELETE' THEN
    IF NOT EXISTS (SELECT FROM slipway_old) THEN RETURN NULL; END IF;
    log := slipway.log_of(TG_RELID, 'delete', slipway.key_of(TG_RELID, '{}'), '{}');
    EXECUTE format('%s %s FROM slipway_old', log ->> 'into', slipway.logged(slipway.next_event(), log ->> 'list', NULL, NULL));
    GET DIAGNOSTICS count = ROW_COUNT;
    PERFORM slipway.log_more(log, count, '{}');
  WHEN 'UPDATE' THEN
    changed := slipway.declared_columns(TG_RELID);
    IF changed = '{}' OR NOT EXISTS (SELECT FROM slipway_old) THEN RETURN NULL; END IF;
    paired := changed IS NULL OR slipway.key_of(TG_RELID, changed) IS NULL;
    log := slipway.log_of(TG_RELID, 'update', slipway.key_of(TG_RELID, CASE WHEN paired THEN '{}' ELSE changed END),
      jsonb_build_object('paired', paired));
    number := slipway.next_event();
    EXECUTE format('%s %s FROM slipway_old', log ->> 'into', slipway.logged(number, log ->> 'list', 'o', CASE WHEN paired THEN pair END));
    GET DIAGNOSTICS count = ROW_COUNT;
    IF paired THEN
      EXECUTE format('INSERT INTO slipway.kept_%s %s FROM slipway_new', log ->> 'id', slipway.logged(number, log ->> 'list', 'n', pair));
      changed := coalesce(changed, slipway.valued(TG_RELID, slipway.differing(format('slipway.kept_%s', log ->> 'id')::regclass, number)));
    END IF;
    PERFORM slipway.log_more(log, count, changed);
  WHEN 'INSERT' THEN
    IF NOT EXISTS (SELECT FROM slipway_new) THEN RETURN NULL; END IF;
    log := slipway.log_of(TG_RELID, 'insert', slipway.key_of(TG_RELID, '{}'), '{}');
    EXECUTE format('%s %s FROM slipway_new', log ->> 'into', slipway.logged(slipway.next_event(), log ->> 'list', NULL, NULL));
    GET DIAGNOSTICS count = ROW_COUNT;
    PERFORM slipway.log_more(log, count, '{}');
  WHEN 'TRUNCATE' THEN
    -- The partitions hold the rows, and have their own triggers.
    IF (SELECT relkind FROM pg_class WHERE oid = TG_RELID) = 'p' THEN RETURN NULL; END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', slipway.own_rows(TG_RELID)) INTO paired;
    IF NOT paired THEN RETURN NULL; END IF;
    log := slipway.log_of(TG_RELID, 'truncate', slipway.key_of(TG_RELID, '{}'), slipway.about(TG_RELID));
    EXECUTE format('%s %s FROM %s', log ->> 'into', slipway.logged(slipway.next_event(), log ->> 'list', NULL, NULL),
      slipway.own_rows(TG_RELID));
    GET DIAGNOSTICS count = ROW_COUNT;
    PERFORM slipway.log_more(log, count, '{}');
  END CASE;
  RETURN NULL;
EXCEPTION WHEN insufficient_privilege THEN
  PERFORM slipway.record_kept(slipway.entry_of(TG_RELID, current_setting('slipway.origin')::jsonb, 'rows')
    || jsonb_build_object('not_kept', 'the role may not read all of its rows'));
  RETURN NULL;
END $$;

-- Captures row by row, for inheritance parents and children: a statement-level trigger of the parent sees
-- rows of a child without the child's own columns.
CREATE OR REPLACE FUNCTION slipway.capture_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  log jsonb := slipway.log_of(TG_RELID, lower(TG_OP), slipway.key_of(TG_RELID, '{}'), jsonb_build_object('paired', TG_OP = 'UPDATE'));
  number float8 := slipway.next_event();
  pair CONSTANT text := CASE TG_OP WHEN 'UPDATE' THEN '1::bigint' END;
  changed text[] := '{}';
BEGIN
  IF log ->> 'into' LIKE 'CREATE%' THEN
    EXECUTE format('%s %s FROM %s LIMIT 0', log ->> 'into', slipway.logged(number, log ->> 'list', 'o', pair), TG_RELID::regclass);
  END IF;
  IF TG_OP <> 'INSERT' THEN
    EXECUTE format('INSERT INTO slipway.kept_%s %s FROM (SELECT ($1).*) AS r', log ->> 'id',
      slipway.logged(number, log ->> 'list', 'o', pair)) USING OLD;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    EXECUTE format('INSERT INTO slipway.kept_%s %s FROM (SELECT ($1).*) AS r', log ->> 'id',
      slipway.logged(number, log ->> 'list', 'n', pair)) USING NEW;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    changed := slipway.valued(TG_RELID, slipway.differing(format('slipway.kept_%s', log ->> 'id')::regclass, number));
  END IF;
  PERFORM slipway.log_more(log, 1, changed);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION slipway.is_capturing(function oid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT function IN ('slipway.capture_rows()'::regprocedure, 'slipway.capture_row()'::regprocedure)
$$;

-- Whether a table was created in this transaction: the catalog rows of its system columns never change.
CREATE OR REPLACE FUNCTION slipway.is_made_now(target oid) RETURNS boolean LANGUAGE sql AS $$
  SELECT age(xmin) <= age(pg_current_xact_id()::xid) FROM pg_attribute WHERE attrelid = target AND attnum = -1
$$;

-- Captures operations on a table from now on, and notes operations that have already changed rows.
CREATE OR REPLACE FUNCTION slipway.capture_on(target regclass, operations text[]) RETURNS void LANGUAGE plpgsql
SET client_min_messages = warning AS $$
DECLARE
  operation text;
  own text;
  place pg_class;
  late boolean;
  by_row boolean;
BEGIN
  SELECT * INTO place FROM pg_class WHERE oid = target;
  IF NOT slipway.is_stored(target) OR place.relnamespace = 'slipway'::regnamespace OR place.relname = '_prisma_migrations'
    OR slipway.is_made_now(target) OR EXISTS (SELECT FROM slipway.kept_now() k WHERE k.relation = target AND k.details ? 'copied')
  THEN RETURN; END IF;
  -- A table with a pending deferred check accepts no new trigger, so all are created now.
  IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = target AND tgdeferrable)
    AND current_setting('slipway.origin')::jsonb ->> 'inserts' IS DISTINCT FROM 'false' THEN
    operations := '{delete,update,insert,truncate}';
  END IF;
  by_row := EXISTS (SELECT FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
    WHERE target IN (i.inhrelid, i.inhparent) AND p.relkind = 'r');
  FOREACH operation IN ARRAY operations LOOP
    own := '_slipway_' || operation;
    CONTINUE WHEN EXISTS (SELECT FROM pg_trigger WHERE tgrelid = target AND slipway.is_capturing(tgfoid) AND tgname = own AND tgenabled = 'A');
    late := CASE operation WHEN 'truncate' THEN age(place.xmin) <= age(pg_current_xact_id()::xid)
      WHEN 'insert' THEN (slipway.counts_of(target))[2] > 0 ELSE slipway.changes_of(target) > 0 END;
    IF late THEN
      PERFORM set_config('slipway.late', concat_ws(',', nullif(current_setting('slipway.late', true), ''), target::oid || operation), true);
    END IF;
    -- An earlier run may have left the trigger, disabled.
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = target AND slipway.is_capturing(tgfoid) AND tgname = own) THEN
      EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I', target, own);
      CONTINUE;
    END IF;
    BEGIN
      EXECUTE format('CREATE TRIGGER %I %s %s ON %s %s EXECUTE FUNCTION slipway.capture_%s()', own,
        CASE operation WHEN 'truncate' THEN 'BEFORE' ELSE 'AFTER' END, operation, target,
        CASE WHEN operation = 'truncate' THEN '' WHEN by_row THEN 'FOR EACH ROW'
          ELSE 'REFERENCING' || CASE WHEN operation <> 'insert' THEN ' OLD TABLE AS slipway_old' ELSE '' END
            || CASE WHEN operation <> 'delete' THEN ' NEW TABLE AS slipway_new' ELSE '' END END,
        CASE WHEN by_row AND operation <> 'truncate' THEN 'row' ELSE 'rows' END);
      EXECUTE format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I', target, own);
    -- The changes are counted, and reported as not kept.
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
  END LOOP;
END $$;

-- The tables that an operation on a table reaches through foreign keys, inheritance, views and rules.
CREATE OR REPLACE FUNCTION slipway.reached_by(target oid, operation text, changed text[])
RETURNS TABLE (relation oid, operations text[]) LANGUAGE sql STABLE AS $$
  WITH RECURSIVE reached(relation, op, fields) AS (
    SELECT target, operation, changed
    UNION
    SELECT follower.relation, follower.op, follower.fields FROM reached r CROSS JOIN LATERAL (
      SELECT c.conrelid AS relation, CASE WHEN r.op = 'truncate' OR r.op = 'delete' AND c.confdeltype = 'c' THEN r.op ELSE 'update' END AS op,
        CASE WHEN r.op = 'truncate' OR r.op = 'delete' AND c.confdeltype = 'c' THEN NULL ELSE slipway.names_of(c.conrelid, c.conkey) END AS fields
      FROM pg_constraint c LEFT JOIN pg_constraint whole ON whole.oid = c.conparentid
      WHERE c.contype = 'f' AND c.confrelid = r.relation AND whole.conrelid IS NOT DISTINCT FROM CASE WHEN c.conparentid <> 0 THEN c.conrelid END
        AND CASE r.op WHEN 'truncate' THEN true WHEN 'delete' THEN c.confdeltype IN ('c', 'n', 'd')
          WHEN 'update' THEN c.confupdtype IN ('c', 'n', 'd') AND (r.fields IS NULL OR slipway.names_of(c.confrelid, c.confkey) && r.fields)
          ELSE false END
      UNION ALL SELECT i.inhrelid, r.op, r.fields FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
      WHERE i.inhparent = r.relation AND (p.relkind = 'r' AND r.op <> 'insert' OR r.op = 'truncate')
      UNION ALL SELECT d.refobjid, w.op, NULL
      FROM pg_rewrite rule JOIN pg_class c ON c.oid = rule.ev_class
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = rule.oid AND d.refclassid = 'pg_class'::regclass
      CROSS JOIN unnest(CASE WHEN rule.ev_type = '1' THEN ARRAY[r.op] ELSE ARRAY['delete', 'update', 'insert'] END) AS w(op)
      WHERE rule.ev_class = r.relation AND d.refobjid <> r.relation AND (c.relkind = 'v' OR rule.ev_type <> '1')) AS follower)
  SELECT r.relation, array_agg(DISTINCT r.op) FROM reached r GROUP BY r.relation ORDER BY r.relation <> target, r.relation
$$;

-- Whether an UPDATE of a table may change more than the columns that it names.
CREATE OR REPLACE FUNCTION slipway.updates_more(target oid, changed text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM pg_class WHERE oid = target AND relkind NOT IN ('r', 'p'))
    OR EXISTS (SELECT FROM pg_trigger JOIN slipway.family_of(target) AS relation ON tgrelid = relation
      WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgtype & 16 <> 0 AND NOT slipway.is_capturing(tgfoid))
    OR EXISTS (SELECT FROM pg_rewrite WHERE ev_class = target)
    OR EXISTS (SELECT FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent WHERE target IN (i.inhrelid, i.inhparent) AND p.relkind = 'r')
    OR EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND conrelid = target AND confrelid = target
      AND confupdtype IN ('c', 'n', 'd') AND slipway.names_of(target, confkey) && changed)
$$;

-- Before a statement: captures its changes of the named tables, and of all tables that these reach.
-- 'changed' are the columns of an UPDATE that have earlier values.
CREATE OR REPLACE FUNCTION slipway.capture(origin jsonb, names text[], wanted text[], changed text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  target regclass;
  one record;
BEGIN
  PERFORM slipway.begin_capture(origin), set_config('slipway.declared', '', true);
  FOR target IN SELECT to_regclass(name) FROM unnest(names) AS name WHERE to_regclass(name) IS NOT NULL LOOP
    IF EXISTS (SELECT FROM pg_class WHERE oid = target AND relkind = 'f') THEN
      PERFORM slipway.record_kept(slipway.entry_of(target, origin, 'rows')
        || jsonb_build_object('not_kept', 'it holds no rows itself: it is a foreign table'));
    END IF;
    IF changed IS NOT NULL AND NOT slipway.updates_more(target, changed) THEN
      PERFORM set_config('slipway.declared', jsonb_build_object('relation', target::oid, 'columns', changed,
        'before', slipway.changes_of(target))::text, true);
      CONTINUE WHEN changed = '{}';
    END IF;
    FOR one IN SELECT r.relation, array_agg(DISTINCT reached) AS operations
      FROM unnest(wanted) AS operation, slipway.reached_by(target, operation, changed) AS r, unnest(r.operations) AS reached
      GROUP BY r.relation ORDER BY r.relation <> target, r.relation
    LOOP
      PERFORM slipway.capture_on(one.relation, one.operations);
    END LOOP;
  END LOOP;
END $$;

-- Counts changed rows of a table that need not be kept.
CREATE OR REPLACE FUNCTION slipway.add_free(target oid, count bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  free jsonb := coalesce(nullif(current_setting('slipway.free', true), ''), '{}')::jsonb;
BEGIN
  PERFORM set_config('slipway.free',
    (free || jsonb_build_object(target::text, coalesce((free ->> target::text)::bigint, 0) + count))::text, true);
END $$;

-- After an UPDATE of columns without earlier values: its rows need not be kept.
CREATE OR REPLACE FUNCTION slipway.count_free() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  declared jsonb := nullif(current_setting('slipway.declared', true), '')::jsonb;
  relation oid := declared ->> 'relation';
BEGIN
  IF declared -> 'columns' = '[]' THEN
    PERFORM slipway.add_free(relation, slipway.changes_of(relation) - (declared ->> 'before')::bigint);
  END IF;
END $$;

-- After a statement that enables or disables triggers of a table: enables the capture triggers again.
CREATE OR REPLACE FUNCTION slipway.capture_on_again(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM slipway.run_all(ARRAY(SELECT format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER %I', tgrelid::regclass, tgname)
    FROM pg_trigger WHERE tgrelid = to_regclass(name) AND slipway.is_capturing(tgfoid)));
END $$;

-- Drops the capture triggers. That locks their table briefly, even against readers. If a session reads
-- the table for long, the trigger is disabled instead, and a later command drops it.
CREATE OR REPLACE FUNCTION slipway.end_capture() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  patience integer := (SELECT setting FROM pg_settings WHERE name = 'lock_timeout');
  moment integer := CASE WHEN patience BETWEEN 1 AND 100 THEN patience ELSE 100 END;
  own record;
BEGIN
  SET CONSTRAINTS ALL IMMEDIATE;
  FOR own IN SELECT tgname AS name, tgrelid::regclass AS place, tgenabled = 'D' AS is_off
    FROM pg_trigger WHERE slipway.is_capturing(tgfoid) AND tgparentid = 0
  LOOP
    BEGIN
      PERFORM set_config('lock_timeout', moment::text, true);
      EXECUTE format('DROP TRIGGER %I ON %s', own.name, own.place);
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      PERFORM set_config('lock_timeout', patience::text, true);
      IF NOT own.is_off THEN EXECUTE format('ALTER TABLE ONLY %s DISABLE TRIGGER %I', own.place, own.name); END IF;
    END;
  END LOOP;
  PERFORM set_config('lock_timeout', patience::text, true);
END $$;

-- Whether all changes of a table by these operations since the transaction began were captured.
CREATE OR REPLACE FUNCTION slipway.is_captured(target oid, operations text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT count(*) = cardinality(operations) FROM pg_trigger
  WHERE tgrelid = target AND slipway.is_capturing(tgfoid) AND tgenabled = 'A'
    AND tgname IN (SELECT '_slipway_' || operation FROM unnest(operations) AS operation
      WHERE target || operation <> ALL (string_to_array(coalesce(current_setting('slipway.late', true), ''), ',')))
$$;
`
