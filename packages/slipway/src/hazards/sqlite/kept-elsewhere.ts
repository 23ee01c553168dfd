import { isSameName, keyOfName } from '../../schema/index.ts'
import {
  sqliteDetail,
  type SqliteNames,
  type SqliteSelect,
  type Statement,
} from '../../statements/index.ts'
import type { SqliteContext } from './rule.ts'
import { list } from './words.ts'

/** A statement that reads values of a table and writes them into another one. */
export interface Keeping {
  readonly statement: Statement
  /** The table that it writes into. */
  readonly into: string
  /** In lower case; nothing if it reads all. */
  readonly columns?: ReadonlySet<string>
}

/**
 * The statements of the migration above this one that copy values of a table into others than `own`, which the
 * migration leaves.
 */
export function keptElsewhere(
  { migration, statement, run }: Pick<SqliteContext, 'migration' | 'statement' | 'run'>,
  table: string,
  own: readonly string[],
): readonly Keeping[] {
  return migration.statements.slice(0, statement.number - 1).flatMap((one): Keeping[] => {
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

/** What a query gives, not what it only compares. */
function selected({ columns, names }: SqliteSelect): Pick<Copied, 'names' | 'all'> {
  const read = columns.flatMap((column) => (column.kind === 'value' ? column.names.columns : []))
  return { names: { ...names, columns: read }, all: columns.some(({ kind }) => kind === 'star') }
}

/** The keepings that hold the values of a column. */
export function keepingColumn(all: readonly Keeping[], column: string): readonly Keeping[] {
  return all.filter(({ columns }) => columns === undefined || columns.has(keyOfName(column)))
}

/** Where they are, in a sentence: `statement 3 copies into backup`. */
export function placesOf(all: readonly Keeping[]): string {
  return list(
    all.map(({ statement, into }) => `statement ${statement.number} copies from it into ${into}`),
  )
}
