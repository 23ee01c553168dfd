import { classifyError, type DatabaseError } from 'slipway-runtime/errors'
import { z } from 'zod'
import type { Problem } from '../schemas.ts'
import { Refusal } from './refusal.ts'

/** An error with a problem document (RFC 9457) as its response. */
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
  405: 'Method Not Allowed',
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

/** The response to an error. It contains no message of Prisma or PostgreSQL, because those quote SQL and values. */
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
      'The connection to the database was lost. Check whether the change was made before you repeat it.',
    )
  }
  return problemOfDatabase(classifyError(error), error)
}

function fieldErrors({ path, message, ...issue }: z.core.$ZodIssue) {
  // Names each unknown field.
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
      return new HttpProblem(404, `There is no such ${nameOfMissing(error)}.`)
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
  const fields = fieldsOfConstraint(error)
  if (sqlState === '23505') {
    const detail = `There is already one with this ${fields.join(' and ')}.`
    return new HttpProblem(409, detail, { errors: errorsOf(fields, 'Already taken.') })
  }
  const detail = 'A rule of the database refuses this.'
  return new HttpProblem(422, detail, { errors: errorsOf(fields, detail) })
}

function errorsOf(fields: readonly string[], message: string): NonNullable<Problem['errors']> {
  return fields.map((field) => ({ field, message }))
}

const RECORDS: Readonly<Record<string, string>> = {
  Contact: 'contact',
  InsurancePolicy: 'insurance policy',
}

function nameOfMissing(error: unknown): string {
  const { meta } = error as { readonly meta?: { readonly modelName?: string } }
  return RECORDS[meta?.modelName ?? ''] ?? 'carrier'
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

/** The fields of constraints on several columns. */
const FIELDS_OF_CONSTRAINT: Readonly<Record<string, readonly string[]>> = {
  contacts_carrier_id_full_name_key: ['fullName'],
  insurance_policies_insurer_policy_number_key: ['insurer', 'policyNumber'],
}

/** The fields of a constraint; for `carriers_mc_number_key`, `mcNumber`. */
function fieldsOfConstraint(error: unknown): readonly string[] {
  const { meta } = error as ConstraintError
  const { constraint: { index, fields } = {}, table = '' } = meta?.driverAdapterError?.cause ?? {}
  const known = FIELDS_OF_CONSTRAINT[index ?? '']
  if (known) return known
  const columns = fields ?? (index ? [columnOf(index, table)] : [])
  return columns.length > 0 ? columns.map(toCamelCase) : ['value']
}

function columnOf(index: string, table: string): string {
  return index.replace(`${table}_`, '').replace(/_(?:key|check|fkey)$/, '')
}

function toCamelCase(column: string): string {
  return column
    .replaceAll('"', '')
    .replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
