import { balanced, quoteIdentifier, quoteText } from '../../database/index.ts'
import { givenOf, isGiven, sameKey, storedOf } from '../resolved-columns.ts'
import type { TargetColumn } from '../target-tables.ts'
import { affinityOf } from './literals.ts'
import { anyDiffers, type Resolved, scriptTable, storedKey } from './resolve-sql.ts'

// The value of a unique key other than the natural key may move between rows of a set, or from a row that the
// set no longer contains. SQLite checks such a key at each row, so the old row must give up the value first.

/** SQL that first gives an unused value to rows whose unique values other rows of the set take. */
export function freeUniqueSql(resolved: Resolved): string {
  return otherKeys(resolved)
    .map((key, index) => freeSql(resolved, key, index))
    .join('')
}

/** The unique keys, except the natural key, for which rows of the set have all fields. */
function otherKeys({ target, key, columns }: Resolved): readonly (readonly TargetColumn[])[] {
  return target.unique
    .map((names) => target.columns.filter(({ name }) => names.includes(name)))
    .filter((unique) => unique.length > 0 && unique.every((column) => columns.includes(column)))
    .filter((unique) => !unique.every((column) => key.includes(column)))
}

function freeSql(resolved: Resolved, unique: readonly TargetColumn[], index: number): string {
  const { target, key, at, table, names } = resolved
  const column = unique.find(
    (one) => !key.includes(one) && unusedValue(resolved, one) !== undefined,
  )
  if (column === undefined) return ''
  const rows = scriptTable(at, 'r')
  const other: Resolved = { ...resolved, source: `${rows} r` }
  const wanted = unique.map((one) => `${givenOf(other, one)} = ${storedOf(one)}`)
  const given = unique.flatMap((one) => isGiven(other, one) ?? [])
  const isWanted = `EXISTS (SELECT 1 FROM ${other.source} WHERE ${balanced([...wanted, ...given, `NOT (${sameKey(other)})`], 'AND')})`
  const changes =
    table.mode === 'insert-missing'
      ? '0'
      : `EXISTS (SELECT 1 FROM ${other.source} WHERE r.k = ${storedKey(resolved)} AND (${anyDiffers(other, [column])}))`
  const indexed = unique.map((one) => names.get(one) ?? '').join(', ')
  return `CREATE INDEX ${rows}u${index} ON ${rows} (${indexed});
UPDATE ${target.id} AS t SET ${quoteIdentifier(column.name)} = ${unusedValue(resolved, column)} WHERE ${isWanted} AND (${changes} OR ${isToBeDeleted(resolved)});\n`
}

/** SQL that is true if the set inserted a row into its own table and no longer contains it. */
function isToBeDeleted(resolved: Resolved): string {
  const { at, set, table, target } = resolved
  if (table.mode !== 'own') return '0'
  return `(${storedKey(resolved)} IN (SELECT o.key FROM _slipway_seed_row o WHERE o.seed = ${quoteText(set.name)} AND o.relation = ${quoteText(target.name)})
  AND NOT EXISTS (SELECT 1 FROM ${scriptTable(at, 'r')} r WHERE r.k = ${storedKey(resolved)}))`
}

/** SQL of an unused value for a row, `t`; undefined if the column cannot have one. */
function unusedValue({ target }: Resolved, column: TargetColumn): string | undefined {
  if (!column.notNull) return 'NULL'
  if (target.foreignKeys.some(({ columns }) => columns.includes(column.name))) return undefined
  switch (affinityOf(column)) {
    case 'TEXT':
      return 'lower(hex(randomblob(16)))'
    case 'BLOB':
      return 'randomblob(16)'
    default:
      // Between the smallest 64-bit number and the numbers that applications use.
      return '-(4611686018427387904 + abs(random() % 4611686018427387904))'
  }
}
