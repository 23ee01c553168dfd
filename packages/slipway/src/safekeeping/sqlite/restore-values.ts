import { balanced, quoteIdentifier, quoteText } from '../../database/index.ts'
import { guardSql } from '../../execution/index.ts'
import { isSameName } from '../../schema/index.ts'
import { IS_GONE, laterColumn, LEFT, OTHERS, outlineText, ROWID, rowText } from './copy-columns.ts'
import { keptTable } from './keep-sql.ts'
import type { SqliteKept } from './kept.ts'
import { type Parents, parentConditionsOf } from './parent-conditions.ts'
import { inCopy, inTable, type Restored, rowNumber, rowWhere } from './restored.ts'

/** A temporary table of the rows of a copy that were found in the table. */
const RESTORING = '_slipway_restoring'

/** The column of the numbers of rows in a table of values from before a restore. */
const NUMBER = '_slipway_number'

/** SQL that restores changed values. */
export interface ValuesSql {
  /** It comes before the rows are restored. */
  readonly first: string
  /** It comes after everything else. */
  readonly last: string
}

/**
 * SQL that restores changed values. A value is restored only if it has not changed since, or, if only the whole row
 * shows that, only in rows that are as the migration left them. The values of a row are restored together, because
 * a CHECK may compare them. Unique values are set aside first if they are the kept value of another row. A value
 * that another row has now is not restored, and neither is one that refers to a row that is gone.
 */
export function restoreValues(restored: Restored, parents: Parents): ValuesSql {
  const { kept, table, isIndexed } = restored
  const { later, left } = kept
  const columns = kept.stored.filter((name) => !kept.key.includes(name))
  if (columns.length === 0) return { first: '', last: '' }
  const isRow = rowWhere({ kept, table })
  const found =
    left === undefined ? isRow : [...isRow, `${rowNumber(kept)} IN (SELECT id FROM ${RESTORING})`]
  const moving = columns.filter((name) => later.has(name) && table?.unique.includes(name))
  const referring = referringColumns(kept, columns, parents)
  const at: Restoring = { kept, columns, moving, isRow, found }
  const withParent = parentConditionsOf({ kept, table }, columns, parents)
  const values = columns.map((name) => {
    const mayHaveChanged = left === undefined && later.has(name)
    const isUnchanged = moving.includes(name)
      ? `(${isLeft(name)} OR ${isAside(kept, name)})`
      : isLeft(name)
    const conditions = [mayHaveChanged ? isUnchanged : undefined, withParent.get(name)]
    return assignSql(
      name,
      inCopy(name),
      conditions.filter((one) => one !== undefined).join(' AND '),
    )
  })
  const hasPast = moving.length > 0 || referring.length > 0
  const restore = updateSql(kept, values, found)
  const first = [
    left === undefined
      ? ''
      : findRowsSql(kept, [...isRow, `${rowText(left, 't')} IS ${inCopy(LEFT)}`]),
    hasPast ? pastSql(at) : '',
    moving.length === 0 ? restore : moveSql(at, restore),
    left === undefined ? '' : `DROP TABLE ${RESTORING};\n`,
  ]
  const last = [
    referring.length === 0 ? '' : correctSql(restored, { at, referring, parents }),
    hasPast ? `DROP TABLE ${pastTable(kept)};\n` : '',
    kept.others === undefined ? '' : markUncertainSql(kept, columns, isRow),
    isIndexed ? indexSql(kept, columns, isRow) : '',
  ]
  return { first: first.join(''), last: last.join('') }
}

/** A restore of values. */
interface Restoring {
  readonly kept: SqliteKept
  readonly columns: readonly string[]
  /** Columns with unique values that may move from row to row. */
  readonly moving: readonly string[]
  /** Whether a row of the table is one of the copy. */
  readonly isRow: readonly string[]
  /** The same, and that its values may be restored. */
  readonly found: readonly string[]
}

/** Whether a value is as the migration left it. */
function isLeft(name: string, present = inTable(name)): string {
  return `${present} COLLATE BINARY IS ${inCopy(laterColumn(name))}`
}

