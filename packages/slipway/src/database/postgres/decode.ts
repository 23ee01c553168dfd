import type { RawResult, Row } from '../port.ts'

/** The type parsers of `pg`: they turn the text form of a value into a JavaScript value. */
export interface PgTypes {
  getTypeParser(oid: number, format: 'text'): (text: string) => unknown
}

/** Rows by column name, each value decoded as `pg` decodes its type. */
export function decode<R extends Row>(result: RawResult, types: PgTypes): R[] {
  const parsers = result.columns.map((column) => types.getTypeParser(column.oid, 'text'))
  return result.rows.map((values) => {
    const row: Record<string, unknown> = {}
    for (const [index, column] of result.columns.entries()) {
      const text = values[index]
      row[column.name] = text === null || text === undefined ? null : parsers[index]?.(text)
    }
    return row as R
  })
}
