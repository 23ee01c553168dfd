import { classifyError, type DatabaseError } from 'slipway-runtime/errors'
import { z } from 'zod'
import type { Problem } from '../schemas.ts'
import { Refusal } from './refusal.ts'

/** An answer that is a problem document (RFC 9457), thrown. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly body: Problem
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    detail: string,
    options: { errors?: Problem['errors']; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail)
    const title = TITLES[status] ?? 'Error'
    this.body = {
      type: 'about:blank',
      title,
      status,
      detail,
      ...(options.errors && { errors: options.errors }),
    }
    this.headers = options.headers ?? {}
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

export function problemResponse({ body, headers }: HttpProblem): Response {
  return Response.json(body, {
    status: body.status,
    headers: {
      'cache-control': 'no-store',
      ...headers,
      'content-type': 'application/problem+json',
    },
  })
}

/** What to answer to an error. No message of Prisma or PostgreSQL gets into it: they quote SQL and values. */
export function problemOf(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error
  if (error instanceof z.ZodError) {
    const errors = error.issues.flatMap(fieldErrors)
    return new HttpProblem(400, 'Some fields are not valid.', { errors })
  }
  if (error instanceof Refusal) {
    const errors = [{ field: error.field, message: error.message }]
    return new HttpProblem(error.status, error.message, { errors })
  }
  if ((error as { code?: unknown }).code === 'OUTCOME_UNKNOWN') {
    return new HttpProblem(
      503,
      'The connection to the database broke. Look whether the change was made before you repeat it.',
    )
  }
  return problemOfDatabase(classifyError(error), error)
}

function fieldErrors({ path, message, ...issue }: z.core.$ZodIssue) {
  // Each unknown field is named.
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...path, key].join('.'), message: 'Unknown field.' }))
  }
  return [{ field: path.join('.'), message }]
}

function problemOfDatabase(
  { kind, sqlState, prismaCode }: DatabaseError,
  error: unknown,
): HttpProblem {
  switch (kind) {
    case 'not-found':
      return new HttpProblem(404, 'There is no such carrier.')
    case 'constraint':
      return problemOfConstraint(sqlState, error)
    case 'connection-lost':
    case 'unreachable':
    case 'pool-timeout':
    case 'read-only':
    case 'cancelled':
    case 'conflict':
    case 'lock':
      return unavailable('The database cannot be reached or is busy. Please try again.')
    case 'other':
      // A table or column is missing: the migrations of this build are pending.
      return isSchemaBehind(sqlState, prismaCode)
        ? unavailable('The database is being updated. Please try again.')
        : new HttpProblem(500, 'Something went wrong. It was logged.')
  }
}

function unavailable(detail: string): HttpProblem {
  return new HttpProblem(503, detail, { headers: { 'retry-after': '2' } })
}

function isSchemaBehind(sqlState: string | undefined, prismaCode: string | undefined): boolean {
  return (
    ['42P01', '42703'].includes(sqlState ?? '') || ['P2021', 'P2022'].includes(prismaCode ?? '')
  )
}

function problemOfConstraint(sqlState: string | undefined, error: unknown): HttpProblem {
  const field = fieldOfConstraint(error)
  if (sqlState === '23505') {
    const detail = `There is already one with this ${field}.`
    return new HttpProblem(409, detail, { errors: [{ field, message: 'Already taken.' }] })
  }
  const detail = 'A rule of the database refuses this.'
  return new HttpProblem(422, detail, { errors: [{ field, message: detail }] })
}

interface ConstraintError {
  readonly meta?: {
    readonly target?: readonly string[] | string
    readonly driverAdapterError?: {
      readonly cause?: {
        readonly table?: string
        readonly constraint?: { readonly index?: string; readonly fields?: readonly string[] }
      }
    }
  }
}

/** The field behind a constraint such as `carriers_mc_number_key`: `mcNumber`. */
function fieldOfConstraint(error: unknown): string {
  const { meta } = error as ConstraintError
  const { constraint, table = '' } = meta?.driverAdapterError?.cause ?? {}
  const fields =
    constraint?.fields ?? (constraint?.index ? [columnOf(constraint.index, table)] : [])
  return fields.map(toCamelCase).join(', ') || 'value'
}

function columnOf(index: string, table: string): string {
  return index.replace(`${table}_`, '').replace(/_(?:key|check|fkey)$/, '')
}

function toCamelCase(column: string): string {
  return column
    .replaceAll('"', '')
    .replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
