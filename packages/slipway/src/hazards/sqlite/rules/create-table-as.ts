import { tableObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** CREATE TABLE AS copies only names and affinities. */
export const createTableAs: SqliteRule = {
  id: 'create-table-as',
  title: 'A table takes its columns from a query',
  judge(detail) {
    if (detail.kind !== 'create-table' || detail.as === undefined || detail.table.temporary)
      return undefined
    const { name } = detail.table
    return {
      severity: 'warning',
      object: tableObject(name),
      anySize: true,
      message: `The table ${name} gets its columns from a query: it has no keys, no NOT NULL, no defaults and no checks, and its types differ from those of the tables that the query reads. Create the table with its columns, and fill it with INSERT … SELECT.`,
    }
  },
}
