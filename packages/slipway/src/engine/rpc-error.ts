import { type Failure, failureOf, redact } from '../kernel/index.ts'
import { readEngineError, withServerMessage } from './engine-error.ts'

/** An error in the form of the native engine's JSON-RPC (`error.data`). */
export interface RpcError {
  readonly is_panic: boolean
  readonly message: string
  readonly meta: Readonly<Record<string, unknown>> | null
  /** Prisma's P-code, if there is one. */
  readonly error_code?: string
}

/** Prisma's P-code for each failure of a connection (Prisma's error reference, "Common"). */
const P_CODES: Readonly<Record<string, string>> = {
  'DATABASE.AUTHENTICATION': 'P1000',
  'DATABASE.UNREACHABLE': 'P1001',
  'DATABASE.NOT_FOUND': 'P1003',
  'DATABASE.PERMISSION': 'P1010',
  'DATABASE.URL_INVALID': 'P1013',
  'DATABASE.CONNECTION_LOST': 'P1017',
}

/** A migration whose script the database refused; the wasm engine does not report which one. */
export interface FailedMigration {
  readonly name: string
  readonly failure: Failure
}

/** An error that carries the migration that failed. */
export class MigrationScriptError extends Error {
  readonly migration: FailedMigration

  constructor(migration: FailedMigration, cause: unknown) {
    super(`Migration ${migration.name} failed`, { cause })
    this.migration = migration
  }
}

/** Any thrown value as an error for the Prisma CLI, without passwords. */
export function rpcErrorOf(error: unknown): RpcError {
  if (error instanceof MigrationScriptError) return failedMigration(error.migration)
  const failure = failureOf(error)
  const code = failure && P_CODES[failure.code]
  if (failure && code === 'P1003') return rpcError([failure.message], code)
  if (failure && code) return rpcError([failure.message, failure.why], code)
  if (failure?.code === 'ENGINE.PANICKED') {
    return { ...rpcError([failure.message, failure.why], undefined), is_panic: true }
  }
  const cause = error instanceof Error && failure ? error.cause : undefined
  if (failure?.code.startsWith('ENGINE.') && cause instanceof Error) {
    const engine = readEngineError(cause)
    const text = failure.server ? withServerMessage(engine.message, failure.server) : engine.message
    return rpcError([text], engine.code)
  }
  if (failure) return rpcError([failure.message, failure.why], undefined)
  const engine = readEngineError(error)
  return rpcError([engine.message], engine.code)
}

/** P3018 in the layout of Prisma's own engine, which people and scripts know. */
function failedMigration({ name, failure }: FailedMigration): RpcError {
  const { server } = failure
  const lines = [
    'A migration failed to apply. New migrations cannot be applied before the error is recovered from. Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve',
    `Migration name: ${name}`,
    `Database error code: ${server?.sqlstate ?? ''}`,
    `Database error:\nERROR: ${server?.message ?? failure.message}`,
    server?.detail && `DETAIL: ${server.detail}`,
    server?.hint && `HINT: ${server.hint}`,
  ]
  const meta = { migration_name: name, database_error_code: server?.sqlstate ?? '' }
  return { ...rpcError([lines.filter(Boolean).join('\n\n')], 'P3018'), meta }
}

function rpcError(parts: readonly (string | undefined)[], code: string | undefined): RpcError {
  const message = redact(parts.filter(Boolean).join(' '))
  return {
    is_panic: false,
    message,
    meta: null,
    ...(code === undefined ? {} : { error_code: code }),
  }
}
