import { quoteLiteral } from '../database/index.ts'
import type { Hooks, Keeper, StatementHooks } from '../execution/index.ts'
import {
  type Action,
  destructionsBy,
  objectKey,
  type ObjectName,
  objectText,
  type Statement,
  type TableRef,
} from '../statements/index.ts'
import { type CreatedObjects, createdBefore, tableKey } from './created-objects.ts'
import { keeperOf, originOf } from './keeper.ts'
import { mayDestroy } from './may-destroy.ts'
import { call, callAsFar, literals, quoted } from './postgres/sql-text.ts'
import { releaseCalls } from './release-hooks.ts'

/**
 * Above this number of rows, a dropped column is set aside by a rename: a copy would hold the lock too
 * long.
 */
const MAX_COPIED_ROWS = 5_000_000

/** Options for keeping what a migration destroys. */
export interface KeepOptions {
  /** The schema of the migration's history, which is the schema of unqualified names. */
  readonly history: string
  /** The schema of the ledger. */
  readonly ledger: string
  readonly migration: string
  /** Rows above which a column is set aside; MAX_COPIED_ROWS if absent. */
  readonly maxCopiedRows?: number
  /**
   * Set for a down migration. It is never rolled back, so the rows that it inserts are not recorded.
   * Changed rows in tables that it restores are intended.
   */
  readonly rollsBack?: { readonly restores: readonly TableRef[] }
}

/** The SQL that keeps data, and the data that it cannot keep. */
export interface KeepHooks {
  readonly hooks: Hooks
  /** Finds destroyed data that the hooks did not keep. */
  readonly keeper: Keeper
  /** SQL that attributes later changes in the same transaction to the last statement. */
  readonly beginSql: string
  /** Data known in advance to be destroyed without being kept, as sentences without a full stop. */
  readonly notKept: readonly string[]
}

/**
 * The SQL sent with a migration's statements, so that the data they destroy is kept first. Pure: it only
 * names the functions to call. The server decides what to keep, immediately before each statement.
 */
export function keepHooksOf(statements: readonly Statement[], options: KeepOptions): KeepHooks {
  const hooks = new Map<number, StatementHooks>()
  const notKept: string[] = []
  const made = createdBefore(statements, options.history)
  for (const [index, statement] of statements.entries()) {
    notKept.push(...whyNotKept(statement, made[index] ?? NOTHING_CREATED, options))
    if (statement.role.kind === 'alone') continue
    const following = statements.slice(index)
    const scene = { statement, made: made[index] ?? NOTHING_CREATED, following, options }
    const before = [
      ...startCapture(scene),
      ...keepCalls(scene),
      ...releaseCalls(statement, options),
    ]
    const after = endCapture(scene)
    if (before.length + after.length > 0) hooks.set(statement.number, { before, after })
  }
  const last = originOf(options, statements.at(-1)?.number ?? 1)
  const beginSql = `${call(options, 'begin_capture', last)};\n`
  return { hooks, keeper: keeperOf(options), beginSql, notKept }
}

const NOTHING_CREATED: CreatedObjects = { tables: new Set(), columns: new Set() }

interface StatementContext {
  readonly statement: Statement
  readonly made: CreatedObjects
  /** The statement, and those after it. */
  readonly following: readonly Statement[]
  readonly options: KeepOptions
}

function keepCalls(scene: StatementContext): string[] {
  return [...keepTables(scene), ...keepSequences(scene), ...keepColumns(scene), ...keepTypes(scene)]
}

/** Turns on the capture of the rows that a statement changes, and attributes them to the statement. */
function startCapture(scene: StatementContext): string[] {
  const { statement, options } = scene
  if (!statement.actions.some(mayDestroy)) return []
  const changes = statement.actions.flatMap((action) => rowChanges(action, scene))
  const [only, ...others] = changes
  const known = only?.columns && others.length === 0 ? literals(only.columns) : 'NULL'
  const calls = changes.length > 0 ? changes : [{ tables: [], operations: [] }]
  return calls.map(({ tables, operations }) => {
    const [names, wanted] = [literals(tables.map(quoted)), literals(operations)]
    return callAsFar(options, 'capture', origin(scene), names, wanted, known)
  })
}

