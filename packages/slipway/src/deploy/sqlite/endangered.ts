import type { ComparedTable, SummedColumn } from '../../execution/index.ts'
import type { Endangered } from '../../safekeeping/index.ts'
import { storedColumns } from '../../safekeeping/index.ts'
import {
  type ColumnChange,
  declaredType,
  isKnownPragma,
  isSameName,
  ROWIDS,
  type RowTable,
  type TableChange,
} from '../../schema/index.ts'
import {
  type Action,
  type Migration,
  partRef,
  sqliteNameKey,
  type Statement,
} from '../../statements/index.ts'
import type { MigrationLoss } from '../consent.ts'
import type { TestedMigration } from './test-on-copy.ts'

/**
 * Whether a migration can change a row of an existing table. Only adding tables, columns, indexes, views and
 * triggers, or renaming, cannot, whatever the rows.
 */
export function mayChangeRows({ statements }: Pick<Migration, 'statements'>): boolean {
  return statements.some(({ actions }) => actions.some((action) => !isHarmless(action)))
}

function isHarmless(action: Action): boolean {
  switch (action.kind) {
    case 'create-table':
    case 'create-index':
    case 'create-view':
    case 'create-trigger':
    case 'add-column':
    case 'rename':
    case 'drop-index':
    case 'reindex':
      return true
    case 'drop':
      return action.of === 'view' || action.of === 'other'
    case 'pragma':
      return isKnownPragma(action)
    default:
      return false
  }
}

/** A table before and after a migration. */
type Lasting = TableChange & { readonly before: RowTable; readonly after: RowTable }

/** What the statements of a migration do to the rows of one table. */
interface Touched {
  readonly deletes?: Statement
  readonly inserts?: Statement
  /** Columns, by the names that statements use. */
  readonly updates: ReadonlyMap<string, Statement>
  /** Those of them that an UPDATE, or the DO UPDATE of an upsert, sets. */
  readonly assigned: readonly string[]
}

/**
 * The data that a migration may destroy: dropped objects, found by the schema change, and rows and values
 * that its statements delete, replace and update. Rebuilding a table does not by itself destroy data.
 */
export function endangeredBy(
  { statements }: Pick<Migration, 'statements'>,
  changes: readonly TableChange[],
): Endangered[] {
  return changes.flatMap((change): Endangered[] => {
    const { before, after } = change
    if (before === undefined) return []
    const touched = touchedBy(statements, change)
    const drop = statements.find(({ actions }) =>
      actions.some((one) => one.kind === 'drop' && isSameName(one.object.name, before.name)),
    )
    const at = (statement: Statement | undefined) => (statement ?? statements.at(-1))?.number ?? 1
    if (after === undefined)
      return [
        { change, rows: true, columns: [], assigned: [], movesRowids: false, statement: at(drop) },
      ]
    const assignsRowid = namesRowid(before, touched.assigned)
    const rows = touched.deletes !== undefined || assignsRowid
    const columns = endangeredColumns(change, [...touched.updates.keys()])
    const movesRowids = assignsRowid || (rows && touched.inserts !== undefined)
    if (!rows && columns.length === 0) return []
    const [update] = touched.updates.values()
    const dropsColumn = statements.find(({ actions }) =>
      actions.some((one) => one.kind === 'drop-column' && isNameOf(one.table.name, change)),
    )
    const statement = at(touched.deletes ?? dropsColumn ?? update ?? drop)
    const assigned = change.columns.flatMap((column) => {
      if (column.before === undefined) return []
      // Another name of an INTEGER PRIMARY KEY.
      const isRowid = assignsRowid && column.before === before.rowid
      return isRowid || meansOneOf(column, touched.assigned) ? [column.before] : []
    })
    const inserts = touched.inserts?.number
    return [{ change, rows, columns, assigned, movesRowids, statement, inserts }]
  })
}

/**
 * The columns of a table that a migration assigns and that therefore identify no row: those that its statements name, and the
 * key if a trigger or a foreign key may change it.
 */
export function assignedIn(
  { written }: Pick<TestedMigration, 'written'>,
  { before }: TableChange,
  own: Endangered | undefined,
): readonly string[] {
  const isRekeyed = before !== undefined && written.rekeyed.has(sqliteNameKey(before.name))
  return [...(own?.assigned ?? []), ...(isRekeyed ? before.key : [])]
}

/** All rows and values of a table, as data that a migration may destroy; `named`: what its statements announce. */
export function wholeTable(
  one: Pick<TestedMigration, 'migration' | 'written'>,
  change: TableChange,
  named: readonly Endangered[],
): Endangered {
  return {
    ...wholeRows(one, change, named),
    columns: change.columns.flatMap(({ before }) => before ?? []),
  }
}

/** The virtual tables that triggers of the migration may change, as data that it may destroy. */
export function triggeredTables(
  one: Pick<TestedMigration, 'migration' | 'written' | 'changes' | 'triggered'>,
  named: readonly Endangered[],
): Endangered[] {
  return one.changes
    .filter(({ before, after }) => after && before?.virtual && one.triggered.includes(before.name))
    .map((change) => {
      const own = named.find((announced) => announced.change === change)
      // Triggers give rows the numbers of the rows that they index.
      return { ...wholeTable(one, change, named), movesRowids: own?.movesRowids ?? false }
    })
}

/** All rows of a table, and the values that its statements announce, as data that a migration may destroy. */
export function wholeRows(
  one: Pick<TestedMigration, 'migration' | 'written'>,
  change: TableChange,
  named: readonly Endangered[],
): Endangered {
  const { statements } = one.migration
  const own = named.find((announced) => announced.change === change)
  const { inserts } = touchedBy(statements, change)
  const {
    columns = [],
    movesRowids = inserts !== undefined,
    statement = statements.at(-1)?.number ?? 1,
  } = own ?? {}
  return {
    change,
    rows: true,
    columns,
    assigned: assignedIn(one, change, own),
    movesRowids,
    statement,
    inserts: inserts?.number,
  }
}

