import { type Change, type DatabaseSchema, tableNamed } from '../schema/index.ts'
import type { Filling, ShapeTable } from '../shadow/index.ts'
import { type Action, type ObjectRef, objectText, type Statement } from '../statements/index.ts'
import { alwaysEmpty } from './always-empty.ts'
import type { SeenEffect, Trace } from './postgres/trace.ts'
import type { EmptyTables } from './test-run.ts'

/** A run of a migration on rows, as far as it shows what becomes of data. */
export interface RunOnRows {
  readonly statements: readonly Statement[]
  /** The schema before. */
  readonly before: DatabaseSchema
  /** The tables before. */
  readonly tables: readonly ShapeTable[]
  readonly filling: Filling
  readonly withheld: readonly EmptyTables[]
  readonly trace: Trace
  /** Materialized views that it or the down migration computes again. */
  readonly computedViews: readonly string[]
  /** Attributes of types that the down migration cannot put in their places. */
  readonly misplaced: readonly ObjectRef[]
  /** What it changes of the schema. */
  readonly changes: readonly Change[]
  /** The names of all routines that are not PostgreSQL's. */
  readonly routines: ReadonlySet<string>
}

/**
 * Why the run does not show that no data is lost, in sentences; empty where it does: each table that it locked for
 * more than reading had rows, unless it must be empty wherever the migration runs, with values in all columns, also where
 * their type alone changed; and each statement on rows changed some.
 */
export function evidenceGaps(run: RunOnRows): string[] {
  const empty = emptyTouched(run)
  const tables = empty.length === 0 ? [] : [`No rows could be generated for ${empty.join(', ')}.`]
  return [
    ...tables,
    ...valuelessColumns(run),
    ...idleStatements(run),
    ...idleCode(run),
    ...largeObjects(run.statements),
    ...storedViews(run),
    ...run.misplaced.map(
      (one) => `The ${objectText(one)} is restored behind the other attributes of its type.`,
    ),
  ]
}

/** Statements that name functions of large objects, of which no run has any. */
function largeObjects(statements: readonly Statement[]): string[] {
  return statements
    .filter(({ actions }) =>
      actions.some(
        (action) =>
          action.kind === 'opaque' &&
          [...(action.calls ?? []), ...(action.words ?? [])].some((word) => /^lo_/i.test(word)),
      ),
    )
    .map(({ number }) => `Statement ${number} changes large objects, which are not kept.`)
}

/** Their rows may be older than those of the tables, and then no query gives them again. */
function storedViews({ computedViews, trace }: RunOnRows): string[] {
  const refreshed = trace.locks.flatMap(({ relation, kind, mode }) =>
    kind === 'view' && mode === 'EXCLUSIVE' ? [relation] : [],
  )
  return [...new Set([...computedViews, ...refreshed])].map(
    (name) =>
      `Materialized view ${name} is computed again, and the rows that it held are not kept.`,
  )
}

const READING = ['ACCESS SHARE', 'ROW SHARE']

function touchedBy({ locks }: Trace): ReadonlySet<string> {
  return new Set(locks.flatMap(({ relation, mode }) => (READING.includes(mode) ? [] : [relation])))
}

const TYPES = ['type', 'domain', 'attribute']

function valuelessColumns({ filling, trace, changes }: RunOnRows): string[] {
  const touched = touchedBy(trace)
  const changesType = changes.some(({ object }) => TYPES.includes(object.kind))
  return filling.valueless
    .filter(({ name }) => changesType || touched.has(name))
    .map(
      ({ name, columns }) => `No values could be generated for ${columns.join(', ')} of ${name}.`,
    )
}

function emptyTouched({ filling, withheld, tables, trace }: RunOnRows): string[] {
  const vacant = new Set(alwaysEmpty(withheld, tables).map(({ id }) => id))
  const touched = touchedBy(trace)
  return filling.empty
    .filter(({ id, name }) => touched.has(name) && !vacant.has(id))
    .map(({ name }) => name)
}

