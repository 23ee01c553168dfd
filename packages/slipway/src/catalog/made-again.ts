import { encodeId, type Fact, type FactBase, type StableId } from '@supabase/pg-delta'
import { quoteIdentifier } from '../database/index.ts'
import { factBase } from './fact-base.ts'

/** What stands before and after a way and cannot stand all along it. */
export interface MadeAgain {
  /** What takes it away, before all else. */
  readonly drops: readonly string[]
  /** The state that the way begins with, without it: so the way makes it. */
  readonly source: FactBase
  /** Whether it is made by what makes these objects: that has to come last. */
  readonly makes: (ids: readonly StableId[]) => boolean
}

/**
 * The foreign keys that have to be made again on a way: those between columns of which one changes its
 * type, for the server refuses a foreign key between two types, be it only until the next statement.
 */
export function madeAgain(source: FactBase, target: FactBase): MadeAgain {
  const keys = source.facts().filter((fact) => isBetweenRetyped(fact, source, target))
  const gone = new Set(keys.map(({ id }) => encodeId(id)))
  const isGone = ({ id, parent }: Fact) =>
    gone.has(encodeId(id)) || (parent !== undefined && gone.has(encodeId(parent)))
  return {
    drops: keys.flatMap(({ id }) => dropSql(id)),
    source:
      gone.size === 0
        ? source
        : factBase(
            source.facts().filter((fact) => !isGone(fact)),
            source.edges,
          ),
    makes: (ids) => ids.some((id) => gone.has(encodeId(id.kind === 'comment' ? id.target : id))),
  }
}

function isBetweenRetyped(key: Fact, source: FactBase, target: FactBase): boolean {
  if (key.payload['type'] !== 'f' || !target.has(key.id)) return false
  return [source, target].some((facts) =>
    facts.outgoingEdges(key.id).some(({ to }) => isRetyped(to, source, target)),
  )
}

function isRetyped(id: StableId, source: FactBase, target: FactBase): boolean {
  const [before, after] = [source.get(id), target.get(id)]
  if (id.kind !== 'column' || !before || !after) return false
  return before.payload['type'] !== after.payload['type']
}

function dropSql(id: StableId): string[] {
  if (id.kind !== 'constraint') return []
  const table = `${quoteIdentifier(id.schema)}.${quoteIdentifier(id.table)}`
  return [`ALTER TABLE ${table} DROP CONSTRAINT ${quoteIdentifier(id.name)}`]
}
