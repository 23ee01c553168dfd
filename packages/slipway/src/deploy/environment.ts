import { advice } from '../kernel/index.ts'
import { raise } from './failures.ts'
import type { WorkRequest } from './target.ts'

/** A protected environment as which a database was changed before. */
interface KnownEnvironment {
  readonly name: string
  readonly confirm: boolean
}

/**
 * Fails with DEPLOY.OTHER_ENVIRONMENT where a database was changed as a stricter environment than the one of a request.
 * `forget` is the SQL that removes an environment (`…`) from the ledger.
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
  // Only a protected environment that asks for consent is as strict as any other.
  if (isProtected && confirm) return
  const stricter = known.find(
    (one) => one.name !== environment && (!isProtected || (one.confirm && !confirm)),
  )
  if (stricter === undefined) return
  const { name } = stricter
  raise('DEPLOY.OTHER_ENVIRONMENT', {
    message: `The database ${database} is that of the environment ${name}, not of ${environment}. Nothing was changed.`,
    why: `Slipway changed it as ${name} before. The server identifies it, whatever the connection string: a tunnel leads to the same database.`,
    nextActions: [
      advice(`Add --env ${name} to the command if you mean this database.`),
      advice(
        `If it is a copy of the server's files, run ${forget.replace('…', name)} on the copy.`,
      ),
    ],
  })
}
