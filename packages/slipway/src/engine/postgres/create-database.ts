import { locate, quoteIdentifier, type Session, withSession } from '../../database/index.ts'
import { ConnectionString, failureOf } from '../../kernel/index.ts'
import { raise } from '../failures.ts'

/** Creates the database that a connection string names, for the Prisma CLI. Returns its name. */
export async function createDatabase(url: ConnectionString | undefined): Promise<string> {
  return await onMaintenanceDatabase(url, 'CREATE DATABASE')
}

/** Drops the database that a connection string names, for the Prisma CLI. Returns its name. */
export async function dropDatabase(url: ConnectionString | undefined): Promise<string> {
  return await onMaintenanceDatabase(url, 'DROP DATABASE IF EXISTS')
}

async function onMaintenanceDatabase(
  url: ConnectionString | undefined,
  statement: string,
): Promise<string> {
  const target = requireUrl(url)
  const { database } = locate(target)
  const run = (session: Session) => session.execute(`${statement} ${quoteIdentifier(database)}`)
  try {
    await withSession({ kind: 'postgres', url: withDatabaseName(target, 'postgres') }, {}, run)
  } catch (error) {
    // Some hosts have no database `postgres`; every server has `template1`.
    if (failureOf(error)?.code !== 'DATABASE.NOT_FOUND') throw error
    await withSession({ kind: 'postgres', url: withDatabaseName(target, 'template1') }, {}, run)
  }
  return database
}

/** The connection string; fails with ENGINE.FAILED if it is absent. */
export function requireUrl(url: ConnectionString | undefined): ConnectionString {
  return (
    url ??
    raise('ENGINE.FAILED', {
      message: 'No connection string was given.',
      why: 'The Prisma CLI takes it from datasource.url of prisma.config.ts, or from the schema.',
    })
  )
}

function withDatabaseName(url: ConnectionString, name: string): ConnectionString {
  const changed = new URL(url.reveal())
  changed.pathname = `/${name}`
  // The schema belongs to the database that is created or dropped.
  changed.searchParams.delete('schema')
  return new ConnectionString(changed.href)
}
