import { quoteLiteral } from '../../database/index.ts'

/**
 * SQL of the one text that a query gives. The server looks at the query only when it gets there: behind a CASE, what it
 * names need not exist and need not be allowed. `ts_stat` is the one function of every server that takes a query as text.
 */
export function lateValueSql(query: string): string {
  const vector = `SELECT array_to_tsvector(ARRAY[value]) FROM (${query}) AS one (value)`
  return `(SELECT word FROM pg_catalog.ts_stat(${quoteLiteral(vector)}))`
}
