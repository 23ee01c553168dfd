import { quoteIdentifier, quoteText } from '../../database/index.ts'
import { givenOf, isGiven, sameKey, storedOf } from '../resolved.ts'
import type { TargetColumn } from '../target-tables.ts'
import { touchedColumn } from './fillers.ts'
import {
  anyDiffers,
  differs,
  fillerOf,
  joinedRows,
  type Resolved,
  storedKey,
} from './resolve-sql.ts'
import { freeUniqueSql } from './unique-sql.ts'

/** The table in which a script counts what it did: the number of a table, what, and how many rows. */
export const COUNTS = '_slipway_seed_counts'

/** The table in which a dry run names rows. */
export const CHANGES = '_slipway_seed_changes'

/** How many rows of a kind a dry run names. */
const NAMED = 20

/** What a table of a script counts. */
export type Counted = 'rows' | 'inserted' | 'updated' | 'filled' | 'deleted' | 'forgotten'

/** What every table of a run is written with. */
export interface MergeOptions {
  /** The time of the run, as SQL, for columns that Prisma's client sets to it. */
  readonly now: (column: TargetColumn) => string
  readonly dryRun: boolean
}

/** SQL that creates the table of counts; and that of changes. */
export const COUNTING = `DROP TABLE IF EXISTS ${COUNTS};
CREATE TABLE ${COUNTS} (at INTEGER NOT NULL, what TEXT NOT NULL, rows INTEGER NOT NULL);
DROP TABLE IF EXISTS ${CHANGES};
CREATE TABLE ${CHANGES} (at INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, columns TEXT NOT NULL);\n`

/** SQL that counts what the statement before it did, or what is given. */
export function countSql(at: number, what: Counted, rows = 'changes()'): string {
  return `INSERT INTO ${COUNTS} VALUES (${at}, ${quoteText(what)}, ${rows});\n`
}

/** SQL that makes the rows of a table those of the seed, as its owner mode says: an UPDATE, and an INSERT for each shape. */
export function mergeSql(resolved: Resolved, options: MergeOptions): string {
  const { at, source, table, key, columns } = resolved
  const values = columns.filter((column) => !key.includes(column))
  const updates = table.mode !== 'insert-missing' && values.length > 0
  return [
    options.dryRun ? newRowsSql(resolved) : '',
    options.dryRun && updates ? changedRowsSql(resolved, values) : '',
    countSql(at, 'rows', `(SELECT count(*) FROM ${source})`),
    freeUniqueSql(resolved),
    updates ? updateSql(resolved, values, options) + countSql(at, 'updated') : '',
    insertsSql(resolved, options),
  ].join('')
}

/** SQL that sets the columns that had to wait until the rows they refer to were there. */
export function fillSql(
  resolved: Resolved,
  waiting: readonly TargetColumn[],
  options: MergeOptions,
): string {
  const isNew = `r.n IN (SELECT f.n FROM ${scriptRows(resolved)} f WHERE f.is_new)`
  const named = options.dryRun ? changedRowsSql(resolved, waiting, `AND NOT ${isNew}`) : ''
  const kept = resolved.table.mode === 'insert-missing' ? ` AND ${isNew}` : ''
  const sql = `UPDATE ${resolved.target.id} AS t SET ${assigned(resolved, waiting)} FROM ${resolved.source} WHERE ${sameKey(resolved)} AND (${anyDiffers(resolved, waiting)})${kept};\n`
  return named + sql + countSql(resolved.at, 'filled')
}

/** The rows as they were first resolved, which know what is new. */
function scriptRows({ relation }: Resolved): string {
  return `${relation}r`
}

function updateSql(
  resolved: Resolved,
  values: readonly TargetColumn[],
  { now }: MergeOptions,
): string {
  const { target, source, columns } = resolved
  const touched = touchedColumn(target)
  const others = values.filter((column) => column !== touched)
  const own = touched && touchedSql(resolved, touched, now(touched), columns.includes(touched))
  const set = [...(others.length > 0 ? [assigned(resolved, others)] : []), ...(own ? [own] : [])]
  return `UPDATE ${target.id} AS t SET ${set.join(', ')} FROM ${source} WHERE ${sameKey(resolved)} AND (${anyDiffers(resolved, values)});\n`
}

/** The time of the run in rows without their own. */
function touchedSql(resolved: Resolved, column: TargetColumn, now: string, isIn: boolean): string {
  const name = quoteIdentifier(column.name)
  if (!isIn) return `${name} = ${now}`
  const [given, value] = [isGiven(resolved, column), givenOf(resolved, column)]
  return `${name} = ${given === undefined ? value : `CASE WHEN ${given} THEN ${value} ELSE ${now} END`}`
}

