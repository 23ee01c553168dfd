import { isSameName } from '../../schema/index.ts'
import { sqliteDetail, type SqliteTable, type Statement } from '../../statements/index.ts'

/** A table that statements create under another name than that of the table which it replaces. */
export interface RebuiltTable {
  readonly create: Statement
  readonly made: SqliteTable
  /** Of the old table. */
  readonly drop: Statement
  /** What it is called in the end. */
  readonly name: string
}

/** The tables that statements rebuild. */
export function rebuildsIn(statements: readonly Statement[]): RebuiltTable[] {
  const details = statements.map((statement) => ({ statement, detail: sqliteDetail(statement) }))
  return statements.flatMap((create, at): RebuiltTable[] => {
    const made = tableOf(create)
    if (made === undefined) return []
    const later = details.slice(at)
    const rename = later.find(
      ({ detail }) => detail.kind === 'rename-table' && isSameName(detail.table, made.name),
    )?.detail
    if (rename?.kind !== 'rename-table') return []
    const drop = later.find(
      ({ detail }) =>
        detail.kind === 'drop' && detail.of === 'table' && isSameName(detail.name, rename.to),
    )?.statement
    return drop ? [{ create, made, drop, name: rename.to }] : []
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
