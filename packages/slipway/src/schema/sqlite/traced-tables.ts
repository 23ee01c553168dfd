import type { Action, ColumnDefinition, ObjectName, RowCopy } from '../../statements/index.ts'
import { sqliteNameKey } from '../../statements/index.ts'
import type { RowTable } from './table-changes.ts'

/** A table while statements change it: where it and its columns come from. */
export interface TracedTable {
  /** Its name before the statements; absent if they create it. */
  readonly origin?: string
  readonly rebuilt: boolean
  /** All names that it has had, also as a new table that replaces another. */
  readonly names: readonly string[]
  /** In their order, by name in lower case. */
  readonly columns: ReadonlyMap<string, TracedColumn>
  /** The original columns of its key. */
  readonly key: readonly string[]
  /** From which tables it was filled, if it is new. */
  readonly copies: readonly RowCopy[]
  /** Whether other queries filled it, too. */
  readonly isMixed: boolean
}

interface TracedColumn {
  readonly origin?: string
  /** Whether its values are unchanged. */
  readonly exact: boolean
  readonly names: readonly string[]
  readonly generated: boolean
}

type Tables = Map<string, TracedTable>

/** Follows tables through actions. Returns them by their last names in lower case. */
export function traceTables(
  before: readonly RowTable[],
  actions: readonly Action[],
): ReadonlyMap<string, TracedTable> {
  const tables: Tables = new Map(
    before.map((table) => [sqliteNameKey(table.name), existing(table)]),
  )
  // A temporary table hides an ordinary one of its name.
  const hidden = new Set<string>()
  for (const [index, action] of actions.entries())
    follow({ tables, hidden, rest: actions.slice(index + 1) }, action)
  return tables
}

function existing({ name, columns, key }: RowTable): TracedTable {
  const own = columns.map((column): [string, TracedColumn] => {
    const { name: origin, generated } = column
    return [sqliteNameKey(origin), { origin, exact: true, names: [origin], generated }]
  })
  const columnsByName = new Map(own)
  return {
    origin: name,
    rebuilt: false,
    names: [name],
    columns: columnsByName,
    key,
    copies: [],
    isMixed: false,
  }
}

interface Trace {
  readonly tables: Tables
  readonly hidden: Set<string>
  /** The actions that follow. */
  readonly rest: readonly Action[]
}

function follow(trace: Trace, action: Action): void {
  if (changesTemporary(trace, action)) return
  const { tables, hidden, rest } = trace
  switch (action.kind) {
    case 'create-table': {
      const key = sqliteNameKey(action.table.name)
      if (!tables.has(key)) tables.set(key, created(action.table.name, action.columns))
      else if (action.table.schema === 'temp') hidden.add(key)
      break
    }
    case 'rename':
      if (action.of === 'table') renameTable(tables, action)
      else if (action.of === 'column') renameColumn(tables, action.table.name, action)
      break
    case 'drop-column':
      changeColumns(tables, action.table.name, (columns) =>
        columns.filter(([key]) => key !== sqliteNameKey(action.column)),
      )
      break
    case 'add-column':
      changeColumns(tables, action.table.name, (columns) => [
        ...columns,
        createdColumn(action.column),
      ])
      break
    case 'insert': {
      const key = sqliteNameKey(action.table.name)
      const table = tables.get(key)
      if (table === undefined || table.origin !== undefined) break
      const { copies, inserted } = action
      if (copies && !isTemporary(hidden, copies.from))
        tables.set(key, { ...table, copies: [...table.copies, copies] })
      else if (inserted === undefined) tables.set(key, { ...table, isMixed: true })
      break
    }
    case 'drop':
      if (action.of === 'table') dropTable({ tables, rest }, sqliteNameKey(action.object.name))
      break
    default:
  }
}

/** Follows an action on a temporary table that hides an ordinary one, which stays as it is. */
function changesTemporary({ tables, hidden }: Trace, action: Action): boolean {
  const table = changedTable(action)
  if (table === undefined || !isTemporary(hidden, table)) return false
  const isRename = action.kind === 'rename' && action.of === 'table'
  if (isRename || action.kind === 'drop') hidden.delete(sqliteNameKey(table.name))
  const to = isRename ? sqliteNameKey(action.to) : undefined
  if (to !== undefined && tables.has(to)) hidden.add(to)
  return true
}

function changedTable(action: Action): ObjectName | undefined {
  switch (action.kind) {
    case 'rename':
      if (action.of === 'table')
        return { name: action.from, ...(action.schema && { schema: action.schema }) }
      return action.of === 'column' ? action.table : undefined
    case 'add-column':
    case 'drop-column':
    case 'insert':
      return action.table
    case 'drop':
      return action.of === 'table' ? action.object : undefined
    default:
      return undefined
  }
}

/** Whether a name means a temporary table that hides an ordinary one. */
function isTemporary(hidden: ReadonlySet<string>, { schema, name }: ObjectName): boolean {
  return schema?.toLowerCase() !== 'main' && hidden.has(sqliteNameKey(name))
}

