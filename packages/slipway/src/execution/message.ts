import type { ServerError } from '../kernel/index.ts'
import { indexOfCharacter, type Statement, type TransactionGroup } from '../statements/index.ts'
import type { Hooks } from './hooks.ts'
import { reassertTimeoutsSql, type Timeouts } from './postgres/limits.ts'

/** A part of a message. The server's responses to it concern `statement`. */
interface Piece {
  readonly sql: string
  /** How many commands the server reports as completed for it. */
  readonly commands: number
  readonly statement?: Statement
  /** Where the text is in the file; absent if Slipway wrote it. */
  readonly offset?: number
}

/** SQL that is sent as one message, in parts that each name their statement of the file. */
export type Message = readonly Piece[]

/** What is added to the statements of a transaction group. */
interface Additions {
  readonly hooks: Hooks
  /** Kept in force whatever the file sets; absent on a shadow database. */
  readonly timeouts?: Timeouts | undefined
}

/** One message for each statement of a transaction group: its text in the file, with its hooks. */
export function statementMessages(
  group: TransactionGroup,
  { hooks, timeouts }: Additions,
): { readonly statement: Statement; readonly message: Message }[] {
  const reasserting = timeouts ? reassertedBefore(group.statements) : new Set<Statement>()
  return group.statements.map((statement, index) => {
    const { before = [], instead, after = [] } = hooks.get(statement.number) ?? {}
    const added = (commands: readonly string[]): Piece[] =>
      commands.map((command) => ({ sql: `${command};\n`, commands: 1, statement }))
    const own = instead === undefined ? [ownPiece(group, index)] : added(instead)
    const limits: Piece[] =
      timeouts && reasserting.has(statement)
        ? [{ sql: reassertTimeoutsSql(timeouts), commands: 1, statement }]
        : []
    return { statement, message: [...limits, ...added(before), ...own, ...added(after)] }
  })
}

/** A statement with all text up to the next one. The last one may lack its semicolon, and may end in a comment. */
function ownPiece({ statements, sql, offset }: TransactionGroup, index: number): Piece {
  const statement = statements[index]
  const next = statements[index + 1]
  const start = index === 0 || statement === undefined ? offset : statement.start
  const text = sql.slice(start - offset, next === undefined ? undefined : next.start - offset)
  const closed = next === undefined ? `${text}\n;\n` : text
  return { sql: closed, commands: 1, offset: start, ...(statement ? { statement } : {}) }
}

/**
 * The statements before which our timeouts must be set again: after a statement that changes settings, the first
 * one that can take a lock; after a statement that runs code, which rarely changes settings, the first one that can
 * take a strong lock.
 */
function reassertedBefore(statements: readonly Statement[]): ReadonlySet<Statement> {
  const found = new Set<Statement>()
  let changed: 'no' | 'maybe' | 'yes' = 'no'
  for (const statement of statements) {
    const { settings } = statement
    if (settings === 'changes') changed = 'yes'
    if (settings === 'changes' || settings === 'transaction') continue
    if (changed === 'yes' || (changed === 'maybe' && !changesRowsAlone(statement))) {
      found.add(statement)
      changed = 'no'
    }
    if (settings === 'maybe' && changed === 'no') changed = 'maybe'
  }
  return found
}

function changesRowsAlone({ actions }: Statement): boolean {
  return actions.every(({ kind }) => kind === 'insert' || kind === 'update' || kind === 'delete')
}

/** The text of a message. */
export function messageText(message: Message): string {
  return message.map(({ sql }) => sql).join('')
}

/** The place at which the server stopped: the statement, and the index in the file if it is known. */
export interface StopPlace {
  readonly statement?: Statement
  readonly index?: number
}

/** Where in the file the server stopped: from the position that it reports, or else from its completed commands. */
export function stopPlace(message: Message, { position, completed = 0 }: ServerError): StopPlace {
  const placed = position === undefined ? undefined : placeAtPosition(message, position)
  if (placed?.statement) return placed
  let done = 0
  for (const { commands, statement } of message) {
    done += commands
    if (done > completed) return statement ? { statement } : {}
  }
  return {}
}

/** The server counts characters of the whole message, from 1. */
function placeAtPosition(message: Message, position: number): StopPlace | undefined {
  const text = messageText(message)
  let left = indexOfCharacter(text, position)
  for (const { sql, statement, offset } of message) {
    if (left < sql.length) {
      if (statement === undefined) return undefined
      return offset === undefined ? { statement } : { statement, index: offset + left }
    }
    left -= sql.length
  }
  return undefined
}
