import { quoteIdentifier } from '../../database/index.ts'
import { primaryKeyOf } from '../../schema/index.ts'
import { columnsIn, type PendingTable } from '../pending-rows.ts'

/** Which rows of a table offend. */
export interface Offence {
  /** The columns that the SQL below names, by their names now. */
  readonly columns: readonly string[]
  /** A condition on a row. */
  readonly where: string
  /** Only rows that share the values of these expressions with another of them. */
  readonly sharing?: readonly string[]
  /** Rows of tables that inherit from this one do not count. */
  readonly only?: boolean
}

/** The place of a row, for an offence that compares rows of one table. */
export const ROW_PLACE = quoteIdentifier('slipway row')

/**
 * A SELECT that gives the key of each offending row of the target. The table is shown to the SQL of
 * the statement as it will be when that statement runs: under the names at that time.
 */
export function offendingRows(table: PendingTable, offence: Offence): string {
  const { where, sharing, columns, only } = offence
  const rows = rowsOf(table, { columns, only: only === true, keys: true })
  const keys = keysOf(table).map(({ name, alias }) => `${alias} AS ${quoteIdentifier(name)}`)
  if (sharing === undefined) return `SELECT ${keys.join(', ')} FROM ${rows} WHERE ${where}`
  const count = `count(*) OVER (PARTITION BY ${sharing.join(', ')}) AS "slipway rows"`
  const alike = `SELECT *, ${count} FROM ${rows} WHERE ${where}`
  return `SELECT ${keys.join(', ')} FROM (${alike}) AS alike WHERE "slipway rows" > 1`
}

/** Rows of a table as they will be, to read from under its name at that time or `alias`. */
export function rowsOf(
  table: PendingTable,
  shown: {
    readonly columns: readonly string[]
    readonly only: boolean
    readonly keys?: boolean
    readonly alias?: string
  },
): string {
  const values = [...new Set(shown.columns)].map((name) => {
    const value = table.columns.get(name)?.value ?? 'NULL'
    return `${value} AS ${quoteIdentifier(name)}`
  })
  const keys = shown.keys ? keysOf(table).map(({ value, alias }) => `${value} AS ${alias}`) : []
  const selected = [...keys, `t.ctid AS ${ROW_PLACE}`, ...values]
  const alias = quoteIdentifier(shown.alias ?? table.name)
  return `(SELECT ${selected.join(', ')} ${fromTarget(table, shown.only)}) AS ${alias}`
}

/** A column as the SQL of a check names it. */
export function columnOf(table: PendingTable, name: string): string {
  return `${quoteIdentifier(table.name)}.${quoteIdentifier(name)}`
}

/** Why the rows cannot be shown to SQL that reads these columns. */
export function unknownColumn(table: PendingTable, columns: readonly string[]): string | undefined {
  return columns.flatMap((name) => table.columns.get(name)?.unknown ?? [])[0]
}

/** All that an SQL text reads of a table, besides given columns. */
export function columnsRead(
  table: PendingTable,
  columns: readonly string[],
  ...sql: (string | undefined)[]
): string[] {
  return [...new Set([...columns, ...sql.flatMap((text) => columnsIn(table, text ?? ''))])]
}

function keysOf({ target }: PendingTable): { name: string; value: string; alias: string }[] {
  const names = target ? primaryKeyOf(target) : []
  return (names.length === 0 ? ['ctid'] : names).map((name, index) => ({
    name,
    value: `t.${quoteIdentifier(name)}`,
    alias: quoteIdentifier(`slipway key ${index + 1}`),
  }))
}

function fromTarget({ target, targetSql }: PendingTable, only: boolean): string {
  if (target === undefined) return 'FROM (SELECT NULL::tid AS ctid) AS t WHERE false'
  return `FROM ${only && !target.partitioned ? 'ONLY ' : ''}${targetSql} AS t`
}
