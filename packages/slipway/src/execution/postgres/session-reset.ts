import { filePinSql, quoteIdentifier, type Session } from '../../database/index.ts'
import { type Migration, type TransactionGroup } from '../../statements/index.ts'

/** SQL, and the number of its commands. */
export interface Sql {
  readonly sql: string
  readonly commands: number
}

/**
 * SQL that resets a session to the state in which each file begins: role, search path and all other settings are
 * those of a new connection to the default schema, as in a deploy by Prisma, except for the settings that also hold
 * in files (database/postgres/settings.ts) and `own`. It has only utility commands, so SET TRANSACTION may follow.
 */
export function resetSessionSql(session: Session, own: string): Sql {
  const pins = filePinSql(session)
  const sql =
    'RESET SESSION AUTHORIZATION;\nRESET ROLE;\nRESET ALL;\n' +
    `SET search_path = ${quoteIdentifier(session.server.schema)};\n`
  return { sql: sql + pins + own, commands: 4 + commandsIn(pins) + commandsIn(own) }
}

function commandsIn(sql: string): number {
  return sql.split(';').length - 1
}

/** SQL that switches to our own role until the end of the transaction: the file's role may not access our tables. */
export const OWN_ROLE_SQL: string =
  'SET LOCAL session_authorization TO DEFAULT;\nSET LOCAL role TO DEFAULT;\n'

/** Whether a file may leave settings of the session changed. */
export function changesSettings({ statements }: Pick<Migration, 'statements'>): boolean {
  return statements.some(({ settings }) => settings !== 'none')
}

/**
 * SQL that repeats the settings made by the groups of a file before `next`, for a run that continues in another
 * session. Settings that end with a transaction are not among them.
 */
export function settingsBeforeSql(
  { groups }: Pick<Migration, 'groups'>,
  next: TransactionGroup,
): string {
  return groups
    .filter(({ number, rolledBack }) => number < next.number && !rolledBack)
    .flatMap(({ statements }) => statements)
    .filter(({ settings, actions }) => settings === 'changes' && actions.some(isSet))
    .map(({ text }) => `${text}\n;\n`)
    .join('')
}

function isSet(action: Migration['statements'][number]['actions'][number]): boolean {
  return action.kind === 'set'
}
