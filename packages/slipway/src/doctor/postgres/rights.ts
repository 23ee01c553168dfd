import { quoteIdentifier, type Session } from '../../database/index.ts'
import { type Check, failed, passed } from '../check.ts'

/**
 * Checks whether the role has the privileges that deploys need: to create objects in the project's schemas,
 * to change the tables there (which PostgreSQL allows only to owners), and to create the ledger's schema.
 */
export async function checkRights(session: Session, schemas: readonly string[]): Promise<Check[]> {
  const { server, ledger } = session
  const grantee = quoteIdentifier(server.user)
  const rows = await schemaRights(session, [...schemas, ledger])
  const canCreateSchemas = await mayCreateSchemas(session)
  const grantDatabase = `GRANT CREATE ON DATABASE ${quoteIdentifier(server.database)} TO ${grantee};`
  const checks = [...schemas, ledger].map((schema): Check => {
    const name = `privileges on schema ${schema}`
    const found = rows.get(schema)
    if (found === undefined) {
      return canCreateSchemas
        ? passed(name, `The schema does not exist yet; the role ${server.user} may create it.`)
        : failed(
            name,
            `The schema does not exist, and the role ${server.user} may not create it.`,
            schema === ledger ? `CREATE SCHEMA ${ledger} AUTHORIZATION ${grantee};` : grantDatabase,
          )
    }
    if (found) return passed(name, `The role ${server.user} may create objects in this schema.`)
    const grant = `GRANT USAGE, CREATE ON SCHEMA ${quoteIdentifier(schema)} TO ${grantee};`
    return failed(name, `The role ${server.user} may not create objects in this schema.`, grant)
  })
  return [...checks, await checkOwnership(session, schemas)]
}

async function schemaRights(
  session: Session,
  schemas: readonly string[],
): Promise<Map<string, boolean>> {
  const rows = await session.query<{ name: string; allowed: boolean }>(
    `SELECT nspname AS name, has_schema_privilege(oid, 'CREATE') AND has_schema_privilege(oid, 'USAGE') AS allowed
       FROM pg_namespace WHERE nspname = ANY ($1)`,
    [schemas],
  )
  return new Map(rows.map(({ name, allowed }) => [name, allowed]))
}

async function mayCreateSchemas(session: Session): Promise<boolean> {
  const [row] = await session.query<{ allowed: boolean }>(
    "SELECT has_database_privilege(current_database(), 'CREATE') AS allowed",
  )
  return row?.allowed ?? false
}

/**
 * Excludes objects of extensions: they belong to the role that installed them, and
 * migrations do not change them.
 */
async function checkOwnership(session: Session, schemas: readonly string[]): Promise<Check> {
  const rows = await session.query<{ name: string; owner: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name, pg_get_userbyid(c.relowner) AS owner
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p', 'v', 'm')
        AND NOT pg_has_role(c.relowner, 'USAGE')
        AND NOT EXISTS (SELECT FROM pg_depend d
                         WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
      ORDER BY 1`,
    [schemas],
  )
  const [first] = rows
  const { user } = session.server
  if (first === undefined)
    return passed('ownership', `${user} owns every table, or is a member of its owner.`)
  const names = rows.slice(0, 3).map(({ name }) => name)
  const more = rows.length > names.length ? ` and ${rows.length - names.length} more` : ''
  return failed(
    'ownership',
    `${user} does not own ${names.join(', ')}${more}, and only an owner may change a table.`,
    `GRANT ${quoteIdentifier(first.owner)} TO ${quoteIdentifier(user)};`,
  )
}
