import { type Change, tableNamed } from '../schema/index.ts'
import {
  type Action,
  objectKey,
  type ObjectName,
  partRef,
  type Statement,
} from '../statements/index.ts'
import { distinguishPlaces, type Distinction } from './distinguish-places.ts'
import { CHANGE_OF_TYPE, type ExpectedEffect } from './expected-effects.ts'
import { type Assignment, findPlaces, type Place, type StatementPlaces } from './places.ts'
import { isEffectOf, type KnownTables } from './possible-effects.ts'
import type { SchemaCode } from './postgres/schema-code.ts'
import { isNamed, nameOfRelation } from './relation-name.ts'
import { isOfRows } from './row-actions.ts'
import type { RunOfCode } from './run-of-code.ts'

interface KnownRun extends RunOfCode, KnownTables {
  /** Names of columns that the migration and its code add. */
  readonly added: ReadonlySet<string>
}

/**
 * What code may destroy but did not destroy in the run, in sentences: a condition was not met, an error undid
 * it, or something else may have had the observed effect. This covers the code of DO blocks and all that a
 * statement runs implicitly: functions, and the triggers and rules of the tables that it changes.
 */
export function idleCode(run: RunOfCode): string[] {
  const places = findPlaces(run)
  const { foreignKeys } = run.code
  const made = places.flatMap((one) => one.made)
  const added = new Set(places.flatMap((one) => one.added))
  const known = { ...run, foreignKeys, made, added }
  const distinction = distinguishPlaces(known, places)
  return places.flatMap((at) => {
    const { number, actions } = at.statement
    const opaque = actions.some(({ kind }) => kind === 'opaque')
    const unseen = opaque && whyUnseen(at.statement)
    if (unseen) return [`Statement ${number} ${unseen}, so its changes could not be observed.`]
    const idle = opaque ? idleTables(run, number) : []
    if (idle.length > 0)
      return [`Statement ${number} changed none of the generated rows of ${idle.join(', ')}.`]
    const isIdle = !run.trace.effects.some(({ statement }) => statement === number)
    if (isIdle && actions.some((action) => callsOwn(action, run.code)))
      return [`The code that statement ${number} calls changed nothing.`]
    return [...new Set(gapsOf(known, at, distinction))]
  })
}

function whyUnseen({ role, actions }: Statement): string | undefined {
  if (role.kind === 'alone') return 'issues its own COMMIT'
  const outside = actions.some((action) => action.kind === 'opaque' && action.outside)
  return outside ? 'works outside the transaction' : undefined
}

/**
 * The tables whose rows code was to change but did not change. They are known from the locks that PostgreSQL
 * takes for the code; for an SQL function, it takes them when the function is created.
 */
function idleTables({ statements, trace, vacant }: RunOfCode, number: number): string[] {
  const isPlain = new Set(
    statements.flatMap((one) => (one.actions.some(isOfRows) ? [one.number] : [])),
  )
  // Rows of a partitioned table are counted in the partition.
  const changed = new Set([
    ...vacant,
    ...trace.effects
      .filter(({ statement }) => statement <= number)
      .flatMap(({ relation, within = [] }) => [relation, ...within]),
  ])
  return trace.locks
    .filter(
      ({ statement, until, relation, kind, mode }) =>
        kind === 'table' &&
        mode === 'ROW EXCLUSIVE' &&
        !isPlain.has(statement) &&
        statement <= number &&
        number <= until &&
        !changed.has(relation),
    )
    .map(({ relation }) => relation)
}

/** Whether an action calls routines that are not built into PostgreSQL. */
function callsOwn(action: Action, { routines }: SchemaCode): boolean {
  if (action.kind !== 'opaque' || action.words !== undefined) return false
  return action.calls?.some((name) => routines.has(name)) === true
}

/** The gaps of the places in the statement itself: each must have changed existing rows. */
function ownGaps(
  run: KnownRun,
  { own, statement }: StatementPlaces,
  distinction: Distinction,
): string[] {
  const places = own.filter(({ demand }) => OF_ROWS.has(demand.verb) && isExpected(demand, run))
  const { number } = statement
  return places.flatMap((place) => {
    const { verb, sets, table } = place.demand
    const isShownHere = isShown(place, run)
    if (!isCounted(place)) return []
    if (verb === 'UPDATE' && sets === undefined && !isShownHere)
      return [`Statement ${number} updates existing rows, but matched none of the generated rows.`]
    // A trigger or a rule may turn it into another change.
    if (isHooked(place.demand, run)) return []
    if (!isShownHere)
      return [`Statement ${number} changed none of the generated rows of ${table?.name}.`]
    // What the statement's code does follows from the statement, so only its own places are compared.
    return distinction.isAlone(place, own, []) ? [] : [inDoubt(place)]
  })
}

