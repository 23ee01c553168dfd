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
 * A table that a migration replaces by a new one with its rows: what SQLite needs for most changes of a table, and what
 * Prisma writes for them.
 */
export interface Rebuild {
  /** `copy`: the new table is filled and takes the name. `rename`: the old one gives up its name first. */
  readonly order: 'copy' | 'rename'
  readonly name: string
  /** The table as it was. */
  readonly old: DefinedTable
  /** What it is called when it is copied and dropped. */
  readonly oldName: string
  /** The new one as it is created. */
  readonly made: SqliteTable
  readonly create: Statement
  readonly copies: readonly Copy[]
  /** Of the old table. */
  readonly drop: Statement
  /** Of the new table, or of the old one. */
  readonly rename: Statement
  /** The definitions before the old table is dropped or renamed. */
  readonly before: SqliteDefinitions
  /** Indexes and triggers of the old table that nothing of the migration creates again. */
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
  /** What goes into each column; absent if that cannot be known. */
  readonly values?: readonly CopiedValue[]
  /** It names no columns, or selects `*`: what goes where depends on the order of columns. */
  readonly byPosition: boolean
  /** The numbers of columns and of values, where they differ: SQLite refuses it. */
  readonly mismatch?: { readonly columns: number; readonly values: number }
}

/** What a copy writes into a column of the new table. */
export interface CopiedValue {
  readonly target: string
  readonly source: Extract<SqliteResultColumn, { kind: 'value' }>
}

/** What a copy writes, column by column; how many columns and values it has, where these differ. */
export function copiedValues(
  named: readonly string[] | undefined,
  select: SqliteSelect,
  { old, made }: { readonly old: SqliteTable; readonly made: SqliteTable },
): Pick<Copy, 'values' | 'mismatch'> {
  const hasStar = select.columns.some(({ kind }) => kind === 'star')
  const isUnknown =
    (named === undefined && made.columns.length === 0) || select.columns.length === 0
  if (isUnknown || (hasStar && (old.columns.length === 0 || select.from === undefined))) return {}
  const targets = named ?? writable(made).map(({ name }) => name)
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

/** The columns that a row can give a value. */
export function writable({ columns }: SqliteTable): SqliteTable['columns'] {
  return columns.filter(({ generated }) => generated === undefined)
}

/** A column of the old table and the one that takes its values as they are, under whatever name. */
export function successorOf(rebuild: Rebuild, column: string): string | undefined {
  return rebuild.copies
    .flatMap(({ values = [] }) => values)
    .find(({ source }) => source.column !== undefined && isSameName(source.column, column))?.target
}

/** Whether a column never holds NULL. A key of rows never does, and neither does a key without rowid or STRICT. */
export function isNotNull(
  { primaryKey, withoutRowid, strict }: SqliteTable,
  { name, notNull, type }: SqliteTable['columns'][number],
): boolean {
  if (notNull) return true
  if (!primaryKey.some((one) => isSameName(one, name))) return false
  return withoutRowid || strict || (primaryKey.length === 1 && type.toUpperCase() === 'INTEGER')
}

/** The copies of rebuilds that a statement is. */
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

/** Whether schema.prisma can express an index, so that it says whether there is one. */
export function isExpressible({ columns, partial }: SqliteIndex): boolean {
  return !partial && !columns.includes('')
}

/** Whether an index of the old table can exist on the new one: it uses no column that is gone. */
export function canRemain({ columns, names }: SqliteIndex, rebuild: Rebuild): boolean {
  const { old, made } = rebuild
  return [...columns, ...names.columns.map(({ name }) => name)]
    .filter((name) => columnIn(old, name))
    .every((name) => columnIn(made, name) ?? successorOf(rebuild, name))
}

/** Whether an object that uses columns of the old table works with the new one, too, and can be created again unchanged. */
export function isStillTrue(names: readonly string[], { old, made }: Rebuild): boolean {
  return names.every((name) => !columnIn(old, name) || columnIn(made, name))
}
