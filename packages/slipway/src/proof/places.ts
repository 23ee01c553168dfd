import {
  type Action,
  objectKey,
  type ObjectName,
  type Statement,
  tableRef,
} from '../statements/index.ts'
import { expectedEffects, expectedEffectsOfText, isReadable } from './expected-effects.ts'
import type { Cause } from './possible-effects.ts'
import { type ReachedCode, reachedCode } from './reached-code.ts'
import { nameOfRelation } from './relation-name.ts'
import type { RunOfCode } from './run-of-code.ts'
import type { SeenEffect } from './seen-effect.ts'

/** A place in a statement, or in code that it runs, that may destroy data. */
export interface Place extends Cause {
  /** The name of the place in a sentence. */
  readonly where: string
  /** The code; absent if it is the statement itself. */
  readonly code?: ReachedCode
}

/** Code of a trigger that sets columns of its row. */
export interface Assignment {
  /** The table's name as the server writes it. */
  readonly table: string
  readonly code: ReachedCode
}

/** The places of a statement. */
export interface StatementPlaces {
  readonly statement: Statement
  /** Its effects, without those that an error undid. */
  readonly effects: readonly SeenEffect[]
  /** Effects that an error may have undone completely. */
  readonly unsure: readonly SeenEffect[]
  /** Places in the statement itself. */
  readonly own: readonly Place[]
  readonly code: readonly Place[]
  readonly assignments: readonly Assignment[]
  /** Where code builds statements that cannot be read. */
  readonly unreadable: readonly string[]
  /** Tables that the statement and its code create. */
  readonly made: readonly ObjectName[]
  /** Names of the columns that the statement and its code add. */
  readonly added: readonly string[]
}

/** Finds the places of each statement of a run. */
export function findPlaces(run: RunOfCode): StatementPlaces[] {
  return run.statements.map((statement, at) => {
    const { number } = statement
    const all = run.trace.effects.filter((one) => one.statement === number)
    const earlier = run.statements.slice(0, at)
    const reached = reachedCode({ statement, earlier, code: run.code, effects: all })
    const handlesErrors = reached.some((one) => one.handlesErrors)
    const effects = handlesErrors ? all.filter((one) => !isUndone(one, run)) : all
    return {
      statement,
      effects,
      unsure: handlesErrors ? effects.filter((one) => isElsewhere(one, run)) : [],
      own: statement.actions
        .flatMap(expectedEffects)
        .map((demand) => ({ demand, effects, where: `statement ${number}` })),
      code: reached.flatMap((code) => placesOf(code, effects)),
      assignments: reached.flatMap(assignmentsOf),
      unreadable: reached.flatMap(({ texts, place }) => (texts.every(isReadable) ? [] : [place])),
      made: [statement, ...reached].flatMap(({ actions }) => actions.flatMap(madeBy)),
      added: [statement, ...reached].flatMap(({ actions }) => actions.flatMap(addedBy)),
    }
  })
}

function placesOf(code: ReachedCode, effects: readonly SeenEffect[]): Place[] {
  const { actions, texts, place: where, inSeveralWays } = code
  const demands = [...actions.flatMap(expectedEffects), ...texts.flatMap(expectedEffectsOfText)]
  return demands.map((demand) => ({
    demand: inSeveralWays ? { ...demand, several: true } : demand,
    effects,
    where,
    code,
  }))
}

function assignmentsOf(code: ReachedCode): Assignment[] {
  const { trigger: table, assigned } = code
  return table === undefined || assigned.length === 0 ? [] : [{ table, code }]
}

function madeBy(action: Action): ObjectName[] {
  return action.kind === 'create-table' ? [action.table] : []
}

function addedBy(action: Action): string[] {
  return action.kind === 'add-column' ? [action.column.name] : []
}

/**
 * Whether an effect was rolled back. Row counts include those of a rolled-back subtransaction, but the table
 * is unchanged.
 */
function isUndone({ relation, rows }: SeenEffect, { before, unchanged }: RunOfCode): boolean {
  if (rows === undefined) return false
  return unchanged.has(objectKey(tableRef(before, nameOfRelation(relation))))
}

/**
 * Whether another statement changed rows of the same table: then a changed table proves nothing about this
 * one.
 */
function isElsewhere({ statement, relation, rows }: SeenEffect, { trace }: RunOfCode): boolean {
  if (rows === undefined) return false
  return trace.effects.some((one) => one.relation === relation && one.statement !== statement)
}
