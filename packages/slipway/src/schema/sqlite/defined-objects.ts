import {
  sqliteNameKey,
  type SqliteColumnName,
  type SqliteDetail,
  sqliteDetail,
  type SqliteIndex,
  type SqliteNames,
  type SqliteTable,
  type SqliteTrigger,
  type SqliteView,
  type Statement,
} from '../../statements/index.ts'

/**
 * What the CREATE statements of a SQLite database define, as far as the statements are known: with defaults,
 * checks, actions of foreign keys, and the names in triggers and views. Keys are names in lower case.
 */
export interface SqliteDefinitions {
  readonly tables: ReadonlyMap<string, DefinedTable>
  readonly indexes: ReadonlyMap<string, Defined<SqliteIndex>>
  readonly triggers: ReadonlyMap<string, Defined<SqliteTrigger>>
  readonly views: ReadonlyMap<string, Defined<SqliteView>>
}

/** An object whose text SQLite has changed since it was written: a table or column that it names was renamed. */
export type Defined<T> = T & { readonly renamed?: true }

/** A table. If it has no columns, they are unknown: it is virtual, or a query defines them. */
export interface DefinedTable extends Defined<SqliteTable> {
  /** The migration that created it; absent if its creation was not seen. */
  readonly createdBy?: string
  /** Its name on the target, before pending renames; absent if a pending migration creates it. */
  readonly onTarget?: string
}

/** A database without objects. */
export const NO_DEFINITIONS: SqliteDefinitions = {
  tables: new Map(),
  indexes: new Map(),
  triggers: new Map(),
  views: new Map(),
}

/** Where and how a statement runs. */
export interface Run {
  readonly migration: string
  /** PRAGMA legacy_alter_table is on: a renamed table keeps its old name in views, triggers and foreign keys. */
  readonly legacy?: boolean
}

/** The definitions after a statement. Pure; needs the parser of SQLite. */
export function applySqlite(
  before: SqliteDefinitions,
  statement: Pick<Statement, 'text' | 'actions'>,
  run: Run,
): SqliteDefinitions {
  // Changes of rows are skipped, because parsing many rows takes time.
  if (statement.actions.every(changesRows)) return before
  return applyDetail(before, sqliteDetail(statement), run)
}

function changesRows({ kind }: Statement['actions'][number]): boolean {
  return kind === 'insert' || kind === 'update' || kind === 'delete'
}

/** The key of a name in the maps of definitions. SQLite ignores the case of ASCII letters only. */
export function keyOfName(name: string): string {
  return sqliteNameKey(name)
}

/** Whether two names mean the same to SQLite. */
export function isSameName(one: string, other: string): boolean {
  return keyOfName(one) === keyOfName(other)
}

type DetailOf<Kind extends SqliteDetail['kind']> = Extract<SqliteDetail, { kind: Kind }>

function applyDetail(before: SqliteDefinitions, detail: SqliteDetail, run: Run): SqliteDefinitions {
  switch (detail.kind) {
    case 'create-table': {
      const { table, ifNotExists } = detail
      if (ifNotExists && before.tables.has(keyOfName(table.name))) return before
      return withTable(before, { ...table, createdBy: run.migration })
    }
    case 'create-index': {
      const { index, ifNotExists } = detail
      return { ...before, indexes: added(before.indexes, index, ifNotExists) }
    }
    case 'create-trigger': {
      const { trigger, ifNotExists } = detail
      return { ...before, triggers: added(before.triggers, trigger, ifNotExists) }
    }
    case 'create-view': {
      const { view, ifNotExists } = detail
      return { ...before, views: added(before.views, view, ifNotExists) }
    }
    case 'add-column':
      return changed(before, detail.table, (table) => ({
        ...table,
        columns: [...table.columns, detail.column],
        checks: [...table.checks, ...detail.checks],
        foreignKeys: [...table.foreignKeys, ...detail.foreignKeys],
      }))
    case 'drop-column':
      return dropColumn(before, detail)
    case 'rename-column':
      return renameColumn(before, detail)
    case 'rename-table':
      return renameTable(before, detail, run.legacy === true)
    case 'alter-constraint':
      return changed(before, detail.table, (table) => withNotNull(table, detail))
    case 'drop':
      return dropObject(before, detail)
    default:
      return before
  }
}

