import { advice, type SqliteError } from '../../kernel/index.ts'
import { raise } from '../failures.ts'
import type { RemoteD1 } from '../port.ts'
import { RAISE_CODE, resultCode } from '../sqlite-codes.ts'

/** The answer of the API when it refuses a call. */
export interface Refusal {
  readonly status: number
  readonly code: number
  readonly message: string
  /** Its message cannot contain row values, because no statement ran. */
  readonly rowless?: true
  /** It is not an answer of the API, but a page of a proxy or a firewall. */
  readonly isPage?: true
}

/**
 * Whether nothing was carried out, because the database is overloaded. Source:
 * developers.cloudflare.com/d1/observability/debug-d1.
 */
export function isBusy(message: string): boolean {
  return /Currently processing a long-running|Requests queued for too long|Too many requests queued/.test(
    message,
  )
}

/**
 * Whether the database was interrupted, so that it is unknown whether the call was carried out. Same
 * source.
 */
export function isTransient(message: string): boolean {
  return /Network connection lost|caused object to be reset|was reset|DB reset|D1_RESET_DO|transient issue|client disconnected|internal error|Upstream service unavailable/i.test(
    message,
  )
}

/** The error of SQLite in a message of D1: `no such table: t: SQLITE_ERROR`. */
export function sqliteErrorIn(message: string): SqliteError | undefined {
  const [, text = '', primary = '', name = primary] = D1_SQLITE_MESSAGE.exec(message.trim()) ?? []
  if (primary === '') return undefined
  const exact = name === 'SQLITE_CONSTRAINT' ? (constraintIn(text) ?? name) : name
  return { code: resultCode(exact), name: exact, message: text }
}

/** The extended code of a violated constraint, which the API of D1 leaves out: SQLite's message names its kind. */
function constraintIn(message: string): string | undefined {
  return CONSTRAINTS.find(([kind]) => message.startsWith(`${kind} constraint failed`))?.[1]
}

const CONSTRAINTS = [
  ['CHECK', 'SQLITE_CONSTRAINT_CHECK'],
  ['FOREIGN KEY', 'SQLITE_CONSTRAINT_FOREIGNKEY'],
  ['NOT NULL', 'SQLITE_CONSTRAINT_NOTNULL'],
  ['UNIQUE', 'SQLITE_CONSTRAINT_UNIQUE'],
] as const

const D1_SQLITE_MESSAGE =
  /^(?:D1_ERROR: )?(.*?)(?: at offset \d+)?: (SQLITE_[A-Z]+)(?: \(extended: (\w+)\))?$/s

/** The code of the API for errors of the database. */
const STATEMENT_CODE = 7500

/** Codes for a token that the API does not accept, or that lacks rights. */
const TOKEN_CODES = new Set([6003, 6111, 7403, 9109, 10_000, 10_001])

/**
 * Raises the failure of a refused call, which was not carried out. The message must have no row content.
 */
export function raiseRefused({ d1: { name }, accountId }: RemoteD1, refusal: Refusal): never {
  const { status, code, message, rowless = false, isPage = false } = refusal
  const said = `Cloudflare reports: ${message === '' ? `status ${status}` : message}${code > 0 ? ` [code: ${code}]` : ''}`
  if (status === 401 || status === 403 || TOKEN_CODES.has(code))
    raise('DATABASE.AUTHENTICATION', {
      message: `Cloudflare rejects the token for the D1 database ${name}.`,
      why: `The token is wrong, or does not have the permission D1:Edit for the account ${accountId}. ${said}`,
      nextActions: [
        advice('Create an API token with the permission D1:Edit, and set CLOUDFLARE_API_TOKEN.'),
      ],
    })
  if (status === 404 || code === 7404)
    raise('DATABASE.NOT_FOUND', {
      message: `The account ${accountId} has no D1 database ${name}.`,
      why: said,
      nextActions: [
        advice(`Correct database_id in wrangler's configuration, or create the database.`),
      ],
    })
  const sqlite = sqliteErrorIn(message)
  if (sqlite) return raiseStatement(name, sqlite)
  if (/long-running/.test(message))
    raise('DATABASE.LOCKED', {
      message: `The D1 database ${name} is locked.`,
      why: `Another process is running an import or export on it. ${said}`,
      nextActions: [advice('Try again when the import or export has ended.')],
    })
  if (isBusy(message) || isTransient(message) || isPage)
    raise('DATABASE.UNREACHABLE', {
      message: `The D1 database ${name} does not answer.`,
      why: said,
    })
  if (rowless || (code > 0 && code !== STATEMENT_CODE) || /virtual tables/i.test(message))
    raise('DATABASE.STATEMENT', {
      message: `D1 rejected the statements sent to ${name}.`,
      why: said,
    })
  // Without a code of SQLite, a message of RAISE cannot be distinguished from others, so it is treated as
  // one.
  const unknown = { code: RAISE_CODE, name: 'SQLITE_ERROR', message }
  return raiseStatement(name, unknown)
}

function raiseStatement(name: string, sqlite: SqliteError): never {
  const tooLong = sqlite.name === 'SQLITE_TOOBIG'
  raise('DATABASE.STATEMENT', {
    message: `D1 rejected a statement: ${sqlite.message}.`,
    why: tooLong
      ? `On D1, a statement has at most 100,000 bytes, and a value at most 2,000,000. The database is ${name}.`
      : `Its code is ${sqlite.name}.`,
    sqlite,
  })
}
