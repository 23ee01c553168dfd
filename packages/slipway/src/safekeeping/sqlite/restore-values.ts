import { balanced, quoteIdentifier } from '../../database/index.ts'
import { IS_GONE, laterColumn, LEFT, ROWID, rowText } from './copy-columns.ts'
import { keptTable } from './keep-sql.ts'
import type { SqliteKept } from './kept.ts'
import { type Parents, parentConditionsOf } from './parent-conditions.ts'
import { inCopy, inTable, type Restored, rowNumber, rowWhere } from './restored.ts'

/** A temporary table of the rows of a copy that were found in the table. */
const RESTORING = '_slipway_restoring'

/**
 * SQL that restores changed values; `count` is SQL directly after it. A value is restored only if it has
 * not changed since, or, if only the whole row shows that, only in rows that are as the migration left
 * them. The values of a row are restored together, because a CHECK may compare them. Unique values are
 * set aside first if they are the kept value of another row. A value that another row has now is not
 * restored.
 */
export function restoreValues(
  { kept, table, isIndexed }: Restored,
  count: string,
  parents: Parents,
): string {
  const { key, later, left } = kept
  const columns = kept.stored.filter((name) => !key.includes(name))
  if (columns.length === 0) return count
  const isRow = rowWhere({ kept, table })
  const found =
    left === undefined ? isRow : [...isRow, `${rowNumber(kept)} IN (SELECT id FROM ${RESTORING})`]
  const moving = columns.filter((name) => later.has(name) && table?.unique.includes(name))
  const isLeft = (name: string) => `${inTable(name)} COLLATE BINARY IS ${inCopy(laterColumn(name))}`
  const isAside = (name: string) => `${inTable(name)} IS ${placeholder(kept, name)}`
  const isUnchanged = (name: string) =>
    moving.includes(name) ? `(${isLeft(name)} OR ${isAside(name)})` : isLeft(name)
  const withParent = parentConditionsOf({ kept, table }, columns, parents)
  const values = columns.map((name) => {
    const mayHaveChanged = left === undefined && later.has(name)
    const conditions = [mayHaveChanged ? isUnchanged(name) : undefined, withParent.get(name)]
    return assignSql(
      name,
      inCopy(name),
      conditions.filter((one) => one !== undefined).join(' AND '),
    )
  })
  const asides = moving.map((name) => {
    const isWanted = `${inCopy(laterColumn(name))} IN (SELECT ${quoteIdentifier(name)} FROM ${keptTable(kept.id)})`
    const isChanged = `${inCopy(laterColumn(name))} COLLATE BINARY IS NOT ${inCopy(name)}`
    return assignSql(
      name,
      placeholder(kept, name),
      `${isLeft(name)} AND ${isChanged} AND ${isWanted}`,
    )
  })
  const backs = moving.map((name) => assignSql(name, inCopy(laterColumn(name)), isAside(name)))
  return [
    left === undefined
      ? ''
      : findRowsSql(kept, [...isRow, `${rowText(left, 't')} IS ${inCopy(LEFT)}`]),
    ...(moving.length === 0
      ? []
      : [
          'PRAGMA ignore_check_constraints = ON;\n',
          updateSql(kept, asides, found),
          'PRAGMA ignore_check_constraints = OFF;\n',
        ]),
    updateSql(kept, values, found),
    count,
    moving.length === 0 ? '' : updateSql(kept, backs, isRow),
    isIndexed ? indexSql(kept, columns, isRow) : '',
    left === undefined ? '' : `DROP TABLE ${RESTORING};\n`,
  ].join('')
}

function findRowsSql(kept: SqliteKept, conditions: readonly string[]): string {
  const isThere = kept.isReplaced ? [`NOT ${inCopy(IS_GONE)}`] : []
  return `CREATE TABLE ${RESTORING} AS SELECT ${rowNumber(kept)} AS id FROM ${keptTable(kept.id)} k JOIN ${quoteIdentifier(kept.table.name)} t ON ${balanced([...conditions, ...isThere], 'AND')};\n`
}

/** SQL that counts the rows that equal their kept versions. */
export function foundSql({ kept, table }: Restored): string {
  const rowid = table?.virtual && kept.hasRowid ? [ROWID] : []
  const isRow = rowWhere({ kept: { ...kept, key: [...kept.key, ...rowid] }, table })
  const columns = kept.stored.map((name) => `${inTable(name)} COLLATE BINARY IS ${inCopy(name)}`)
  const isBack = balanced([...isRow, ...columns], 'AND')
  return `(SELECT count(*) FROM ${keptTable(kept.id)} k JOIN ${quoteIdentifier(kept.table.name)} t ON ${isBack})`
}

function updateSql(
  { id, table }: SqliteKept,
  assignments: readonly string[],
  conditions: readonly string[],
): string {
  return `UPDATE OR IGNORE ${quoteIdentifier(table.name)} AS t SET ${assignments.join(', ')} FROM ${keptTable(id)} k WHERE ${balanced(conditions, 'AND')};\n`
}

/**
 * SQL that lets triggers index rows once more, as they are: those that replace a row of the index do nothing while
 * their statement ignores conflicts.
 */
function indexSql(
  { id, table }: SqliteKept,
  columns: readonly string[],
  conditions: readonly string[],
): string {
  const same = columns.map((name) => assignSql(name, inTable(name), ''))
  return `UPDATE ${quoteIdentifier(table.name)} AS t SET ${same.join(', ')} FROM ${keptTable(id)} k WHERE ${balanced(conditions, 'AND')};\n`
}

function assignSql(column: string, value: string, condition: string): string {
  const assigned =
    condition === '' ? value : `CASE WHEN ${condition} THEN ${value} ELSE ${inTable(column)} END`
  return `${quoteIdentifier(column)} = ${assigned}`
}

/**
 * A temporary value of the type of the value that the migration left, which a row has only by a
 * deliberate choice; NULL stays NULL.
 */
function placeholder(kept: SqliteKept, column: string): string {
  const value = inCopy(laterColumn(column))
  const number = rowNumber(kept)
  const text = `'_slipway_' || ${number}`
  return `CASE typeof(${value}) WHEN 'null' THEN NULL WHEN 'integer' THEN -8000000000000000000 - ${number}
  WHEN 'real' THEN -1e15 - ${number} WHEN 'blob' THEN CAST(${text} AS BLOB) ELSE ${text} END`
}
