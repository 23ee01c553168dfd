import {
  advice,
  failureOf,
  type Place,
  redact,
  rethrow,
  type ServerError,
} from '../kernel/index.ts'
import type { ErrorLog } from './adapter.ts'
import { raise } from './failures.ts'
import type { SchemaFile } from './schema-file.ts'
import type { Panic } from './wasm.ts'

/** An error that the engine throws: its message, and Prisma's P-code if it has one. */
export interface EngineError {
  readonly message: string
  readonly code: string | undefined
}

/** The engine's error without the trace of Rust spans that it appends to some. */
export function readEngineError(error: unknown): EngineError {
  if (!(error instanceof Error)) return { message: String(error), code: undefined }
  const message = error.message.replace(/\n {3}0: \w+::[\s\S]*$/, '').trimEnd()
  return { message, code: 'code' in error ? String(error.code) : undefined }
}

export interface EngineErrorContext {
  readonly errors: ErrorLog
  readonly files: readonly SchemaFile[]
}

/** Raises the error of an engine call as a failure. The driver's own failure takes precedence. */
export function raiseEngineError(error: unknown, context: EngineErrorContext): never {
  const { errors, files } = context
  if (isPanic(error)) {
    raise('ENGINE.PANICKED', {
      message: "Prisma's schema engine crashed.",
      why: redact(error.panic),
    })
  }
  const { message, code } = readEngineError(error)
  const driver = failureOf(errors.last?.error)
  if (driver && driver.code !== 'DATABASE.STATEMENT') rethrow(driver, error)
  if (errors.last && !driver) throw errors.last.error
  if (code === 'P1012') raiseSchemaError(message, files, error)
  raiseUnsupported(message, error)
  // An error with its own P-code may follow a driver error that the engine had expected and handled.
  const isDriverError = errors.last?.script !== undefined || code === undefined
  const { server: serverError, sqlite } = (isDriverError ? driver : undefined) ?? {}
  const text = serverError ? withServerMessage(message, serverError) : message
  return raise('ENGINE.FAILED', {
    message: code === undefined ? firstLine(text) : `${code}: ${firstLine(text)}`,
    why: redact(text),
    ...(serverError ? { server: serverError } : {}),
    ...(sqlite ? { sqlite } : {}),
    cause: error,
  })
}

function isPanic(error: unknown): error is Panic {
  return typeof error === 'object' && error !== null && 'panic' in error
}

/** Replaces the engine's wording with the server's message. */
export function withServerMessage(message: string, server: ServerError): string {
  const head = message.slice(0, Math.max(0, message.indexOf('external connector error')))
  const hint = [server.detail && `DETAIL: ${server.detail}`, server.hint && `HINT: ${server.hint}`]
  return [`${head}ERROR: ${server.message}`, ...hint].filter(Boolean).join('\n')
}

function raiseUnsupported(message: string, cause: unknown): void {
  const [, connector] = /^`(\w+)` is not a supported connector/.exec(message) ?? []
  if (connector !== undefined) {
    raise('ENGINE.PROVIDER_UNSUPPORTED', {
      message: `The schema's provider is ${connector}, which Slipway does not deploy to.`,
      why: 'It deploys to PostgreSQL 13 and newer, to SQLite files and to Cloudflare D1.',
      cause,
    })
  }
  if (message.startsWith('There is no datasource in the schema')) {
    raise('ENGINE.SCHEMA_INVALID', {
      message: 'The Prisma schema has no datasource block.',
      why: 'The block names the kind of database that the models are for.',
      nextActions: [advice('Add: datasource db { provider = "postgresql" }')],
      cause,
    })
  }
}

function raiseSchemaError(text: string, files: readonly SchemaFile[], cause: unknown): never {
  const problems = text.split(/^error: /m).filter((part) => part.trim() !== '')
  const [first = text] = problems
  const message = firstLine(first).replace(/^Error validating: /, '')
  const more = problems.length - 1
  const where = placeOf(first, message, files)
  return raise('ENGINE.SCHEMA_INVALID', {
    message,
    why:
      more === 0
        ? 'The Prisma schema has an error.'
        : `The Prisma schema has ${more} more error${more === 1 ? '' : 's'}.`,
    nextActions: [
      where?.file === undefined
        ? advice('Correct the schema.')
        : { kind: 'edit', path: where.file, label: 'correct the schema' },
    ],
    ...(where === undefined ? {} : { where }),
    cause,
  })
}

/**
 * The place of a schema error. The engine reports the file and the line. The column is that of the first
 * name in the line that the message quotes, otherwise that of the line's first character.
 */
function placeOf(
  problem: string,
  message: string,
  files: readonly SchemaFile[],
): Place | undefined {
  const [, file, lineText] = /-->\s+(.*):(\d+)\s*$/m.exec(problem) ?? []
  if (file === undefined || lineText === undefined) return undefined
  const line = Number(lineText)
  const source = files.find(({ path }) => path === file)?.content.split(/\r?\n/)[line - 1]
  if (source === undefined) return { file, line }
  const column = columnIn(source, message)
  return { file, line, column, excerpt: `${source}\n${' '.repeat(column - 1)}^` }
}

function columnIn(source: string, message: string): number {
  for (const [, name] of message.matchAll(/["`]([^"`]+)["`]/g)) {
    const index = name === undefined ? -1 : source.indexOf(name)
    if (index >= 0) return index + 1
  }
  return source.length - source.trimStart().length + 1
}

function firstLine(text: string): string {
  return redact(text.trim().split('\n', 1)[0] ?? text)
}
