import type { Action, ObjectName } from './action.ts'

/**
 * What an action destroys of the data that a database holds: tables, schemas and columns that it drops,
 * rows that it deletes. Objects that hold no data of their own (indexes, views, constraints) do not count.
 */
export function destroyedBy(action: Action): string[] {
  switch (action.kind) {
    case 'drop':
      if (action.of === 'table' || action.of === 'schema')
        return [`${action.of} ${written(action.object)}`]
      return action.of === 'type' && action.cascade
        ? [`columns of the type ${written(action.object)}`]
        : []
    case 'drop-column':
      return [`column ${written(action.table)}.${action.column}`]
    case 'truncate':
      return action.tables.map((table) => `rows of ${written(table)}`)
    case 'delete':
      return [`rows of ${written(action.table)}`]
    case 'drop-owned':
      return ['all that a role owns']
    case 'drop-database':
      return [`database ${action.name}`]
    default:
      return []
  }
}

function written({ schema, name }: ObjectName): string {
  return schema === undefined ? name : `${schema}.${name}`
}
