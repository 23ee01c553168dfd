import { balanced, quoteIdentifier, quoteText } from '../../database/index.ts'
import { guardSql } from './guard.ts'

/** A table whose rows are summed, and the summed columns. */
export interface SummedTable {
  readonly name: string
  readonly columns: readonly SummedColumn[]
}

/** A column, and whether its values are summed or only counted: a new type may write them differently. */
export interface SummedColumn {
  readonly name: string
  readonly values: boolean
}

/** A SELECT of the number of rows of a table as `rows`, and the sums of its columns, in one text, as `sums`. */
function tableSumsSql({ name, columns }: SummedTable, where = ''): string {
  const sums = columns.flatMap(({ values }, at) => sumsOf(`c${at}`, values))
  const text = sums.length === 0 ? "''" : balanced(sums, "|| ' ' ||")
  const texts = columns.map((column, at) => {
    const own = quoteIdentifier(column.name)
    const shown = column.values ? `CASE WHEN ${own} IS NULL THEN NULL ELSE quote(${own}) END` : own
    return `${shown} AS c${at}`
  })
  // Because of its LIMIT, SQLite computes each text once.
  const from = `(SELECT ${texts.join(', ') || '1'} FROM ${quoteIdentifier(name)}${where} LIMIT -1)`
  return `SELECT count(*) AS rows, ${text} AS sums FROM ${from}`
}

/**
 * The number of values in a column, their total length, and a weighted sum of the characters at some of their
 * positions. SQLite has no hash function: the sums always show a missing row or a value that became NULL. They do
 * not show values that moved between rows, or a different character in the middle of a long text.
 */
function sumsOf(text: string, values: boolean): string[] {
  const count = `count(${text})`
  if (!values) return [count]
  const at = (place: string, weight: number) =>
    `${weight} * coalesce(unicode(substr(${text}, ${place}, 1)), 0)`
  const places = [
    at('1', 5),
    at('-1', 11),
    at('2', 3),
    at('3', 7),
    at('4', 13),
    at('-2', 31),
    at('-3', 61),
    at(`length(${text}) / 2`, 127),
    at(`length(${text}) / 3`, 251),
  ]
  return [
    count,
    `coalesce(sum(length(${text})), 0)`,
    `coalesce(sum((1 + length(${text}) % 17) * (${places.join(' + ')})), 0)`,
  ]
}

/** The table in which a script keeps the sums from before its changes. It exists only while the script runs. */
const BEFORE = '_slipway_before'

/** What a script compares between its beginning and its end. */
export interface Comparison {
  readonly tables: readonly ComparedTable[]
  /** Whether to compare violated foreign keys, because they are not enforced. */
  readonly keys: boolean
  /** Tables whose foreign keys SQLite cannot check: see `readUncheckedTables`. */
  readonly unchecked?: readonly string[] | undefined
}

/** The violated foreign keys, as a source of a FROM clause. */
function violationsSql({ unchecked = [] }: Comparison): string {
  if (unchecked.length === 0) return 'pragma_foreign_key_check'
  const names = unchecked.map(quoteText).join(', ')
  return `(SELECT c.* FROM sqlite_schema m CROSS JOIN pragma_foreign_key_check(m.name) c WHERE m.type = 'table' AND m.name NOT IN (${names}))`
}

/** The name under which the violations between two tables are counted; no table has such a name by chance. */
const KEY = `' key ' || lower("table") || ' ' || lower(parent)`

/** SQL that records, before the changes of a script, what `compareSql` compares. */
export function noteSql(comparison: Comparison): string {
  const { tables: compared, keys } = comparison
  const rows = compared.map(({ before, grows }) => {
    const rowid = grows?.rowids?.[0]
    const last =
      rowid === undefined
        ? 'NULL'
        : `(SELECT max(${quoteIdentifier(rowid)}) FROM ${quoteIdentifier(before.name)})`
    return `INSERT INTO ${BEFORE} SELECT ${quoteText(before.name)}, rows, sums, ${last} FROM (${tableSumsSql(before)});\n`
  })
  const violations = keys
    ? `INSERT INTO ${BEFORE} SELECT ${KEY}, count(*), '', NULL FROM ${violationsSql(comparison)} GROUP BY 1;
INSERT INTO ${BEFORE} SELECT ' table ' || lower(name), 0, '', NULL FROM sqlite_schema WHERE type = 'table';\n`
    : ''
  return `DROP TABLE IF EXISTS ${BEFORE};
CREATE TABLE ${BEFORE} (name TEXT NOT NULL, rows INTEGER NOT NULL, sums TEXT NOT NULL, last_rowid INTEGER);\n${rows.join('')}${violations}`
}

/** A table before and after the changes of a script. */
export interface ComparedTable {
  readonly before: SummedTable
  /** Its columns are in the same order as in `before`. */
  readonly after: SummedTable
  /** Present if it may gain rows: then only rows up to the largest rowid from before the changes are compared. */
  readonly grows?: {
    /** The names of the rowid before and after; without them, only the number of rows is compared. */
    readonly rowids?: readonly [string, string]
  }
}

/** SQL that ends the script if the rows or values of a table differ, or if there are more foreign key violations. */
export function compareSql(comparison: Comparison): string {
  const { tables, keys } = comparison
  const guards = tables.map(({ before, after, grows }) => {
    const name = quoteText(before.name)
    const old = `(SELECT rows AS old_rows, sums AS old_sums FROM ${BEFORE} WHERE name = ${name})`
    const rowid = grows?.rowids?.[1]
    const differs =
      grows && rowid === undefined ? 'rows < old_rows' : 'old_rows <> rows OR old_sums <> sums'
    const facts = { table: name, before: 'old_rows', after: 'rows' }
    const where =
      rowid === undefined
        ? ''
        : ` WHERE ${quoteIdentifier(rowid)} <= (SELECT last_rowid FROM ${BEFORE} WHERE name = ${name})`
    return guardSql('rows', differs, facts, `${old}, (${tableSumsSql(after, where)})`)
  })
  // Where a table was renamed, only the number of all violations is compared.
  const all = `(SELECT coalesce(sum(rows), 0) FROM ${BEFORE} WHERE name GLOB ' key *')`
  const violated = `(SELECT * FROM (SELECT "table" AS child, parent, count(*) AS now, sum(count(*)) OVER () AS total,
    coalesce((SELECT rows FROM ${BEFORE} WHERE name = ${KEY}), 0) AS then_ FROM ${violationsSql(comparison)} GROUP BY "table", parent)
  WHERE now > then_ AND (total > ${all} OR (' table ' || lower(child) IN (SELECT name FROM ${BEFORE}) AND ' table ' || lower(parent) IN (SELECT name FROM ${BEFORE}))) LIMIT 1)`
  const facts = { table: 'child', rows: 'now - then_' }
  const keyGuard = keys ? guardSql('keys', 'now > then_', facts, violated) : ''
  return `${guards.join('')}${keyGuard}DROP TABLE ${BEFORE};\n`
}
