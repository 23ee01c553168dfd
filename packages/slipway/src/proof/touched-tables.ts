import type { Action, Migration, ObjectName } from '../statements/index.ts'

/**
 * The tables whose rows the migrations can change, lose or fail on, and the tables that they reference.
 * Undefined if the statements do not tell. Rows of other tables make no difference to a test run.
 */
export function touchedTables(migrations: readonly Migration[]): readonly ObjectName[] | undefined {
  const found: ObjectName[] = []
  for (const { actions } of migrations.flatMap(({ statements }) => statements)) {
    const touched = actions.map(tablesOf)
    if (touched.length === 0 || touched.includes(undefined)) return undefined
    found.push(...touched.flatMap((tables) => tables ?? []))
  }
  return found
}

/**
 * Undefined for code, for statements on rows and for what affects more tables through CASCADE or a type:
 * these need a run with rows in all tables.
 */
function tablesOf(action: Action): readonly ObjectName[] | undefined {
  switch (action.kind) {
    case 'add-column':
      if (action.column.default?.kind === 'volatile' || isComputed(action.column.filledBy))
        return undefined
      return [action.table, ...action.column.constraints.flatMap(referenced)]
    case 'add-constraint':
      return [action.table, ...referenced(action.constraint)]
    case 'drop-column':
    case 'drop-constraint':
      return 'cascade' in action && action.cascade ? undefined : [action.table]
    case 'set-not-null':
    case 'drop-not-null':
    case 'set-default':
    case 'drop-default':
    case 'validate-constraint':
    case 'create-index':
      return [action.table]
    case 'drop-index':
    case 'create-enum':
      return []
    case 'create-table': {
      if (
        action.filled ||
        action.partitionOf ||
        action.columns.some((one) => isComputed(one.filledBy))
      )
        return undefined
      const constraints = [
        ...action.constraints,
        ...action.columns.flatMap((one) => one.constraints),
      ]
      return [action.table, ...constraints.flatMap(referenced)]
    }
    case 'drop':
      return action.of === 'table' && !action.cascade ? [action.object] : undefined
    default:
      return undefined
  }
}

function isComputed(filledBy: string | undefined): boolean {
  return filledBy === 'stored' || filledBy === 'virtual'
}

function referenced({ references }: { readonly references?: { readonly table: ObjectName } }) {
  return references ? [references.table] : []
}
