import type { ColumnDefinition, NamedTableConstraint, ResolveType } from 'sqlite3-parser'
import { keysOf, textOf } from './definition.ts'
import type { SqliteKey } from './detail.ts'

/** The key that a table constraint defines. `unnamed` is its text without its name. */
export function keyOf(
  { constraint }: NamedTableConstraint,
  { text, unnamed }: Pick<SqliteKey, 'text' | 'unnamed'>,
): SqliteKey[] {
  const kind = kindOf(constraint)
  if (kind === undefined || !('conflictClause' in constraint) || !('columns' in constraint))
    return []
  const { columns, conflictClause } = constraint
  const collated = columns.some(({ expr }) => expr.type === 'CollateExpr')
  const onConflict = conflictClause !== undefined
  return [{ kind, columns: keysOf(columns), text, unnamed, collated, onConflict }]
}

/** The keys of a column, written as table constraints. */
export function keysOfColumn({ colName, constraints }: ColumnDefinition, sql: string): SqliteKey[] {
  return constraints.flatMap(({ name, constraint }) => {
    const kind = kindOf(constraint)
    if (kind === undefined || !('conflictClause' in constraint)) return []
    const named = name === undefined ? '' : `CONSTRAINT ${textOf(sql, name)} `
    const conflict = conflictText(constraint.conflictClause)
    const unnamed = `${kind.toUpperCase()} (${textOf(sql, colName)})${conflict}`
    const [column, onConflict] = [colName.text, conflict !== '']
    const own = { columns: [column], column, text: named + unnamed, unnamed }
    return [{ kind, ...own, collated: false, onConflict }]
  })
}

function kindOf({ type }: { readonly type: string }): SqliteKey['kind'] | undefined {
  if (type.startsWith('PrimaryKey')) return 'primary key'
  return type.startsWith('Unique') ? 'unique' : undefined
}

/** ON CONFLICT with a space before it; empty if there is none. */
export function conflictText(conflict: ResolveType | undefined): string {
  return conflict === undefined ? '' : ` ON CONFLICT ${conflict.toUpperCase()}`
}
