import { tableNamed } from '../schema/index.ts'
import { objectKey, type ObjectName, partRef } from '../statements/index.ts'
import type { Assignment, Place, StatementPlaces } from './places.ts'
import {
  type PossibleEffect,
  possibleEffects,
  isEffectOf,
  isEffectOn,
  type KnownTables,
} from './possible-effects.ts'
import type { ReachedCode } from './reached-code.ts'
import { isNamed, nameOfRelation } from './relation-name.ts'
import type { RunOfCode } from './run-of-code.ts'

/** Distinguishes the effects of one place from those of the others. */
export interface Distinction {
  /** Whether an effect proves that a place ran, because none of the others can have caused it. */
  isAlone(place: Place, others: readonly Place[], unsure: StatementPlaces['unsure']): boolean
  /**
   * The columns of its row that a trigger sets but something else may have changed; `*` for the whole row.
   */
  columnsInDoubt(assignment: Assignment, at: StatementPlaces): string[]
}

/** Compares the places of all statements of a run. */
export function distinguishPlaces(
  run: RunOfCode & KnownTables,
  statements: readonly StatementPlaces[],
): Distinction {
  const found = new Map<Place, readonly PossibleEffect[]>()
  const caused = (place: Place) => {
    const known = found.get(place) ?? possibleEffects(place, run)
    found.set(place, known)
    return known
  }
  const all = statements.flatMap(({ own, code }) => [...own, ...code])
  return { isAlone, columnsInDoubt }

  function isAlone(place: Place, beside: readonly Place[], unsure: StatementPlaces['unsure']) {
    const { demand, effects } = place
    if (demand.several) return false
    if (demand.object !== undefined)
      return !all.some((one) => isOther(one, place) && mayChangeObject(one, place))
    const others = beside.filter((one) => isOther(one, place))
    const explained = new Set(others.flatMap((one) => caused(one).map(({ effect }) => effect)))
    return (
      effects.some(
        (one) => isEffectOf(demand, one, run) && !explained.has(one) && !unsure.includes(one),
      ) || hasOwnColumn(place)
    )
  }

  function mayChangeObject(one: Place, { demand }: Place): boolean {
    const { object, reaches = [] } = one.demand
    if (object === demand.object || reaches.length > 0) return true
    const drops = caused(one).some(({ effect }) => effect.what.endsWith('dropped'))
    return drops && demand.verb.startsWith('DROP')
  }

  /** Whether a column changed that nothing else sets. */
  function hasOwnColumn(place: Place): boolean {
    const { table, sets = [] } = place.demand
    return (
      table !== undefined &&
      sets.some(
        (name) =>
          isChanged(table, name) &&
          !all.some((one) => isOther(one, place) && maySet(one, table, name)) &&
          !statements.some((one) => isAssigned(table, name, one)),
      )
    )
  }

  function isChanged(name: ObjectName, column: string): boolean {
    const table = tableNamed(run.before, name)
    return table !== undefined && run.changed.has(objectKey(partRef('column', table, column)))
  }

  function maySet(place: Place, table: ObjectName, column: string): boolean {
    return caused(place).some(
      ({ effect, columns }) =>
        effect.what === 'updated' &&
        isEffectOn(effect, table) &&
        (columns === undefined || columns.includes(column)),
    )
  }

  function columnsInDoubt({ table, code }: Assignment, at: StatementPlaces): string[] {
    const name = nameOfRelation(table)
    const known = tableNamed(run.before, name)
    if (known === undefined) return []
    const columns = [...known.columns.keys()]
    const isOnlyHere = (column: string) =>
      !all.some((one) => maySet(one, name, column)) &&
      !statements.some((one) => isAssigned(name, column, one, code))
    if (code.assigned.includes('*')) {
      const isSeen = columns.some((column) => isChanged(name, column) && isOnlyHere(column))
      return isSeen && !code.inSeveralWays ? [] : ['*']
    }
    return columns.filter((column) => {
      const times = code.assigned.filter((one) => one === column).length
      if (times === 0 || isOverwritten(name, column, at)) return false
      return times > 1 || code.inSeveralWays || !isOnlyHere(column)
    })
  }

  /**
   * Whether every update of the statement sets the column itself, so that the trigger's value destroys
   * nothing more.
   */
  function isOverwritten(table: ObjectName, column: string, at: StatementPlaces): boolean {
    const updates = [...at.own, ...at.code]
      .flatMap(caused)
      .filter(({ effect }) => effect.what === 'updated' && isEffectOn(effect, table))
    return updates.length > 0 && updates.every(({ columns }) => columns?.includes(column))
  }
}

/** Whether a trigger that a statement runs sets a column; `itself` does not count. */
function isAssigned(
  table: ObjectName,
  column: string,
  { assignments, effects }: StatementPlaces,
  itself?: ReachedCode,
): boolean {
  return assignments.some(({ table: of, code }) => {
    if (itself !== undefined && code.version === itself.version) return false
    if (!code.assigned.includes(column) && !code.assigned.includes('*')) return false
    const name = nameOfRelation(of)
    return (
      isNamed(of, table) || effects.some((one) => isEffectOn(one, table) && isEffectOn(one, name))
    )
  })
}

/** Whether a place may run in addition to another. A call runs only one of a routine's versions. */
function isOther(one: Place, place: Place): boolean {
  if (one === place) return false
  const isSameCall = one.effects === place.effects && one.code?.version === place.code?.version
  return !isSameCall || one.code === place.code
}
