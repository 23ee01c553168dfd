import { refuseLimit } from './d1-limits.ts'
import { RESTORE_TABLE } from './objects.ts'

/** So many bytes are written as twice as many digits: together less than a statement may have. */
const PART_BYTES = 45_000
/** The longest text or BLOB of D1, in bytes. Source: developers.cloudflare.com/d1/platform/limits. */
const VALUE_BYTES = 2_000_000

/**
 * Values that are too long for a statement of D1. Their parts are written into a table first, and the row has a query that
 * puts them together: so a row is never incomplete, regardless of its checks.
 */
export class LongValues {
  /** Unique in the whole script. */
  #last = 0

  /** Shortens a row of literals until it has at most so many bytes. Gives it with the statements that it needs before. */
  shortened(
    literals: readonly string[],
    { table, maxBytes }: { readonly table: string; readonly maxBytes: number },
  ): { readonly row: readonly string[]; readonly statements: readonly string[] } {
    const row = [...literals]
    const statements: string[] = []
    while (Buffer.byteLength(row.join(',')) > maxBytes) {
      const lengths = row.map((literal) => literal.length)
      const longest = lengths.indexOf(Math.max(...lengths))
      const { bytes, isBlob } = bytesOf(row[longest] ?? '')
      if (bytes.length > VALUE_BYTES)
        refuseLimit(`A value of ${table} is ${bytes.length} bytes long: D1 allows ${VALUE_BYTES}.`)
      const id = (this.#last += 1)
      for (let part = 0; part * PART_BYTES < bytes.length; part++) {
        const digits = bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES).toString('hex')
        statements.push(
          `INSERT INTO ${RESTORE_TABLE} (id, part, bytes) VALUES (${id}, ${part}, x'${digits}')`,
        )
      }
      const whole = `SELECT group_concat(CAST(bytes AS TEXT), '') FROM (SELECT bytes FROM ${RESTORE_TABLE} WHERE id = ${id} ORDER BY part)`
      row[longest] = isBlob ? `CAST((${whole}) AS BLOB)` : `(${whole})`
    }
    return { row, statements }
  }
}

/** The bytes of the value that a literal of `valueSql` has. */
function bytesOf(literal: string): { readonly bytes: Buffer; readonly isBlob: boolean } {
  if (literal.startsWith("X'"))
    return { bytes: Buffer.from(literal.slice(2, -1), 'hex'), isBlob: true }
  const cast = "CAST(x'"
  if (literal.startsWith(cast)) {
    const digits = literal.slice(cast.length, literal.lastIndexOf("'"))
    return { bytes: Buffer.from(digits, 'hex'), isBlob: false }
  }
  return { bytes: Buffer.from(literal.slice(1, -1).replaceAll("''", "'")), isBlob: false }
}
