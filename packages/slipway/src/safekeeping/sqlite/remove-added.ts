import { quoteIdentifier } from '../../database/index.ts'
import { isSameName } from '../../schema/index.ts'
import { LEFT, rowText } from './copy-columns.ts'
import { keptTable } from './keep-sql.ts'
import { referringValues } from './parent-conditions.ts'
import type { RestoredKey } from './restore-place.ts'
import { inCopy, inTable, type Restored, rowNumber, rowWhere } from './restored.ts'

/** A temporary table of the rows to delete: their numbers in the copy, and their rowids in the table if it has any. */
const REMOVING = '_slipway_removing'

const IS_REMOVING = `IN (SELECT id FROM ${REMOVING})`

/**
 * SQL that deletes the rows that a migration added, except those that were changed since and those to which others
 * refer.
 */
export function removeAdded(one: Restored, foreignKeys: readonly RestoredKey[]): string {
  const { kept, table } = one
  const { rowid } = table ?? {}
  const place = rowid === undefined ? 'NULL' : inTable(rowid)
  const isLeft = `${rowText(kept.left ?? [], 't')} IS ${inCopy(LEFT)}`
  const referring = foreignKeys.filter(
    ({ parent, referenced }) => isSameName(parent, kept.table.name) && !referenced.includes(''),
  )
  return `CREATE TABLE ${REMOVING} AS SELECT ${rowNumber(kept)} AS id, ${place} AS place ${rowsFrom(one)} WHERE ${isLeft};
${referring.length === 0 ? '' : leaveReferred(one, referring)}DELETE FROM ${quoteIdentifier(kept.table.name)} WHERE ${isRemovedSql(one)};
DROP TABLE ${REMOVING};\n`
}

/** SQL of the number of added rows that are gone. */
export function removedSql(one: Restored): string {
  return `rows - (SELECT count(*) ${rowsFrom(one)})`
}

/** `FROM` the copy and the rows of the table that are in it. */
function rowsFrom(one: Restored): string {
  const { kept } = one
  const target = quoteIdentifier(kept.table.name)
  return `FROM ${keptTable(kept.id)} k JOIN ${target} t ON ${rowWhere(one).join(' AND ')}`
}

/** Whether a row of the table is one of those to be deleted; `alias` ends with a dot. */
function isRemovedSql({ kept, table }: Restored, alias = ''): string {
  const { rowid } = table ?? {}
  if (rowid !== undefined)
    return `${alias}${quoteIdentifier(rowid)} IN (SELECT place FROM ${REMOVING})`
  const own = kept.key.map((name) => alias + quoteIdentifier(name))
  const copied = kept.key.map(inCopy)
  return `(${own.join(', ')}) IN (SELECT ${copied.join(', ')} FROM ${keptTable(kept.id)} k WHERE ${rowNumber(kept)} ${IS_REMOVING})`
}

/**
 * SQL that takes rows from the list to which other rows refer, and the rows to which they refer in their own table.
 */
function leaveReferred(one: Restored, referring: readonly RestoredKey[]): string {
  const { kept, table } = one
  const number = rowNumber(kept)
  const isOwn = (key: RestoredKey) => isSameName(key.table, kept.table.name)
  const refers = (key: RestoredKey) =>
    referringValues(key, (name) => `c.${quoteIdentifier(name)}`)
      .map((value, at) => `${value} = ${inTable(key.referenced[at] ?? '')}`)
      .join(' AND ')
  const begins = referring.map((key) => {
    const isStaying = isOwn(key) ? ` AND NOT ${isRemovedSql(one, 'c.')}` : ''
    return `EXISTS (SELECT 1 FROM ${quoteIdentifier(key.table)} c WHERE ${refers(key)}${isStaying})`
  })
  const rowid = quoteIdentifier(table?.rowid ?? '')
  const target = quoteIdentifier(kept.table.name)
  const follows = referring.filter(isOwn).map((key) =>
    table?.rowid === undefined
      ? ''
      : `\n  UNION SELECT r.id FROM _slipway_staying s JOIN ${REMOVING} m ON m.id = s.id JOIN ${target} c ON c.${rowid} = m.place
  JOIN ${target} t ON ${refers(key)} JOIN ${REMOVING} r ON r.place = t.${rowid}`,
  )
  return `DELETE FROM ${REMOVING} WHERE id IN (WITH RECURSIVE _slipway_staying (id) AS (
  SELECT ${number} ${rowsFrom(one)} WHERE ${number} ${IS_REMOVING} AND (${begins.join(' OR ')})${follows.join('')}) SELECT id FROM _slipway_staying);\n`
}
