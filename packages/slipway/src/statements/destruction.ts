import type { Action, ObjectName } from './action.ts'
import { type Destruction, type ObjectRef, partRef, type TableRef, tableRef } from './object-ref.ts'
import { chosenName } from './postgres/chosen-name.ts'

/**
 * The data that an action destroys in a database with this default schema: dropped tables, schemas and
 * columns, sequences with their positions, deleted rows, and the stored rows of a materialized view. Objects
 * without data of their own (indexes, views, constraints) do not count.
 */
export function destructionsBy(action: Action, defaultSchema: string): Destruction[] {
  const tableOf = (name: ObjectName) => tableRef({ defaultSchema }, name)
  const rowsOf = (name: ObjectName): Destruction => ({ what: 'rows', object: tableOf(name) })
  const viewOf = (name: ObjectName) => ({
    ...tableOf(name),
    kind: 'materialized-view' as const,
  })
  const dropped = (object: ObjectRef): Destruction => ({ what: 'object', object })
  switch (action.kind) {
    case 'drop':
      if (action.of === 'table') return [dropped(tableOf(action.object))]
      if (action.of === 'sequence')
        return [dropped({ ...tableOf(action.object), kind: 'sequence' })]
      if (action.of === 'materialized-view') return [dropped(viewOf(action.object))]
      if (action.of === 'schema') return [dropped({ kind: 'schema', name: action.object.name })]
      return action.of === 'type' && action.cascade
        ? [{ what: 'values', object: { ...tableOf(action.object), kind: 'type' } }]
        : []
    case 'drop-column':
      return [dropped(partRef('column', tableOf(action.table), action.column))]
    case 'alter-table':
      return isIdentityDropped(action)
        ? [{ what: 'values', object: identitySequence(tableOf(action.table), action.column) }]
        : []
    case 'truncate':
      return action.tables.map(rowsOf)
    case 'delete':
      return [rowsOf(action.table)]
    // The stored rows may be older than those of the tables.
    case 'refresh-view':
      return [{ what: 'rows', object: viewOf(action.view) }]
    case 'drop-owned':
      return [dropped({ kind: 'role', name: '' })]
    case 'drop-database':
      return [dropped({ kind: 'database', name: action.name })]
    default:
      return []
  }
}

/** Whether an action drops the identity of a column, and with it its sequence. */
export function isIdentityDropped(
  action: Action,
): action is Extract<Action, { kind: 'alter-table' }> & { readonly column: string } {
  return (
    action.kind === 'alter-table' &&
    action.subcommand === 'AT_DropIdentity' &&
    action.column !== undefined
  )
}

/** The sequence of an identity column, by the name that PostgreSQL gives it if that is free. */
function identitySequence(table: TableRef, column: string): ObjectRef {
  return { ...table, kind: 'sequence', name: chosenName(table.name, [column], 'seq') }
}
