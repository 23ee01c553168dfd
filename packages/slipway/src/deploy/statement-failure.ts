import { command, type Failure, failureFrom, type ServerError } from '../kernel/index.ts'
import { indexOfCharacter, placeAt, type Statement, type Unit } from '../migration/index.ts'
import type { MigrationPlan } from '../plan/index.ts'

/** What was sent before the SQL of a unit, in the same message. */
export interface Prefix {
  /** Characters, as the server counts them. */
  readonly characters: number
  readonly commands: number
}

/** The statement of a unit at which the server stopped: by its position, else by how many were completed. */
export function failedStatement(
  unit: Unit,
  server: ServerError,
  prefix: Prefix,
): Statement | undefined {
  const index = indexInFile(unit, server, prefix)
  if (index !== undefined) {
    const found = unit.statements.findLast((statement) => statement.start <= index)
    if (found) return found
  }
  return unit.statements[(server.completed ?? prefix.commands) - prefix.commands]
}

function indexInFile(unit: Unit, server: ServerError, prefix: Prefix): number | undefined {
  if (server.position === undefined || server.position <= prefix.characters) return undefined
  const index = indexOfCharacter(unit.sql, server.position - prefix.characters)
  return index < unit.sql.length ? unit.offset + index : undefined
}

/** What the server said of a statement that it refused; nothing where something else went wrong. */
export function refusal({ code, server }: Failure): ServerError | undefined {
  const refused = code.startsWith('DATABASE.') && code !== 'DATABASE.CONNECTION_LOST'
  return refused ? server : undefined
}

/** The failure of a statement, with its place in the file and all that the server said. */
export function statementFailure(
  code: 'DEPLOY.STATEMENT_FAILED' | 'DEPLOY.STATEMENT_TIMEOUT' | 'DEPLOY.INCOMPLETE',
  plan: MigrationPlan,
  at: { readonly unit: Unit; readonly server: ServerError; readonly prefix: Prefix },
): Failure {
  const { unit, server, prefix } = at
  const statement = failedStatement(unit, server, prefix)
  const total = plan.statements.length
  const which = statement ? `statement ${statement.number} of ${total}` : 'a statement'
  const incomplete = code === 'DEPLOY.INCOMPLETE'
  const index = indexInFile(unit, server, prefix) ?? statement?.start
  return failureFrom(code, {
    message: `${plan.name} failed at ${which}: ${server.message}.`,
    why: incomplete
      ? 'It runs step by step, so the statements before it stand.'
      : 'It runs as one transaction, which was rolled back: the database is as before.',
    nextActions: incomplete
      ? [command('slipway repair', 'finish it, undo it, or mark it')]
      : [command('slipway deploy', 'run it again, when its cause is gone')],
    ...(index === undefined ? {} : { where: placeAt(plan.sql, index, plan.path) }),
    server,
  })
}
