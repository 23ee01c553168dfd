import { quoteIdentifier, quoteLiteral, type Session } from '../database/index.ts'
import { advice, failureOf } from '../kernel/index.ts'
import { raise } from './failures.ts'

/** A test database that Slipway created, identified by its name and comment; no other is ever dropped. */
export interface OwnDatabase {
  readonly name: string
  readonly usedMs: number
  readonly sessions: number
  /** Whether it is closed to sessions; a complete template is. */
  readonly closed: boolean
}

const MARK = 'slipway tests, used '

/** The beginning of the comment of each database that Slipway created, as a pattern for LIKE. */
export const MARKED = `${MARK}%`

/** The databases with names that start with `prefix` and Slipway's comment, the most recently used first. */
export async function ownDatabases(admin: Session, prefix: string): Promise<OwnDatabase[]> {
  const rows = await admin.query<{
    name: string
    comment: string
    sessions: string
    closed: boolean
  }>(
    `SELECT d.datname AS name, shobj_description(d.oid, 'pg_database') AS comment, NOT d.datallowconn AS closed,
            (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid)::text AS sessions
     FROM pg_database d
     WHERE starts_with(d.datname, $1) AND shobj_description(d.oid, 'pg_database') LIKE $2`,
    [prefix, MARKED],
  )
  return rows
    .map(({ name, comment, sessions, closed }) => ({
      name,
      usedMs: Date.parse(comment.slice(MARK.length)),
      sessions: Number(sessions),
      closed,
    }))
    .toSorted((a, b) => b.usedMs - a.usedMs)
}

/** Marks a database, in its comment, as created by Slipway and used now. */
export async function mark(admin: Session, name: string): Promise<void> {
  const text = quoteLiteral(MARK + new Date().toISOString())
  await admin.execute(`COMMENT ON DATABASE ${quoteIdentifier(name)} IS ${text}`)
}

/**
 * Creates a database from a template, given as SQL that options can follow, and marks it. Fails with
 * TESTING.RIGHTS.
 */
export async function createOwn(admin: Session, name: string, templateSql: string): Promise<void> {
  try {
    await admin.execute(`CREATE DATABASE ${quoteIdentifier(name)} TEMPLATE ${templateSql}`)
  } catch (error) {
    const failure = failureOf(error)
    if (failure?.server?.sqlstate !== '42501') throw error
    const { user } = admin.server
    raise('TESTING.RIGHTS', {
      message: `The role ${user} may not create databases on the server of the tests.`,
      why: 'Each test has its own database, a copy of one template.',
      nextActions: [advice(`Run on that server: ALTER ROLE ${quoteIdentifier(user)} CREATEDB.`)],
      server: failure.server,
    })
  }
  await mark(admin, name)
}

/** Drops a marked database, with its sessions. */
export async function dropOwn(admin: Session, name: string): Promise<void> {
  await admin.execute(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)} WITH (FORCE)`)
}
