import { quoteIdentifier, quoteText } from '../../database/index.ts'
import { givenOf, isGiven, sameKey, storedOf } from '../resolved-columns.ts'
import { hasSecretKey } from '../sensitive.ts'
import type { TargetColumn } from '../target-tables.ts'
import { touchedColumn } from './fillers.ts'
import {
  anyDiffers,
  differs,
  fillerOf,
  joinedRows,
  type Resolved,
  scriptTable,
  storedKey,
} from './resolve-sql.ts'
import { freeUniqueSql } from './unique-sql.ts'

/**
 * The table in which a script counts its changes: the number of a table, the kind of change, and the number
 * of rows.
 */
export const COUNTS = '_slipway_seed_counts'

/** The table in which a dry run lists changed rows. */
export const CHANGES = '_slipway_seed_changes'

/** The maximum number of rows of each kind that a dry run lists. */
const NAMED = 20

/** The counters of a script for a table. */
export type Counted = 'rows' | 'inserted' | 'updated' | 'filled' | 'deleted' | 'forgotten'

/** Options for merging the tables of a run. */
export interface MergeOptions {
  /** SQL of the time of the run, for columns that Prisma Client sets to the time of an update. */
  readonly now: (column: TargetColumn) => string
  readonly dryRun: boolean
}

/** SQL that creates the tables of counts and of changes. */
export const COUNTING = `DROP TABLE IF EXISTS ${COUNTS};
CREATE TABLE ${COUNTS} (at INTEGER NOT NULL, what TEXT NOT NULL, rows INTEGER NOT NULL);
DROP TABLE IF EXISTS ${CHANGES};
CREATE TABLE ${CHANGES} (at INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, columns TEXT NOT NULL);\n`

/** SQL that records a count: by default, the number of rows that the previous statement changed. */
export function countSql(at: number, what: Counted, rows = 'changes()'): string {
  return `INSERT INTO ${COUNTS} VALUES (${at}, ${quoteText(what)}, ${rows});\n`
}

/**
 * SQL that merges the rows of the seed into a table according to its owner mode: an UPDATE, and an INSERT per
 * shape.
 */
export function mergeSql(resolved: Resolved, options: MergeOptions): string {
  const { at, source, table, key, columns } = resolved
  const values = columns.filter((column) => !key.includes(column))
  const updates = table.mode !== 'insert-missing' && values.length > 0
  return [
    options.dryRun ? newRowsSql(resolved) : '',
    options.dryRun && updates ? changedRowsSql(resolved, values) : '',
    countSql(at, 'rows', `(SELECT count(*) FROM ${source})`),
    resolved.later.length > 0 ? changedNumbersSql(resolved, updates ? values : []) : '',
    freeUniqueSql(resolved),
    updates ? updateSql(resolved, values, options) + countSql(at, 'updated') : '',
    insertsSql(resolved, options),
  ].join('')
}

/** SQL that stores the numbers of the rows that the merge updates, so that none is counted twice. */
function changedNumbersSql(resolved: Resolved, values: readonly TargetColumn[]): string {
  const changed = scriptTable(resolved.at, 'c')
  const rows =
    values.length === 0
      ? ''
      : `INSERT INTO ${changed} SELECT r.n FROM ${joinedRows(resolved)} WHERE ${anyDiffers(resolved, values)};\n`
  return `DROP TABLE IF EXISTS ${changed};\nCREATE TABLE ${changed} (n INTEGER PRIMARY KEY);\n${rows}`
}

/**
 * SQL that fills the columns that refer to later rows; for `insert-missing`, only in inserted rows. Counts the
 * existing rows that the merge did not update.
 */
