import { quoteIdentifier } from '../../database/index.ts'
import { rowidOf, type RowTable } from '../../schema/index.ts'
import { ROWID } from './copy-columns.ts'
import type { SqliteKept } from './kept.ts'

/** Kept data, and the existing table into which it is restored. */
export interface Restored {
  readonly kept: SqliteKept
  /** Absent if there is none of this name. */
  readonly table: RowTable | undefined
  /** Whether triggers fire that index its rows. */
  readonly isIndexed?: boolean
}

/** A column of the table, in SQL of a restore. */
export function inTable(column: string): string {
  return `t.${quoteIdentifier(column)}`
}

/** A column of the copy. */
export function inCopy(column: string): string {
  return `k.${quoteIdentifier(column)}`
}

/** The conditions under which a row of the table is one of the copy. */
export function rowWhere({ kept: { key }, table }: Restored): string[] {
  return key.map((name) => {
    const column = name === ROWID ? (table?.rowid ?? 'rowid') : name
    return name === ROWID ? `${inTable(column)} IS ${inCopy(name)}` : isSameKey(name)
  })
}

/** Whether a row of the table has the key of a row of the copy: the first comparison can use an index. */
export function isSameKey(name: string): string {
  const [own, old] = [inTable(name), inCopy(name)]
  return `${own} IS ${old} AND ${own} COLLATE BINARY IS ${old}`
}

/** The rowid of a row of a copy, which numbers it. */
export function rowNumber({ stored }: SqliteKept, copy = 'k'): string {
  return `${copy}.${rowidOf(stored) ?? 'rowid'}`
}

/** Whether restoring it changes values of existing rows. */
export function changesValues({ kind, isReplaced }: SqliteKept): boolean {
  return kind === 'columns' || (kind === 'rows' && isReplaced)
}
