import { type Identities, type Identity, type Retaken, retakenBy } from '../schema/index.ts'
import type { Action, Statement } from '../statements/index.ts'

/**
 * Names of objects that are gone and that a new object has now: of tables, of columns, and of enums where a
 * statement may have computed values of the new one. `now` is the state in which all that still exists has its
 * old name.
 */
export function retakenNames(
  before: Identities,
  now: Identities,
  statements: readonly Statement[],
): Retaken {
  const gone = retakenBy(before, now)
  const named = (kind: string) =>
    gone.filter((object) => object.kind === kind).map((object) => nameOf(object, before))
  const actions = statements.flatMap((statement) => statement.actions)
  const columns = named('COLUMN').map((column) => ({
    ...column,
    empty: actions.some((action) => adds(action, column)),
  }))
  return { tables: named('TABLE'), columns, types: actions.some(mayCompute) ? named('TYPE') : [] }
}

function nameOf({ name, of = '' }: Identity, all: Identities): Retaken['tables'][number] {
  const home = all.get(of)
  if (home?.kind === 'SCHEMA') return { schema: home.name, name }
  return { schema: all.get(home?.of ?? '')?.name ?? '', table: home?.name ?? '', name }
}

/** Whether an action adds a column under the name that it has now: its values are then no conversion of the old ones. */
function adds(action: Action, { schema, table, name }: Retaken['columns'][number]): boolean {
  return (
    action.kind === 'add-column' &&
    action.column.name === name &&
    action.table.name === table &&
    (action.table.schema ?? schema) === schema
  )
}

/** Whether an action may give a column values that are more than a cast of the old ones: code may do anything. */
function mayCompute(action: Action): boolean {
  if (action.kind === 'change-type') return action.using !== undefined && !action.casts
  return action.kind === 'opaque'
}
