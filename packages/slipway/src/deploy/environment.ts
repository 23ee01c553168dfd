import { type Address, type Session, withSession } from '../database/index.ts'
import { advice, attempt, type ConnectionString, type NextAction } from '../kernel/index.ts'
import { raise } from './failures.ts'
import type { WorkRequest } from './target.ts'

/** A protected environment under which the database was changed before. */
interface KnownEnvironment {
  readonly name: string
  readonly confirm: boolean
}

/**
 * Fails with DEPLOY.OTHER_ENVIRONMENT if a database was changed under a stricter environment than that of the
 * request. `forget` is the SQL that removes an environment (`…`) from the ledger.
 */
export function refuseEnvironment(
  known: readonly KnownEnvironment[],
  {
    environment,
    protected: isProtected,
    confirm,
  }: Pick<WorkRequest, 'environment' | 'protected' | 'confirm'>,
  { database, forget }: { readonly database: string; readonly forget: string },
): void {
  // No environment is stricter than a protected one that requires confirmation.
  if (isProtected && confirm) return
  const stricter = known.find(
    (one) => one.name !== environment && (!isProtected || (one.confirm && !confirm)),
  )
  if (stricter === undefined) return
  const { name } = stricter
  refuse({ database, environment, name }, `Slipway changed it as ${name} before.`, [
    advice(`If it is a copy of the server's files, run ${forget.replace('…', name)} on the copy.`),
  ])
}

function refuse(
  {
    database,
    environment,
    name,
  }: { readonly database: string; readonly environment: string; readonly name: string },
  because: string,
  more: readonly NextAction[] = [],
): never {
  return raise('DEPLOY.OTHER_ENVIRONMENT', {
    message: `The database ${database} belongs to the environment ${name}, not to ${environment}. Nothing was changed.`,
    why: `${because} Slipway recognizes it by the identity that the server reports, even if the connection string differs, for example through a tunnel.`,
    nextActions: [advice(`Add --env ${name} to the command if you mean this database.`), ...more],
  })
}

/** How long a server of another environment may take to answer, in ms. */
const ANSWER_MS = 2000

/**
 * Fails with DEPLOY.OTHER_ENVIRONMENT if the configuration gives the database of the session to a stricter environment
 * under another connection string. Connects to the databases of those environments, and reads only who they are. One
 * that does not answer is named in a notice.
 */
export async function refuseConfiguredEnvironment(
  session: Session,
  { environment, stricter = [], emit }: Pick<WorkRequest, 'environment' | 'stricter' | 'emit'>,
): Promise<void> {
  if (stricter.length === 0) return
  const identity = identityOf(session)
  const compared = await Promise.all(
    stricter.flatMap(({ name, urls }) =>
      urls.map(async (url) => ({ name, read: await attempt(() => identityAt(url)) })),
    ),
  )
  const { database } = session.server
  for (const { name, read } of compared) {
    if (read.ok && read.value === identity)
      refuse({ database, environment, name }, `The configuration of ${name} leads to it.`)
  }
  const silent = compared.flatMap(({ name, read }) => (read.ok ? [] : name))
  for (const name of new Set(silent)) {
    const message = `Not compared with the database of ${name}, which did not answer. If ${database} is that database, add --env ${name}.`
    emit({ kind: 'notice', message })
  }
}

async function identityAt(url: ConnectionString): Promise<string> {
  const address: Address = { kind: 'postgres', url }
  const options = { applicationName: 'slipway', connectTimeoutMs: ANSWER_MS }
  return await withSession(address, options, async (session) => identityOf(session))
}

/** Identifies a database of a running server. Any role may read it, while the identifier of a cluster needs a right. */
function identityOf({ server: { started, database } }: Session): string {
  return JSON.stringify([started, database])
}
