import * as devalue from 'devalue'

/** The class of decimals of the application's client: `Prisma.Decimal`. */
export type DecimalClass = new (value: string) => object

/** A copy of a result of Prisma Client, so that a caller who changes it does not change the cache. Decimals are immutable. */
export function copyResult(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyResult)
  if (value instanceof Date) return new Date(value)
  if (value instanceof Uint8Array) return value.slice()
  if (isDecimal(value)) return value
  const copy: Record<string, unknown> = {}
  for (const key in value) copy[key] = copyResult((value as Record<string, unknown>)[key])
  return copy
}

/** Writes and reads results as text, for Redis; dates, bigints, bytes and decimals keep their types. */
export function createSerializer(Decimal: DecimalClass | undefined) {
  return {
    serialize: (value: unknown) =>
      devalue.stringify(value, { Decimal: (one: unknown) => isDecimal(one) && String(one) }),
    deserialize: (text: string): unknown =>
      devalue.parse(text, { Decimal: (one: string) => (Decimal ? new Decimal(one) : one) }),
  }
}

/**
 * Arguments as text, equal for equal arguments. Undefined for arguments without a text form: `Prisma.DbNull`, field
 * references and others that differ only by identity.
 */
export function argumentsKey(args: unknown): string | undefined {
  let isPlain = true
  const text = JSON.stringify(
    args,
    function replace(this: Record<string, unknown>, key, json: unknown) {
      // The value before `toJSON`: in `json`, a date is already a string.
      const value = this[key]
      if (typeof value === 'bigint') return `${value}n`
      if (typeof value === 'object' && value !== null && !isPlainValue(value)) isPlain = false
      if (typeof value === 'symbol' || typeof value === 'function') isPlain = false
      return json
    },
  )
  return isPlain ? (text ?? '') : undefined
}

function isPlainValue(value: object): boolean {
  if (Array.isArray(value) || value instanceof Date || value instanceof Uint8Array) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || isDecimal(value)
}

function isDecimal(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { constructor } = value as { constructor?: { isDecimal?: (one: unknown) => boolean } }
  return typeof constructor?.isDecimal === 'function' && constructor.isDecimal(value)
}
