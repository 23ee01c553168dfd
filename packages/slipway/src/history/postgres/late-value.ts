import { quoteLiteral } from '../../database/index.ts'

/**
 * SQL of the single text value of a query. The server parses the query only when it evaluates it: within a CASE, the
 * objects that it names need not exist or be readable. `ts_stat` takes a query as text, and every
 * server has it.
 */
export function lateValueSql(query: string): string {
  const vector = `SELECT array_to_tsvector(ARRAY[value]) FROM (${query}) AS one (value)`
  return `(SELECT word FROM pg_catalog.ts_stat(${quoteLiteral(vector)}))`
}
