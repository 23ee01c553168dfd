import { quoteLiteral } from '../../database/index.ts'

/**
 * SQL of the single text value of a query. The server parses the query only when it evaluates it: within a CASE, the
 * objects that it names need not exist or be readable. `ts_stat` is the one function of every server that takes a query as text.
 */
export function lateValueSql(query: string): string {
  const vector = `SELECT array_to_tsvector(ARRAY[value]) FROM (${query}) AS one (value)`
  return `(SELECT word FROM pg_catalog.ts_stat(${quoteLiteral(vector)}))`
}