/** Statements that change existing rows, and met none that were generated. */
function idleStatements({ statements, before, trace }: RunOnRows): string[] {
  const changed = new Set(
    trace.effects.flatMap((one) => (one.rows === undefined ? [] : one.statement)),
  )
  return statements
    .filter(
      ({ number, actions }) =>
        !changed.has(number) && actions.some((one) => changesRows(one, before)),
    )
    .map(({ number }) => `Statement ${number} changed none of the generated rows.`)
}

/** What destroys data, as code says it, and as PostgreSQL shows it. */
const VERBS: readonly (readonly [RegExp, string, readonly SeenEffect['what'][]])[] = [
  [/\bdelete\s+from\b/i, 'DELETE', ['deleted']],
  // Not a right that is granted, a lock, an event.
  [/(?<!\b(?:on|for|key|before|after|or|of)\s+)\bupdate\s+(?!on\b)["\w]/i, 'UPDATE', ['updated']],
  [/\bmerge\s+into\b/i, 'MERGE', ['updated', 'deleted']],
  [/\btruncate\b/i, 'TRUNCATE', ['emptied']],
  [/\bdrop\s+table\b/i, 'DROP TABLE', ['dropped']],
  [/\bdrop\s+column\b/i, 'DROP COLUMN', ['column-dropped', 'dropped']],
]

/**
 * Code that meant to change rows of existing tables and met none that were generated: by the locks that PostgreSQL takes for
 * it, of a function of SQL when it is created. And code of a block that says what it destroys, of which the run saw nothing: a
 * condition was not met, or another statement had the lock before.
 */
function idleCode({ statements, trace, filling, withheld, tables, routines }: RunOnRows): string[] {
  const vacant = new Set(alwaysEmpty(withheld, tables).map(({ id }) => id))
  const empty = filling.empty.flatMap(({ id, name }) => (vacant.has(id) ? [name] : []))
  const isPlain = new Set(
    statements.flatMap(({ number, actions }) => (actions.some(isOfRows) ? [number] : [])),
  )
  const opened = trace.locks.filter(
    ({ statement, kind, mode }) =>
      kind === 'table' && mode === 'ROW EXCLUSIVE' && !isPlain.has(statement),
  )
  return statements.flatMap(({ number, actions, text }) => {
    if (!actions.some(({ kind }) => kind === 'opaque')) return []
    const effects = trace.effects.filter(({ statement }) => statement <= number)
    // Rows are counted where they are: in the partition.
    const changed = new Set([
      ...empty,
      ...effects.flatMap(({ relation, within = [] }) => [relation, ...within]),
    ])
    const idle = opened.flatMap(({ statement, until, relation }) =>
      statement <= number && number <= until && !changed.has(relation) ? [relation] : [],
    )
    if (idle.length > 0)
      return [`Statement ${number} changed none of the generated rows of ${idle.join(', ')}.`]
    const seen = new Set(effects.flatMap((one) => (one.statement === number ? [one.what] : [])))
    if (seen.size === 0 && actions.some((action) => callsOwn(action, routines)))
      return [`What statement ${number} calls changed nothing.`]
    const code = text.replaceAll(COMMENTS, ' ')
    return VERBS.flatMap(([verb, name, shown]) =>
      verb.test(code) && !shown.some((what) => seen.has(what))
        ? [`The ${name} in the code of statement ${number} changed nothing.`]
        : [],
    )
  })
}

const COMMENTS = /--.*$|\/\*[\s\S]*?\*\//gm

/** Whether an action calls code that is not PostgreSQL's own; CALL always does. */
function callsOwn(action: Action, routines: ReadonlySet<string>): boolean {
  if (action.kind !== 'opaque' || action.words !== undefined) return false
  return action.calls === undefined || action.calls.some((name) => routines.has(name))
}

function isOfRows({ kind }: Action): boolean {
  return kind === 'delete' || kind === 'update' || kind === 'insert'
}

function changesRows(action: Action, before: DatabaseSchema): boolean {
  switch (action.kind) {
    case 'delete':
      return tableNamed(before, action.table) !== undefined
    case 'update': {
      const columns = tableNamed(before, action.table)?.columns
      return action.columns.some((name) => columns?.has(name) === true)
    }
    case 'insert':
      return action.updates === true && tableNamed(before, action.table) !== undefined
    default:
      return false
  }
}
