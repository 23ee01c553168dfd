import { advice } from '../kernel/index.ts'
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
  raise('DEPLOY.OTHER_ENVIRONMENT', {
    message: `The database ${database} belongs to the environment ${name}, not to ${environment}. Nothing was changed.`,
    why: `Slipway changed it as ${name} before. Slipway recognizes it by the identity that the server reports, even if the connection string differs, for example through a tunnel.`,
    nextActions: [
      advice(`Add --env ${name} to the command if you mean this database.`),
      advice(
        `If it is a copy of the server's files, run ${forget.replace('…', name)} on the copy.`,
      ),
    ],
  })
}
