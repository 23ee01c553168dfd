import { type Change, type DatabaseSchema, tableNamed } from '../schema/index.ts'
import {
  type Action,
  callsIn,
  type Code,
  codeIn,
  objectKey,
  type ObjectName,
  partRef,
  type Statement,
  tableRef,
} from '../statements/index.ts'
import type { Hook, SchemaCode } from './postgres/schema-code.ts'
import type { Trace } from './postgres/trace.ts'
import { isNamed, nameOfRelation } from './relation-name.ts'
import type { SeenEffect } from './seen-effect.ts'

/** A run of a migration, as far as it shows what code did. */
export interface RunOfCode {
  readonly statements: readonly Statement[]
  /** The schema before. */
  readonly before: DatabaseSchema
  readonly trace: Trace
  /** The code of the schema before it and after. */
  readonly code: SchemaCode
  /** What it changes of the schema. */
  readonly changes: readonly Change[]
  /** The keys of tables and columns whose rows and values are after it what they were. */
  readonly unchanged: ReadonlySet<string>
  /** The tables that have no rows wherever it runs. */
  readonly vacant: readonly string[]
}

/**
 * What code may destroy and did not in the run, in sentences: a condition was not met, or an error undid it. The code of blocks
 * counts, and all that a statement runs without showing it: functions, and the triggers and rules of the tables that it changes.
 */
export function idleCode(run: RunOfCode): string[] {
  return run.statements.flatMap((statement) => {
    const { number, actions } = statement
    const opaque = actions.some(({ kind }) => kind === 'opaque')
    const unseen = opaque && whyUnseen(statement)
    if (unseen) return [`Statement ${number} ${unseen}: what it changes was not seen.`]
    const idle = opaque ? idleTables(run, number) : []
    if (idle.length > 0)
      return [`Statement ${number} changed none of the generated rows of ${idle.join(', ')}.`]
    const effects = effectsOf(run, number)
    if (effects.length === 0 && actions.some((action) => callsOwn(action, run.code)))
      return [`What statement ${number} calls changed nothing.`]
    return [...new Set(gapsOf({ ...run, statement, effects }, reachedCode(run, statement)))]
  })
}

function whyUnseen({ role, actions }: Statement): string | undefined {
  if (role.kind === 'alone') return 'commits by itself'
  const outside = actions.some((action) => action.kind === 'opaque' && action.outside)
  return outside ? 'works outside of the transaction' : undefined
}

function effectsOf({ trace }: RunOfCode, number: number): SeenEffect[] {
  return trace.effects.filter(({ statement }) => statement === number)
}

/**
 * The tables whose rows code meant to change and did not: by the locks that PostgreSQL takes for it, of a function of SQL when it
 * is created.
 */
