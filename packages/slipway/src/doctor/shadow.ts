import { type Session, withSession } from '../database/index.ts'
import { attempt } from '../kernel/index.ts'
import { type Project, shadowSetting } from '../project/index.ts'
import { type Check, failed, passed, warned } from './check.ts'
import { unconnected } from './server.ts'

const NAME = 'shadow server'
const CONNECT_TIMEOUT_MS = 5000
const RIGHTS =
  'CREATE ROLE slipway_shadow LOGIN CREATEDB, with a password, on a server without other data.'

/**
 * Checks whether the role on the configured server for shadow databases may create
 * databases and nothing more, because the SQL of migrations runs with its privileges.
 * Returns no check if no server is configured.
 */
export async function checkShadowServer(project: Project): Promise<Check[]> {
  const setting = await attempt(async () => shadowSetting(project))
  if (!setting.ok)
    return [failed(NAME, setting.failure.message, 'Set the variable, or remove shadow.')]
  const named = setting.value
  if (named === undefined || named === 'embedded') return []
  const options = { applicationName: 'slipway doctor', connectTimeoutMs: CONNECT_TIMEOUT_MS }
  const found = await attempt(() =>
    withSession({ kind: 'postgres', url: named }, options, checkRole),
  )
  return [found.ok ? found.value : unconnected(found.failure, NAME)]
}

async function checkRole(session: Session): Promise<Check> {
  const { user, versionNumber } = session.server
  const [role] = await session.query<{ superuser: boolean; creates: boolean; programs: boolean }>(
    `SELECT rolsuper AS superuser, rolcreatedb OR rolsuper AS creates,
       pg_has_role('pg_execute_server_program', 'MEMBER') OR pg_has_role('pg_read_server_files', 'MEMBER')
         OR pg_has_role('pg_write_server_files', 'MEMBER') OR rolcreaterole AND $1::int < 160000 AS programs
     FROM pg_roles WHERE rolname = current_user`,
    [versionNumber],
  )
  if (role?.superuser)
    return warned(
      NAME,
      `${user} is a superuser: migrations under test can run programs there.`,
      RIGHTS,
    )
  if (role?.programs)
    return warned(NAME, `${user} can reach programs and files of the server.`, RIGHTS)
  return role?.creates
    ? passed(NAME, `${user} may create databases, and is not a superuser.`)
    : failed(NAME, `${user} may not create databases.`, RIGHTS)
}
