import { trace } from '@opentelemetry/api'
import { pino } from 'pino'
import { dataModelOf } from '../datamodel.ts'
import { classifyError, type ErrorKind } from '../errors/index.ts'
import { createExtension, type Extension } from '../extension.ts'
import type { Operation } from '../operation.ts'
import { redactArguments } from './redact.ts'
import { countRows } from './rows.ts'

/** The log entry of an operation. Times are in ms. */
export interface OperationRecord {
  /** Undefined for a raw query. */
  readonly model: string | undefined
  readonly action: string
  readonly duration: number
  /** The number of rows returned or changed; undefined if the result does not contain it, and for a failure. */
  readonly rows: number | undefined
  /** Time spent waiting for a connection, if the pool is from `createPool`. */
  readonly poolWait: number
  readonly retries: number
  readonly source: Operation['source']
  readonly inTransaction: boolean
  readonly traceId?: string
  readonly slow?: true
  /** Only for slow and failed operations, redacted. */
  readonly args?: unknown
  /** No message: Prisma's messages quote values. */
  readonly error?: {
    readonly kind: ErrorKind
    readonly sqlState?: string
    readonly prismaCode?: string
  }
}

/** A logger with the interface of pino, bunyan and winston's `child`. */
export interface Logger {
  debug(record: OperationRecord, message: string): void
  warn(record: OperationRecord, message: string): void
  error(record: OperationRecord, message: string): void
  /** Lets us skip the work for a level that is off. */
  isLevelEnabled?(level: string): boolean
}

export interface LogOptions {
  /** Default: pino, to stdout, at the level of the environment variable LOG_LEVEL or `info`. */
  readonly logger?: Logger
  /** Operations that take longer are logged as warnings, in ms. Default 200. */
  readonly slowThreshold?: number
  /** The share of ordinary operations that is logged, from 0 to 1. Slow and failed ones always are. Default 1. */
  readonly sampleRate?: number
  /** Fields whose values may be logged: `Carrier.homeState`. Default: none. */
  readonly allowedFields?: readonly string[]
}

/**
 * A Prisma extension that logs each operation: ordinary ones at `debug`, slow ones at `warn`, failed ones at `error`.
 * Failures that the data causes (`constraint`, `not-found`) are ordinary.
 */
export function log(options: LogOptions = {}): Extension {
  const level = process.env['LOG_LEVEL'] === '' ? undefined : process.env['LOG_LEVEL']
  const logger = options.logger ?? pino({ name: 'prisma', level: level ?? 'info' })
  const { slowThreshold = 200, sampleRate = 1 } = options
  const allowed = new Set(options.allowedFields)
  const isOrdinaryLogged = () =>
    logger.isLevelEnabled?.('debug') !== false && (sampleRate >= 1 || Math.random() < sampleRate)

  return createExtension((client) => {
    const dataModel = dataModelOf(client)
    const describe = ({ model, args }: Operation) => ({
      args: redactArguments(args, model, { allowed, dataModel }),
    })
    return {
      name: 'log',
      onOperation: async (operation, next) => {
        const begin = performance.now()
        try {
          const result = await next()
          const duration = performance.now() - begin
          if (duration > slowThreshold) {
            const record = recordOf(operation, duration, countRows(result))
            const message = 'slow database operation'
            logger.warn({ ...record, slow: true, ...describe(operation) }, message)
          } else if (isOrdinaryLogged()) {
            logger.debug(recordOf(operation, duration, countRows(result)), 'database operation')
          }
          return result
        } catch (thrown) {
          const error = describeError(thrown)
          const record = { ...recordOf(operation, performance.now() - begin, undefined), error }
          if (error.kind === 'constraint' || error.kind === 'not-found') {
            if (isOrdinaryLogged()) logger.debug(record, 'database operation')
          } else {
            logger.error({ ...record, ...describe(operation) }, 'failed database operation')
          }
          throw thrown
        }
      },
    }
  })
}

function recordOf(
  operation: Operation,
  duration: number,
  rows: number | undefined,
): OperationRecord {
  const traceId = trace.getActiveSpan()?.spanContext().traceId
  return {
    model: operation.model,
    action: operation.action,
    duration: round(duration),
    rows,
    poolWait: round(operation.poolWait),
    retries: operation.retries,
    source: operation.source,
    inTransaction: operation.inTransaction,
    ...(traceId !== undefined && { traceId }),
  }
}

function describeError(thrown: unknown): NonNullable<OperationRecord['error']> {
  const { kind, sqlState, prismaCode } = classifyError(thrown)
  return {
    kind,
    ...(sqlState !== undefined && { sqlState }),
    ...(prismaCode !== undefined && { prismaCode }),
  }
}

/** Rounds to the microsecond. */
function round(duration: number): number {
  return Math.round(duration * 1000) / 1000
}
