import {
  isSameName,
  type RowTable,
  type SqliteState,
  type TableChange,
} from '../../schema/index.ts'
import {
  type Action,
  type Destruction,
  distinctDestructions,
  type ObjectName,
  partRef,
  sqliteTextIndex,
  type Statement,
  type TableRef,
} from '../../statements/index.ts'

/** How a SQLite migration changes a database. */
export interface SqliteEffect {
  readonly before: SqliteState
  readonly changes: readonly TableChange[]
  readonly statements: readonly Pick<Statement, 'actions'>[]
}

/**
 * The data of the previous state that a migration destroys according to its statements: dropped tables and
 * columns, rows that it deletes or leaves out of a copy, values that it updates or computes.
 */
export function sqliteLossesOf({ before, changes, statements }: SqliteEffect): Destruction[] {
  return distinctDestructions([
    ...virtualRows(before).flatMap((one) => virtualTableGone(one, statements)),
    ...changes.flatMap(goneOf),
    ...statements
      .flatMap(({ actions }) => actions)
      .flatMap((action) => destroyedBy(action, [...changes, ...virtualRows(before)])),
  ])
}

/** The reference to a table. */
function refOf(name: string): TableRef {
  return { kind: 'table', schema: null, name }
}

function goneOf({ before, after, columns }: TableChange): Destruction[] {
  if (before === undefined) return []
  const table = refOf(before.name)
  if (after === undefined) return [{ what: 'object', object: table }]
  const computed = new Set(before.columns.flatMap((one) => (one.generated ? [one.name] : [])))
  return columns.flatMap((column): Destruction[] => {
    if (column.before === undefined || computed.has(column.before)) return []
    const object = partRef('column', table, column.before)
    if (column.after === undefined) return [{ what: 'object', object }]
    return column.exact ? [] : [{ what: 'values', object }]
  })
}

/**
 * The virtual tables with rows of their own, as if each remained. One that indexes another table has none.
 */
function virtualRows({ objects, tables }: SqliteState): (TableChange & { before: RowTable })[] {
  const ordinary = new Set(tables.map(({ name }) => name))
  const virtual = objects.filter(({ kind, name }) => kind === 'table' && !ordinary.has(name))
  return virtual
    .filter(({ sql }) => sqliteTextIndex(sql) === undefined)
    .map(({ name }) => ({
      before: { name, columns: [], key: [], unique: [], virtual: true },
      columns: [],
      rebuilt: false,
    }))
}

/** Virtual tables are identified only by name. */
function virtualTableGone(
  { before: { name } }: { readonly before: RowTable },
  statements: SqliteEffect['statements'],
): Destruction[] {
  const isDropped = statements.some(({ actions }) =>
    actions.some(
      (action) =>
        action.kind === 'drop' && action.of === 'table' && isSameName(action.object.name, name),
    ),
  )
  return isDropped ? [{ what: 'object', object: refOf(name) }] : []
}

function destroyedBy(action: Action, changes: readonly TableChange[]): Destruction[] {
  switch (action.kind) {
    case 'delete':
      return existing(action.table, changes).map(({ name }) => rowsOf(name))
    case 'insert': {
      const { copies, table, updates } = action
      const left = copies?.filtered
        ? changes.filter(
            ({ before, after, rebuilt }) =>
              rebuilt &&
              before &&
              after &&
              isSameName(before.name, copies.from.name) &&
              !isSameName(table.name, before.name),
          )
        : []
      return [
        ...left.flatMap(({ before }) => (before ? [rowsOf(before.name)] : [])),
        ...(updates ? existing(table, changes).map(({ name }) => rowsOf(name)) : []),
      ]
    }
    case 'update':
      return existing(action.table, changes).flatMap(({ name, columns, virtual }) =>
        (virtual ? action.columns : columns)
          .filter((column) => action.columns.some((one) => isSameName(one, column)))
          .map((column) => ({
            what: 'values' as const,
            object: partRef('column', refOf(name), column),
          })),
      )
    default:
      return []
  }
}

function rowsOf(name: string): Destruction {
  return { what: 'rows', object: refOf(name) }
}

/** The table of the previous state that a statement names by its old or new name. */
function existing(
  { name }: ObjectName,
  changes: readonly TableChange[],
): { readonly name: string; readonly columns: readonly string[]; readonly virtual: boolean }[] {
  const found = changes.find(
    ({ before, after }) =>
      before &&
      [before.name, after?.name].some((one) => one !== undefined && isSameName(one, name)),
  )
  if (found?.before === undefined) return []
  const { name: own, columns, virtual = false } = found.before
  return [{ name: own, columns: columns.map((one) => one.name), virtual }]
}
