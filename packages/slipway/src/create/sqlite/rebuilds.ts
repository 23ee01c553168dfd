import { isSameName } from '../../schema/index.ts'
import { sqliteDetail, type SqliteTable, type Statement } from '../../statements/index.ts'

/** A table that statements create under a temporary name to replace another table. */
export interface RebuiltTable {
  readonly create: Statement
  readonly made: SqliteTable
  /** The statements that fill the new table. */
  readonly copies: readonly Statement[]
  /** Drops the old table. */
  readonly drop: Statement
  /** Renames the new table. */
  readonly rename: Statement
  /** Its final name. */
  readonly name: string
}

/** The tables that statements rebuild. */
export function rebuildsIn(statements: readonly Statement[]): RebuiltTable[] {
  return statements.flatMap((rename, end): RebuiltTable[] => {
    const detail = sqliteDetail(rename)
    if (detail.kind !== 'rename-table') return []
    const { table: aside, to: name } = detail
    // An earlier statement may create another table with that name.
    const start = statements
      .slice(0, end)
      .findLastIndex((one) => isSameName(tableOf(one)?.name ?? '', aside))
    const create = statements[start]
    const made = tableOf(create)
    if (create === undefined || made === undefined) return []
    const between = statements.slice(start, end)
    const drop = between.find((one) => isSameName(droppedTable(one) ?? '', name))
    const copies = between.filter((one) => {
      const copy = sqliteDetail(one)
      return copy.kind === 'insert' && isSameName(copy.table, aside)
    })
    return drop ? [{ create, made, copies, drop, rename, name }] : []
  })
}

/** The table that a statement creates. */
export function tableOf(statement: Pick<Statement, 'text'> | undefined): SqliteTable | undefined {
  const detail = statement && sqliteDetail(statement)
  return detail?.kind === 'create-table' ? detail.table : undefined
}

/** The table that a statement drops. */
export function droppedTable({ actions: [action] }: Statement): string | undefined {
  return action?.kind === 'drop' && action.of === 'table' ? action.object.name : undefined
}
