import type { Action, ColumnDefinition, TableAction } from '../statements/index.ts'
import { keyOf, type PendingSchema, typeKey } from './pending-schema.ts'
import type { PendingColumn } from './pending-table.ts'
import type { Asking } from './question.ts'
import type { ColumnFacts } from './target-facts.ts'
import { typeSql } from './type-change.ts'
import { parseType } from './type-range.ts'

/** Follows what an action does to the columns of a table; true where it did something. */
export function followColumns(asking: Asking, action: Action): boolean {
  const { table } = asking
  switch (action.kind) {
    case 'add-column': {
      const { column, ifNotExists } = action
      if (ifNotExists && table.columns.has(column.name)) return false
      table.columns.set(column.name, addedColumn(asking, column))
      return true
    }
    case 'drop-column':
      return table.columns.delete(action.column)
    case 'change-type':
      return retype(asking, action)
    case 'add-constraint': {
      const { constraint } = action
      if (constraint.notValid && constraint.name) table.notValid.set(constraint.name, constraint)
      if (constraint.kind === 'primary-key') table.primaryKey = constraint.columns
      return true
    }
    case 'drop-constraint':
      return table.notValid.delete(action.name)
    default:
      return false
  }
}

function addedColumn({ schema, by }: Asking, column: ColumnDefinition): PendingColumn {
  const { type, filledBy, default: set } = column
  const domain = schema.facts.domains.some((one) => keyOf(one) === typeKey(schema, type))
  const id = Symbol(column.name)
  if (filledBy !== undefined || set !== undefined || domain)
    return { id, unknown: `${by} adds the column ${column.name} with a value of its own` }
  return { id, empty: true, value: `NULL${castTo(schema, type)}` }
}

/** The value in its new type, where the target knows that type already. */
function retype(
  { schema, table, by }: Asking,
  { column: name, type, using, casts }: Extract<TableAction, { kind: 'change-type' }>,
): boolean {
  const column = table.columns.get(name)
  if (column === undefined) return false
  const plain = using === undefined || casts !== undefined
  const cast = castTo(schema, type)
  const known = plain && cast !== '' && column.value !== undefined
  const unknown = `${by} changes the type of the column ${name}`
  table.columns.set(name, {
    id: column.id,
    ...(known ? { value: `(${column.value})${throughText(casts)}${cast}` } : { unknown }),
    ...(column.empty && known ? { empty: true } : {}),
    // A cast gives NULL for NULL alone.
    ...(plain && column.source ? { source: retyped(column.source, type) } : {}),
  })
  return true
}

function retyped({ name, notNull }: ColumnFacts, type: string): ColumnFacts {
  return { name, notNull, type }
}

function throughText(casts: readonly string[] = []): string {
  return casts.length === 2 && casts[0]?.startsWith('text') ? `::${casts[0]}` : ''
}

/** A cast as SQL; nothing where the target does not know the type by this name. */
function castTo(schema: PendingSchema, type: string): string {
  return schema.newTypes.has(typeKey(schema, type)) ? '' : `::${typeSql(parseType(type))}`
}
