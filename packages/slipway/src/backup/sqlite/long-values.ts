import { refuseLimit } from './d1-limits.ts'
import { RESTORE_TABLE } from './objects.ts'

/** The size of a part. Its hex digits, twice as many, fit into one statement. */
const PART_BYTES = 45_000
/**
 * The maximum size of a TEXT or BLOB value on D1, in bytes. Source:
 * developers.cloudflare.com/d1/platform/limits.
 */
const VALUE_BYTES = 2_000_000

/**
 * Values that are too long for a D1 statement. Their parts are first written into a table, and the row
 * contains a query that concatenates them. So a row is never incomplete and never violates its CHECK
 * constraints.
 */
export class LongValues {
  /** The last ID of a long value, unique within the script. */
  #last = 0

  /**
   * Shortens a row of literals to at most `maxBytes`. Returns it with the statements that must precede it.
   */
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

/** The bytes of a value, from its literal as written by `valueSql`. */
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
