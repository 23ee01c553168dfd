import { type DatabaseSchema, tableNamed } from '../schema/index.ts'
import type { ObjectName } from '../statements/index.ts'
import type { ExpectedEffect } from './expected-effects.ts'
import type { ForeignKey } from './postgres/schema-code.ts'
import { isNamed, nameOfRelation } from './relation-name.ts'
import type { SeenEffect } from './seen-effect.ts'

/** Part of a statement that may change data. */
export interface Cause {
  readonly demand: ExpectedEffect
  /** The effects of its statement. */
  readonly effects: readonly SeenEffect[]
}

/** An effect, and the columns that it sets; absent if it may set any. */
export interface PossibleEffect {
  readonly effect: SeenEffect
  readonly columns?: readonly string[]
}

export interface KnownTables {
  /** The schema before the migration. */
  readonly before: DatabaseSchema
  /** Tables that the migration and its code create. */
  readonly made: readonly ObjectName[]
  readonly foreignKeys: readonly ForeignKey[]
}

/** Whether an effect concerns rows of a table, including its partitions and children. */
export function isEffectOn({ relation, within = [] }: SeenEffect, table: ObjectName): boolean {
  return [relation, ...within].some((one) => isNamed(one, table))
}

/** Whether an effect matches a demand. */
export function isEffectOf(
  demand: ExpectedEffect,
  effect: SeenEffect,
  tables: KnownTables,
): boolean {
  // An update may move rows to another partition, which counts as deleting them.
  const moves = demand.verb === 'UPDATE' && effect.what === 'deleted' && effect.within !== undefined
  return (moves || demand.shown.includes(effect.what)) && isWhere(demand, effect, tables)
}

function isWhere(
  { table, column }: ExpectedEffect,
  effect: SeenEffect,
  { before }: KnownTables,
): boolean {
  // A view is not among the known tables: it may pass a change on to any table.
  const isAny = table === undefined || tableNamed(before, table) === undefined
  if (!isAny && !isEffectOn(effect, table)) return false
  return column === undefined || effect.column === undefined || effect.column === column
}

/** Whether a demand is about a table that the migration creates: it contains no older data. */
function isOnNewTable({ table }: ExpectedEffect, { before, made }: KnownTables): boolean {
  if (table === undefined || tableNamed(before, table) !== undefined) return false
  return made.some(({ name }) => name === table.name)
}

/** The effects that a cause may have had, including through foreign keys. */
export function possibleEffects({ demand, effects }: Cause, tables: KnownTables): PossibleEffect[] {
  if (isOnNewTable(demand, tables)) return []
  const caused = effects.filter((effect) => mayCause(demand, effect, tables)).map(withColumns)
  for (let known = 0; known < caused.length; known++) {
    const one = caused[known]
    if (one === undefined) break
    for (const key of tables.foreignKeys)
      for (const next of cascadedEffects(one, key, effects, tables))
        if (!caused.some((other) => isSame(other, next))) caused.push(next)
  }
  return caused

  function withColumns(effect: SeenEffect): PossibleEffect {
    const isSet = effect.what === 'updated' && demand.sets !== undefined
    return isSet ? { effect, columns: demand.sets } : { effect }
  }
}

function isSame(one: PossibleEffect, other: PossibleEffect): boolean {
  return one.effect === other.effect && String(one.columns) === String(other.columns)
}

function mayCause(demand: ExpectedEffect, effect: SeenEffect, tables: KnownTables): boolean {
  return demand.reaches?.includes(effect.what) === true || isEffectOf(demand, effect, tables)
}

/** The effects that a foreign key adds if an effect is on the table that it refers to. */
function cascadedEffects(
  { effect, columns }: PossibleEffect,
  key: ForeignKey,
  effects: readonly SeenEffect[],
  { before, made }: KnownTables,
): PossibleEffect[] {
  const to = nameOfRelation(key.to)
  // The referenced table may have been renamed since.
  const isRenamed =
    tableNamed(before, to) === undefined && !made.some(({ name }) => name === to.name)
  if (!isRenamed && !isEffectOn(effect, to)) return []
  const from = nameOfRelation(key.table)
  const on = (what: SeenEffect['what']) =>
    effects.filter(
      (one) =>
        one.what === what && (isEffectOn(one, from) || tableNamed(before, from) === undefined),
    )
  const set = () => on('updated').map((one) => ({ effect: one, columns: key.columns }))
  switch (effect.what) {
    case 'deleted':
      if (key.onDelete === 'cascade') return on('deleted').map((one) => ({ effect: one }))
      return key.onDelete === 'set' ? set() : []
    case 'updated': {
      const isKey = columns === undefined || columns.some((name) => key.toColumns.includes(name))
      return isKey && key.onUpdate !== undefined ? set() : []
    }
    case 'emptied':
      return on('emptied').map((one) => ({ effect: one }))
    default:
      return []
  }
}
