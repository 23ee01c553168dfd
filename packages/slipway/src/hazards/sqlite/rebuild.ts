import {
  columnIn,
  type DefinedTable,
  isSameName,
  type SqliteDefinitions,
} from '../../schema/index.ts'
import type {
  SqliteConflict,
  SqliteIndex,
  SqliteResultColumn,
  SqliteSelect,
  SqliteTable,
  SqliteTrigger,
  Statement,
} from '../../statements/index.ts'
import type { SqliteContext } from './rule.ts'

/**
 * A table that a migration replaces by a new one with the same rows. SQLite needs this for most table
 * changes, and Prisma writes it for them.
 */
export interface Rebuild {
  /** `copy`: the new table is filled, then takes the old name. `rename`: the old table is renamed first. */
  readonly order: 'copy' | 'rename'
  readonly name: string
  /** The table before the rebuild. */
  readonly old: DefinedTable
  /** The old table's name when it is copied and dropped. */
  readonly oldName: string
  /** The new table as created. */
  readonly newTable: SqliteTable
  readonly create: Statement
  readonly copies: readonly Copy[]
  /** The DROP TABLE of the old table. */
  readonly drop: Statement
  /** The RENAME of the new table, or of the old one, depending on `order`. */
  readonly rename: Statement
  /** The definitions before the old table is dropped or renamed. */
  readonly before: SqliteDefinitions
  /** Indexes and triggers of the old table that the migration does not recreate. */
  readonly lost: {
    readonly indexes: readonly SqliteIndex[]
    readonly triggers: readonly SqliteTrigger[]
  }
}

/** An INSERT that fills the new table from the old one. */
export interface Copy {
  readonly statement: Statement
  readonly conflict?: SqliteConflict
  readonly select: SqliteSelect
  /** The value written into each column; absent if unknown. */
  readonly values?: readonly CopiedValue[]
  /** Whether the copy names no columns or selects `*`, so that the mapping depends on the order of columns. */
  readonly byPosition: boolean
  /** The number of columns and of values, if they differ. SQLite then refuses the copy. */
  readonly mismatch?: { readonly columns: number; readonly values: number }
}

/** What a copy writes into a column of the new table. */
export interface CopiedValue {
  readonly target: string
  readonly source: Extract<SqliteResultColumn, { kind: 'value' }>
}

/** The value that a copy writes into each column, or the number of columns and values if these differ. */
export function copiedValues(
  named: readonly string[] | undefined,
  select: SqliteSelect,
  { old, newTable }: { readonly old: SqliteTable; readonly newTable: SqliteTable },
): Pick<Copy, 'values' | 'mismatch'> {
  const hasStar = select.columns.some(({ kind }) => kind === 'star')
  const isUnknown =
    (named === undefined && newTable.columns.length === 0) || select.columns.length === 0
  if (isUnknown || (hasStar && (old.columns.length === 0 || select.from === undefined))) return {}
  const targets = named ?? writable(newTable).map(({ name }) => name)
  const sources = select.columns.flatMap((column) =>
    column.kind === 'star' ? old.columns.map(({ name }) => asValue(name)) : [column],
  )
  if (sources.length !== targets.length) {
    return { mismatch: { columns: targets.length, values: sources.length } }
  }
  const values = targets.flatMap((target, at) => {
    const source = sources[at]
    return source ? [{ target, source }] : []
  })
  return { values }
}

function asValue(name: string): CopiedValue['source'] {
  const names = { tables: [], columns: [{ name }], functions: [], aliases: [] }
  return { kind: 'value', text: name, names, column: name, neverNull: false }
}

/** Whether the columns of a table are known. */
export function isKnown({ columns }: SqliteTable): boolean {
  return columns.length > 0
}

/** The columns that an INSERT can write: all except generated ones. */
export function writable({ columns }: SqliteTable): SqliteTable['columns'] {
  return columns.filter(({ generated }) => generated === undefined)
}

/**
 * The column of the new table that takes the unchanged values of an old column,
 * under the same or another name.
 */
export function successorOf(rebuild: Rebuild, column: string): string | undefined {
  return rebuild.copies
    .flatMap(({ values = [] }) => values)
    .find(({ source }) => source.column !== undefined && isSameName(source.column, column))?.target
}

/**
 * Whether a column never contains NULL: it is NOT NULL, an INTEGER PRIMARY KEY, or a primary key column of
 * a WITHOUT ROWID or STRICT table.
 */
export function isNotNull(
  { primaryKey, withoutRowid, strict }: SqliteTable,
  { name, notNull, type }: SqliteTable['columns'][number],
): boolean {
  if (notNull) return true
  if (!primaryKey.some((one) => isSameName(one, name))) return false
  return withoutRowid || strict || (primaryKey.length === 1 && type.toUpperCase() === 'INTEGER')
}

/** The rebuild copies that this statement performs. */
export function copiesAt({ run, statement }: Pick<SqliteContext, 'run' | 'statement'>): readonly {
  readonly copy: Copy
  readonly rebuild: Rebuild
}[] {
  return run.rebuilds.flatMap((rebuild) =>
    rebuild.copies
      .filter((copy) => copy.statement === statement)
      .map((copy) => ({ copy, rebuild })),
  )
}

/** Whether schema.prisma can express an index, and therefore decides whether it exists. */
export function isExpressible({ columns, partial }: SqliteIndex): boolean {
  return !partial && !columns.includes('')
}

/** Whether an index of the old table can exist on the new one: all its columns still exist, possibly renamed. */
export function indexFitsNewTable({ columns, names }: SqliteIndex, rebuild: Rebuild): boolean {
  const { old, newTable } = rebuild
  return [...columns, ...names.columns.map(({ name }) => name)]
    .filter((name) => columnIn(old, name))
    .every((name) => columnIn(newTable, name) ?? successorOf(rebuild, name))
}

/**
 * Whether an object that uses columns of the old table also works with the new one,
 * and can be recreated unchanged.
 */
export function worksOnNewTable(names: readonly string[], { old, newTable }: Rebuild): boolean {
  return names.every((name) => !columnIn(old, name) || columnIn(newTable, name))
}