/** Whether a value is set aside. */
function isAside(kept: SqliteKept, name: string): string {
  return `${inTable(name)} IS ${placeholder(kept, name)}`
}

/** The table of the values that rows have before the restore. */
function pastTable({ id }: SqliteKept): string {
  return `_slipway_past_${id}`
}

function inPast(column: string): string {
  return `p.${quoteIdentifier(column)}`
}

/** SQL that copies the present values before the restore. */
function pastSql({ kept, columns, found }: Restoring): string {
  const values = [`${rowNumber(kept)} AS ${NUMBER}`, ...columns.map(inTable)]
  const from = `${keptTable(kept.id)} k JOIN ${quoteIdentifier(kept.table.name)} t ON ${balanced(found, 'AND')}`
  return `CREATE TABLE ${pastTable(kept)} AS SELECT ${values.join(', ')} FROM ${from};\n`
}

/** A FROM clause of the copy and of the values from before the restore. */
function fromPast(kept: SqliteKept): string {
  return `${keptTable(kept.id)} k JOIN ${pastTable(kept)} p ON p.${NUMBER} = ${rowNumber(kept)}`
}

/** SQL that restores values of which some are the present values of other rows. */
function moveSql(at: Restoring, restore: string): string {
  const { kept, moving, isRow, found } = at
  const asides = moving.map((name) => {
    const later = inCopy(laterColumn(name))
    const isWanted = `${later} IN (SELECT ${quoteIdentifier(name)} FROM ${keptTable(kept.id)})`
    const isChanged = `${later} COLLATE BINARY IS NOT ${inCopy(name)}`
    return assignSql(
      name,
      placeholder(kept, name),
      `${isLeft(name)} AND ${isChanged} AND ${isWanted}`,
    )
  })
  const backs = moving.map((name) =>
    assignSql(name, inCopy(laterColumn(name)), isAside(kept, name)),
  )
  // An index of an expression may still see equal values in rows that are set aside, until another one is restored.
  return [
    unchecked(updateSql(kept, asides, found)),
    restore,
    restore,
    updateSql(kept, backs, isRow),
    undoStuckSql(at),
  ].join('')
}

/**
 * SQL that gives the rows whose unique values move their values from before the restore if one is still set aside:
 * another row has its old value, and a restored one its later value. The guard undoes the script if that fails.
 */
function undoStuckSql({ kept, columns, moving, isRow }: Restoring): string {
  const target = quoteIdentifier(kept.table.name)
  const rows = `${fromPast(kept)} JOIN ${target} t ON ${balanced(isRow, 'AND')}`
  const isStuck = balanced(
    moving.map((name) => `(${inCopy(laterColumn(name))} IS NOT NULL AND ${isAside(kept, name)})`),
    'OR',
  )
  const stuck = '_slipway_stuck'
  const isUndone = `EXISTS (SELECT 1 FROM ${stuck})`
  const differs = (name: string) => `${inTable(name)} COLLATE BINARY IS NOT ${inPast(name)}`
  const moves = moving.map(
    (name) => `${inCopy(laterColumn(name))} COLLATE BINARY IS NOT ${inCopy(name)}`,
  )
  const isMoved = `(${balanced(moves, 'OR')})`
  const asides = moving.map((name) => assignSql(name, placeholder(kept, name), differs(name)))
  const backs = columns.map((name) => assignSql(name, inPast(name), ''))
  const update = (assignments: readonly string[]) =>
    updateFromSql(kept, fromPast(kept), { assignments, conditions: [...isRow, isMoved, isUndone] })
  const count = `(SELECT count(*) FROM ${target})`
  return [
    `CREATE TABLE ${stuck} AS SELECT 1 FROM ${rows} WHERE ${isStuck} LIMIT 1;\n`,
    unchecked(update(asides)),
    update(backs),
    update(backs),
    guardSql(
      'rows',
      `${isUndone} AND EXISTS (SELECT 1 FROM ${rows} WHERE ${isMoved} AND (${balanced(columns.map(differs), 'OR')}))`,
      { table: quoteText(kept.table.name), before: count, after: count },
    ),
    `DROP TABLE ${stuck};\n`,
  ].join('')
}

