import { redact, type ServerError } from '../../kernel/index.ts'
import { type DatabaseCode, raise } from '../failures.ts'
import { describe, NO_TLS, type ServerContext } from './describe-error.ts'
import { isLockLost } from './lock-guard.ts'
import { missingObject } from './missing-object.ts'
import { withoutRowContent } from './row-content.ts'

/** The fields that `pg` and PGlite put on an error that the server sent. */
interface WireError {
  readonly code?: string | undefined
  readonly message: string
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  readonly position?: string | undefined
  readonly routine?: string | undefined
  readonly schema?: string | undefined
  readonly table?: string | undefined
  readonly column?: string | undefined
  readonly dataType?: string | undefined
  readonly constraint?: string | undefined
  /** The statement that a function ran. */
  readonly internalQuery?: string | undefined
  /** The context in which the error occurred. */
  readonly where?: string | undefined
}

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  '57P03',
])
const LOST = new Set(['ECONNRESET', 'EPIPE', '57P01', '57P02', '08000', '08003', '08006'])

const BY_SQLSTATE: Readonly<Record<string, DatabaseCode>> = {
  '28P01': 'DATABASE.AUTHENTICATION',
  '28000': 'DATABASE.AUTHENTICATION',
  '3D000': 'DATABASE.NOT_FOUND',
  '42501': 'DATABASE.PERMISSION',
  '25006': 'DATABASE.READ_ONLY',
  '53100': 'DATABASE.DISK_FULL',
}

/** Node's error codes for a certificate that it does not accept. */
const CERTIFICATE = /CERT|^UNABLE_TO_VERIFY|^ERR_(?:TLS|SSL|OSSL)|^EPROTO$/

/** Where an error came from. */
export interface ErrorContext extends ServerContext {
  /** The text that the server was running; absent while the connection opens, when no row is involved. */
  readonly sent?: string
  /** The number of completed commands of that text. */
  readonly completed?: number
}

/** Raises an error of the driver as a failure of this module; a bug passes through unchanged. */
export function raiseServerError(error: unknown, sending: ErrorContext): never {
  const { sent } = sending
  const thrown = asWireError(error)
  if (!thrown) throw error
  const wire = maskError(thrown, sent)
  const code = classify(thrown)
  const server = isSqlState(wire.code) ? serverError(wire, sending) : undefined
  raise(code, { ...describe(code, wire, sending), ...(server ? { server } : {}), cause: error })
}

/**
 * The server's message about a failure: the message, and the detail with its row. Show it only for
 * generated rows (guarantee 10). Undefined if the server sent no message.
 */
export function unmaskedMessage(error: unknown): string | undefined {
  const wire = error instanceof Error ? asWireError(error.cause) : undefined
  if (wire === undefined || !isSqlState(wire.code)) return undefined
  return redact([wire.message, wire.detail].filter(Boolean).join(': '))
}

/** SQLSTATEs of notices about what `IF NOT EXISTS` and `IF EXISTS` skip and CASCADE also drops. */
const ROUTINE_NOTICES = new Set(['00000', '42P06', '42P07', '42701', '42710', '42723'])

/** The functions of the server through which the code of a migration sends a message. */
const SENT_BY_CODE = /^(?:exec_stmt_raise|PLy_output|do_util_elog|pltcl_elog)$/

/** A notice of the server, safe to show; undefined if it only repeats what the statement requests. */
export function noticeText(
  notice: Omit<WireError, 'message'> & { message: string | undefined },
  sent: string,
): string | undefined {
  const { code = '', routine = '' } = notice
  if (ROUTINE_NOTICES.has(code) && !SENT_BY_CODE.test(routine)) return undefined
  const { message } = maskError({ ...notice, message: notice.message ?? '' }, sent)
  return `${code.startsWith('01') ? 'warning' : 'notice'} of the server: ${message}`
}

/** The error without row content and passwords (guarantee 10). */
function maskError(error: WireError, sent: string | undefined): WireError {
  const { code = '', routine, internalQuery, where: context } = error
  const names = [error.schema, error.table, error.column, error.dataType, error.constraint]
  const say = (text: string) =>
    redact(
      isSqlState(code) && sent !== undefined
        ? withoutRowContent(text, { sqlstate: code, routine, sent, names, internalQuery, context })
        : text,
    )
  return {
    code: error.code,
    message: say(error.message),
    position: error.position,
    where: error.where,
    routine,
    ...(error.detail ? { detail: say(error.detail) } : {}),
    ...(error.hint ? { hint: say(error.hint) } : {}),
  }
}

function asWireError(error: unknown): WireError | undefined {
  if (!(error instanceof Error)) return undefined
  // Node tries every address of a host name, and throws all errors together.
  if (error instanceof AggregateError) return asWireError(error.errors[0])
  const known = 'code' in error || /connection|timeout|terminated/i.test(error.message)
  return known && !(error instanceof TypeError) ? (error as WireError) : undefined
}

function classify(error: WireError): DatabaseCode {
  const code = error.code ?? ''
  if (isLockLost(error)) return 'DATABASE.LOCK_LOST'
  if (NO_TLS.test(error.message) || CERTIFICATE.test(code)) return 'DATABASE.TLS'
  if (BY_SQLSTATE[code]) return BY_SQLSTATE[code]
  if (UNREACHABLE.has(code) || /timeout expired/i.test(error.message)) return 'DATABASE.UNREACHABLE'
  if (LOST.has(code) || !isSqlState(code)) return 'DATABASE.CONNECTION_LOST'
  return 'DATABASE.STATEMENT'
}

function isSqlState(code: string | undefined): boolean {
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]+$/.test(code)
}

function serverError(
  error: WireError,
  { sent = '', completed }: Pick<ErrorContext, 'sent' | 'completed'>,
): ServerError {
  const missing = missingObject(error)
  return {
    sqlstate: error.code ?? '',
    message: error.message,
    ...(error.detail ? { detail: error.detail } : {}),
    ...(error.hint ? { hint: error.hint } : {}),
    ...(error.position ? { position: Number(error.position) } : {}),
    ...(completed === undefined ? {} : { completed }),
    ...(missing === undefined ? {} : { missing }),
    ...copiedPlace(error, sent),
  }
}

/**
 * `COPY carriers, line 3, column name: "…"`: the text after the colon is row content, and can contain
 * such a line itself. The place is only found in English messages.
 */
function copiedPlace({ where }: WireError, sent: string): Pick<ServerError, 'copied'> {
  const [, line, column] =
    /^COPY .*?, line (\d+)(?:, column (.+?))?(?::|$)/m.exec(where ?? '') ?? []
  if (line === undefined) return {}
  return {
    copied: {
      line: Number(line),
      ...(column !== undefined && sent.includes(column) ? { column } : {}),
    },
  }
}
