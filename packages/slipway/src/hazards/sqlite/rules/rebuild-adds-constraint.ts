import { columnIn, isSameName, keyOfName } from '../../../schema/index.ts'
import type { SqliteTable } from '../../../statements/index.ts'
import { columnObject, list, quoted, tableObject } from '../names-and-sizes.ts'
import { copiesAt, type Copy, isKnown, isNotNull, type Rebuild, successorOf } from '../rebuild.ts'
import type { SqliteFinding, SqliteRule } from '../rule.ts'

/** The copy into the new table checks the new constraint for each row. */
export const rebuildAddsConstraint: SqliteRule = {
  id: 'rebuild-adds-constraint',
  title: 'A rebuild adds a constraint that existing rows may break',
  judge(_detail, context) {
    return copiesAt(context).flatMap(({ copy, rebuild }) => [
      ...requiredNow(copy, rebuild),
      ...(copy === rebuild.copies[0] && isKnown(rebuild.old) ? addedTo(rebuild) : []),
    ])
  },
}

function requiredNow(
  { values = [] }: Copy,
  { name, old, oldName, newTable }: Rebuild,
): SqliteFinding[] {
  return values.flatMap(({ target, source }) => {
    const after = columnIn(newTable, target)
    const before = source.column === undefined ? undefined : columnIn(old, source.column)
    if (!after || !before || source.neverNull) return []
    if (!isNotNull(newTable, after) || isNotNull(old, before)) return []
    return [
      {
        severity: 'warning' as const,
        object: columnObject(name, target),
        table: oldName,
        message: `The rebuild makes ${target} of ${name} required: it fails if a row has NULL there. Select coalesce(${quoted(before.name)}, …) with the value that such rows get.`,
        safeSql: `SELECT count(*) FROM ${quoted(old.name)} WHERE ${quoted(before.name)} IS NULL;`,
      },
    ]
  })
}

function addedTo(rebuild: Rebuild): SqliteFinding[] {
  const { name, old, oldName, newTable, before } = rebuild
  const say = (what: string): SqliteFinding => ({
    severity: 'warning',
    object: tableObject(name),
    table: oldName,
    message: `The rebuild adds ${what} to ${name}: it fails if existing rows break it.`,
  })
  const known = [
    ...keysOf(old),
    ...[...before.indexes.values()]
      .filter(({ unique, partial, table }) => unique && !partial && isSameName(table, old.name))
      .map(({ columns }) => columns),
  ].map((columns) => asKey(columns.map((column) => successorOf(rebuild, column) ?? column)))
  const checks = new Set(old.checks.map(({ text }) => withoutSpace(text)))
  const foreign = new Set(
    old.foreignKeys.map(({ columns, table }) =>
      asKey([...columns.map((column) => successorOf(rebuild, column) ?? column), table]),
    ),
  )
  return [
    ...keysOf(newTable)
      .filter((columns) => !known.includes(asKey(columns)))
      .map((columns) => say(`a unique key on ${list(columns)}`)),
    ...newTable.checks
      .filter(({ text }) => !checks.has(withoutSpace(text)))
      .map(({ text, name: own }) => say(`the check ${own ?? text}`)),
    ...newTable.foreignKeys
      .filter(({ columns, table }) => !foreign.has(asKey([...columns, table])))
      .filter(({ columns }) => columns.some((column) => isFilled(rebuild, column)))
      .map(({ columns, table }) => say(`a foreign key from ${list(columns)} to ${table}`)),
  ]
}

function isFilled({ copies }: Rebuild, column: string): boolean {
  return copies.some(({ values = [] }) => values.some(({ target }) => isSameName(target, column)))
}

function keysOf({ primaryKey, uniques }: SqliteTable): readonly (readonly string[])[] {
  return primaryKey.length === 0 ? uniques : [primaryKey, ...uniques]
}

/** A key for comparison that ignores the order of columns. */
function asKey(columns: readonly string[]): string {
  return JSON.stringify(columns.map(keyOfName).toSorted())
}

function withoutSpace(text: string): string {
  return text.replaceAll(/[\s"`]+/g, '').toLowerCase()
}
