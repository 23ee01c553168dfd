import { quoteText } from '../../database/index.ts'
import type { TableChange } from '../../schema/index.ts'
import type { KeepPlace, KeepSql } from './keep-sql.ts'

/** The table in which a script keeps the AUTOINCREMENT counters from before its statements. */
const COUNTERS = '_slipway_counters'

/** SQL of the counter of a table from before the statements. */
function counterBefore(table: string): string {
  return `(SELECT seq FROM ${COUNTERS} WHERE name = ${quoteText(table)})`
}

/** SQL of the present counter of a table, which also counts rows that were deleted earlier; NULL if it has none. */
export function counterSql(table: string): string {
  return `(SELECT seq FROM sqlite_sequence WHERE name = ${quoteText(table)})`
}

/**
 * SQL around the statements of a migration that records the AUTOINCREMENT counters that it lowers or drops: a table
 * that is rebuilt counts only the rows that are copied. The first id is that of `place`.
 */
export function keepCounters(changes: readonly TableChange[], place: KeepPlace): KeepSql {
  const tables = tableNames(changes)
  if (!place.counters || tables.length === 0) return { before: '', after: '' }
  const { migration, direction, firstId } = place
  const records = tables.map(({ before, after }, at) => {
    // The entry of a dropped table with rows has its counter.
    const isLost =
      after === undefined
        ? `NOT EXISTS (SELECT 1 FROM _slipway_kept WHERE migration = ${quoteText(migration)} AND table_name = ${quoteText(before)} AND sequence IS NOT NULL AND restored_at IS NULL)`
        : `${counterBefore(before)} > coalesce(${counterSql(after)}, 0)`
    const values = [firstId + at, quoteText(migration), quoteText(direction), 0, `'sequence'`]
    return `INSERT INTO _slipway_kept (id, migration, direction, statement, kind, table_name, columns, key, bytes, sequence)
SELECT ${values.join(', ')}, ${quoteText(before)}, '[]', '[]', 0, ${counterBefore(before)} WHERE ${counterBefore(before)} > 0 AND ${isLost};\n`
  })
  return { before: noteCounters(), after: `${records.join('')}DROP TABLE ${COUNTERS};\n` }
}

/**
 * SQL around the statements of a down migration that raises the counters that it lowers. `counted`: the tables that
 * have one afterwards.
 */
export function holdCounters(
  changes: readonly TableChange[],
  { counters }: KeepPlace,
  counted: readonly string[],
): KeepSql {
  const raises = tableNames(changes).flatMap(({ before, after }) =>
    after !== undefined && counted.includes(after)
      ? [raiseCounter(after, counterBefore(before))]
      : [],
  )
  if (!counters || raises.length === 0) return { before: '', after: '' }
  return { before: noteCounters(), after: `${raises.join('')}DROP TABLE ${COUNTERS};\n` }
}

/** SQL that raises the counter of a table to a value, which may be NULL. */
export function raiseCounter(table: string, value: string): string {
  const name = quoteText(table)
  return `UPDATE sqlite_sequence SET seq = max(seq, coalesce(${value}, 0)) WHERE name = ${name};
INSERT INTO sqlite_sequence (name, seq) SELECT ${name}, ${value} WHERE ${value} > 0 AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ${name});\n`
}

function noteCounters(): string {
  return `CREATE TABLE ${COUNTERS} AS SELECT name, seq FROM sqlite_sequence;\n`
}

function tableNames(
  changes: readonly TableChange[],
): { readonly before: string; readonly after: string | undefined }[] {
  return changes.flatMap(({ before, after }) =>
    before && !before.virtual ? [{ before: before.name, after: after?.name }] : [],
  )
}
