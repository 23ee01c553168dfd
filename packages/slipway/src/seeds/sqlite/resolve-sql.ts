import { balanced, quoteText } from '../../database/index.ts'
import { guardSql } from '../../execution/index.ts'
import {
  givenOf,
  joinedValue,
  type ResolvedColumns,
  resolvedColumns,
  sameKey,
  storedOf,
} from '../resolved-columns.ts'
import type { TargetColumn } from '../target-tables.ts'
import type { Filler } from './fillers.ts'
import { isTime } from './literals.ts'
import { SCRIPT_TABLE, type Staged } from './stage.ts'

/**
 * Staged rows with resolved references, in a table of the script. In addition to the target's columns, it has
 * `n`, `g`, `k` (the key in the ledger's form), `is_new`, `missing` (an unresolved reference), and the
 * fillers.
 */
export interface Resolved extends Staged, ResolvedColumns {
  /** SQL that creates the table. */
  readonly resolveSql: string
}

/**
 * The script's tables for the rows of one table: `r` and, if columns are filled later, `w` with all columns.
 */
type Part = 'r' | 'w'

/** The name of a table of the script; `g` has the rows to delete, `c` the numbers of the updated rows. */
export function scriptTable(at: number, part: Part | 'g' | 'c'): string {
  return `${SCRIPT_TABLE}${at}${part}`
}

/**
 * Resolves the references of staged rows. `later` names the columns that are filled later. Fails as
 * `resolvedColumns` does.
 */
export function resolveSqlite(staged: Staged, later: ReadonlySet<string>, part: Part): Resolved {
  const { layout, relation, target, at, fillers } = staged
  const columns = resolvedColumns(staged, later)
  const given = layout.columns.filter(({ column }) => !later.has(column.name))
  const names = new Map(given.map(({ column }, index) => [column, `v${index}`]))
  const values = new Map(given.map((one) => [one.column, joinedValue(one)]))
  const joins = given.flatMap(({ references }) => references.flatMap((one) => one.joins))
  const missing = given.flatMap(({ references }) =>
    references.map(
      (one) => `WHEN ${one.given} AND ${one.value} IS NULL THEN ${quoteText(one.column.name)}`,
    ),
  )
  const ofKey = columns.key.map((column) => values.get(column) ?? '')
  const same = columns.key.map((column, index) => `${storedOf(column)} = ${ofKey[index]}`)
  const selected = [
    's.n',
    's.g',
    ...given.map(({ column }) => `${values.get(column)} AS ${names.get(column)}`),
    ...fillers.map(({ staged: name }) => `s.${name}`),
    `${missing.length > 0 ? `CASE ${missing.join(' ')} END` : 'NULL'} AS missing`,
    `NOT EXISTS (SELECT 1 FROM ${target.id} t WHERE ${same.join(' AND ')}) AS is_new`,
    `${keyJson(ofKey)} AS k`,
  ]
  const name = scriptTable(at, part)
  const resolveSql = `DROP TABLE IF EXISTS ${name};
CREATE TABLE ${name} AS SELECT ${selected.join(', ')} FROM ${relation} s ${[...new Set(joins)].join(' ')};
CREATE INDEX ${name}k ON ${name} (k);\n`
  return { ...staged, ...columns, names, source: `${name} r`, resolveSql }
}

/** SQL of a key in the ledger's form, from the SQL of its values. */
function keyJson(values: readonly string[]): string {
  const texts = values.map(
    (value) => `CASE typeof(${value}) WHEN 'blob' THEN hex(${value}) ELSE ${value} END`,
  )
  return `json_array(${texts.join(', ')})`
}

/** SQL of the key of a row of the target, `t`. */
export function storedKey({ key }: Pick<Resolved, 'key'>, alias = 't'): string {
  return keyJson(key.map((column) => storedOf(column, alias)))
}

/** SQL that aborts the script if a row has an unresolved reference, no key, or a duplicate key. */
export function rowGuards(resolved: Resolved): string {
  const { source, key, at } = resolved
  const columns = key.map((column) => givenOf(resolved, column))
  const empty = balanced(
    columns.map((column) => `${column} IS NULL`),
    'OR',
  )
  return [
    referenceGuard(resolved),
    guardSql(
      'seed-key',
      '1',
      { table: String(at), row: 'n' },
      `(SELECT r.n FROM ${source} WHERE ${empty} ORDER BY r.n LIMIT 1)`,
    ),
    guardSql(
      'seed-twice',
      '1',
      { table: String(at), row: 'first', other: 'second', keys: 'keys' },
      `(SELECT min(r.n) AS first, max(r.n) AS second, count(*) OVER () AS keys FROM ${source} GROUP BY ${columns.join(', ')} HAVING count(*) > 1 ORDER BY 1 LIMIT 1)`,
    ),
  ].join('')
}

/** SQL that aborts the script if a row has an unresolved reference. */
export function referenceGuard({ source, at }: Resolved): string {
  return guardSql(
    'seed-reference',
    '1',
    { table: String(at), row: 'n', column: 'missing', rows: 'rows' },
    `(SELECT r.n, r.missing, count(*) OVER () AS rows FROM ${source} WHERE r.missing IS NOT NULL ORDER BY r.n LIMIT 1)`,
  )
}

/** SQL that is true if a column differs between a row of the target, `t`, and a resolved row, `r`. */
export function differs(resolved: Resolved, column: TargetColumn): string {
  const [stored, given] = [storedOf(column), givenOf(resolved, column)]
  const other = `${stored} IS NOT ${given} COLLATE BINARY`
  // SQLite's defaults write the same timestamp in a different form than Prisma Client.
  const differ = isTime(column)
    ? `(${other} AND coalesce(julianday(${stored}), 0) IS NOT coalesce(julianday(${given}), 1))`
    : other
  const shapes = resolved.shapesOf.get(column)
  return shapes ? `(r.g IN (${shapes.join(', ')}) AND ${differ})` : differ
}

/** SQL that is true if any of the columns differs. */
export function anyDiffers(resolved: Resolved, columns: readonly TargetColumn[]): string {
  return balanced(
    columns.map((column) => differs(resolved, column)),
    'OR',
  )
}

/** SQL for FROM: the rows of the seed, each joined with the row of the target that has its key. */
export function joinedRows(resolved: Resolved): string {
  return `${resolved.source} JOIN ${resolved.target.id} t ON ${sameKey(resolved)}`
}

/** The filler of a column, if there is one. */
export function fillerOf({ fillers }: Staged, column: TargetColumn): Filler | undefined {
  return fillers.find((one) => one.column === column)
}
