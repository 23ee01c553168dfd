import { quoteIdentifier } from '../database/index.ts'
import type { ConstraintDefinition, ObjectName } from '../statements/index.ts'
import type { ColumnFacts, TableFacts } from './target-facts.ts'

/** A column as the pending statements have made it so far. */
export interface PendingColumn {
  /** The same as long as the column stands, whatever is done to it. */
  readonly id: symbol
  /** Its value, as SQL over a row `t` of the target's table; nothing where no SQL gives it. */
  readonly value?: string
  /** Why no SQL gives it. */
  readonly unknown?: string
  /** The column of the target that its value is, unchanged. */
  readonly source?: ColumnFacts
  /** Added by a pending statement, without a default: it is NULL in every row. */
  readonly empty?: true
}

/** How an earlier statement changes the rows of a table. */
export interface RowChange {
  /** `statement 2 of 3_fill` */
  readonly by: string
  /** `unknown`: nobody can say what it does to which rows. */
  readonly how: 'insert' | 'update' | 'delete' | 'unknown'
  /** The columns that an UPDATE sets. */
  readonly columns?: ReadonlySet<symbol>
}

/** A table as the pending statements have made it so far. */
export interface PendingTable {
  schema: string
  name: string
  /** How it stands on the target; nothing where a pending statement creates it. */
  readonly target?: TableFacts
  /** By their names now. */
  readonly columns: Map<string, PendingColumn>
  primaryKey: readonly string[]
  /** Constraints that its rows may not meet yet, by name. */
  readonly notValid: Map<string, ConstraintDefinition>
  readonly changes: RowChange[]
}

/** The table as it stands on the target. */
export function standingTable(target: TableFacts): PendingTable {
  const columns = target.columns.map((column): [string, PendingColumn] => [
    column.name,
    { id: Symbol(column.name), value: `t.${quoteIdentifier(column.name)}`, source: column },
  ])
  return {
    schema: target.schema,
    name: target.name,
    target,
    columns: new Map(columns),
    primaryKey: target.primaryKey,
    notValid: new Map(target.notValid.map((constraint) => [constraint.name ?? '', constraint])),
    changes: [],
  }
}

/** A table that a pending statement creates. */
export function createdTable(
  { schema, name }: Required<ObjectName>,
  primaryKey: readonly string[],
): PendingTable {
  const columns = new Map<string, PendingColumn>()
  return { schema, name, columns, primaryKey, notValid: new Map(), changes: [] }
}

/** Gives a column its new name, also in what refers to it. */
export function renameColumn(table: PendingTable, from: string, to: string): void {
  const column = table.columns.get(from)
  if (column === undefined) return
  const renamed = (name: string) => (name === from ? to : name)
  table.columns.delete(from)
  table.columns.set(to, column)
  table.primaryKey = table.primaryKey.map(renamed)
  for (const [name, constraint] of table.notValid) {
    table.notValid.set(name, { ...constraint, columns: constraint.columns.map(renamed) })
  }
}

/** The names of a table's columns that an SQL text holds: perhaps too many, never too few. */
export function columnsIn(table: PendingTable, sql: string): string[] {
  const text = sql.toLowerCase()
  return [...table.columns.keys()].filter((name) => holdsWord(text, name.toLowerCase()))
}

function holdsWord(text: string, word: string): boolean {
  const letter = /[\p{L}\p{N}_$]/u
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1)) {
    const end = at + word.length
    if (!letter.test(text[at - 1] ?? '') && !letter.test(text[end] ?? '')) return true
  }
  return false
}