export function fillSql(
  resolved: Resolved,
  deferred: readonly TargetColumn[],
  options: MergeOptions,
): string {
  const { at, source, target, table } = resolved
  // The rows as first resolved record whether they are new.
  const isNew = `r.n IN (SELECT f.n FROM ${scriptTable(at, 'r')} f WHERE f.is_new)`
  const other = anyDiffers(resolved, deferred)
  const update = `UPDATE ${target.id} AS t SET ${assigned(resolved, deferred)} FROM ${source} WHERE ${sameKey(resolved)} AND (${other})`
  if (table.mode === 'insert-missing') return `${update} AND ${isNew};\n`
  const isCounted = `r.n IN (SELECT c.n FROM ${scriptTable(at, 'c')} c)`
  const filled = `(SELECT count(*) FROM ${joinedRows(resolved)} WHERE (${other}) AND NOT ${isNew} AND NOT ${isCounted})`
  return [
    options.dryRun ? changedRowsSql(resolved, deferred, `AND NOT ${isNew}`) : '',
    countSql(at, 'filled', filled),
    `${update};\n`,
  ].join('')
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

/** SQL that sets the time of the run in rows that do not give a time. */
function touchedSql(resolved: Resolved, column: TargetColumn, now: string, isIn: boolean): string {
  const name = quoteIdentifier(column.name)
  if (!isIn) return `${name} = ${now}`
  const [given, value] = [isGiven(resolved, column), givenOf(resolved, column)]
  return `${name} = ${given === undefined ? value : `CASE WHEN ${given} THEN ${value} ELSE ${now} END`}`
}

/** The assignments of an UPDATE; a column that a row omits keeps its value. */
function assigned(resolved: Resolved, columns: readonly TargetColumn[]): string {
  const parts = columns.map((column) => {
    const [given, value] = [isGiven(resolved, column), givenOf(resolved, column)]
    const kept = given && `CASE WHEN ${given} THEN ${value} ELSE ${storedOf(column)} END`
    return `${quoteIdentifier(column.name)} = ${kept ?? value}`
  })
  return parts.join(', ')
}

/** One INSERT for each group of rows with the same columns; the database fills the other columns. */
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

/** SQL of the natural key of a row, as a dry run lists it. */
function keyObject(resolved: Resolved): string {
  const { table, key } = resolved
  const pairs = key.map(
    (column, index) =>
      `${quoteText(table.key[index] ?? column.name)}, CAST(${givenOf(resolved, column)} AS TEXT)`,
  )
  return `json_object(${pairs.join(', ')})`
}

function newRowsSql(resolved: Resolved): string {
  if (hasSecretKey(resolved)) return ''
  return `INSERT INTO ${CHANGES} SELECT ${resolved.at}, 'insert', ${keyObject(resolved)}, '[]' FROM ${resolved.source} WHERE r.is_new ORDER BY r.n LIMIT ${NAMED};\n`
}

function changedRowsSql(
  resolved: Resolved,
  columns: readonly TargetColumn[],
  condition = '',
): string {
  if (hasSecretKey(resolved)) return ''
  const names = columns.map(
    (column) => `CASE WHEN ${differs(resolved, column)} THEN ${quoteText(column.name)} END`,
  )
  return `INSERT INTO ${CHANGES} SELECT ${resolved.at}, 'update', ${keyObject(resolved)}, ${listSql(names)} FROM ${joinedRows(resolved)} WHERE (${anyDiffers(resolved, columns)}) ${condition} ORDER BY r.n LIMIT ${NAMED};\n`
}

/** The maximum number of function arguments that we use; Cloudflare D1 allows 32. */
const ARGUMENTS = 30

/** SQL of a JSON list of lists. */
function listSql(values: readonly string[]): string {
  const lists: string[] = []
  for (let at = 0; at < values.length; at += ARGUMENTS)
    lists.push(`json_array(${values.slice(at, at + ARGUMENTS).join(', ')})`)
  return `json_array(${lists.join(', ')})`
}

/** SQL that lists the deleted rows of the set, `t`, for a dry run. */
export function goneRowsSql(resolved: Resolved, gone: string): string {
  if (hasSecretKey(resolved)) return ''
  const { table, key } = resolved
  const pairs = key.map(
    (column, index) =>
      `${quoteText(table.key[index] ?? column.name)}, CAST(${storedOf(column)} AS TEXT)`,
  )
  return `INSERT INTO ${CHANGES} SELECT ${resolved.at}, 'delete', json_object(${pairs.join(', ')}), '[]' FROM ${gone} t LIMIT ${NAMED};\n`
}