function created(name: string, columns: readonly ColumnDefinition[]): TracedTable {
  return {
    rebuilt: false,
    names: [name],
    columns: new Map(columns.map(createdColumn)),
    key: [],
    copies: [],
    isMixed: false,
  }
}

function createdColumn({ name, filledBy }: ColumnDefinition): [string, TracedColumn] {
  const generated = filledBy === 'stored' || filledBy === 'virtual'
  return [sqliteNameKey(name), { exact: false, names: [name], generated }]
}

function renameTable(
  tables: Tables,
  { from, to }: { readonly from: string; readonly to: string },
): void {
  const table = tables.get(sqliteNameKey(from))
  if (table === undefined) return
  tables.delete(sqliteNameKey(from))
  tables.set(sqliteNameKey(to), { ...table, names: [...table.names, to] })
}

function changeColumns(
  tables: Tables,
  name: string,
  change: (columns: readonly [string, TracedColumn][]) => readonly [string, TracedColumn][],
): void {
  const table = tables.get(sqliteNameKey(name))
  if (table === undefined) return
  tables.set(sqliteNameKey(name), { ...table, columns: new Map(change([...table.columns])) })
}

function renameColumn(
  tables: Tables,
  table: string,
  { from, to }: { readonly from: string; readonly to: string },
): void {
  changeColumns(tables, table, (columns) =>
    columns.map(([key, column]) =>
      key === sqliteNameKey(from)
        ? [sqliteNameKey(to), { ...column, names: [...column.names, to] }]
        : [key, column],
    ),
  )
}

/**
 * A table that was filled from a dropped one and takes its place is that table, rebuilt: the one that takes its
 * name, or else the latest that keeps its key.
 */
function dropTable({ tables, rest }: Pick<Trace, 'tables' | 'rest'>, name: string): void {
  const old = tables.get(name)
  tables.delete(name)
  if (old?.origin === undefined) return
  const { origin, key } = old
  const candidates = [...tables].toReversed().flatMap(([at, table]) => {
    const copies = table.copies.filter(({ from }) => sqliteNameKey(from.name) === name)
    if (table.origin !== undefined || copies.length === 0) return []
    const isOnlySource = !table.isMixed && copies.length === table.copies.length
    return [{ at, table, columns: copiedColumns(old, table, copies), isOnlySource }]
  })
  const ownNames = [name, sqliteNameKey(origin)]
  const found =
    candidates.find(({ at }) => ownNames.includes(lastName(at, rest))) ??
    candidates.find(({ columns, isOnlySource }) => isOnlySource && keepsKey(old, columns))
  if (found === undefined) return
  const { at, table, columns } = found
  const names = [...old.names, ...table.names]
  tables.set(at, { ...table, origin, key, rebuilt: true, columns, names })
}

/** The name of a table after these actions. */
function lastName(name: string, actions: readonly Action[]): string {
  return actions.reduce(
    (now, action) =>
      action.kind === 'rename' && action.of === 'table' && sqliteNameKey(action.from) === now
        ? sqliteNameKey(action.to)
        : now,
    name,
  )
}

function keepsKey({ key }: TracedTable, columns: TracedTable['columns']): boolean {
  const exact = new Set([...columns.values()].flatMap((one) => (one.exact ? [one.origin] : [])))
  return key.length > 0 && key.every((name) => exact.has(name))
}

/** The columns of a table that copies of another one filled. */
function copiedColumns(
  old: TracedTable,
  table: TracedTable,
  copies: readonly RowCopy[],
): Map<string, TracedColumn> {
  const found = copies.map((copy) => copiedBy(old, table, copy))
  return new Map(
    [...table.columns].map(([key, column]) => {
      const sources = found.map((columns) => columns.get(key))
      const [first] = sources
      if (first?.origin === undefined) return [key, column]
      const exact = sources.every((one) => one?.exact && one.origin === first.origin)
      return [key, { ...first, exact, names: [...first.names, ...column.names] }]
    }),
  )
}

/** The original columns that a copy writes. If their places are not known, they are those with the same names. */
function copiedBy(
  { columns: from }: TracedTable,
  { columns: into }: TracedTable,
  { to, values }: RowCopy,
): ReadonlyMap<string, TracedColumn> {
  const targets =
    to?.map(sqliteNameKey) ?? [...into].flatMap(([key, { generated }]) => (generated ? [] : [key]))
  const read = values ?? [...from.keys()].map((name) => ({ from: name, exact: true }))
  const isPaired = targets.length === read.length
  return new Map(
    targets.flatMap((key, place): [string, TracedColumn][] => {
      const value = isPaired ? read[place] : { from: key, exact: false }
      const source = value?.from === undefined ? undefined : from.get(sqliteNameKey(value.from))
      return source ? [[key, { ...source, exact: source.exact && value?.exact === true }]] : []
    }),
  )
}
