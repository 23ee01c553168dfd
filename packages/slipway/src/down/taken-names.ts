import {
  type Identities,
  type Identity,
  type ReusedNames,
  identitiesWithReusedNames,
} from '../schema/index.ts'
import type { Action, Statement } from '../statements/index.ts'

/**
 * Names of dropped objects that a new object has now: tables, columns, and enums if a statement may have
 * computed values of the new one. In the state `now`, all objects that still exist have their old names.
 */
export function retakenNames(
  before: Identities,
  now: Identities,
  statements: readonly Statement[],
): ReusedNames {
  const gone = identitiesWithReusedNames(before, now)
  const named = (kind: string) =>
    gone.filter((object) => object.kind === kind).map((object) => nameOf(object, before))
  const computes = statements.some(({ actions }) => actions.some(mayCompute))
  return { tables: named('TABLE'), columns: named('COLUMN'), types: computes ? named('TYPE') : [] }
}

function nameOf({ name, of = '' }: Identity, all: Identities): ReusedNames['tables'][number] {
  const home = all.get(of)
  if (home?.kind === 'SCHEMA') return { schema: home.name, name }
  return { schema: all.get(home?.of ?? '')?.name ?? '', table: home?.name ?? '', name }
}

/** Whether an action may give a column values that are not casts of the old ones. Code may do anything. */
function mayCompute(action: Action): boolean {
  if (action.kind === 'change-type') return action.using !== undefined && !action.casts
  return action.kind === 'opaque'
}
