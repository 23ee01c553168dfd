import { type Change, type DatabaseSchema, tableNamed } from '../schema/index.ts'
import type { Filling, ShapeTable } from '../shadow/index.ts'
import { type Action, type ObjectRef, objectText, type Statement } from '../statements/index.ts'
import { alwaysEmpty } from './always-empty.ts'
import { idleCode } from './code-evidence.ts'
import type { SchemaCode } from './postgres/schema-code.ts'
import type { Trace } from './postgres/trace.ts'
import { nameOfRelation } from './relation-name.ts'
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
  /** The code of the schema, before and after. */
  readonly code: SchemaCode
  /** The keys of tables and columns that it left as they were. */
  readonly unchanged: ReadonlySet<string>
  /** The keys of columns that have other values, in as many rows. */
  readonly changed: ReadonlySet<string>
}

/**
 * Why the run does not show that no data is lost, in sentences; empty if it does: each table that it locked for
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
    ...idleCode({ ...run, vacant: vacantTables(run) }),
    ...largeObjects(run.statements),
    ...storedViews(run),
    ...misplacedColumns(run),
    ...run.misplaced.map(
      (one) => `The ${objectText(one)} is restored after the other attributes of its type.`,
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

/** Their rows may be older than those of the tables, and then no query produces them again. */
function storedViews({ computedViews, trace }: RunOnRows): string[] {
  const refreshed = trace.locks.flatMap(({ relation, kind, mode }) =>
    kind === 'view' && mode === 'EXCLUSIVE' ? [relation] : [],
  )
  return [...new Set([...computedViews, ...refreshed])].map(
    (name) => `Materialized view ${name} is refreshed, and its previous rows are not kept.`,
  )
}

/** Columns that are restored after others, where values within arrays and other types are rows of their table: these are texts without names. */
function misplacedColumns({ tables, before, trace }: RunOnRows): string[] {
  return trace.effects.flatMap(({ what, relation, column }) => {
    const name = nameOfRelation(relation)
    const table = what === 'column-dropped' ? tableNamed(before, name) : undefined
    if (table === undefined || [...table.columns.keys()].at(-1) === column) return []
    return tables.flatMap((one) =>
      one.columns
        .filter(({ base, array, type, attributes = [] }) =>
          base === name.name
            ? array || nameOfRelation(type).name !== base
            : attributes.some((attribute) => attribute.base === name.name),
        )
        .map(
          (holder) =>
            `Column ${column} of ${relation} is restored after the other columns, and ${one.id}.${holder.name} contains rows of it inside arrays or other types.`,
        ),
    )
  })
}

const READING = ['ACCESS SHARE', 'ROW SHARE']

function touchedBy({ locks }: Trace): ReadonlySet<string> {
  return new Set(locks.flatMap(({ relation, mode }) => (READING.includes(mode) ? [] : [relation])))
}

const TYPES = ['type', 'domain', 'attribute']

function valuelessColumns({ filling, tables, trace, changes }: RunOnRows): string[] {
  const touched = touchedBy(trace)
  const changesType = changes.some(({ object }) => TYPES.includes(object.kind))
  const dropsColumn = trace.effects.some(({ what }) => what === 'column-dropped')
  // It may hold rows of the table that loses the column.
  const isComposite = (id: string, names: readonly string[]) =>
    tables
      .find((table) => table.id === id)
      ?.columns.some(({ name, attributes }) => attributes && names.includes(name)) === true
  return filling.valueless
    .filter(
      ({ id, name, columns }) =>
        changesType || touched.has(name) || (dropsColumn && isComposite(id, columns)),
    )
    .map(
      ({ name, columns }) => `No values could be generated for ${columns.join(', ')} of ${name}.`,
    )
}

function emptyTouched(run: RunOnRows): string[] {
  const vacant = vacantTables(run)
  const touched = touchedBy(run.trace)
  return run.filling.empty
    .filter(({ name }) => touched.has(name) && !vacant.includes(name))
    .map(({ name }) => name)
}

/** The tables without rows that have none wherever the migration runs. */
function vacantTables({ filling, withheld, tables }: RunOnRows): string[] {
  const vacant = new Set(alwaysEmpty(withheld, tables).map(({ id }) => id))
  return filling.empty.flatMap(({ id, name }) => (vacant.has(id) ? [name] : []))
}

/** Statements that change existing rows, and met none that were generated. */
function idleStatements({ statements, before, trace }: RunOnRows): string[] {
  const changed = new Set(
    trace.effects.flatMap(({ statement, rows }) => (rows === undefined ? [] : [statement])),
  )
  return statements
    .filter(({ number, actions }) => {
      const meant = actions.some((one) => changesRows(one, before))
      return meant && !changed.has(number)
    })
    .map(({ number }) => `Statement ${number} changed none of the generated rows.`)
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