function unchecked(sql: string): string {
  return `PRAGMA ignore_check_constraints = ON;\n${sql}PRAGMA ignore_check_constraints = OFF;\n`
}

/** The restored columns of foreign keys to tables with kept data: what is restored there may change their values. */
function referringColumns(
  { table: { name } }: SqliteKept,
  columns: readonly string[],
  { foreignKeys, pending }: Parents,
): string[] {
  const keys = foreignKeys.filter(
    (key) =>
      isSameName(key.table, name) &&
      pending.some(({ kept }) => isSameName(kept.table.name, key.parent)),
  )
  return columns.filter((column) => keys.some((key) => key.columns.includes(column)))
}

/**
 * SQL that corrects values of foreign keys after all is restored: an update of the parent may have changed them, or their
 * parent was not restored, and they keep their values from before the restore.
 */
function correctSql(
  { kept, table }: Restored,
  {
    at: { columns, isRow },
    referring,
    parents: { foreignKeys },
  }: { readonly at: Restoring; readonly referring: readonly string[]; readonly parents: Parents },
): string {
  const withParent = parentConditionsOf({ kept, table }, columns, { foreignKeys, pending: [] })
  const desired = referring.map((name) => {
    const wasLeft =
      kept.left === undefined && kept.later.has(name) ? [isLeft(name, inPast(name))] : []
    const isBack = [...wasLeft, withParent.get(name) ?? 'true'].join(' AND ')
    return [name, `CASE WHEN ${isBack} THEN ${inCopy(name)} ELSE ${inPast(name)} END`] as const
  })
  const differs = desired.map(([name, value]) => `${inTable(name)} COLLATE BINARY IS NOT ${value}`)
  return updateFromSql(kept, fromPast(kept), {
    assignments: desired.map(([name, value]) => assignSql(name, value, '')),
    conditions: [...isRow, `(${balanced(differs, 'OR')})`],
  })
}

/** SQL that marks the kept values that were restored into rows whose other values were written since. */
function markUncertainSql(
  { id, table, others = [] }: SqliteKept,
  columns: readonly string[],
  isRow: readonly string[],
): string {
  const isBack = columns.map((name) => `${inTable(name)} COLLATE BINARY IS ${inCopy(name)}`)
  const differs = `${outlineText(others, 't')} IS NOT ${inCopy(OTHERS)}`
  return `UPDATE ${keptTable(id)} AS k SET ${OTHERS} = 1 FROM ${quoteIdentifier(table.name)} t WHERE ${balanced([...isRow, ...isBack, differs], 'AND')};\n`
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
  kept: SqliteKept,
  assignments: readonly string[],
  conditions: readonly string[],
): string {
  return updateFromSql(kept, `${keptTable(kept.id)} k`, { assignments, conditions })
}

function updateFromSql(
  { table }: SqliteKept,
  from: string,
  {
    assignments,
    conditions,
  }: { readonly assignments: readonly string[]; readonly conditions: readonly string[] },
): string {
  return `UPDATE OR IGNORE ${quoteIdentifier(table.name)} AS t SET ${assignments.join(', ')} FROM ${from} WHERE ${balanced(conditions, 'AND')};\n`
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
 * deliberate choice; NULL stays NULL. A text is JSON, because an index may read it as such.
 */
function placeholder(kept: SqliteKept, column: string): string {
  const value = inCopy(laterColumn(column))
  const number = rowNumber(kept)
  const text = `'{"_slipway_":' || ${number} || '}'`
  return `CASE typeof(${value}) WHEN 'null' THEN NULL WHEN 'integer' THEN -8000000000000000000 - ${number}
  WHEN 'real' THEN -1e15 - ${number} WHEN 'blob' THEN CAST(${text} AS BLOB) ELSE ${text} END`
}
