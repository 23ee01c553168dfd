import { balanced, quoteText } from '../../database/index.ts'
import { guardSql } from '../../execution/index.ts'
import {
  givenOf,
  joinedValue,
  type ResolvedColumns,
  resolvedColumns,
  sameKey,
  storedOf,
} from '../resolved.ts'
import type { TargetColumn } from '../target-tables.ts'
import type { Filler } from './fillers.ts'
import { isTime } from './literals.ts'
import { SCRIPT_TABLE, type Staged } from './staged.ts'

/**
 * Staged rows with their references found, in a table of the script: with the columns of the target it has `n`, `g`,
 * `k` (the key as the ledger has it), `is_new`, `missing` (a reference that leads nowhere), and the fillers.
 */
export interface Resolved extends Staged, ResolvedColumns {
  /** Creates the table. */
  readonly resolveSql: string
}

/** The tables of the script that hold the rows of one table: `r` and, where columns must wait, `w` with all of them. */
type Part = 'r' | 'w'

/** The name of a table of the script. */
export function scriptTable(at: number, part: Part | 'g'): string {
  return `${SCRIPT_TABLE}${at}${part}`
}

/** Finds the rows that staged rows refer to. `later` names the columns that must wait. Fails as `resolvedColumns` does. */
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

/** SQL of a key as the ledger has it, from the SQL of its values. */
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

/** SQL that ends the script where a row refers to none, has no key, or has that of another row. */
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

/** SQL that ends the script where a row refers to none. */
export function referenceGuard({ source, at }: Resolved): string {
  return guardSql(
    'seed-reference',
    '1',
    { table: String(at), row: 'n', column: 'missing', rows: 'rows' },
    `(SELECT r.n, r.missing, count(*) OVER () AS rows FROM ${source} WHERE r.missing IS NOT NULL ORDER BY r.n LIMIT 1)`,
  )
}

/** SQL that is true where a row of the target, `t`, has a different value from that of a row, `r`. */
export function differs(resolved: Resolved, column: TargetColumn): string {
  const [stored, given] = [storedOf(column), givenOf(resolved, column)]
  const other = `${stored} IS NOT ${given} COLLATE BINARY`
  // A default of SQLite writes the same point in time otherwise than Prisma's client does.
  const differ = isTime(column)
    ? `(${other} AND coalesce(julianday(${stored}), 0) IS NOT coalesce(julianday(${given}), 1))`
    : other
  const shapes = resolved.shapesOf.get(column)
  return shapes ? `(r.g IN (${shapes.join(', ')}) AND ${differ})` : differ
}

/** The same for any of some columns. */
export function anyDiffers(resolved: Resolved, columns: readonly TargetColumn[]): string {
  return balanced(
    columns.map((column) => differs(resolved, column)),
    'OR',
  )
}

/** FROM a row of the target and the row of the seed with its key. */
export function joinedRows(resolved: Resolved): string {
  return `${resolved.source} JOIN ${resolved.target.id} t ON ${sameKey(resolved)}`
}

/** The filler of a column, where rows have one. */
export function fillerOf({ fillers }: Staged, column: TargetColumn): Filler | undefined {
  return fillers.find((one) => one.column === column)
}
