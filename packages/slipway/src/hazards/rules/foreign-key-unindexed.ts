import { constraintName, indexesOf, keyOf } from '../../schema/index.ts'
import type { ConstraintDefinition, ObjectName } from '../../statements/index.ts'
import type { Context, Finding, Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'
import { identifier, identifiers, qualified } from '../quote.ts'

/** Without an index on the referencing columns, each delete of a referenced row reads the whole table. */
export const foreignKeyUnindexed: Rule = {
  id: 'foreign-key-unindexed',
  title: 'A foreign key has no index',
  judge(action, context) {
    if (action.kind === 'add-constraint')
      return judgeKeys(action.table, [action.constraint], context)
    if (action.kind === 'add-column')
      return judgeKeys(action.table, action.column.constraints, context)
    if (action.kind !== 'create-table') return undefined
    const written = [
      ...action.columns.flatMap(({ constraints }) => constraints),
      ...action.constraints,
    ]
    return judgeKeys(action.table, written, context)
  },
}

function judgeKeys(
  table: ObjectName,
  constraints: readonly ConstraintDefinition[],
  context: Context,
): Finding[] {
  const own = constraints.filter(({ kind }) => kind === 'primary-key' || kind === 'unique')
  const indexes = [...indexedColumns(table, context), ...own.map(({ columns }) => columns)]
  return constraints
    .filter(
      ({ kind, columns }) => kind === 'foreign-key' && !indexes.some((one) => begins(one, columns)),
    )
    .map((key) => ({
      severity: 'info',
      object: tableObject(context, table),
      message: `No index of ${full(context, table)} begins with the columns of the foreign key ${constraintName(table, key)}: each delete of a referenced row reads the whole table.`,
      safeSql: `CREATE INDEX CONCURRENTLY ${identifier([table.name, ...key.columns, 'idx'].join('_'))} ON ${qualified(table)} (${identifiers(key.columns)});`,
    }))
}

/** The columns of each non-partial index that the table has or that this migration creates. */
function indexedColumns(table: ObjectName, { schema, migration }: Context): (readonly string[])[] {
  const key = keyOf(schema, table)
  const there = indexesOf(schema, table).filter(({ partial }) => !partial)
  const coming = migration.statements
    .flatMap(({ actions }) => actions)
    .filter((action) => action.kind === 'create-index' && keyOf(schema, action.table) === key)
  return [
    ...there.map(({ columns }) => columns),
    ...coming.flatMap((action) =>
      action.kind === 'create-index' && action.where === undefined ? [action.columns] : [],
    ),
  ]
}

function begins(index: readonly string[], columns: readonly string[]): boolean {
  const first = index.slice(0, columns.length)
  return columns.every((column) => first.includes(column))
}
