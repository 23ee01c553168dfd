/**
 * Functions shared by everything that keeps data: a trial run of a statement, a free name, the columns
 * and the key of a table.
 */
export const RECORD = `
-- Runs a statement and rolls it back: raises the error if PostgreSQL rejects it, and leaves nothing else.
CREATE OR REPLACE FUNCTION slipway.try_statement(statement text) RETURNS void LANGUAGE plpgsql
SET client_min_messages = warning AS $$
BEGIN
  EXECUTE statement;
  RAISE EXCEPTION USING ERRCODE = 'SLWOK';
EXCEPTION WHEN SQLSTATE 'SLWOK' THEN NULL;
END $$;

-- Errors that keeping the data differently would not avoid: resources, locks, cancellation, the server
-- itself.
CREATE OR REPLACE FUNCTION slipway.must_stop(state text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT left(state, 2) IN ('40', '53', '54', '55', '57', '58', 'XX')
$$;

-- Takes the lock that a statement will take in advance, so that the kept data is what the statement
-- finds.
CREATE OR REPLACE FUNCTION slipway.lock_table(target regclass, mode text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('LOCK TABLE %s IN %s MODE', target, mode);
EXCEPTION WHEN insufficient_privilege OR wrong_object_type THEN NULL;
END $$;

CREATE OR REPLACE FUNCTION slipway.next_kept(home name) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  free bigint;
BEGIN
  LOOP
    free := nextval(pg_get_serial_sequence('slipway.kept', 'id'));
    EXIT WHEN NOT EXISTS (SELECT FROM slipway.kept WHERE id = free)
    AND NOT EXISTS (
      SELECT FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
      WHERE n.nspname IN (home, 'slipway') AND t.typname = 'kept_' || free)
    AND NOT EXISTS (
      SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname IN (home, 'slipway') AND c.relname = 'kept_' || free);
  END LOOP;
  RETURN free;
END $$;

-- Whether a relation is a table that stores rows: not a view, a foreign or a temporary table.
CREATE OR REPLACE FUNCTION slipway.is_stored(target regclass) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM pg_class WHERE oid = target AND relkind IN ('r', 'p') AND relpersistence <> 't')
$$;

CREATE OR REPLACE FUNCTION slipway.holds_rows(target regclass) RETURNS boolean LANGUAGE plpgsql
SET row_security = off AS $$
DECLARE
  found_one boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM %s)', target) INTO found_one;
  RETURN found_one;
END $$;

-- The columns of a key that identifies a row and has none of the columns 'without'; null if there is no
-- such key.
CREATE OR REPLACE FUNCTION slipway.key_of(target regclass, without text[]) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT names FROM (
    SELECT i.indisprimary, i.indexrelid, array_agg(a.attname::text ORDER BY k.n) AS names, bool_and(a.attnotnull) AS filled
    FROM pg_index i
    CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, n)
    LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0
    WHERE i.indrelid = target AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND i.indpred IS NULL AND i.indexprs IS NULL AND k.n <= i.indnkeyatts
    GROUP BY 1, 2) AS found
  WHERE filled AND NOT names && without
  ORDER BY indisprimary DESC, cardinality(names), indexrelid LIMIT 1
$$;

-- The columns of a table as a copy selects them: values of user-defined types as text, so that the copy
-- does not depend on the types. A composite value is copied as attributes with number and name, because
-- its attributes may be restored in a different order.
CREATE OR REPLACE FUNCTION slipway.copied(target regclass, wanted text[]) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(CASE
      WHEN t.typtype = 'c' AND t.typnamespace <> 'pg_catalog'::regnamespace THEN format(
        'CASE WHEN %1$I::text IS NOT NULL THEN jsonb_build_object(''type'', %2$s, ''values'', jsonb_build_array(%3$s)) END AS %1$I',
        a.attname, t.typrelid, (SELECT string_agg(format('jsonb_build_array(%s, %L, (%I).%I::text)', x.attnum, x.attname, a.attname, x.attname), ', ')
          FROM pg_attribute x WHERE x.attrelid = t.typrelid AND x.attnum > 0 AND NOT x.attisdropped))
      WHEN t.typnamespace <> 'pg_catalog'::regnamespace THEN format('%I::text COLLATE "default" AS %1$I', a.attname)
      WHEN l.collnamespace <> 'pg_catalog'::regnamespace THEN format('%I COLLATE "default" AS %1$I', a.attname)
      ELSE quote_ident(a.attname) END, ', ' ORDER BY a.attnum)
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_collation l ON l.oid = a.attcollation
  WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped
    AND (wanted IS NULL OR a.attname::text = ANY (wanted))
$$;

-- What a copy does not contain: the positions of the sequences, and the foreign keys from and to the
-- table.
CREATE OR REPLACE FUNCTION slipway.about(target regclass) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  one record;
  value record;
  sequences jsonb := '{}';
  keys jsonb;
BEGIN
  FOR one IN SELECT d.objid::regclass AS sequence, a.attname FROM pg_depend d
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
      AND d.refobjid = target AND d.deptype IN ('a', 'i')
  LOOP
    EXECUTE format('SELECT last_value, is_called FROM %s', one.sequence) INTO value;
    sequences := sequences || jsonb_build_object(one.attname, jsonb_build_array(value.last_value, value.is_called));
  END LOOP;
  SELECT coalesce(jsonb_agg(format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname,
      pg_get_constraintdef(oid))), '[]') INTO keys
    FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND target IN (conrelid, confrelid);
  RETURN jsonb_build_object('sequences', sequences, 'foreignKeys', keys);
END $$;

-- Records what was kept, or why it was not; and the names of the columns by their numbers, because names
-- change.
CREATE OR REPLACE FUNCTION slipway.record_kept(entry jsonb) RETURNS void LANGUAGE sql AS $$
  INSERT INTO slipway.kept (id, history_schema, migration, statement, kind, table_schema, table_name, relation,
      database_identity, columns, key, stored_as, rows, details, not_kept)
  SELECT e.id, e.history_schema, e.migration, e.statement, e.kind, e.table_schema, e.table_name, e.relation,
      slipway.database_identity(), coalesce(e.columns, '{}'), e.key, e.stored_as, e.rows, coalesce(e.details, '{}') || CASE e.kind WHEN 'sequence' THEN '{}'
        WHEN 'table' THEN jsonb_build_object('transaction', pg_current_xact_id()::text) ELSE jsonb_build_object('numbers', (SELECT jsonb_object_agg(attname, attnum) FROM pg_attribute
          WHERE attrelid = e.relation AND attnum > 0 AND NOT attisdropped)) END, e.not_kept
  FROM jsonb_populate_record(NULL::slipway.kept, entry) AS e
$$;

-- The fields that all entries of a table share. 'origin' names the history and the statement that
-- destroys the data.
CREATE OR REPLACE FUNCTION slipway.entry_of(target regclass, origin jsonb, kind text)
RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('id', slipway.next_kept(n.nspname), 'history_schema', origin -> 'history_schema',
    'migration', origin -> 'migration', 'statement', origin -> 'statement', 'kind', kind, 'table_schema', n.nspname, 'table_name', c.relname, 'relation', c.oid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = target
$$;

-- Stores the result of a query in a table named after the entry. Returns the completed entry.
CREATE OR REPLACE FUNCTION slipway.store(entry jsonb, query text) RETURNS jsonb LANGUAGE plpgsql
SET row_security = off AS $$
DECLARE
  own text := 'kept_' || (entry ->> 'id');
  count bigint;
BEGIN
  EXECUTE format('CREATE TABLE slipway.%I AS %s', own, query);
  GET DIAGNOSTICS count = ROW_COUNT;
  RETURN entry || jsonb_build_object('stored_as', own, 'rows', count);
END $$;
`
