import { type Change, type DatabaseSchema, tableNamed } from '../schema/index.ts'
import type { Filling, ShapeTable } from '../shadow/index.ts'
import { type Action, type ObjectRef, objectText, type Statement } from '../statements/index.ts'
import { necessarilyEmptyTables } from './always-empty.ts'
import { idleCode } from './code-evidence.ts'
import type { SchemaCode } from './postgres/schema-code.ts'
import type { Trace } from './postgres/trace.ts'
import { nameOfRelation } from './relation-name.ts'
import type { EmptyTables } from './test-run.ts'

/** What a run of a migration on rows shows about its effect on data. */
export interface RunOnRows {
  readonly statements: readonly Statement[]
  /** The schema before the migration. */
  readonly before: DatabaseSchema
  /** The tables before the migration. */
  readonly tables: readonly ShapeTable[]
  readonly filling: Filling
  readonly unfilledTables: readonly EmptyTables[]
  readonly trace: Trace
  /** Materialized views that the migration or the down migration refreshes or recreates. */
  readonly computedViews: readonly string[]
  /** Attributes of types that the down migration cannot restore at their positions. */
  readonly misplaced: readonly ObjectRef[]
  /** The schema changes of the migration. */
  readonly changes: readonly Change[]
  /** The code of the schema, before and after the migration. */
  readonly code: SchemaCode
  /** The keys of tables and columns whose rows and values it left unchanged. */
  readonly unchanged: ReadonlySet<string>
  /** The keys of columns whose values changed while the number of rows did not. */
  readonly changed: ReadonlySet<string>
}

/**
 * The reasons why the run is no evidence that all data survives, as sentences; empty if it is. Each table that
 * the run locked for more than reading must have had rows, with values in all columns, even if only a column's
 * type changed, unless the table is empty on every target where the migration runs. Each statement on rows
 * must have changed some.
 */
export function evidenceGaps(run: RunOnRows): string[] {
  const empty = emptyTouched(run)
  const tables = empty.length === 0 ? [] : [`No rows could be generated for ${empty.join(', ')}.`]
  return [
    ...tables,
    ...valuelessColumns(run),
    ...idleStatements(run),
    ...idleCode({ ...run, vacant: necessarilyEmptyNames(run) }),
    ...largeObjects(run.statements),
    ...storedViews(run),
    ...misplacedColumns(run),
    ...run.misplaced.map(
      (one) => `The ${objectText(one)} is restored after the other attributes of its type.`,
    ),
  ]
}

/** Statements that may call large object functions. A test run has no large objects. */
function largeObjects(statements: readonly Statement[]): string[] {
  return statements
    .filter(({ actions }) =>
      actions.some(
        (action) =>
          action.kind === 'opaque' &&
          [...(action.calls ?? []), ...(action.words ?? [])].some((word) => /^lo_/i.test(word)),
      ),
    )
    .map(({ number }) => `Statement ${number} may change large objects, which are not kept.`)
}

/** Refreshed views: their rows may be older than those of the tables, and then no query reproduces them. */
function storedViews({ computedViews, trace }: RunOnRows): string[] {
  const refreshed = trace.locks.flatMap(({ relation, kind, mode }) =>
    kind === 'view' && mode === 'EXCLUSIVE' ? [relation] : [],
  )
  return [...new Set([...computedViews, ...refreshed])].map(
    (name) => `Materialized view ${name} is refreshed, and its previous rows are not kept.`,
  )
}

/**
 * Columns that are restored after others, if rows of their table are stored inside arrays or other types:
 * those are restored from texts without column names.
 */
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
  // A composite column may contain rows of the table that loses the column.
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
  const vacant = necessarilyEmptyNames(run)
  const touched = touchedBy(run.trace)
  return run.filling.empty
    .filter(({ name }) => touched.has(name) && !vacant.includes(name))
    .map(({ name }) => name)
}

/** The names of tables without generated rows that are empty on every target where the migration runs. */
function necessarilyEmptyNames({ filling, unfilledTables, tables }: RunOnRows): string[] {
  const vacant = new Set(necessarilyEmptyTables(unfilledTables, tables).map(({ id }) => id))
  return filling.empty.flatMap(({ id, name }) => (vacant.has(id) ? [name] : []))
}

/** Statements that change existing rows but changed none of the generated ones. */
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
