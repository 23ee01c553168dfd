import { type Action, callsIn, type Code, codeIn, type Statement } from '../statements/index.ts'
import type { Hook, SchemaCode } from './postgres/schema-code.ts'
import { isNamed } from './relation-name.ts'
import { isOfRows, tablesChangedBy } from './row-actions.ts'
import type { SeenEffect } from './seen-effect.ts'

/** Code that a statement runs or may run, and its name in a sentence. */
export interface ReachedCode extends Code {
  /** The table of the trigger, if it is a trigger's code. */
  readonly trigger?: string
  readonly place: string
  /** The versions of a routine have this in common; a call runs only one of them. */
  readonly version: string
  /** More than one call or trigger leads to it. */
  readonly inSeveralWays: boolean
}

export interface StatementRun {
  readonly statement: Statement
  /** The statements before it. */
  readonly earlier: readonly Statement[]
  readonly code: SchemaCode
  /** The effects of the statement. */
  readonly effects: readonly SeenEffect[]
}

/** The code of a DO block, of called routines, and of triggers and rules of changed tables, to any depth. */
export function reachedCode(run: StatementRun): ReachedCode[] {
  const { statement } = run
  const { number, text } = statement
  const place = `code that statement ${number} runs`
  const search = searchFrom(sourcesOf(run), place)
  if (statement.actions.some((action) => action.kind === 'opaque' && action.words !== undefined))
    search.reach(text, { version: '', place: `the code of statement ${number}` })
  else if (statement.actions.some(runsCode)) callsIn(text).forEach((name) => search.call(name))
  if (!statement.actions.every(isOfRows))
    new Set(run.code.onEvents).forEach((name) => search.call(name))
  for (const { hook, updates } of firedHooks(run)) {
    if (hook.rule !== undefined) search.reach(hook.rule, { version: hook.id, place })
    if (hook.routine !== undefined) search.call(hook.routine, updates ? hook.table : undefined)
  }
  return search.found()
}

/** The statements that create a routine, in the schema and in the migration so far. */
function sourcesOf({ earlier, code }: StatementRun): (name: string) => readonly string[] {
  const made = earlier
    .filter(({ actions }) => actions.some(createsRoutine))
    .map(({ text }) => ({ text, name: codeIn(text).creates }))
  return (name) => [
    ...(code.sources.get(name) ?? []),
    ...made.flatMap((one) => (one.name === name ? [one.text] : [])),
  ]
}

type Entry = Pick<ReachedCode, 'place' | 'trigger' | 'version'>

interface Search {
  /** Adds code and what it calls. */
  reach(source: string, entry: Entry): void
  call(name: string, trigger?: string): void
  found(): ReachedCode[]
}

function searchFrom(sources: (name: string) => readonly string[], place: string): Search {
  const found = new Map<string, { readonly code: Code & Entry; times: number }>()
  const open = new Set<string>()
  const reach = (source: string, entry: Entry) => {
    const key = JSON.stringify([source, entry.trigger])
    const known = found.get(key)
    // Stops recursion. Code reached twice is searched a second time, because what it calls is then also
    // reached twice.
    if (open.has(key) || (known?.times ?? 0) > 1) return
    const one = known ?? { code: { ...codeIn(source), ...entry }, times: 0 }
    one.times++
    found.set(key, one)
    open.add(key)
    for (const name of one.code.calls) call(name)
    open.delete(key)
  }
  const call = (name: string, trigger?: string) => {
    const of = trigger === undefined ? {} : { trigger }
    const version = JSON.stringify([name, trigger])
    for (const source of new Set(sources(name))) reach(source, { place, version, ...of })
  }
  return {
    reach,
    call,
    found: () =>
      [...found.values()].map(({ code, times }) => ({ ...code, inSeveralWays: times > 1 })),
  }
}

function createsRoutine(action: Action): boolean {
  return action.kind === 'other' && action.statement === 'CreateFunctionStmt'
}

/** Whether the functions that a statement names run with it. Those of a DO block are found in its code. */
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

/** Each trigger and rule that a statement may run, once, and whether it fires on an update. */
function firedHooks(run: StatementRun): { readonly hook: Hook; readonly updates: boolean }[] {
  const fired = run.code.hooks.filter((hook) => fires(hook, run))
  const unique = fired.filter((hook, at) => fired.findIndex((one) => isSameHook(one, hook)) === at)
  return unique.map((hook) => ({
    hook,
    updates: fired.some((one) => isSameHook(one, hook) && firesOnUpdate(one, run)),
  }))
}

/**
 * Whether two hooks, of the states before and after the migration, are the same: renamed, or recreated under
 * the same name.
 */
function isSameHook(one: Hook, other: Hook): boolean {
  if (one.routine !== other.routine || one.rule !== other.rule) return false
  return one.id === other.id || (one.table === other.table && one.name === other.name)
}

const OPERATIONS: Readonly<Partial<Record<SeenEffect['what'], Hook['on'][number]>>> = {
  inserted: 'insert',
  updated: 'update',
  deleted: 'delete',
  emptied: 'truncate',
}

/** Whether a statement performs an operation for which the trigger or rule fires, on its table. */
function fires(hook: Hook, run: StatementRun): boolean {
  return hook.on.some((operation) => does(operation, hook, run))
}

function firesOnUpdate(hook: Hook, run: StatementRun): boolean {
  return hook.on.includes('update') && does('update', hook, run)
}

function does(
  operation: Hook['on'][number],
  { table, columns }: Hook,
  { statement, effects }: StatementRun,
): boolean {
  const own = statement.actions.filter((action) =>
    tablesChangedBy(action).some((one) => isNamed(table, one)),
  )
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
  return effects.some(
    ({ what, relation, within = [] }) =>
      OPERATIONS[what] === operation && [relation, ...within].includes(table),
  )
}