function idleTables({ statements, trace, vacant }: RunOfCode, number: number): string[] {
  const isPlain = new Set(
    statements.flatMap((one) => (one.actions.some(isOfRows) ? [one.number] : [])),
  )
  // Rows are counted where they are: in the partition.
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

function isOfRows({ kind }: Action): boolean {
  return kind === 'delete' || kind === 'update' || kind === 'insert'
}

/** Whether an action calls code that is not PostgreSQL's own. */
function callsOwn(action: Action, { routines }: SchemaCode): boolean {
  if (action.kind !== 'opaque' || action.words !== undefined) return false
  return action.calls?.some((name) => routines.has(name)) === true
}

/** Code that a statement runs, or may run, and what it is called in a sentence. */
interface ReachedCode extends Code {
  /** The table whose row the trigger has. */
  readonly trigger?: string
  readonly place: string
}

/** The code of a block, of the routines that are called, and of triggers and rules of the tables that are changed, to any depth. */
function reachedCode(run: RunOfCode, statement: Statement): ReachedCode[] {
  const { number, text } = statement
  const made = run.statements
    .filter((one) => one.number < number && one.actions.some(createsRoutine))
    .map((one) => one.text)
  const place = `code that statement ${number} runs`
  const reached: ReachedCode[] = []
  const seen = new Set<string>()
  const reach = (source: string, more: Pick<ReachedCode, 'place' | 'trigger'>) => {
    const key = JSON.stringify([source, more.trigger])
    if (seen.has(key)) return
    seen.add(key)
    const code = codeIn(source)
    reached.push({ ...code, ...more })
    for (const name of code.calls) call(name)
  }
  const call = (name: string, trigger?: string) => {
    const sources = [
      ...(run.code.sources.get(name) ?? []),
      ...made.filter((source) => codeIn(source).creates === name),
    ]
    for (const source of sources)
      reach(source, trigger === undefined ? { place } : { place, trigger })
  }
  if (statement.actions.some((action) => action.kind === 'opaque' && action.words !== undefined))
    reach(text, { place: `the code of statement ${number}` })
  else if (statement.actions.some(runsCode)) callsIn(text).forEach((name) => call(name))
  if (!statement.actions.every(isOfRows)) run.code.onEvents.forEach((name) => call(name))
  for (const hook of run.code.hooks) {
    if (!fires(hook, run, statement)) continue
    if (hook.rule !== undefined) reach(hook.rule, { place })
    if (hook.routine !== undefined)
      call(hook.routine, updates(hook, run, statement) ? hook.table : undefined)
  }
  return reached
}

function createsRoutine(action: Action): boolean {
  return action.kind === 'other' && action.statement === 'CreateFunctionStmt'
}

/** Whether the functions that a statement names run with it. A block has them in its code. */
function runsCode(action: Action): boolean {
  switch (action.kind) {
    case 'add-constraint':
    case 'add-domain-constraint':
    case 'change-type':
    case 'create-index':
    case 'delete':
    case 'insert':
    case 'opaque':
    case 'refresh-view':
    case 'update':
    case 'validate-constraint':
      return true
    case 'add-column':
      return action.column.default?.kind === 'volatile' || action.column.constraints.length > 0
    case 'create-table':
      return action.filled
    case 'create-view':
      return action.materialized
    default:
      return false
  }
}

const OPERATIONS: Readonly<Partial<Record<SeenEffect['what'], Hook['on'][number]>>> = {
  inserted: 'insert',
  updated: 'update',
  deleted: 'delete',
  emptied: 'truncate',
}

/** Whether a statement changes rows of the table of a trigger or a rule by an operation that it is for. */
function fires(hook: Hook, run: RunOfCode, statement: Statement): boolean {
  return hook.on.some((operation) => does(operation, hook, run, statement))
}

function updates(hook: Hook, run: RunOfCode, statement: Statement): boolean {
  return hook.on.includes('update') && does('update', hook, run, statement)
}

function does(
  operation: Hook['on'][number],
  { table, columns }: Hook,
  run: RunOfCode,
  { number, actions }: Statement,
): boolean {
  const own = actions.filter((action) => tablesChangedBy(action).some((one) => isNamed(table, one)))
  const named = own.filter(
    (action) =>
      action.kind === operation ||
      (operation === 'update' && action.kind === 'insert' && action.updates),
  )
  if (named.length > 0)
    return named.some(
      (action) =>
        action.kind !== 'update' ||
        columns.length === 0 ||
        action.columns.some((name) => columns.includes(name)),
    )
  return effectsOf(run, number).some(
    ({ what, relation, within = [] }) =>
      OPERATIONS[what] === operation && [relation, ...within].includes(table),
  )
}

function tablesChangedBy(action: Action): readonly ObjectName[] {
  if (action.kind === 'truncate') return action.tables
  return action.kind === 'delete' || action.kind === 'update' || action.kind === 'insert'
    ? [action.table]
    : []
}

interface RunOfStatement extends RunOfCode {
  readonly statement: Statement
  readonly effects: readonly SeenEffect[]
}

function gapsOf(run: RunOfStatement, reached: readonly ReachedCode[]): string[] {
  const made = [
    ...run.statements.flatMap(({ actions }) => actions.flatMap(madeBy)),
    ...reached.flatMap(({ actions }) => actions.flatMap(madeBy)),
  ]
  const remaining = reached.some(({ handlesErrors }) => handlesErrors)
    ? run.effects.filter((effect) => !isUndone(effect, run))
    : run.effects
  const seen = { ...run, effects: remaining, made }
  return reached.flatMap(({ actions, texts, assigned, trigger, place }) => [
    ...actions
      .flatMap((action) => demandsOf(action))
      .flatMap((demand) => gapOf(demand, seen, place)),
    ...texts.flatMap((text) => gapsOfText(text, seen, place)),
    ...(trigger === undefined || assigned.length === 0
      ? []
      : sameColumns(nameOfRelation(trigger), assigned, seen).map((name) => leftBy(place, name))),
  ])
}

function madeBy(action: Action): ObjectName[] {
  return action.kind === 'create-table' ? [action.table] : []
}

/** Counts have rows of a subtransaction that was rolled back, too: the table is as it was. */
function isUndone({ relation, rows }: SeenEffect, { before, unchanged }: RunOfStatement): boolean {
  if (rows === undefined) return false
  return unchanged.has(objectKey(tableRef(before, nameOfRelation(relation))))
}

/** What an action of code destroys where it runs, as PostgreSQL shows it. */
interface Demand {
  /** As SQL has it. */
  readonly verb: string
  readonly table?: ObjectName
  /** The effects of which there must be one; none where no run shows it. */
  readonly shown: readonly SeenEffect['what'][]
  readonly column?: string
  /** Columns that it sets. */
  readonly sets?: readonly string[]
  /** What is removed or changed of the schema. */
  readonly object?: string
}

function demandsOf(action: Action): Demand[] {
  switch (action.kind) {
    case 'delete':
      return [{ verb: 'DELETE', table: action.table, shown: ['deleted'] }]
    case 'update':
      return [{ verb: 'UPDATE', table: action.table, shown: ['updated'], sets: action.columns }]
    case 'insert':
      return action.updates ? [{ verb: 'UPDATE', table: action.table, shown: ['updated'] }] : []
    case 'truncate':
      return action.tables.map((table) => ({ verb: 'TRUNCATE', table, shown: ['emptied'] }))
    case 'drop-column': {
      const { table, column } = action
      return [{ verb: 'DROP COLUMN', table, column, shown: ['column-dropped', 'dropped'] }]
    }
    case 'change-type':
      return [{ verb: 'change of type', table: action.table, shown: [], object: action.column }]
    case 'drop':
      return droppedBy(action)
    case 'drop-owned':
    case 'drop-database':
      return [{ verb: 'DROP', shown: [] }]
    case 'refresh-view':
      return [{ verb: 'REFRESH', shown: [] }]
    case 'other':
      return action.of === 'OBJECT_TYPE' ? [{ verb: 'ALTER TYPE', shown: [], object: '' }] : []
    default:
      return []
  }
}

function droppedBy({ of, object, cascade }: Extract<Action, { kind: 'drop' }>): Demand[] {
  switch (of) {
    case 'table':
      return [{ verb: 'DROP TABLE', table: object, shown: ['dropped'] }]
    case 'schema':
    case 'sequence':
    case 'materialized-view':
    case 'extension':
      return [
        { verb: `DROP ${of.replace('-', ' ').toUpperCase()}`, shown: [], object: object.name },
      ]
    default:
      return cascade && of === 'type' ? [{ verb: 'DROP TYPE', shown: ['column-dropped'] }] : []
  }
}

interface SeenOfStatement extends RunOfStatement {
  /** Tables that the migration makes, and the code. */
  readonly made: readonly ObjectName[]
}

function gapOf(demand: Demand, run: SeenOfStatement, place: string): string[] {
  const { table, column, verb, sets } = demand
  if (table !== undefined) {
    const known = tableNamed(run.before, table)
    if (known === undefined && run.made.some(({ name }) => name === table.name)) return []
    if (known !== undefined && column !== undefined && !known.columns.has(column)) return []
    if (run.vacant.some((one) => isNamed(one, table))) return []
  }
  if (!isShown(demand, run)) return [`The ${verb} in ${place} changed nothing.`]
  return table === undefined || sets === undefined
    ? []
    : sameColumns(table, sets, run).map((name) => leftBy(place, name))
}

function isShown({ table, column, shown, object }: Demand, run: SeenOfStatement): boolean {
  if (object !== undefined) {
    return run.changes.some((change) => isChangeOf(change, object))
  }
  const known = table !== undefined && tableNamed(run.before, table) !== undefined
  return run.effects.some(
    (effect) =>
      shown.includes(effect.what) &&
      (!known || [effect.relation, ...(effect.within ?? [])].some((one) => isNamed(one, table))) &&
      (column === undefined || effect.column === undefined || effect.column === column),
  )
}

/** Whether something of this name is removed or changed; of no name, a type. */
function isChangeOf({ change, object }: Change, name: string): boolean {
  if (change === 'added') return false
  return name === ''
    ? object.kind === 'attribute' || object.kind === 'type'
    : 'name' in object && object.name === name
}

/** The columns of an existing table that are to be set, and have the same values after the run. */
function sameColumns(table: ObjectName, names: readonly string[], run: RunOfStatement): string[] {
  const known = tableNamed(run.before, table)
  if (known === undefined) return []
  const all = [...known.columns.keys()].filter(
    (name) => names.includes(name) || names.includes('*'),
  )
  const same = all.filter((name) => run.unchanged.has(objectKey(partRef('column', known, name))))
  // Which columns a whole row changes, nobody can tell.
  if (names.includes('*') && same.length < all.length) return []
  return same.map((name) => `${known.name}.${name}`)
}

function leftBy(place: string, column: string): string {
  const start = place.charAt(0).toUpperCase() + place.slice(1)
  return `${start} sets ${column}, and changed no value of it.`
}

/** What destroys data in a text that code makes statements of, and as PostgreSQL shows it. */
const VERBS: readonly (readonly [RegExp, string, readonly SeenEffect['what'][]])[] = [
  [/\bdelete\s+from\b/i, 'DELETE', ['deleted']],
  // Not a right that is granted, a lock, an event.
  [/(?<!\b(?:on|for|key|before|after|or|of)\s+)\bupdate\s+(?!on\b)["%\w]/i, 'UPDATE', ['updated']],
  [/\bmerge\s+into\b/i, 'MERGE', ['updated', 'deleted']],
  [/\btruncate\b/i, 'TRUNCATE', ['emptied']],
  [/\bdrop\s+table\b/i, 'DROP TABLE', ['dropped']],
  [/\bdrop\s+column\b/i, 'DROP COLUMN', ['column-dropped', 'dropped']],
  [/\bdrop\s+(?:schema|sequence|extension|owned|materialized)\b/i, 'DROP', ['dropped']],
]

/** Statements that begin so can be read, whatever names are put into them. */
const READABLE =
  /^\s*(?:alter|analyze|comment|copy|create|delete|drop|grant|insert|lock|merge|notify|refresh|reindex|reset|revoke|security|select|set|truncate|update|vacuum|with)\s/i

function gapsOfText(text: string, { effects }: SeenOfStatement, place: string): string[] {
  const seen = new Set(effects.map(({ what }) => what))
  const gaps = VERBS.flatMap(([verb, name, shown]) =>
    verb.test(text) && !shown.some((what) => seen.has(what))
      ? [`The ${name} in ${place} changed nothing.`]
      : [],
  )
  const start = place.charAt(0).toUpperCase() + place.slice(1)
  return READABLE.test(text)
    ? gaps
    : [...gaps, `${start} makes statements while it runs, and not all of them can be read.`]
}
