/** The superuser of a private server. No SQL of a project runs as this role. */
export const ADMINISTRATOR = 'slipway_administrator'

/**
 * The role that runs SQL under test. It is not a superuser, has no file access and may create neither
 * databases nor roles. It has the name of the usual superuser, because migrations grant privileges to it
 * and make it an owner.
 */
export const SANDBOXED = 'postgres'

/** The group that owns the databases: the sandboxed role and the roles that migrations name. */
export const OWNERS = 'slipway_owners'

/**
 * Extensions that only a superuser may create, and that access neither files nor programs nor a network.
 * A private server lets SQL under test create them.
 */
export const HARMLESS_EXTENSIONS: readonly string[] = [
  'address_standardizer',
  'amcheck',
  'autoinc',
  'bloom',
  'earthdistance',
  'h3',
  'hll',
  'hypopg',
  'insert_username',
  'intagg',
  'ip4r',
  'moddatetime',
  'pg_buffercache',
  'pg_freespacemap',
  'pg_hashids',
  'pg_stat_statements',
  'pg_visibility',
  'pgrouting',
  'pgrowlocks',
  'pgstattuple',
  'postgis',
  'postgis_sfcgal',
  'postgis_topology',
  'prefix',
  'rum',
  'semver',
  'vector',
]

const MOST_ROLES = 250

/**
 * SQL that the administrator runs once in `template1` of a new server; each command ends with an empty
 * line. The functions run with the administrator's rights what migrations need but the sandboxed role may
 * not do itself: they create a role without rights, and an extension of the list above. Extension scripts
 * run as a superuser, so the function refuses while the database has functions or operators that such a
 * script could call by mistake.
 */
export function sandboxSql(major: number): string {
  const commands = [
    `CREATE ROLE ${OWNERS}`,
    `CREATE ROLE ${SANDBOXED} LOGIN BYPASSRLS IN ROLE ${OWNERS}`,
    // In later versions, the owner of the database owns this schema.
    ...(major < 15 ? [`ALTER SCHEMA public OWNER TO ${OWNERS}`] : []),
    ...(major < 15 ? [] : [`GRANT SET ON PARAMETER session_replication_role TO ${SANDBOXED}`]),
    `UPDATE pg_catalog.pg_extension SET extowner = '${SANDBOXED}'::regrole`,
    definer(
      'slipway_create_role(role_name text)',
      `IF (SELECT count(*) FROM pg_roles) > ${MOST_ROLES} THEN
    RAISE insufficient_privilege USING MESSAGE = 'too many roles on a shadow database';
  END IF;
  EXECUTE format('CREATE ROLE %I IN ROLE ${OWNERS} ADMIN ${SANDBOXED}', role_name);`,
    ),
    definer(
      'slipway_create_extension(extension text, in_schema text, else_schema text, in_version text, with_others boolean)',
      `IF extension <> ALL ('{${HARMLESS_EXTENSIONS.join(',')}}'::text[])
    OR EXISTS (SELECT FROM pg_proc WHERE proowner <> '${ADMINISTRATOR}'::regrole)
    OR EXISTS (SELECT FROM pg_operator WHERE oprowner <> '${ADMINISTRATOR}'::regrole) THEN
    RAISE insufficient_privilege USING MESSAGE = format('permission denied to create extension %I', extension);
  END IF;
  IF in_schema IS NULL AND NOT EXISTS (
    SELECT FROM pg_available_extension_versions WHERE name = extension AND schema IS NOT NULL
  ) THEN
    in_schema := else_schema;
  END IF;
  EXECUTE format('CREATE EXTENSION %I', extension) || coalesce(' SCHEMA ' || quote_ident(in_schema), '')
    || coalesce(' VERSION ' || quote_literal(in_version), '') || CASE WHEN with_others THEN ' CASCADE' ELSE '' END;
  UPDATE pg_catalog.pg_extension SET extowner = '${SANDBOXED}'::regrole;`,
    ),
  ]
  return commands.map((sql) => `${sql};\n\n`).join('')
}

/** A function in `pg_catalog`, which schema readers skip. */
function definer(signature: string, body: string): string {
  return `CREATE FUNCTION pg_catalog.${signature} RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $slipway$
BEGIN
  ${body}
END $slipway$`
}