function withTable(before: SqliteDefinitions, table: DefinedTable): SqliteDefinitions {
  return { ...before, tables: new Map(before.tables).set(keyOfName(table.name), table) }
}

function changed(
  before: SqliteDefinitions,
  name: string,
  change: (table: DefinedTable) => DefinedTable,
): SqliteDefinitions {
  const table = before.tables.get(keyOfName(name))
  return table ? withTable(before, change(table)) : before
}

function added<T extends { readonly name: string }>(
  map: ReadonlyMap<string, Defined<T>>,
  one: T,
  ifNotExists: boolean,
): ReadonlyMap<string, Defined<T>> {
  const key = keyOfName(one.name)
  return ifNotExists && map.has(key) ? map : new Map(map).set(key, one)
}

function dropColumn(
  before: SqliteDefinitions,
  { table: name, column }: DetailOf<'drop-column'>,
): SqliteDefinitions {
  const isKept = (other: string) => !isSameName(other, column)
  return changed(before, name, (table) => ({
    ...table,
    columns: table.columns.filter((one) => isKept(one.name)),
    checks: table.checks.filter((one) => one.column === undefined || isKept(one.column)),
    foreignKeys: table.foreignKeys.filter(
      ({ ofColumn, columns }) => !ofColumn || columns.every(isKept),
    ),
  }))
}

function withNotNull(
  table: DefinedTable,
  { column, change }: DetailOf<'alter-constraint'>,
): DefinedTable {
  if (column === undefined) return table
  const notNull = change === 'SET NOT NULL'
  return {
    ...table,
    columns: table.columns.map((one) => (isSameName(one.name, column) ? { ...one, notNull } : one)),
  }
}

/** Triggers and views may name the column without its table: any column with that name is taken for it. */
function renameColumn(
  before: SqliteDefinitions,
  { table: name, from, to }: DetailOf<'rename-column'>,
): SqliteDefinitions {
  const rename = (column: string) => (isSameName(column, from) ? to : column)
  const isOfTable = (table: string) => isSameName(table, name)
  const own = changed(before, name, (table) => withColumnRenamed(table, rename))
  const tables = mapped(own.tables, (table) => ({
    ...table,
    foreignKeys: table.foreignKeys.map((one) =>
      isOfTable(one.table) ? { ...one, targets: one.targets.map(rename) } : one,
    ),
  }))
  const indexes = mapped(own.indexes, (index) => {
    if (!isOfTable(index.table)) return index
    const names = columnsRenamed(index.names, rename)
    return { ...index, renamed: true as const, columns: index.columns.map(rename), names }
  })
  const triggers = mapped(own.triggers, (trigger) => {
    const isOwn = isOfTable(trigger.table)
    if (!isOwn && !trigger.names.tables.some(isOfTable)) return trigger
    // NEW and OLD are rows of the trigger's table.
    const isOther = ({ table = '' }) => !isOwn && ['new', 'old'].includes(keyOfName(table))
    const names = columnsRenamed(trigger.names, rename, isOther)
    const of = isOwn ? trigger.of.map(rename) : trigger.of
    return { ...trigger, renamed: true as const, of, names }
  })
  const views = mapped(own.views, (view) =>
    view.names.tables.some(isOfTable)
      ? { ...view, renamed: true as const, names: columnsRenamed(view.names, rename) }
      : view,
  )
  return { tables, indexes, triggers, views }
}

function withColumnRenamed(table: DefinedTable, rename: (column: string) => string): DefinedTable {
  return {
    ...table,
    renamed: true as const,
    columns: table.columns.map((one) => ({
      ...one,
      name: rename(one.name),
      ...(one.generated
        ? { generated: { ...one.generated, names: columnsRenamed(one.generated.names, rename) } }
        : {}),
    })),
    primaryKey: table.primaryKey.map(rename),
    uniques: table.uniques.map((columns) => columns.map(rename)),
    keys: table.keys.map((one) => ({
      ...one,
      columns: one.columns.map(rename),
      ...(one.column === undefined ? {} : { column: rename(one.column) }),
    })),
    checks: table.checks.map((one) => ({
      ...one,
      names: columnsRenamed(one.names, rename),
      ...(one.column === undefined ? {} : { column: rename(one.column) }),
    })),
    foreignKeys: table.foreignKeys.map((one) => ({ ...one, columns: one.columns.map(rename) })),
  }
}

