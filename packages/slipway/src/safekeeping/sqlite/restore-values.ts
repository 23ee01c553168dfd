import { balanced, quoteIdentifier } from '../../database/index.ts'
import { rowidOf, type RowTable } from '../../schema/index.ts'
import { IS_GONE, keptTable, laterColumn, ROWID } from './keep-sql.ts'
import type { SqliteKept } from './kept.ts'

/** Kept data, and the table that takes it, as the database has it. */
export interface Restored {
  readonly kept: SqliteKept
  /** Absent if there is none of this name. */
  readonly table: RowTable | undefined
}

/** SQL of the condition under which a column has the value that the migration left. */
type Left = (column: string) => string

/**
 * SQL that restores changed values; `count` is SQL directly behind it. A value is restored only where nobody has changed it
 * since; of rows that their rowid identifies, only where the whole row is as it was left. The values of a row are restored
 * together, for a CHECK may compare them. Unique ones are set aside first, for they may have moved from row to row; those of
 * which another row has the value by now stay.
 */
export function restoreValues({ kept, table }: Restored, count: string): string {
  const { key, later } = kept
  const byRowid = key.includes(ROWID)
  const columns = kept.stored.filter((name) => !key.includes(name))
  if (columns.length === 0) return count
  const moving = columns.filter((name) => later.has(name) && table?.unique.includes(name))
  const isLeft: Left = (name) => `${inTable(name)} IS ${inCopy(laterColumn(name))}`
  const isAside: Left = (name) => `${inTable(name)} IS ${placeholder(kept, name)}`
  const isUnchanged: Left = (name) =>
    moving.includes(name) ? `(${isLeft(name)} OR ${isAside(name)})` : isLeft(name)
  const rowWhere = (is: Left) => [
    ...isRow({ kept, table }),
    ...(kept.isReplaced ? [`NOT ${inCopy(IS_GONE)}`] : []),
    ...(byRowid ? [...later].map(is) : []),
  ]
  const values = columns.map((name) => {
    const mayHaveChanged = later.has(name) && !byRowid
    return assignSql(name, inCopy(name), mayHaveChanged ? isUnchanged(name) : undefined)
  })
  const restored = updateSql(kept, values, rowWhere(isUnchanged)) + count
  if (moving.length === 0) return restored
  const asides = moving.map((name) => assignSql(name, placeholder(kept, name), isLeft(name)))
  const backs = moving.map((name) => assignSql(name, inCopy(laterColumn(name)), isAside(name)))
  return [
    'PRAGMA ignore_check_constraints = ON;\n',
    updateSql(kept, asides, rowWhere(isLeft)),
    'PRAGMA ignore_check_constraints = OFF;\n',
    restored,
    updateSql(kept, backs, isRow({ kept, table })),
  ].join('')
}

/** SQL that counts the rows that are as they were kept. */
export function foundSql(kept: SqliteKept): string {
  const isBack = [...kept.key, ...kept.stored].map((name) => `${inTable(name)} IS ${inCopy(name)}`)
  return `(SELECT count(*) FROM ${keptTable(kept.id)} k JOIN ${quoteIdentifier(kept.table.name)} t ON ${balanced(isBack, 'AND')})`
}

/** A column of the table, in SQL of a restore. */
export function inTable(column: string): string {
  return `t.${quoteIdentifier(column)}`
}

/** A column of the copy. */
export function inCopy(column: string): string {
  return `k.${quoteIdentifier(column)}`
}

function isRow({ kept: { key }, table }: Restored): string[] {
  return key.map((name) => {
    const column = name === ROWID ? (table?.rowid ?? 'rowid') : name
    return `${inTable(column)} IS ${inCopy(name)}`
  })
}

function updateSql(
  { id, table }: SqliteKept,
  assignments: readonly string[],
  conditions: readonly string[],
): string {
  return `UPDATE OR IGNORE ${quoteIdentifier(table.name)} AS t SET ${assignments.join(', ')} FROM ${keptTable(id)} k WHERE ${balanced(conditions, 'AND')};\n`
}

function assignSql(column: string, value: string, condition?: string): string {
  const assigned =
    condition === undefined
      ? value
      : `CASE WHEN ${condition} THEN ${value} ELSE ${inTable(column)} END`
  return `${quoteIdentifier(column)} = ${assigned}`
}

/** A value of the type of the one that the migration left, and that no row has, unless somebody made it up; NULL stays. */
function placeholder({ stored, later }: SqliteKept, column: string): string {
  const value = inCopy(laterColumn(column))
  const number = `k.${rowidOf([...stored, ...[...later].map(laterColumn)]) ?? 'rowid'}`
  const text = `'_slipway_' || ${number}`
  return `CASE typeof(${value}) WHEN 'null' THEN NULL WHEN 'integer' THEN -8000000000000000000 - ${number}
  WHEN 'real' THEN -1e15 - ${number} WHEN 'blob' THEN CAST(${text} AS BLOB) ELSE ${text} END`
}
