/** The parts of a type as PostgreSQL prints it: `numeric(10,2)[]`. */
export interface SqlType {
  /** With the words about time zones, without size and brackets: `timestamp with time zone`. */
  readonly name: string
  /** The scale of a `numeric` can be negative. */
  readonly size: readonly number[]
  readonly array: boolean
}

/** Parses the output of `format_type`. */
export function parseSqlType(type: string): SqlType {
  const [, base = type, size = '', zone = '', array = ''] =
    /^(.*?)(?:\(([-\d,]+)\))?( with(?:out)? time zone)?(\[\])?$/.exec(type) ?? []
  const numbers = size === '' ? [] : size.split(',').map(Number)
  return { name: base + zone, size: numbers, array: array !== '' }
}
