import { isSameName, keyOfName } from '../../schema/index.ts'
import {
  sqliteDetail,
  type SqliteNames,
  type SqliteSelect,
  type Statement,
} from '../../statements/index.ts'
import { list } from './names-and-sizes.ts'
import type { SqliteContext } from './rule.ts'

/** A statement that copies values of a table into another one. */
export interface RowCopy {
  readonly statement: Statement
  /** The table that it writes to. */
  readonly into: string
  /** The columns that it reads, in lower case; absent if it reads all. */
  readonly columns?: ReadonlySet<string>
}

/**
 * The earlier statements of the migration that copy values of a table into another table that still exists
 * at its end. The tables in `own` do not count.
 */
export function copiesToOtherTables(
  { migration, statement, run }: Pick<SqliteContext, 'migration' | 'statement' | 'run'>,
  table: string,
  own: readonly string[],
): readonly RowCopy[] {
  return migration.statements.slice(0, statement.number - 1).flatMap((one): RowCopy[] => {
    const copied = copiedBy(one)
    if (copied === undefined || !run.after.tables.has(keyOfName(copied.into))) return []
    const { into, names, all } = copied
    if ([table, ...own].some((name) => isSameName(name, into))) return []
    if (!names.tables.some((name) => isSameName(name, table))) return []
    if (all) return [{ statement: one, into }]
    const columns = new Set(names.columns.map(({ name }) => keyOfName(name)))
    return [{ statement: one, into, columns }]
  })
}

interface Copied {
  readonly into: string
  readonly names: SqliteNames
  readonly all: boolean
}

function copiedBy(statement: Statement): Copied | undefined {
  const detail = sqliteDetail(statement)
  switch (detail.kind) {
    case 'insert':
      if (detail.source.kind !== 'select') return undefined
      return { into: detail.table, ...selected(detail.source.select) }
    case 'create-table':
      return detail.as && { into: detail.table.name, ...selected(detail.as) }
    case 'update':
      return detail.values && { into: detail.table, names: detail.values, all: false }
    default:
      return undefined
  }
}

/** The columns in a query's result, without those that it only compares. */
function selected({ columns, names }: SqliteSelect): Pick<Copied, 'names' | 'all'> {
  const read = columns.flatMap((column) => (column.kind === 'value' ? column.names.columns : []))
  return { names: { ...names, columns: read }, all: columns.some(({ kind }) => kind === 'star') }
}

/** The statements that copy the values of a column. */
export function copiesOfColumn(all: readonly RowCopy[], column: string): readonly RowCopy[] {
  return all.filter(({ columns }) => columns === undefined || columns.has(keyOfName(column)))
}

/** The copies as part of a sentence: `statement 3 copies from it into backup`. */
export function copiesText(all: readonly RowCopy[]): string {
  return list(
    all.map(({ statement, into }) => `statement ${statement.number} copies from it into ${into}`),
  )
}