/** Whether one of the names is that of the rowid, and not of a column. */
function namesRowid({ columns }: RowTable, names: readonly string[]): boolean {
  return names.some(
    (name) =>
      ROWIDS.includes(name.toLowerCase()) && !columns.some((one) => isSameName(one.name, name)),
  )
}

/** The stored columns that are dropped, converted or computed, or that one of these names means. */
function endangeredColumns({ before, columns }: TableChange, named: readonly string[]): string[] {
  const stored = new Set(before === undefined ? [] : storedColumns(before))
  return columns.flatMap((column) => {
    if (column.before === undefined || !stored.has(column.before)) return []
    const isGone = column.after === undefined || !column.exact
    return isGone || meansOneOf(column, named) ? [column.before] : []
  })
}

/** Whether one of the names is that of a column, before, within or after the migration. */
function meansOneOf(
  { before, after, aliases = [] }: ColumnChange,
  names: readonly string[],
): boolean {
  const own = [before, after, ...aliases].filter((name) => name !== undefined)
  return names.some((name) => own.some((one) => isSameName(one, name)))
}

function touchedBy(statements: readonly Statement[], change: TableChange): Touched {
  const updates = new Map<string, Statement>()
  const assigned: string[] = []
  let [deletes, inserts]: (Statement | undefined)[] = []
  for (const statement of statements) {
    for (const action of statement.actions) {
      if (
        action.kind === 'insert' &&
        action.copies?.filtered &&
        isNameOf(action.copies.from.name, change) &&
        change.rebuilt
      )
        deletes ??= statement
      if (action.kind !== 'insert' && action.kind !== 'update' && action.kind !== 'delete') continue
      if (!isNameOf(action.table.name, change)) continue
      if (action.kind === 'delete' || (action.kind === 'insert' && action.updates))
        deletes ??= statement
      if (action.kind === 'insert') {
        inserts ??= statement
        // REPLACE may change any value of a row.
        if (action.updates)
          for (const { name } of change.before?.columns ?? []) updates.set(name, statement)
        assigned.push(...(action.assigns ?? []))
      }
      if (action.kind !== 'update') continue
      for (const name of action.columns) {
        updates.set(name, statement)
        assigned.push(name)
      }
    }
  }
  return { ...(deletes ? { deletes } : {}), ...(inserts ? { inserts } : {}), updates, assigned }
}

function isNameOf(name: string, { before, after, aliases = [] }: TableChange): boolean {
  const own = [before?.name, after?.name, ...aliases]
  return own.some((one) => one !== undefined && isSameName(one, name))
}

/**
 * The tables whose rows and values a migration must leave unchanged, except for what it may destroy: those
 * that its statements can change. `all`: also those that only other SQL can change.
 */
export function comparedTables(
  {
    migration: { statements },
    changes,
    written,
  }: Pick<TestedMigration, 'migration' | 'changes' | 'written'>,
  endangered: readonly Endangered[],
  { all = false }: { readonly all?: boolean } = {},
): ComparedTable[] {
  return changes.filter(isLasting).flatMap((change): ComparedTable[] => {
    const own = endangered.find((one) => one.change === change)
    // A virtual table changes with the one that it indexes.
    if (own?.rows || change.before.virtual) return []
    const isWritten =
      written.any.has(sqliteNameKey(change.before.name)) ||
      change.rebuilt ||
      change.before.columns.length > change.after.columns.length
    if (!all && !isWritten && own === undefined) return []
    const lost = new Set(own?.columns)
    const pairs = change.columns.flatMap(
      (column): { before: SummedColumn; after: SummedColumn }[] => {
        const { before, after, exact } = column
        if (before === undefined || after === undefined || !exact || lost.has(before)) return []
        // Generated columns have no values of their own, and computing them may fail.
        if (isGenerated(change.before, before) || isGenerated(change.after, after)) return []
        const values = declaredType(change.before, before) === declaredType(change.after, after)
        return [{ before: { name: before, values }, after: { name: after, values } }]
      },
    )
    return [
      {
        before: { name: change.before.name, columns: pairs.map(({ before }) => before) },
        after: { name: change.after.name, columns: pairs.map(({ after }) => after) },
        ...(touchedBy(statements, change).inserts === undefined ? {} : { grows: growthOf(change) }),
      },
    ]
  })
}

/** How to distinguish existing rows from inserted ones; empty if that is not possible. */
function growthOf({ before, after, rebuilt }: Lasting): NonNullable<ComparedTable['grows']> {
  return rebuilt || before.rowid === undefined || after.rowid === undefined
    ? {}
    : { rowids: [before.rowid, after.rowid] }
}

function isLasting(change: TableChange): change is Lasting {
  return change.before !== undefined && change.after !== undefined
}

function isGenerated({ columns }: RowTable, name: string): boolean {
  return columns.some((column) => column.name === name && column.generated)
}

/** The same as data that needs consent. */
export function lossesIn(migration: string, endangered: readonly Endangered[]): MigrationLoss[] {
  return endangered.flatMap(({ change: { before, after }, rows, columns }): MigrationLoss[] => {
    if (before === undefined) return []
    const table = { kind: 'table', schema: null, name: before.name } as const
    if (after === undefined) return [{ migration, what: 'object', object: table }]
    return [
      ...(rows ? [{ migration, what: 'rows', object: table } as const] : []),
      ...columns.map((name) => {
        const object = partRef('column', table, name)
        return { migration, what: 'values', object } as const
      }),
    ]
  })
}
