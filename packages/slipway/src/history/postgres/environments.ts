import { executeLocked, quoteLiteral, type Session } from '../../database/index.ts'

/** A protected environment under which a database was changed. */
export interface RecordedEnvironment {
  readonly name: string
  /** Whether each change must be confirmed with the name of the database. */
  readonly confirm: boolean
}

/**
 * The protected environments under which this database was changed, by name. The server identifies the database, not
 * the connection string: a copy made by CREATE DATABASE or by a restore is a different one. Needs a current ledger.
 */
export async function readEnvironments(session: Session): Promise<RecordedEnvironment[]> {
  const { rows } = await session.queryRaw(
    `SELECT name, confirm FROM ${session.ledger}.environment WHERE ${session.ledger}.is_this_database(database_identity) ORDER BY name`,
  )
  return rows.map(([name, confirm]) => ({ name: name ?? '', confirm: confirm === 't' }))
}

/** Records that this database is changed under a protected environment. Needs a current ledger. */
export async function recordEnvironment(
  session: Session,
  { name, confirm }: RecordedEnvironment,
): Promise<void> {
  await executeLocked(
    session,
    `INSERT INTO ${session.ledger}.environment (name, database_identity, confirm) VALUES (${quoteLiteral(name)}, ${session.ledger}.database_identity(), ${confirm})
     ON CONFLICT (name, database_identity) DO UPDATE SET confirm = excluded.confirm, recorded_at = now()
       WHERE environment.confirm <> excluded.confirm;\n`,
  )
}