/** A row that leaves a column out leaves it untouched. */
function assigned(resolved: Resolved, columns: readonly TargetColumn[]): string {
  const parts = columns.map((column) => {
    const [given, value] = [isGiven(resolved, column), givenOf(resolved, column)]
    const kept = given && `CASE WHEN ${given} THEN ${value} ELSE ${storedOf(column)} END`
    return `${quoteIdentifier(column.name)} = ${kept ?? value}`
  })
  return parts.join(', ')
}

/** One INSERT for each set of rows that have the same columns; the database fills the others. */
function insertsSql(resolved: Resolved, options: MergeOptions): string {
  const { at, set, table, target } = resolved
  const inserts = [...resolved.shapes.keys()].map(
    (shape) => insertSql(resolved, shape, options) + countSql(at, 'inserted'),
  )
  const owned =
    table.mode === 'own'
      ? `INSERT OR IGNORE INTO _slipway_seed_row (seed, relation, key)
SELECT ${quoteText(set.name)}, ${quoteText(target.name)}, ${storedKey(resolved)} FROM ${joinedRows(resolved)} WHERE r.is_new;\n`
      : ''
  return inserts.join('') + owned
}

function insertSql(resolved: Resolved, shape: number, { now }: MergeOptions): string {
  const { target, source, columns, later, shapesOf } = resolved
  const given = columns.filter((column) => shapesOf.get(column)?.includes(shape) ?? true)
  const touched = touchedColumn(target)
  const filled = target.columns.flatMap((column) => {
    if (given.includes(column) || later.includes(column)) return []
    const filler = fillerOf(resolved, column)
    if (filler) return [{ column, sql: `r.${filler.staged}` }]
    return column === touched ? [{ column, sql: now(column) }] : []
  })
  const written = [
    ...given.map((column) => ({ column, sql: givenOf(resolved, column) })),
    ...filled,
  ]
  const names = written.map(({ column }) => quoteIdentifier(column.name)).join(', ')
  return `INSERT INTO ${target.id} (${names}) SELECT ${written.map(({ sql }) => sql).join(', ')} FROM ${source} WHERE r.is_new AND r.g = ${shape} ORDER BY r.n;\n`
}

/** SQL of the natural key of a row, as a dry run names it. */
function keyObject(resolved: Resolved): string {
  const { table, key } = resolved
  const pairs = key.map(
    (column, index) =>
      `${quoteText(table.key[index] ?? column.name)}, CAST(${givenOf(resolved, column)} AS TEXT)`,
  )
  return `json_object(${pairs.join(', ')})`
}

/** A key that is not to be shown names no row. */
function isSecret({ table }: Resolved): boolean {
  return table.key.some((field) => table.sensitive.includes(field))
}

function newRowsSql(resolved: Resolved): string {
  if (isSecret(resolved)) return ''
  return `INSERT INTO ${CHANGES} SELECT ${resolved.at}, 'insert', ${keyObject(resolved)}, '[]' FROM ${resolved.source} WHERE r.is_new ORDER BY r.n LIMIT ${NAMED};\n`
}

function changedRowsSql(
  resolved: Resolved,
  columns: readonly TargetColumn[],
  condition = '',
): string {
  if (isSecret(resolved)) return ''
  const names = columns.map(
    (column) => `CASE WHEN ${differs(resolved, column)} THEN ${quoteText(column.name)} END`,
  )
  return `INSERT INTO ${CHANGES} SELECT ${resolved.at}, 'update', ${keyObject(resolved)}, ${listSql(names)} FROM ${joinedRows(resolved)} WHERE (${anyDiffers(resolved, columns)}) ${condition} ORDER BY r.n LIMIT ${NAMED};\n`
}

/** How many arguments a function has at most here: Cloudflare D1 takes 32. */
const ARGUMENTS = 30

/** SQL of a list of lists in JSON. */
function listSql(values: readonly string[]): string {
  const lists: string[] = []
  for (let at = 0; at < values.length; at += ARGUMENTS)
    lists.push(`json_array(${values.slice(at, at + ARGUMENTS).join(', ')})`)
  return `json_array(${lists.join(', ')})`
}

/** SQL that names rows of the set that are deleted, for a dry run; `t` are the rows. */
export function goneRowsSql(resolved: Resolved, gone: string): string {
  if (isSecret(resolved)) return ''
  const { table, key } = resolved
  const pairs = key.map(
    (column, index) =>
      `${quoteText(table.key[index] ?? column.name)}, CAST(${storedOf(column)} AS TEXT)`,
  )
  return `INSERT INTO ${CHANGES} SELECT ${resolved.at}, 'delete', json_object(${pairs.join(', ')}), '[]' FROM ${gone} t LIMIT ${NAMED};\n`
}
