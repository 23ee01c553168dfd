import { columnIn, type DefinedTable, isSameName, keyOfName } from '../../../schema/index.ts'
import { sqliteDetail, type SqliteIndex } from '../../../statements/index.ts'
import { list, quoted, quotedList } from '../names-and-sizes.ts'
import { type Rebuild, successorOf } from '../rebuild.ts'
import type { SqliteContext, SqliteRule } from '../rule.ts'

/** A unique index on existing rows fails if two rows have the same values. */
export const uniqueIndexOnRows: SqliteRule = {
  id: 'unique-index-on-rows',
  title: 'A unique index is built on existing rows',
  judge(detail, context) {
    if (detail.kind !== 'create-index' || !detail.index.unique) return undefined
    const { index } = detail
    const { name, table, columns, partial } = index
    if (isUniqueAlready(index, context) || isEmptyColumn(index, context)) return undefined
    const isPlain = columns.every((column) => column !== '')
    return {
      severity: 'warning',
      object: { kind: 'index', schema: null, name },
      table,
      message: `The unique index ${name} fails if rows of ${table} have the same values in ${isPlain ? list(columns) : 'its expressions'}.`,
      safeSql:
        isPlain && !partial
          ? `SELECT ${quotedList(columns)}, count(*) FROM ${quoted(table)} GROUP BY ${quotedList(columns)} HAVING count(*) > 1;`
          : undefined,
    }
  },
}

/** Whether a unique key on these columns exists, or existed before the table was rebuilt. */
function isUniqueAlready(index: SqliteIndex, { definitions, run }: SqliteContext): boolean {
  const rebuild = run.rebuilds.find(({ name }) => isSameName(name, index.table))
  const own = definitions.tables.get(keyOfName(index.table))
  const key = asKey(index.columns)
  const before = rebuild ? keysBefore(rebuild) : []
  const now = [...definitions.indexes.values()].filter((one) => isUniqueOn(one, index.table))
  const keys = [...(own ? keysOf(own) : []), ...now.map(({ columns }) => columns), ...before]
  return keys.some((columns) => asKey(columns) === key)
}

/** The keys of the old table, with the column names of the new one. */
function keysBefore(rebuild: Rebuild): readonly (readonly string[])[] {
  const { old, before } = rebuild
  const indexes = [...before.indexes.values()].filter((one) => isUniqueOn(one, old.name))
  return [...keysOf(old), ...indexes.map(({ columns }) => columns)].map((columns) =>
    columns.map((column) => successorOf(rebuild, column) ?? column),
  )
}

function isUniqueOn({ unique, partial, table }: SqliteIndex, name: string): boolean {
  return unique && !partial && isSameName(table, name)
}

function keysOf({ primaryKey, uniques }: DefinedTable): readonly (readonly string[])[] {
  return primaryKey.length === 0 ? uniques : [primaryKey, ...uniques]
}

/** A key for comparison that ignores the order of columns. */
function asKey(columns: readonly string[]): string {
  return JSON.stringify(columns.map(keyOfName).toSorted())
}

/** Whether one of its columns is added by this migration without values: NULLs do not violate uniqueness. */
function isEmptyColumn(
  index: SqliteIndex,
  { definitions, run, migration }: SqliteContext,
): boolean {
  const table = definitions.tables.get(keyOfName(index.table))
  const start = run.before.get(1)?.tables.get(keyOfName(index.table))
  if (table === undefined || start === undefined || start.columns.length === 0) return false
  const isWritten = migration.statements.some((statement) => {
    const detail = sqliteDetail(statement)
    return detail.kind === 'update' && isSameName(detail.table, index.table)
  })
  if (isWritten) return false
  const rebuild = run.rebuilds.find(({ name }) => isSameName(name, index.table))
  const filled = rebuild?.copies.flatMap(({ values = [] }) => values.map(({ target }) => target))
  return index.columns.some((name) => {
    const column = columnIn(table, name)
    const hasDefault = column?.default !== undefined && column.default.kind !== 'null'
    const isFilled = filled?.some((target) => isSameName(target, name)) === true
    return column !== undefined && !columnIn(start, name) && !hasDefault && !isFilled
  })
}
