import { quoteIdentifier, quoteLiteral, type Session } from '../../database/index.ts'
import { advice, otherCommand } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { Manifest } from '../manifest.ts'

/**
 * Refuses a server on which a restore would fail midway, because it is older or lacks an extension or a role.
 * Fails with BACKUP.SERVER_TOO_OLD, BACKUP.EXTENSION_MISSING or BACKUP.ROLE_MISSING.
 */
export async function requireSuitableServer(
  session: Session,
  manifest: Manifest,
  { roles }: { readonly roles: boolean },
): Promise<void> {
  const major = (versionNumber: number) => Math.floor(versionNumber / 10_000)
  if (major(session.server.versionNumber) < major(manifest.server.versionNumber)) {
    raise('BACKUP.SERVER_TOO_OLD', {
      message: `The backup comes from PostgreSQL ${manifest.server.version}, and the server is ${session.server.version}.`,
      why: 'A dump may use features that an older server lacks.',
      nextActions: [advice('Restore it on a server of the same version, or a newer one.')],
    })
  }
  const extensions = await missingNames(
    session,
    manifest.extensions,
    'SELECT name FROM pg_available_extensions',
  )
  if (extensions.length > 0) {
    raise('BACKUP.EXTENSION_MISSING', {
      message: `The server lacks ${extensions.length === 1 ? 'the extension' : 'the extensions'} ${extensions.join(', ')}.`,
      why: 'The backup contains objects of these extensions.',
      nextActions: [
        advice('Install their packages on the server, or restore on one that has them.'),
      ],
    })
  }
  if (!roles) return
  const missing = await missingNames(session, manifest.roles, 'SELECT rolname FROM pg_roles')
  if (missing.length === 0) return
  raise('BACKUP.ROLE_MISSING', {
    message: `The server lacks the ${missing.length === 1 ? 'role' : 'roles'} ${missing.join(', ')}.`,
    why: 'They own objects of the backup, or have privileges on them.',
    nextActions: [
      ...missing.map((role) =>
        otherCommand(`CREATE ROLE ${quoteIdentifier(role)} NOLOGIN`, 'create it'),
      ),
      advice('Or restore with --no-owner: the role that restores then owns all objects.'),
    ],
  })
}

async function missingNames(
  session: Session,
  wanted: readonly string[],
  known: string,
): Promise<readonly string[]> {
  if (wanted.length === 0) return []
  const list = wanted.map((name) => `(${quoteLiteral(name)})`).join(', ')
  const rows = await session.query<{ name: string }>(
    `SELECT w.name FROM (VALUES ${list}) AS w (name) WHERE w.name NOT IN (${known}) ORDER BY 1`,
  )
  return rows.map(({ name }) => name)
}

/**
 * Creates a backup's missing roles on a private server. They cannot log in; superusers are needed to own some
 * objects.
 */
export async function createRoles(
  session: Session,
  { roles, superusers }: Pick<Manifest, 'roles' | 'superusers'>,
): Promise<void> {
  const names = [...new Set([...roles, ...superusers])]
  for (const name of await missingNames(session, names, 'SELECT rolname FROM pg_roles'))
    await session.execute(`CREATE ROLE ${quoteIdentifier(name)} NOLOGIN`)
  for (const name of superusers)
    await session.execute(`ALTER ROLE ${quoteIdentifier(name)} SUPERUSER`)
}