interface RowChanges {
  readonly tables: readonly ObjectName[]
  readonly operations: readonly string[]
  /** For an UPDATE: the assigned columns that have values from before the migration. */
  readonly columns?: readonly string[]
}

/** The row changes of an action in existing tables. */
function rowChanges(action: Action, scene: StatementContext): RowChanges[] {
  const isOld = (table: ObjectName) => !isCreated(scene.made, table, scene.options)
  switch (action.kind) {
    case 'delete':
      return isOld(action.table) ? [{ tables: [action.table], operations: ['delete'] }] : []
    case 'insert': {
      const operations = action.updates ? ['insert', 'update'] : ['insert']
      return isOld(action.table) ? [{ tables: [action.table], operations }] : []
    }
    case 'update': {
      const { table } = action
      const columns = action.columns.filter((column) => !isAdded(scene, table, column))
      return isOld(table) ? [{ tables: [table], operations: ['update'], columns }] : []
    }
    case 'truncate':
      return [{ tables: action.tables.filter(isOld), operations: ['truncate'] }]
    default:
      return []
  }
}

/**
 * Calls after a statement: they count rows that needed no capture, and enable capture triggers that it
 * disabled.
 */
function endCapture(scene: StatementContext): string[] {
  const { actions } = scene.statement
  const { options } = scene
  const isFree = actions
    .flatMap((action) => rowChanges(action, scene))
    .some(({ columns }) => columns?.length === 0)
  const switched = actions.flatMap((action) =>
    action.kind === 'alter-table' && /^AT_(?:Enable|Disable)\w*Trig/.test(action.subcommand)
      ? [callAsFar(options, 'capture_on_again', quoteLiteral(quoted(action.table)))]
      : [],
  )
  return [...(isFree ? [callAsFar(options, 'count_free')] : []), ...switched]
}

/** The first argument of all these functions: the statement that destroys the data. */
function origin({ statement, options }: StatementContext): string {
  return originOf(options, statement.number)
}

function keepTables(scene: StatementContext): string[] {
  const { statement, made, options } = scene
  const dropped = (kind: 'table' | 'schema') =>
    statement.actions.flatMap((action) =>
      action.kind === 'drop' && action.of === kind ? [action.object] : [],
    )
  const tables = dropped('table').filter((table) => !isCreated(made, table, options))
  const schemas = dropped('schema').map(({ name }) => name)
  const text = quoteLiteral(statement.text)
  return [
    ...(tables.length > 0
      ? [call(options, 'keep_tables', origin(scene), text, literals(tables.map(quoted)))]
      : []),
    ...(schemas.length > 0
      ? [call(options, 'keep_schemas', origin(scene), text, literals(schemas))]
      : []),
  ]
}

function keepSequences(scene: StatementContext): string[] {
  const names = scene.statement.actions.flatMap((action) =>
    action.kind === 'drop' && action.of === 'sequence' ? [quoted(action.object)] : [],
  )
  if (names.length === 0) return []
  return [call(scene.options, 'keep_sequences', origin(scene), literals(names))]
}

function keepColumns(scene: StatementContext): string[] {
  const { statement, options } = scene
  const dropped = statement.actions.flatMap((action) =>
    action.kind === 'drop-column' && !isAdded(scene, action.table, action.column) ? [action] : [],
  )
  const [first] = dropped
  if (!first) return []
  const columns = literals(dropped.map(({ column }) => column))
  const limit = String(options.maxCopiedRows ?? MAX_COPIED_ROWS)
  const table = quoteLiteral(quoted(first.table))
  const cascade = String(dropped.some((column) => column.cascade))
  const addedAgain = String(dropped.some(({ column }) => isReplaced(scene, first.table, column)))
  const constraints = literals(
    statement.actions.flatMap((action) => (action.kind === 'drop-constraint' ? [action.name] : [])),
  )
  const later = literals(changedLater(scene, first.table))
  const how = [cascade, limit, addedAgain, constraints, later, String(isSettled(scene))]
  return [call(options, 'keep_columns', origin(scene), table, columns, ...how)]
}

