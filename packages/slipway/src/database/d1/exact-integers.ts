import { withoutEnd } from './parameters.ts'

/** A value of a result in JSON: bytes are arrays. */
export type D1Value = string | number | null | readonly number[]

/** Whether a result has numbers that may be integers rounded by JSON. */
export function hasRounded(rows: readonly (readonly D1Value[])[]): boolean {
  return rows.some((values) =>
    values.some((value) => Number.isInteger(value) && !Number.isSafeInteger(value)),
  )
}

/**
 * A query for the same rows in which integers are texts, and texts begin with `t`: JSON rounds integers
 * above 2^53.
 */
export function exactSql(sql: string, columns: number): string {
  const names = Array.from({ length: columns }, (_, at) => `c${at}`)
  const values = names.map(
    (name) =>
      `CASE typeof(${name}) WHEN 'integer' THEN CAST(${name} AS TEXT) WHEN 'text' THEN 't' || ${name} ELSE ${name} END`,
  )
  return `WITH exact(${names.join()}) AS (${withoutEnd(sql)}\n) SELECT ${values.join()} FROM exact`
}

/** Decodes a value of such a query: an integer becomes a bigint. */
export function exactValue(value: D1Value): D1Value | bigint {
  if (typeof value !== 'string') return value
  return value.startsWith('t') ? value.slice(1) : BigInt(value)
}
