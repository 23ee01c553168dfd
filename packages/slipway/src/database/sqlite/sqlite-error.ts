import { existsSync } from 'node:fs'
import { advice, command, type SqliteError } from '../../kernel/index.ts'
import { type DatabaseCode, raise } from '../failures.ts'
import { resultName } from '../sqlite-codes.ts'
import { isInSql, suspectParts, unquotedPart, withoutParts } from '../sqlite-row-content.ts'
import { processesWith } from './open-processes.ts'

/** The source of an error: the file as messages name it, and the statement. */
export interface SqliteSource {
  readonly where: string
  /** Whether only a deploy creates a missing file; false if the command itself would create it, or refuses to. */
  readonly createdByDeploy?: boolean
  /** The statement or script that ran. */
  readonly sql?: string
  /** Whether the SQL of a schema object contains this text, which is then not a row value. */
  isInSchema?(text: string): boolean
}

/** An error as `node:sqlite` throws it. */
interface ThrownError extends Error {
  readonly code: 'ERR_SQLITE_ERROR'
  /** SQLite's extended result code. */
  readonly errcode: number
}

/** Raises an error of SQLite as a failure of this module; a bug passes through unchanged. */
export function raiseSqliteError(error: unknown, source: SqliteSource): never {
  if (!isSqliteError(error)) throw error
  const sqlite: SqliteError = {
    code: error.errcode,
    name: resultName(error.errcode),
    message: maskMessage(error, source),
  }
  const code = CODES[error.errcode & 0xff] ?? 'DATABASE.STATEMENT'
  raise(code, { ...describe(code, sqlite, source), sqlite, cause: error })
}

function isSqliteError(error: unknown): error is ThrownError {
  return (
    error instanceof Error &&
    'errcode' in error &&
    'code' in error &&
    error.code === 'ERR_SQLITE_ERROR'
  )
}

/** Primary result codes that do not depend on the statement. Source: sqlite.org/rescode.html. */
const CODES: Readonly<Record<number, DatabaseCode>> = {
  5: 'DATABASE.LOCKED',
  6: 'DATABASE.LOCKED',
  8: 'DATABASE.READ_ONLY',
  11: 'DATABASE.CORRUPT',
  13: 'DATABASE.DISK_FULL',
  14: 'DATABASE.NOT_FOUND',
  26: 'DATABASE.CORRUPT',
}

/** The message without row content: see sqlite-row-content.ts. */
function maskMessage(
  { errcode, message }: ThrownError,
  { sql = '', isInSchema }: SqliteSource,
): string {
  const unknown = suspectParts(message, errcode).filter((part) => {
    const text = unquotedPart(part)
    return !isInSql(sql, text) && isInSchema?.(text) !== true
  })
  return withoutParts(message, unknown)
}

function describe(
  code: DatabaseCode,
  { name, message }: SqliteError,
  { where, createdByDeploy = false }: SqliteSource,
) {
  switch (code) {
    case 'DATABASE.NOT_FOUND':
      return {
        message: `Cannot open the database ${where}.`,
        why: 'The file does not exist, or you are not allowed to read it.',
        nextActions: [
          ...(createdByDeploy
            ? [command(['deploy'], 'create the file, in development and testing')]
            : []),
          advice('Correct the path, or create an empty file there.'),
        ],
      }
    case 'DATABASE.LOCKED':
      return {
        message: `The database ${where} is locked.`,
        why: whoWrites(where),
        nextActions: [advice('Stop the process that writes to it, or try again later.')],
      }
    case 'DATABASE.CORRUPT':
      return {
        message: `The file ${where} is not a database, or is damaged.`,
        why: `SQLite reports: ${message}.`,
        nextActions: [advice('Restore the file from a backup.')],
      }
    case 'DATABASE.READ_ONLY':
      return {
        message: `The database ${where} is read-only.`,
        why: 'The file or its folder may not be written to.',
      }
    case 'DATABASE.DISK_FULL':
      return {
        message: `The database ${where} cannot grow.`,
        why: 'The disk is full, or the file has reached its limit.',
      }
    default:
      return { message: `SQLite rejected a statement: ${message}.`, why: `Its code is ${name}.` }
  }
}

function whoWrites(file: string): string {
  const [first, ...others] = existsSync(file) ? processesWith(file) : []
  if (first === undefined) return 'Another process or session writes to it.'
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return `${first.name} (process ${first.pid})${more} has the file open.`
}
