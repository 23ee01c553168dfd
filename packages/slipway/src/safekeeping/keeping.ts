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
import { keeperOf, originOf } from './keeper.ts'
import { type Made, madeBefore, nameKey } from './made.ts'
import { mayDestroy } from './may-destroy.ts'
import { call, callAsFar, literals, quoted } from './postgres/sql-text.ts'
import { releasing } from './releasing.ts'

/** Above this many rows a dropped column is set aside by a rename: a copy would hold its lock for long. */
const MAX_COPIED_ROWS = 5_000_000

/** What is asked of keeping. */
export interface KeepingOptions {
  /** The schema of the history that the migration belongs to, to which a name without one goes. */
  readonly history: string
  /** The schema of the ledger. */
  readonly ledger: string
  readonly migration: string
  /** Rows above which a column is set aside; MAX_COPIED_ROWS if absent. */
  readonly maxCopiedRows?: number
  /**
   * It is a down migration, which is never rolled back, so rows that it inserts need not be known. Changes of rows in tables
   * that it restores are its own.
   */
  readonly rollsBack?: { readonly restores: readonly TableRef[] }
}

/** What keeps, and what nothing can keep. */
export interface Keeping {
  readonly hooks: Hooks
  /** Looks for what the hooks did not keep. */
  readonly keeper: Keeper
  /** SQL that says whose the changes are that follow the statements in the same transaction. */
  readonly beginSql: string
  /** Sentences without a full stop: what a statement destroys that is not kept, known before it runs. */
  readonly notKept: readonly string[]
}

/**
 * What is sent with the statements of a migration so that what they destroy is kept first. Pure: it only
 * says what to call; the server decides, when the statement is about to run, what there is to keep.
 */
export function keepingOf(statements: readonly Statement[], options: KeepingOptions): Keeping {
  const hooks = new Map<number, StatementHooks>()
  const notKept: string[] = []
  const made = madeBefore(statements, options.history)
  for (const [index, statement] of statements.entries()) {
    notKept.push(...whyNotKept(statement, made[index] ?? NOTHING_MADE, options))
    if (statement.role.kind === 'alone') continue
    const following = statements.slice(index)
    const scene = { statement, made: made[index] ?? NOTHING_MADE, following, options }
    const before = [...capturing(scene), ...keptFirst(scene), ...releasing(statement, options)]
    const after = captured(scene)
    if (before.length + after.length > 0) hooks.set(statement.number, { before, after })
  }
  const last = originOf(options, statements.at(-1)?.number ?? 1)
  const beginSql = `${call(options, 'begin_capture', last)};\n`
  return { hooks, keeper: keeperOf(options), beginSql, notKept }
}

const NOTHING_MADE: Made = { tables: new Set(), columns: new Set() }

interface Scene {
  readonly statement: Statement
  readonly made: Made
  /** The statement, and those after it. */
  readonly following: readonly Statement[]
  readonly options: KeepingOptions
}

function keptFirst(scene: Scene): string[] {
  return [...keptTables(scene), ...keptSequences(scene), ...keptColumns(scene), ...keptTypes(scene)]
}

/** Turns on the capture of the rows that a statement changes, and says whose rows they are. */
function capturing(scene: Scene): string[] {
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
  /** Of an UPDATE: the columns that hold earlier values. */
  readonly columns?: readonly string[]
}

/** What an action changes of the rows of existing tables. */
function rowChanges(action: Action, scene: Scene): RowChanges[] {
  const isOld = (table: ObjectName) => !isMade(scene.made, table, scene.options)
  switch (action.kind) {
    case 'delete':
      return isOld(action.table) ? [{ tables: [action.table], operations: ['delete'] }] : []
    case 'insert': {
      const operations = action.updates ? ['insert', 'update'] : ['insert']
      return isOld(action.table) ? [{ tables: [action.table], operations }] : []
    }
    case 'update': {
      const { table } = action
      const columns = action.columns.filter((column) => !isNew(scene, table, column))
      return isOld(table) ? [{ tables: [table], operations: ['update'], columns }] : []
    }
    case 'truncate':
      return [{ tables: action.tables.filter(isOld), operations: ['truncate'] }]
    default:
      return []
  }
}

