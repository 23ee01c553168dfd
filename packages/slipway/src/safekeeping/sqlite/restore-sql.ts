import { quoteIdentifier, quoteText } from '../../database/index.ts'
import { isSameName, separateRowid } from '../../schema/index.ts'
import { ROWID } from './copy-columns.ts'
import { keptTable } from './keep-sql.ts'
import type { SqliteKept } from './kept.ts'
import { type RestorePlace, withoutTriggers } from './restore-place.ts'
import { foundSql, inCopy, inTable, type Restored, restoreValues } from './restore-values.ts'

const NOW = `strftime('%Y-%m-%dT%H:%M:%SZ', 'now')`

/**
 * SQL that restores kept data into its tables, which must have the names from when it was kept, without
 * triggers. These stay unchanged, and are counted: rows that exist, rows with a unique value that another
 * row has now, and values that were written since.
 */
export function restoreSql(kept: readonly SqliteKept[], place: RestorePlace): string {
  const restored = kept.map((one) => {
    const table = place.tables.find(({ name }) => isSameName(name, one.table.name))
    return { kept: one, table }
  })
  // Virtual tables come last: a trigger of a table may fill its full-text index.
  const ordered = restored.toSorted((one, other) => rank(one) - rank(other))
  return withoutTriggers(place.triggers, ordered.map(restoreOne).join(''))
}

function rank({ table }: Restored): number {
  return table?.virtual ? 1 : 0
}

function restoreOne(restored: Restored): string {
  const { kept, table } = restored
  const isFound = hasOwnKey(kept) || (table?.virtual && kept.kind !== 'columns')
  const done = doneSql(kept.id, isFound ? foundSql(restored) : 'changes()')
  switch (kept.kind) {
    case 'table':
      return rowsSql(restored) + done + counterSql(kept)
    case 'rows':
      return (kept.isReplaced ? restoreValues(restored, '') : '') + rowsSql(restored) + done
    default:
      return restoreValues(restored, done)
  }
}

/** Whether its rows have a key, by which they are found even if they are restored repeatedly. */
export function hasOwnKey({ key }: SqliteKept): boolean {
  return key.length > 0 && !key.includes(ROWID)
}

/** SQL that inserts rows, with their old rowids if these are free. */
function rowsSql({
  kept: { id, stored: columns, hasRowid, table, key },
  table: into,
}: Restored): string {
  const target = quoteIdentifier(table.name)
  const rowid = hasRowid && into ? separateRowid(into) : undefined
  const known = key.filter((name) => name !== ROWID)
  const isThere = known.map((name) => `${inTable(name)} IS ${inCopy(name)}`)
  const condition =
    isThere.length === 0
      ? 'true'
      : `NOT EXISTS (SELECT 1 FROM ${target} t WHERE ${isThere.join(' AND ')})`
  const names = columns.map((name) => quoteIdentifier(name))
  const isTaken = `EXISTS (SELECT 1 FROM ${target} o WHERE o.${rowid} = k.${ROWID})`
  // A virtual table identifies its rows only by rowid, and does not support ON CONFLICT.
  const own = into?.virtual ? `k.${ROWID}` : `CASE WHEN ${isTaken} THEN NULL ELSE k.${ROWID} END`
  const to = rowid === undefined ? names : [rowid, ...names]
  const from = rowid === undefined ? names : [own, ...names]
  const [insert, conflict] = into?.virtual
    ? ['INSERT OR IGNORE', '']
    : ['INSERT', ' ON CONFLICT DO NOTHING']
  return `${insert} INTO ${target} (${to.join(', ')}) SELECT ${from.join(', ')} FROM ${keptTable(id)} k WHERE ${condition}${conflict};\n`
}

/** SQL that raises the counter of a table that was created again to its old value. */
function counterSql({ table, sequence }: SqliteKept): string {
  if (sequence === undefined) return ''
  return `UPDATE sqlite_sequence SET seq = max(seq, ${sequence}) WHERE name = ${quoteText(table.name)};\n`
}

function doneSql(id: number, restored: string): string {
  return `UPDATE _slipway_kept SET restored_at = ${NOW}, restored_rows = ${restored} WHERE id = ${id};
UPDATE _slipway_kept SET since_rows = rows - restored_rows WHERE id = ${id};\n`
}
