import { documentSource, exactNumber, duplicateKey } from './json-text.ts'
import type { SeedValue } from './set.ts'

/**
 * The form of values in rows: JavaScript or JSON values, or strings in the server's text form, as in CSV
 * files.
 */
export type RowForm = 'values' | 'texts'

/** A value of a row. */
export type GivenValue = Exclude<SeedValue, null | undefined>

/**
 * Why a value is not valid, as the end of a sentence that begins with the name of its field; undefined for
 * other errors.
 */
export function invalidReason(error: unknown): string | undefined {
  const { unfit } = Object(error) as { readonly unfit?: string }
  return unfit
}

/** Rejects a value; the text ends a sentence that begins with the name of its field. */
export function rejectValue(reason: string): never {
  throw Object.assign(new TypeError(reason), { unfit: reason })
}

/** The label of an enum value, given by its label or by its name in Prisma Client. */
export function labelOf(text: string, labels: ReadonlyMap<string, string>): string {
  return labels.get(text) ?? text
}

/** The JSON form of an object; for a Prisma.Decimal its digits. */
export function asJson(value: object): unknown {
  const { toJSON } = value as { readonly toJSON?: unknown }
  return typeof toJSON === 'function' ? (toJSON.call(value) as unknown) : value
}

/** The bytes of a base64 text. */
export function base64Bytes(text: string): Buffer {
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
  if (!isBase64) rejectValue(String.raw`is neither hex that begins with \x nor base64`)
  return Buffer.from(text, 'base64')
}

/** Whether a value is a Date, including one from another realm. */
export function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]'
}

/**
 * The JSON text of a document. `{ $json: 'null' }` gives the text itself, so that data files can have a JSON
 * null.
 */
export function documentText(value: GivenValue, exact: boolean): string | null {
  const named = nullOf(value)
  if (named !== undefined) return named === 'JsonNull' ? 'null' : null
  if (typeof value !== 'object') return documentOf(value)
  if (isWrapped(value)) return value.$json
  if (!exact) refuseRepeatedKey(value)
  return documentSource(value) ?? documentOf(value)
}

function isWrapped(value: object): value is { readonly $json: string } {
  const [key, ...others] = Object.keys(value)
  return (
    key === '$json' && others.length === 0 && '$json' in value && typeof value.$json === 'string'
  )
}

/** Which null object of Prisma Client a value is: `Prisma.JsonNull` or `Prisma.DbNull`. */
function nullOf(value: GivenValue): 'JsonNull' | 'DbNull' | undefined {
  if (typeof value !== 'object' || Array.isArray(value)) return undefined
  const name = (value as { readonly constructor?: { readonly name?: string } }).constructor?.name
  return name === 'JsonNull' || name === 'DbNull' ? name : undefined
}

/** The JSON of a value. */
export function documentOf(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === 'bigint' ? exactNumber(inner.toString()) : inner,
    )
  } catch {
    return rejectValue('contains itself')
  }
  return text ?? rejectValue('cannot be JSON')
}

/** Refuses an object with a duplicate key. */
export function refuseRepeatedKey(value: GivenValue): void {
  const key = typeof value === 'object' ? duplicateKey(value, 'within') : undefined
  if (key !== undefined) rejectValue(`has the key ${JSON.stringify(key)} twice`)
}
