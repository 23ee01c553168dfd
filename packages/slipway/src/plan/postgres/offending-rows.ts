import { quoteIdentifier } from '../../database/index.ts'
import { primaryKeyOf } from '../../schema/index.ts'
import { columnsIn, type PendingTable } from '../pending-rows.ts'

/** The condition by which rows of a table violate a requirement. */
export interface RowCondition {
  /** The current names of the columns that the SQL below uses. */
  readonly columns: readonly string[]
  /** A condition on a row. */
  readonly where: string
  /** If given, only rows that have the same values of these expressions as another such row. */
  readonly sharing?: readonly string[]
  /** Whether rows of child tables are excluded. */
  readonly only?: boolean
}

/** The alias of a row's ctid, for conditions that compare rows of one table. */
export const ROW_PLACE = quoteIdentifier('slipway row')

/**
 * A SELECT that returns the key of each offending row of the target. The SQL of the statement sees the
 * table as it will be when the statement runs, with its names at that time.
 */
export function offendingRows(table: PendingTable, offence: RowCondition): string {
  const { where, sharing, columns, only } = offence
  const rows = rowsOf(table, { columns, only: only === true, keys: true })
  const keys = keysOf(table).map(({ name, alias }) => `${alias} AS ${quoteIdentifier(name)}`)
  if (sharing === undefined) return `SELECT ${keys.join(', ')} FROM ${rows} WHERE ${where}`
  const count = `count(*) OVER (PARTITION BY ${sharing.join(', ')}) AS "slipway rows"`
  const alike = `SELECT *, ${count} FROM ${rows} WHERE ${where}`
  return `SELECT ${keys.join(', ')} FROM (${alike}) AS alike WHERE "slipway rows" > 1`
}

/** The rows of a table as they will be, as a FROM item named with `alias` or the table's name at that time. */
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

/** A column reference in the SQL of a check. */
export function columnOf(table: PendingTable, name: string): string {
  return `${quoteIdentifier(table.name)}.${quoteIdentifier(name)}`
}

/** Why SQL that reads these columns cannot run on the current rows; undefined if it can. */
export function unknownColumn(table: PendingTable, columns: readonly string[]): string | undefined {
  return columns.flatMap((name) => table.columns.get(name)?.unknown ?? [])[0]
}

/** The given columns, and the columns of a table that SQL texts use. */
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