const OF_ROWS: ReadonlySet<string> = new Set(['DELETE', 'UPDATE'])

function isCounted({ effects }: Place): boolean {
  return effects.some(({ rows }) => rows !== undefined)
}

function isHooked({ table, shown }: ExpectedEffect, { code }: KnownRun): boolean {
  return (
    table !== undefined &&
    code.hooks.some(
      (hook) =>
        isNamed(hook.table, table) && hook.on.some((one) => shown.includes(`${one}d` as 'deleted')),
    )
  )
}

/** Whether there may be, on some target, older data that it can change. */
function isExpected(demand: ExpectedEffect, run: KnownRun): boolean {
  const { table, column, sets } = demand
  if (table === undefined) return true
  const columns = tableNamed(run.before, table)?.columns
  if (columns === undefined) return !run.made.some(({ name }) => name === table.name)
  if (column !== undefined && !columns.has(column)) return false
  if (run.vacant.some((one) => isNamed(one, table))) return false
  // Filling new columns destroys nothing, unless a trigger does.
  const isFilling = sets?.every((name) => !columns.has(name) && run.added.has(name)) === true
  return !isFilling || isHooked(demand, run)
}

function gapsOf(run: KnownRun, at: StatementPlaces, distinction: Distinction): string[] {
  const all = [...at.own, ...at.code]
  return [
    ...ownGaps(run, at, distinction),
    ...at.code.flatMap((place) =>
      gapOf(place, run, () => distinction.isAlone(place, all, at.unsure)),
    ),
    ...at.unreadable.map(
      (where) =>
        `${capitalised(where)} builds statements dynamically, and not all of them can be read.`,
    ),
    ...at.assignments.flatMap((one) => [
      ...sameColumns(nameOfRelation(one.table), one.code.assigned, run).map((column) =>
        leftBy(one.code.place, column),
      ),
      ...distinction.columnsInDoubt(one, at).map((column) => assignedInDoubt(one, column)),
    ]),
  ]
}

function gapOf(place: Place, run: KnownRun, isAlone: () => boolean): string[] {
  const { demand, where } = place
  if (!isExpected(demand, run)) return []
  if (!isShown(place, run)) return [`The ${demand.verb} in ${where} changed nothing.`]
  if (!isAlone()) return [inDoubt(place)]
  const { table, sets } = demand
  return table === undefined || sets === undefined
    ? []
    : sameColumns(table, sets, run).map((name) => leftBy(where, name))
}

function isShown({ demand, effects }: Place, run: KnownRun): boolean {
  if (demand.object === undefined) return effects.some((effect) => isEffectOf(demand, effect, run))
  return run.changes.some((change) => isChangeOf(change, demand))
}

/** Whether the object of this name is removed or changed; without a name, whether a type is. */
function isChangeOf({ change, object, attributes }: Change, demand: ExpectedEffect): boolean {
  const { object: name = '', table, verb } = demand
  if (change === 'added') return false
  if (name === '') return object.kind === 'attribute' || object.kind === 'type'
  if (!('name' in object) || object.name !== name) return false
  if (verb !== CHANGE_OF_TYPE) return true
  return object.kind === 'column' && object.table === table?.name && attributes.includes('type')
}

/** The columns of an existing table that should be set but have the same values after the run. */
function sameColumns(table: ObjectName, names: readonly string[], run: KnownRun): string[] {
  const known = tableNamed(run.before, table)
  if (known === undefined) return []
  const all = [...known.columns.keys()].filter(
    (name) => names.includes(name) || names.includes('*'),
  )
  const same = all.filter((name) => run.unchanged.has(objectKey(partRef('column', known, name))))
  // It is unknown which columns an assignment of the whole row changes.
  if (names.includes('*') && same.length < all.length) return []
  return same.map((name) => `${known.name}.${name}`)
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function leftBy(where: string, column: string): string {
  return `${capitalised(where)} sets ${column}, but changed no value of it.`
}

function inDoubt({ demand: { verb, table, object }, where }: Place): string {
  const of = object ?? table?.name ?? ''
  return `Whether the ${verb}${of && ` of ${of}`} in ${where} took effect is unknown: something else may have done the same.`
}

function assignedInDoubt({ table, code }: Assignment, column: string): string {
  const set = column === '*' ? `rows of ${table}` : `${nameOfRelation(table).name}.${column}`
  return `Whether ${code.place} changed ${set} itself is unknown: something else may have done the same.`
}
