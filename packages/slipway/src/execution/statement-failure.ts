import { command, type Failure, failureFrom, type ServerError } from '../kernel/index.ts'
import { type Migration, placeAt } from '../statements/index.ts'
import type { Refusal } from './execute-group.ts'
import { remedyFor } from './remedy.ts'

/** The server's error for a statement that it refused; undefined if something else failed. */
export function refusedBy(failure: Failure): ServerError | undefined {
  const refused = failure.code.startsWith('DATABASE.') && !isSessionLost(failure)
  return refused ? failure.server : undefined
}

/** Whether the session can no longer be used: its connection broke, or it lost the lock. */
export function isSessionLost({ code }: Failure): boolean {
  return code === 'DATABASE.CONNECTION_LOST' || code === 'DATABASE.LOCK_LOST'
}

/** The code of a statement that the server refused, or stopped because it took too long. */
export function refusalCode({
  sqlstate,
}: ServerError): 'DEPLOY.STATEMENT_FAILED' | 'DEPLOY.STATEMENT_TIMEOUT' {
  return sqlstate === '57014' ? 'DEPLOY.STATEMENT_TIMEOUT' : 'DEPLOY.STATEMENT_FAILED'
}

/** Where a transaction group was refused, and which sequences it left moved. */
export type RefusalPlace = Pick<Refusal, 'statement' | 'index' | 'moved'>

/** The failure of a statement, with its place in the file and everything that the server reported. */
export function statementFailure(
  code: 'DEPLOY.STATEMENT_FAILED' | 'DEPLOY.STATEMENT_TIMEOUT' | 'DEPLOY.INCOMPLETE',
  migration: Migration,
  at: RefusalPlace & { readonly server: ServerError },
): Failure {
  const { server, statement, index = statement?.start, moved = [] } = at
  const total = migration.statements.length
  const which = statement ? `statement ${statement.number} of ${total}` : 'a statement'
  const incomplete = code === 'DEPLOY.INCOMPLETE'
  return failureFrom(code, {
    message: `${migration.name} failed at ${which}: ${server.message}.`,
    why: [
      incomplete
        ? 'It runs step by step, so the statements before it remain in effect.'
        : 'It runs as one transaction, which was rolled back: the database is as it was before.',
      ...moved,
    ].join(' '),
    nextActions: incomplete
      ? [command(['repair'], 'finish it, undo it, or mark it')]
      : [remedyFor(server, migration, statement), command(['deploy'], 'run it again')],
    ...(index === undefined ? {} : { where: placeAt(migration.sql, index, migration.path) }),
    server,
  })
}