/** What follows a statement: rows that needed no capture are counted, and triggers that it turned off are on again. */
function captured(scene: Scene): string[] {
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

/** The argument that all of them begin with: which statement destroys. */
function origin({ statement, options }: Scene): string {
  return originOf(options, statement.number)
}

function keptTables(scene: Scene): string[] {
  const { statement, made, options } = scene
  const dropped = (kind: 'table' | 'schema') =>
    statement.actions.flatMap((action) =>
      action.kind === 'drop' && action.of === kind ? [action.object] : [],
    )
  const tables = dropped('table').filter((table) => !isMade(made, table, options))
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

function keptSequences(scene: Scene): string[] {
  const names = scene.statement.actions.flatMap((action) =>
    action.kind === 'drop' && action.of === 'sequence' ? [quoted(action.object)] : [],
  )
  if (names.length === 0) return []
  return [call(scene.options, 'keep_sequences', origin(scene), literals(names))]
}

function keptColumns(scene: Scene): string[] {
  const { statement, options } = scene
  const dropped = statement.actions.flatMap((action) =>
    action.kind === 'drop-column' && !isNew(scene, action.table, action.column) ? [action] : [],
  )
  const [first] = dropped
  if (!first) return []
  const columns = literals(dropped.map(({ column }) => column))
  const limit = String(options.maxCopiedRows ?? MAX_COPIED_ROWS)
  const table = quoteLiteral(quoted(first.table))
  const cascade = String(dropped.some((column) => column.cascade))
  const addedAgain = String(dropped.some(({ table: of, column }) => isMadeAnew(scene, of, column)))
  const constraints = literals(
    statement.actions.flatMap((action) => (action.kind === 'drop-constraint' ? [action.name] : [])),
  )
  const later = literals(changedLater(scene, first.table))
  const how = [cascade, limit, addedAgain, constraints, later, String(isSettled(scene))]
  return [call(options, 'keep_columns', origin(scene), table, columns, ...how)]
}

/** Whether another column takes the name: by DROP and ADD, or by a rename. */
function isMadeAnew({ following, options }: Scene, table: ObjectName, column: string): boolean {
  const key = nameKey(table, options.history)
  return following.some(({ actions }) =>
    actions.some(
      (action) =>
        'table' in action &&
        nameKey(action.table, options.history) === key &&
        ((action.kind === 'add-column' && action.column.name === column) ||
          (action.kind === 'rename' && action.of === 'column' && action.to === column)),
    ),
  )
}

/** Whether the rest of the migration leaves all rows and values, except for the columns that it drops: their content finds them again. */
function isSettled({ following }: Scene): boolean {
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
function changedLater({ following, options }: Scene, table: ObjectName): string[] {
  const key = nameKey(table, options.history)
  return following
    .slice(1)
    .flatMap(({ actions }) => actions)
    .flatMap((action) => {
      if (!('table' in action) || !action.table || nameKey(action.table, options.history) !== key)
        return []
      if (action.kind === 'update') return action.columns
      return action.kind === 'drop-column' || action.kind === 'change-type' ? [action.column] : []
    })
}

function keptTypes(scene: Scene): string[] {
  const { statement, options } = scene
  const changed = statement.actions.flatMap((action) =>
    action.kind === 'change-type' && !isNew(scene, action.table, action.column) ? [action] : [],
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

/** Whether the values are converted to the new type as they are; if they are computed, they are kept regardless of the type. */
function isPlainCast({ type, using, casts }: Extract<Action, { kind: 'change-type' }>): boolean {
  return using === undefined || (casts !== undefined && casts.every((cast) => cast === type))
}

function isMade(made: Made, table: ObjectName, { history }: KeepingOptions): boolean {
  return made.tables.has(nameKey(table, history))
}

function isNew({ made, options }: Scene, table: ObjectName, column: string): boolean {
  const key = nameKey(table, options.history)
  return made.tables.has(key) || made.columns.has(`${key}.${column}`)
}

/** Code that runs outside a transaction, because what it destroys is unknown until it has run; and data that cannot be written back. */
function whyNotKept(
  { number, role, actions }: Statement,
  made: Made,
  { history }: KeepingOptions,
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
