/**
 * The limits of Cloudflare D1. Source: developers.cloudflare.com/d1/platform/limits. Those not marked as
 * documented were observed on wrangler's local D1.
 */
export const STATEMENT_BYTES = 100_000

/** Columns of a table. */
export const COLUMNS = 100

/** SELECTs of a UNION, EXCEPT or INTERSECT. */
export const COMPOUNDS = 5

/** Nesting levels of an expression. */
export const DEPTH = 100

/** Bytes of a LIKE or GLOB pattern. */
export const PATTERN_BYTES = 50

/** Arguments of a function. Documented; wrangler's local D1 accepts more. */
export const ARGUMENTS = 32

/** Bytes of a file that an import accepts. Documented. */
export const IMPORT_BYTES = 5_000_000_000
