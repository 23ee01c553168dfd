import { type FailureDetails, type ServerError, command, redact } from '../kernel/index.ts'
import { raise, type databaseFailures } from './failures.ts'

/** The fields that `pg` and PGlite put on an error that the server sent. */
interface WireError {
  readonly code?: string
  readonly message: string
  readonly detail?: string | undefined
  readonly hint?: string | undefined
  readonly position?: string | undefined
}

type Code = keyof typeof databaseFailures

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

const BY_SQLSTATE: Readonly<Record<string, Code>> = {
  '28P01': 'DATABASE.AUTHENTICATION',
  '28000': 'DATABASE.AUTHENTICATION',
  '3D000': 'DATABASE.NOT_FOUND',
  '42501': 'DATABASE.PERMISSION',
  '25006': 'DATABASE.READ_ONLY',
  '53100': 'DATABASE.DISK_FULL',
}

/** Raises what a driver threw as a failure of this room; a bug in us passes through unchanged. */
export function raiseServerError(error: unknown, where: string, completed?: number): never {
  const wire = asWireError(error)
  if (!wire) throw error
  const code = classify(wire)
  const server = isSqlState(wire.code) ? serverError(wire, completed) : undefined
  raise(code, { ...describe(code, wire, where), ...(server ? { server } : {}), cause: error })
}

function asWireError(error: unknown): WireError | undefined {
  if (!(error instanceof Error)) return undefined
  // Node tries every address of a name and throws them together.
  if (error instanceof AggregateError) return asWireError(error.errors[0])
  const known = 'code' in error || /connection|timeout|terminated/i.test(error.message)
  return known && !(error instanceof TypeError) ? (error as WireError) : undefined
}

function classify(error: WireError): Code {
  const code = error.code ?? ''
  if (BY_SQLSTATE[code]) return BY_SQLSTATE[code]
  if (UNREACHABLE.has(code) || /timeout expired/i.test(error.message)) return 'DATABASE.UNREACHABLE'
  if (LOST.has(code) || !isSqlState(code)) return 'DATABASE.CONNECTION_LOST'
  return 'DATABASE.STATEMENT'
}

function isSqlState(code: string | undefined): boolean {
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]+$/.test(code)
}

function serverError(error: WireError, completed: number | undefined): ServerError {
  return {
    sqlstate: error.code ?? '',
    message: redact(error.message),
    // A detail may hold values of a row ("Key (email)=(…) already exists."): only its shape is kept.
    ...(error.detail ? { detail: maskValues(error.detail) } : {}),
    ...(error.hint ? { hint: error.hint } : {}),
    ...(error.position ? { position: Number(error.position) } : {}),
    ...(completed === undefined ? {} : { completed }),
  }
}

/** Law 10: the content of rows never reaches output, and PostgreSQL puts it into error details. */
export function maskValues(detail: string): string {
  return detail
    .replaceAll(/=\((?:[^()]|\([^()]*\))*\)/g, '=(…)')
    .replace(/(Failing row contains )\(.*\)\.?$/s, '$1(…).')
}

function describe(code: Code, error: WireError, where: string): FailureDetails {
  const doctor = command('slipway doctor', 'test the connection and its rights')
  switch (code) {
    case 'DATABASE.UNREACHABLE':
      return { message: `No PostgreSQL server answers at ${where}.`, why: reason(error), nextActions: [doctor] }
    case 'DATABASE.AUTHENTICATION':
      return { message: `The server at ${where} refused the login.`, why: reason(error), nextActions: [doctor] }
    case 'DATABASE.NOT_FOUND':
      return {
        message: reason(error),
        why: 'Slipway never creates a target: a mistyped name must not deploy into an empty database.',
        nextActions: [doctor],
      }
    case 'DATABASE.CONNECTION_LOST':
      return { message: `The connection to ${where} broke.`, why: reason(error) }
    case 'DATABASE.DISK_FULL':
      return { message: 'The server has no disk space left.', why: reason(error) }
    default:
      return { message: reason(error) }
  }
}

function reason(error: WireError): string {
  const text = redact(maskValues(error.message)) || String(error.code)
  const sentence = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?]$/.test(sentence) ? sentence : `${sentence}.`
}
