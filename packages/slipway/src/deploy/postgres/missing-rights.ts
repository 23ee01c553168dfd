import { quoteIdentifier, type Session } from '../../database/index.ts'
import { type NextAction, otherCommand } from '../../kernel/index.ts'

/**
 * The statements that grant a role the missing rights to create Prisma's history table and the ledger in
 * their schemas, the smallest right first. CREATE on the database is not needed for an existing schema.
 */
export async function missingRights(session: Session): Promise<NextAction[]> {
  const { database, schema, user } = session.server
  const { rows } = await session.queryRaw(
    `SELECT s.name, has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE')
     FROM unnest($1::text[]) WITH ORDINALITY AS s (name, place) LEFT JOIN pg_namespace n ON n.nspname = s.name
     WHERE n.oid IS NOT NULL OR NOT has_database_privilege(current_database(), 'CREATE')
     ORDER BY s.place`,
    [[schema, session.ledger]],
  )
  const role = quoteIdentifier(user)
  const absent = rows.some(([, allowed]) => allowed === null)
  return [
    ...rows.flatMap(([name, allowed]): NextAction[] => {
      const quoted = quoteIdentifier(name ?? '')
      if (allowed === 't') return []
      return allowed === null
        ? [otherCommand(`CREATE SCHEMA ${quoted} AUTHORIZATION ${role}`, 'as the database owner')]
        : [otherCommand(`GRANT USAGE, CREATE ON SCHEMA ${quoted} TO ${role}`, 'as its owner')]
    }),
    ...(absent
      ? [
          otherCommand(
            `GRANT CREATE ON DATABASE ${quoteIdentifier(database)} TO ${role}`,
            'or allow the role to create schemas',
          ),
        ]
      : []),
  ]
}