/** Whether another column gets the name, by DROP and ADD or by a rename. */
function isReplaced(
  { following, options }: StatementContext,
  table: ObjectName,
  column: string,
): boolean {
  const key = tableKey(table, options.history)
  return following.some(({ actions }) =>
    actions.some(
      (action) =>
        'table' in action &&
        tableKey(action.table, options.history) === key &&
        ((action.kind === 'add-column' && action.column.name === column) ||
          (action.kind === 'rename' && action.of === 'column' && action.to === column)),
    ),
  )
}

/**
 * Whether the rest of the migration changes no rows or values except by dropping columns, so that rows
 * can be found by their content.
 */
function isSettled({ following }: StatementContext): boolean {
  return following.every(({ actions }) => actions.every((action) => leavesContent(action)))
}

function leavesContent(action: Action): boolean {
  switch (action.kind) {
    case 'drop-column':
      return true
    case 'attach-partition':
    case 'detach-partition':
      return false
    case 'rename':
      return action.of !== 'enum-value' && action.of !== 'attribute'
    default:
      return !mayDestroy(action)
  }
}

/** The columns of a table that later statements of the migration drop, overwrite or convert. */
function changedLater({ following, options }: StatementContext, table: ObjectName): string[] {
  const key = tableKey(table, options.history)
  return following
    .slice(1)
    .flatMap(({ actions }) => actions)
    .flatMap((action) => {
      if (!('table' in action) || !action.table || tableKey(action.table, options.history) !== key)
        return []
      if (action.kind === 'update') return action.columns
      return action.kind === 'drop-column' || action.kind === 'change-type' ? [action.column] : []
    })
}

function keepTypes(scene: StatementContext): string[] {
  const { statement, options } = scene
  const changed = statement.actions.flatMap((action) =>
    action.kind === 'change-type' && !isAdded(scene, action.table, action.column) ? [action] : [],
  )
  const [first] = changed
  if (!first) return []
  const types = Object.fromEntries(
    changed.map((action) => [action.column, isPlainCast(action) ? action.type : null]),
  )
  const json = `${quoteLiteral(JSON.stringify(types))}::jsonb`
  const later = literals(changedLater(scene, first.table))
  return [
    call(options, 'keep_types', origin(scene), quoteLiteral(quoted(first.table)), json, later),
  ]
}

/** Whether the values are only cast to the new type. Computed values are kept whatever the type. */
function isPlainCast({ type, using, casts }: Extract<Action, { kind: 'change-type' }>): boolean {
  return using === undefined || (casts !== undefined && casts.every((cast) => cast === type))
}

function isCreated(made: CreatedObjects, table: ObjectName, { history }: KeepOptions): boolean {
  return made.tables.has(tableKey(table, history))
}

function isAdded({ made, options }: StatementContext, table: ObjectName, column: string): boolean {
  const key = tableKey(table, options.history)
  return made.tables.has(key) || made.columns.has(`${key}.${column}`)
}

/**
 * Why data is not kept: code outside a transaction destroys data that is unknown until it has run, and
 * the rows of a materialized view cannot be written.
 */
function whyNotKept(
  { number, role, actions }: Statement,
  made: CreatedObjects,
  { history }: KeepOptions,
): string[] {
  const commits = role.kind === 'alone' && actions.some(({ kind }) => kind === 'opaque')
  const views = actions
    .flatMap((action) => destructionsBy(action, history))
    .filter(
      ({ object }) => object.kind === 'materialized-view' && !made.tables.has(objectKey(object)),
    )
  return [
    ...(commits
      ? [
          `statement ${number}: data that its code destroys is not kept, because it issues its own COMMIT`,
        ]
      : []),
    ...views.map(
      ({ object }) =>
        `statement ${number}: the rows of the ${objectText(object)} are not kept, because only its query can fill it`,
    ),
  ]
}
