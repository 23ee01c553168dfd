/**
 * The properties of objects besides their definitions, a row for each: owner, privileges, comments,
 * settings, statistics objects, publications, and the positions of sequences. `relation` is the relation
 * that the object is, or is part of. `object` and `part` name it as SQL does. `value` is the plain value
 * of an owner, a comment, privileges or a position, and a command that sets any other property. Settings
 * are read only if they differ from those of a new object.
 */
export function readAttributesSql(versionNumber: number): string {
  const from = (version: number, sql: string) => (versionNumber >= version * 10_000 ? sql : '')
  return `
CREATE OR REPLACE FUNCTION slipway.position_of(sequence regclass) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  found_position jsonb;
BEGIN
  EXECUTE format('SELECT jsonb_build_array(last_value, is_called) FROM %s', sequence) INTO found_position;
  RETURN found_position;
END $$;

-- Privileges as JSON, in the order of the grants; 'null' for those of a new object.
CREATE OR REPLACE FUNCTION slipway.grants_in(acl aclitem[]) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN acl IS NULL THEN 'null' ELSE (SELECT coalesce(jsonb_agg(jsonb_build_array(
      pg_get_userbyid(x.grantor), CASE WHEN x.grantee <> 0 THEN pg_get_userbyid(x.grantee) END, x.privilege_type, x.is_grantable)
      ORDER BY n), '[]')::text
    FROM aclexplode(acl) WITH ORDINALITY AS x(grantor, grantee, privilege_type, is_grantable, n)) END
$$;

CREATE OR REPLACE FUNCTION slipway.kind_of(relkind "char") RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
    WHEN 'S' THEN 'SEQUENCE' WHEN 'i' THEN 'INDEX' WHEN 'I' THEN 'INDEX' ELSE 'TABLE' END
$$;

-- The name of an object in a command, from the result of pg_identify_object.
CREATE OR REPLACE FUNCTION slipway.object_text(type text, identity text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN type LIKE '% column' THEN 'COLUMN ' || identity
    WHEN type = 'table constraint' THEN 'CONSTRAINT ' || identity
    WHEN type = 'domain constraint' THEN 'CONSTRAINT ' || replace(identity, ' on ', ' ON DOMAIN ')
    WHEN type = 'statistics object' THEN 'STATISTICS ' || identity
    WHEN type = 'composite type' THEN 'TYPE ' || identity
    ELSE upper(type) || ' ' || identity END
$$;

-- The relations of users that this role may change.
CREATE OR REPLACE FUNCTION slipway.own_relations() RETURNS TABLE (
  oid oid, object text, relkind "char", owner oid, acl aclitem[], relation oid, class pg_class) LANGUAGE sql STABLE AS $$
  SELECT c.oid, format('%s %I.%I', slipway.kind_of(c.relkind), n.nspname, c.relname), c.relkind, c.relowner, c.relacl,
    coalesce(i.indrelid, c.oid), c
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_index i ON i.indexrelid = c.oid
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I') AND c.relpersistence <> 't' AND c.oid >= 16384
    AND n.nspname NOT IN ('slipway', 'information_schema') AND n.nspname !~ '^pg_' AND c.relname <> '_prisma_migrations'
    AND pg_has_role(c.relowner, 'USAGE')
$$;

CREATE OR REPLACE FUNCTION slipway.attributes() RETURNS TABLE (
  classid oid, objid oid, objsubid integer, relation oid, object text, part text, name text, value text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY WITH
  r AS MATERIALIZED (SELECT * FROM slipway.own_relations()),
  -- All other objects, with their owners and privileges.
  other AS (
    SELECT 'pg_proc'::regclass::oid AS classid, p.oid, p.proowner AS owner, p.proacl AS acl FROM pg_proc p
      WHERE p.oid >= 16384 AND p.pronamespace NOT IN ('slipway'::regnamespace, 'pg_catalog'::regnamespace)
    UNION ALL SELECT 'pg_type'::regclass, t.oid, t.typowner, t.typacl FROM pg_type t
      LEFT JOIN pg_class c ON c.oid = t.typrelid
      WHERE t.oid >= 16384 AND (t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c')
    UNION ALL SELECT 'pg_namespace'::regclass, n.oid, n.nspowner, n.nspacl FROM pg_namespace n
      WHERE (n.oid >= 16384 OR n.nspname = 'public') AND n.nspname <> 'slipway' AND n.nspname !~ '^pg_'),
  named AS (
    SELECT o.*, slipway.object_text(i.type, i.identity) AS object
    FROM other o CROSS JOIN LATERAL pg_identify_object(o.classid, o.oid, 0) AS i
    WHERE pg_has_role(o.owner, 'USAGE') AND NOT EXISTS (SELECT FROM pg_depend d
      WHERE d.classid = o.classid AND d.objid = o.oid AND d.deptype = 'e')),
  owned AS (
    SELECT 'pg_class'::regclass::oid AS classid, r.oid, r.relation, r.object, r.owner, r.acl FROM r WHERE r.relkind NOT IN ('i', 'I')
    UNION ALL SELECT named.classid, named.oid, NULL, named.object, named.owner, named.acl FROM named),
  extended AS (
    SELECT s.oid, s.stxrelid, s.stxowner, format('STATISTICS %I.%I', n.nspname, s.stxname) AS object,
      (to_jsonb(s) ->> 'stxstattarget')::integer AS target
    FROM (SELECT x.oid, x.stxrelid, x.stxowner, x.stxname, x.stxnamespace, x.stxstattarget FROM pg_statistic_ext x) AS s
    JOIN pg_namespace n ON n.oid = s.stxnamespace JOIN r ON r.oid = s.stxrelid),
  columns AS (
    SELECT r.oid, r.relation, r.relkind, r.object, a.attnum, a.attname, a.attacl, a.attstorage, t.typstorage, a.attstattarget,
      a.attoptions${from(14, ', a.attcompression')}
    FROM r JOIN pg_attribute a ON a.attrelid = r.oid JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attnum > 0 AND NOT a.attisdropped),
  options AS (
    SELECT r.oid, r.relation, r.object, split_part(o.text, '=', 1) AS name, substr(o.text, strpos(o.text, '=') + 1) AS value, o.place
    FROM r CROSS JOIN LATERAL unnest((r.class).reloptions || ARRAY(SELECT 'toast.' || t.o FROM pg_class c, unnest(c.reloptions) AS t(o)
      WHERE c.oid = (r.class).reltoastrelid)) WITH ORDINALITY AS o(text, place)),
  -- The settings, as ALTER has them after the name of the relation.
  settings AS (
    SELECT o.oid, o.relation, 0 AS objsubid, o.object, 'option ' || o.name AS name, format('SET (%s=%L)', o.name, o.value) AS setting FROM options o
    -- All options of a relation in one command, for their order.
    UNION ALL SELECT o.oid, o.relation, 0, o.object, 'options', format('SET (%s)', string_agg(format('%s=%L', o.name, o.value), ', ' ORDER BY o.place))
      FROM options o GROUP BY o.oid, o.relation, o.object
    UNION ALL SELECT r.oid, r.relation, 0, r.object, 'tablespace', format('SET TABLESPACE %I', s.spcname)
      FROM r JOIN pg_tablespace s ON s.oid = (r.class).reltablespace WHERE r.relkind <> 'S'
    UNION ALL SELECT r.oid, r.relation, 0, r.object, 'persistence', 'SET UNLOGGED' FROM r
      WHERE r.relkind = 'r' AND (r.class).relpersistence = 'u'
    UNION ALL SELECT r.oid, r.relation, 0, r.object, 'of type', format('OF %s', (r.class).reloftype::regtype) FROM r
      WHERE (r.class).reloftype <> 0
    UNION ALL SELECT r.oid, r.relation, 0, r.object, 'replica identity', 'REPLICA IDENTITY ' || CASE (r.class).relreplident
        WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE (SELECT format('USING INDEX %I', i.relname) FROM pg_index x
          JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = r.oid AND x.indisreplident) END FROM r
      WHERE (r.class).relreplident IN ('f', 'n', 'i') AND r.relkind IN ('r', 'p', 'm')
    UNION ALL SELECT r.oid, r.relation, 0, r.object, 'cluster', format('CLUSTER ON %I', i.relname) FROM r
      JOIN pg_index x ON x.indrelid = r.oid AND x.indisclustered JOIN pg_class i ON i.oid = x.indexrelid
    UNION ALL SELECT r.oid, r.relation, 0, r.object, 'trigger ' || quote_ident(g.tgname), format('%s TRIGGER %I', CASE g.tgenabled
        WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, g.tgname) FROM r
      JOIN pg_trigger g ON g.tgrelid = r.oid AND NOT g.tgisinternal AND g.tgenabled <> 'O' AND g.tgname !~ '^_slipway_'
    UNION ALL SELECT r.oid, r.relation, 0, r.object, 'rule ' || quote_ident(w.rulename), format('%s RULE %I', CASE w.ev_enabled
        WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, w.rulename) FROM r
      JOIN pg_rewrite w ON w.ev_class = r.oid AND w.ev_enabled <> 'O'
    UNION ALL SELECT c.oid, c.relation, c.attnum, c.object, 'storage', format('ALTER COLUMN %I SET STORAGE %s', c.attname,
        CASE c.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END)
      FROM columns c WHERE c.attstorage <> c.typstorage AND c.relkind IN ('r', 'p', 'm', 'f')
${from(
  14,
  `    UNION ALL SELECT c.oid, c.relation, c.attnum, c.object, 'compression', format('ALTER COLUMN %I SET COMPRESSION %s', c.attname,
        CASE c.attcompression WHEN 'p' THEN 'pglz' ELSE 'lz4' END)
      FROM columns c WHERE c.attcompression <> '' AND c.relkind IN ('r', 'p', 'm')\n`,
)}    UNION ALL SELECT c.oid, c.relation, c.attnum, c.object, 'statistics', format('ALTER COLUMN %s SET STATISTICS %s',
        CASE WHEN c.relkind IN ('i', 'I') THEN c.attnum::text ELSE quote_ident(c.attname) END, c.attstattarget)
      FROM columns c WHERE c.attstattarget >= 0
    UNION ALL SELECT c.oid, c.relation, c.attnum, c.object, 'default', format('ALTER COLUMN %I SET DEFAULT %s', c.attname,
        pg_get_expr(d.adbin, d.adrelid)) FROM columns c JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = c.attnum WHERE c.relkind = 'v'
    UNION ALL SELECT c.oid, c.relation, c.attnum, c.object, 'column option ' || split_part(o, '=', 1), format('ALTER COLUMN %I SET (%s)', c.attname, o)
      FROM columns c CROSS JOIN LATERAL unnest(c.attoptions) AS o WHERE c.relkind NOT IN ('i', 'I'))
  SELECT o.classid, o.oid, 0, o.relation, o.object, NULL::text, 'owner', pg_get_userbyid(o.owner)::text FROM owned o
    -- The owner of a column's sequence is that of the table.
    WHERE NOT EXISTS (SELECT FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
      WHERE d.classid = o.classid AND d.objid = o.oid AND d.deptype IN ('a', 'i') AND d.refclassid = 'pg_class'::regclass)
  UNION ALL SELECT o.classid, o.oid, 0, o.relation, o.object, NULL, 'privileges', slipway.grants_in(o.acl) FROM owned o
  UNION ALL SELECT 'pg_class'::regclass, c.oid, c.attnum, c.relation, c.object, quote_ident(c.attname), 'privileges', slipway.grants_in(c.attacl)
    FROM columns c WHERE c.attacl IS NOT NULL
  UNION ALL SELECT d.classoid, d.objoid, d.objsubid, coalesce(r.relation, y.oid, k.conrelid, g.tgrelid, w.ev_class, p.polrelid, e.stxrelid),
      slipway.object_text(i.type, i.identity), NULL, 'comment', d.description
    FROM pg_description d
    LEFT JOIN r ON d.classoid = 'pg_class'::regclass AND r.oid = d.objoid
    LEFT JOIN pg_class y ON d.classoid = 'pg_class'::regclass AND y.oid = d.objoid AND y.relkind = 'c'
    LEFT JOIN pg_constraint k ON d.classoid = 'pg_constraint'::regclass AND k.oid = d.objoid AND k.conrelid <> 0
    LEFT JOIN pg_trigger g ON d.classoid = 'pg_trigger'::regclass AND g.oid = d.objoid
    LEFT JOIN pg_rewrite w ON d.classoid = 'pg_rewrite'::regclass AND w.oid = d.objoid
    LEFT JOIN pg_policy p ON d.classoid = 'pg_policy'::regclass AND p.oid = d.objoid
    LEFT JOIN extended e ON d.classoid = 'pg_statistic_ext'::regclass AND e.oid = d.objoid
    CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) AS i
    WHERE d.objoid >= 16384 AND i.identity IS NOT NULL AND i.schema IS DISTINCT FROM 'slipway'
      AND (d.classoid <> 'pg_class'::regclass OR coalesce(r.oid, y.oid) IS NOT NULL)
      AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = d.classoid AND x.objid = d.objoid AND x.deptype = 'e')
  UNION ALL SELECT 'pg_class'::regclass, s.oid, s.objsubid, s.relation, s.object, NULL, s.name,
      -- ONLY: child tables have their own column settings.
      format('ALTER %s %s', CASE WHEN s.objsubid > 0 THEN regexp_replace(s.object, '^(FOREIGN )?TABLE', 'TABLE ONLY') ELSE s.object END, s.setting)
    FROM settings s
  UNION ALL SELECT 'pg_class'::regclass, r.oid, 0, r.relation, r.object, NULL, 'content', format('REFRESH %s WITH NO DATA', r.object) FROM r
    WHERE r.relkind = 'm' AND NOT (r.class).relispopulated
  UNION ALL SELECT 'pg_statistic_ext'::regclass, e.oid, 0, e.stxrelid, e.object, NULL, 'definition', pg_get_statisticsobjdef(e.oid) FROM extended e
  UNION ALL SELECT 'pg_statistic_ext'::regclass, e.oid, 0, e.stxrelid, e.object, NULL, 'owner', pg_get_userbyid(e.stxowner)::text FROM extended e
  UNION ALL SELECT 'pg_statistic_ext'::regclass, e.oid, 0, e.stxrelid, e.object, NULL, 'statistics', format('ALTER %s SET STATISTICS %s', e.object, e.target)
    FROM extended e WHERE e.target >= 0
  UNION ALL SELECT 'pg_publication_rel'::regclass, m.oid, 0, m.prrelid, r.object, NULL, 'publication ' || quote_ident(b.pubname),
      format('ALTER PUBLICATION %I ADD TABLE ONLY %s', b.pubname, substr(r.object, length('TABLE ') + 1))${from(
        15,
        `
      || coalesce(format(' (%s)', (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = m.prrelid AND a.attnum = ANY (m.prattrs::int2[]))), '')
      || coalesce(format(' WHERE (%s)', pg_get_expr(m.prqual, m.prrelid)), '')`,
      )}
    FROM pg_publication_rel m JOIN r ON r.oid = m.prrelid JOIN pg_publication b ON b.oid = m.prpubid WHERE NOT b.puballtables
  UNION ALL SELECT 'pg_default_acl'::regclass, a.oid, 0, NULL, format('SCHEMA %I', n.nspname), NULL,
      format('default privileges of %I for %s', o.rolname, k.word), string_agg(format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT %s ON %s TO %s%s',
        o.rolname, n.nspname, x.privilege_type, k.word, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
        CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), '; ' ORDER BY x.n)
    FROM pg_default_acl a JOIN pg_namespace n ON n.oid = a.defaclnamespace JOIN pg_roles o ON o.oid = a.defaclrole
    CROSS JOIN LATERAL (SELECT CASE a.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' ELSE 'TYPES' END AS word) AS k
    CROSS JOIN LATERAL aclexplode(a.defaclacl) WITH ORDINALITY AS x(grantor, grantee, privilege_type, is_grantable, n)
    WHERE pg_has_role(a.defaclrole, 'USAGE') GROUP BY a.oid, n.nspname, o.rolname, k.word
  UNION ALL SELECT 'pg_class'::regclass, r.oid, 0, r.relation, r.object, NULL, 'position', CASE r.relkind WHEN 'S' THEN slipway.position_of(r.oid)::text END
    FROM r WHERE CASE r.relkind WHEN 'S' THEN has_sequence_privilege(r.oid, 'SELECT') END;
END $$;
`
}