function columnsRenamed(
  names: SqliteNames,
  rename: (column: string) => string,
  isOther: (column: SqliteColumnName) => boolean = () => false,
): SqliteNames {
  const columns = names.columns.map((one) =>
    isOther(one) ? one : { ...one, name: rename(one.name) },
  )
  return { ...names, columns }
}

/**
 * Whatever names the table gets its new name; with the legacy behaviour of SQLite, only the table's own parts
 * do.
 */
function renameTable(
  before: SqliteDefinitions,
  { table: from, to }: DetailOf<'rename-table'>,
  legacy: boolean,
): SqliteDefinitions {
  const rename = (name: string) => (isSameName(name, from) ? to : name)
  const inNames = (names: SqliteNames): SqliteNames => ({
    ...names,
    tables: names.tables.map(rename),
    columns: names.columns.map((one) =>
      one.table === undefined ? one : { ...one, table: rename(one.table) },
    ),
  })
  const mentions = ({ names }: { readonly names: SqliteNames }) =>
    names.tables.some((name) => isSameName(name, from))
  const tables = new Map(
    [...before.tables.values()].map((table): [string, DefinedTable] => {
      const isOwn = isSameName(table.name, from)
      const foreignKeys =
        legacy && !isOwn
          ? table.foreignKeys
          : table.foreignKeys.map((one) => ({ ...one, table: rename(one.table) }))
      return [keyOfName(rename(table.name)), { ...table, name: rename(table.name), foreignKeys }]
    }),
  )
  const indexes = mapped(before.indexes, (index) =>
    isSameName(index.table, from) ? { ...index, table: to, renamed: true as const } : index,
  )
  const triggers = mapped(before.triggers, (trigger) => {
    const isOwn = isSameName(trigger.table, from)
    if (!isOwn && (legacy || !mentions(trigger))) return trigger
    const names = legacy ? trigger.names : inNames(trigger.names)
    return { ...trigger, renamed: true as const, table: rename(trigger.table), names }
  })
  const views = mapped(before.views, (view) =>
    legacy || !mentions(view)
      ? view
      : { ...view, renamed: true as const, names: inNames(view.names) },
  )
  return { tables, indexes, triggers, views }
}

function dropObject(before: SqliteDefinitions, { of, name }: DetailOf<'drop'>): SqliteDefinitions {
  const isOther = (one: { readonly name: string }) => !isSameName(one.name, name)
  const isOfOther = (one: { readonly table: string }) => !isSameName(one.table, name)
  switch (of) {
    case 'table':
      return {
        ...before,
        tables: kept(before.tables, isOther),
        indexes: kept(before.indexes, isOfOther),
        triggers: kept(before.triggers, isOfOther),
      }
    case 'index':
      return { ...before, indexes: kept(before.indexes, isOther) }
    case 'trigger':
      return { ...before, triggers: kept(before.triggers, isOther) }
    case 'view':
      return {
        ...before,
        views: kept(before.views, isOther),
        triggers: kept(before.triggers, isOfOther),
      }
  }
}

function kept<T>(map: ReadonlyMap<string, T>, isKept: (one: T) => boolean): ReadonlyMap<string, T> {
  return new Map([...map].filter(([, one]) => isKept(one)))
}

function mapped<T>(map: ReadonlyMap<string, T>, change: (one: T) => T): ReadonlyMap<string, T> {
  return new Map([...map].map(([key, one]) => [key, change(one)]))
}

/** A foreign key that references a table, and the table that has it. */
export interface Dependent {
  readonly table: DefinedTable
  readonly key: SqliteTable['foreignKeys'][number]
}

/** The foreign keys that reference a table, including its own. */
export function dependentsOf({ tables }: SqliteDefinitions, name: string): Dependent[] {
  return [...tables.values()].flatMap((table) =>
    table.foreignKeys
      .filter((key) => isSameName(key.table, name))
      .map((key): Dependent => ({ table, key })),
  )
}
