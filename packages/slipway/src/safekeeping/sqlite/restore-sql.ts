import { balanced, quoteIdentifier, quoteText } from '../../database/index.ts'
import { keptTable, laterColumn, ROWID } from './keep-sql.ts'
import type { SqliteKept } from './kept.ts'

const NOW = `strftime('%Y-%m-%dT%H:%M:%SZ', 'now')`

/**
 * SQL that restores kept data into its table, which has its name of then. Rows that exist and values that were written
 * since stay as they are, and are counted.
 */
export function restoreSql(kept: SqliteKept): string {
  switch (kept.kind) {
    case 'table':
      return rowsSql({ ...kept, key: [] }) + counterSql(kept)
    case 'rows':
      return rowsSql(kept)
    default:
      return valuesSql(kept)
  }
}

function rowsSql(kept: SqliteKept): string {
  const { id, stored: columns, table, key } = kept
  const names = columns.map((name) => quoteIdentifier(name)).join(', ')
  const target = quoteIdentifier(table.name)
  const known = key.filter((name) => name !== ROWID)
  const isThere = known.map((name) => `t.${quoteIdentifier(name)} IS k.${quoteIdentifier(name)}`)
  const condition =
    isThere.length === 0
      ? ''
      : ` WHERE NOT EXISTS (SELECT 1 FROM ${target} t WHERE ${isThere.join(' AND ')})`
  return `INSERT INTO ${target} (${names}) SELECT ${names} FROM ${keptTable(id)} k${condition};\n${doneSql(id, 'changes()')}`
}

/** The counter of a table that is created again is not lower than it was. */
function counterSql({ table, sequence }: SqliteKept): string {
  if (sequence === undefined) return ''
  return `UPDATE sqlite_sequence SET seq = max(seq, ${sequence}) WHERE name = ${quoteText(table.name)};\n`
}

/**
 * A value that was changed is restored only where nobody has changed it since. The values of a row are restored together, for a
 * CHECK may compare them.
 */
function valuesSql(kept: SqliteKept): string {
  const { id, stored: columns, table, key, later } = kept
  const target = quoteIdentifier(table.name)
  const match = matchSql(key)
  const values = columns.map((name) => {
    const column = quoteIdentifier(name)
    const isUnchanged = `t.${column} IS k.${quoteIdentifier(laterColumn(name))}`
    return later.has(name)
      ? `${column} = CASE WHEN ${isUnchanged} THEN k.${column} ELSE t.${column} END`
      : `${column} = k.${column}`
  })
  const update = `UPDATE ${target} AS t SET ${values.join(', ')} FROM ${keptTable(id)} k WHERE ${match};\n`
  const isBack = (name: string) => `t.${quoteIdentifier(name)} IS k.${quoteIdentifier(name)}`
  const found = `(SELECT count(*) FROM ${keptTable(id)} k JOIN ${target} t ON ${match} WHERE ${balanced(columns.map(isBack), 'AND')})`
  return (columns.length === 0 ? '' : update) + doneSql(id, found)
}

function matchSql(key: readonly string[]): string {
  return key
    .map(
      (name) =>
        `t.${quoteIdentifier(name === ROWID ? 'rowid' : name)} IS k.${quoteIdentifier(name)}`,
    )
    .join(' AND ')
}

function doneSql(id: number, restored: string): string {
  return `UPDATE _slipway_kept SET restored_at = ${NOW}, restored_rows = ${restored} WHERE id = ${id};
UPDATE _slipway_kept SET since_rows = rows - restored_rows WHERE id = ${id};\n`
}
