import type { ServerError } from '../kernel/index.ts'
import { indexOfCharacter, type Statement, type TransactionGroup } from '../statements/index.ts'
import type { Companions } from './companions.ts'

/** A part of a message: the server's answers to it are answers about `statement`. */
interface Piece {
  readonly sql: string
  /** How many commands of it the server completes. */
  readonly commands: number
  readonly statement?: Statement
  /** Where the text stands in the file; absent where Slipway wrote it. */
  readonly offset?: number
}

/** SQL that is sent at once, and which part of it belongs to which statement of the file. */
export type Message = readonly Piece[]

/** A message without a statement of the file. */
export const NO_MESSAGE: Message = []

/** What opens a message: SQL of Slipway's, of so many commands. */
export function openingPiece(sql: string, commands: number): Message {
  return [{ sql, commands }]
}

/** The statements of a transaction group as they stand in the file, each with what keeps or restores around it. */
export function groupMessage(group: TransactionGroup, companions: Companions): Message {
  const { statements, sql, offset } = group
  return statements.flatMap((statement, index) => {
    const start = index === 0 ? offset : statement.start
    const next = statements[index + 1]
    const text = sql.slice(start - offset, next === undefined ? undefined : next.start - offset)
    const { before = [], instead, after = [] } = companions.get(statement.number) ?? {}
    const ours = (commands: readonly string[]): Piece[] =>
      commands.map((command) => ({ sql: `${command};\n`, commands: 1, statement }))
    const own: Piece[] =
      instead === undefined
        ? [{ sql: closed(text, next), commands: 1, statement, offset: start }]
        : ours(instead)
    return [...ours(before), ...own, ...ours(after)]
  })
}

/** The last statement of a transaction group may lack its semicolon, and may end in a comment. */
function closed(text: string, next: Statement | undefined): string {
  return next === undefined ? `${text}\n;\n` : text
}

/** The text of a message. */
export function messageText(message: Message): string {
  return message.map(({ sql }) => sql).join('')
}

/** The place at which the server stopped: the statement, and the index in the file where it is known. */
export interface Stop {
  readonly statement?: Statement
  readonly index?: number
}

/** Where in the file the server stopped: by the position it gives, else by how much it had completed. */
export function stopOf(message: Message, { position, completed = 0 }: ServerError): Stop {
  const placed = position === undefined ? undefined : atPosition(message, position)
  if (placed?.statement) return placed
  let done = 0
  for (const { commands, statement } of message) {
    done += commands
    if (done > completed) return statement ? { statement } : {}
  }
  return {}
}

/** The server counts characters of the whole message, from 1. */
function atPosition(message: Message, position: number): Stop | undefined {
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
