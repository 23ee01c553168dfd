import { isDeepStrictEqual } from 'node:util'
import { encodeId, type Fact, type FactBase, type StableId } from '@supabase/pg-delta'
import { quoteIdentifier } from '../../database/index.ts'
import { factBase } from './fact-base.ts'

/** An object that exists before and after a script and must be dropped while it runs. */
export interface RecreatedObjects {
  /** Statements that drop it, to run before everything else. */
  readonly drops: readonly string[]
  /** The state from which the script starts, without the object, so that the script creates it. */
  readonly source: FactBase
  /** Whether these are objects that the script creates again: the action that does so must come last. */
  readonly recreatesAny: (ids: readonly StableId[]) => boolean
}

/**
 * The objects that a script must drop and create again: foreign keys between columns of which one changes its
 * type, because the server refuses a foreign key between two types even for one statement; triggers, policies
 * and rules that name such a column, because the server does not change its type while they exist; and the
 * comments of enums that are created again.
 */
export function recreatedObjects(source: FactBase, target: FactBase): RecreatedObjects {
  const states = { source, target }
  const users = source.facts().filter((fact) => isOnRetyped(fact, states))
  const comments = source
    .facts()
    .filter(({ id }) => id.kind === 'comment' && needsRecreation(id.target, states))
  const gone = new Set([...users, ...comments].map(({ id }) => encodeId(id)))
  const isGone = ({ id, parent }: Fact) =>
    gone.has(encodeId(id)) || (parent !== undefined && gone.has(encodeId(parent)))
  return {
    drops: users.flatMap(({ id }) => dropSql(id)),
    source:
      gone.size === 0
        ? source
        : factBase(
            source.facts().filter((fact) => !isGone(fact)),
            source.edges,
          ),
    recreatesAny: (ids) =>
      ids.some(
        (id) => gone.has(encodeId(id)) || (id.kind === 'comment' && gone.has(encodeId(id.target))),
      ),
  }
}

interface States {
  readonly source: FactBase
  readonly target: FactBase
}

const NAMING_COLUMNS = ['trigger', 'policy', 'rule']

function isOnRetyped({ id, payload }: Fact, states: States): boolean {
  const isKey = payload['type'] === 'f' && states.target.has(id)
  if (!isKey && !NAMING_COLUMNS.includes(id.kind)) return false
  return [states.source, states.target].some((facts) =>
    facts.outgoingEdges(id).some(({ to }) => isRetyped(to, states)),
  )
}

function isRetyped(id: StableId, states: States): boolean {
  const [before, after] = [states.source.get(id), states.target.get(id)]
  if (id.kind !== 'column' || !before || !after) return false
  if (before.payload['type'] !== after.payload['type']) return true
  return states.target.outgoingEdges(id).some(({ to }) => needsRecreation(to, states))
}

/** Whether a type is an enum that cannot get its new values by additions alone. */
function needsRecreation(id: StableId, { source, target }: States): boolean {
  if (id.kind !== 'type') return false
  const had = source.get(id)?.payload['values']
  const has = target.get(id)?.payload['values']
  if (!Array.isArray(had) || !Array.isArray(has)) return false
  const kept = has.filter((value) => had.includes(value))
  return !isDeepStrictEqual(had, kept)
}

function dropSql(id: StableId): string[] {
  if (!('table' in id) || !('name' in id)) return []
  const table = `${quoteIdentifier(id.schema)}.${quoteIdentifier(id.table)}`
  const name = quoteIdentifier(id.name)
  return id.kind === 'constraint'
    ? [`ALTER TABLE ${table} DROP CONSTRAINT ${name}`]
    : [`DROP ${id.kind.toUpperCase()} ${name} ON ${table}`]
}
