import type { KnownTable, Names } from './catalog-names.ts'
import { valueOf } from './draw.ts'
import type { Random } from './random.ts'

/** Statements that write rows into each table: distinct values, with and without NULL, and column defaults. */
export function fillingStatements(random: Random, { tables }: Names): string[] {
  return tables
    .filter(({ kind, isPartition }) => (kind === 'r' || kind === 'p') && !isPartition)
    .flatMap((table) => [0, 1, 2].map(() => insertInto(table, random)))
}

function insertInto({ name, columns }: KnownTable, random: Random): string {
  const written = columns.filter(
    ({ computed, identity, hasDefault }) =>
      !computed && identity === '' && !(hasDefault && random.once(2)),
  )
  if (written.length === 0) return `INSERT INTO ${name} DEFAULT VALUES`
  const values = written.map((column) => {
    if (!column.notNull && random.once(6)) return 'NULL'
    const at = random.below(60)
    const { refers } = column
    return refers === null
      ? valueOf(column, at, random)
      : `(SELECT ${refers.column} FROM ${refers.table} ORDER BY 1 LIMIT 1 OFFSET ${at % 2})`
  })
  return `INSERT INTO ${name} (${written.map((column) => column.name).join(', ')}) VALUES (${values.join(', ')})`
}
