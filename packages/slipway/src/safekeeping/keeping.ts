import { quoteLiteral } from '../database/index.ts'
import type { Hooks, StatementHooks } from '../execution/index.ts'
import type { Action, ObjectName, Statement } from '../statements/index.ts'
import { type Made, madeBefore, nameKey } from './made.ts'
import { call, literals, quoted } from './postgres/sql-text.ts'
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
}

/** What keeps, and what nothing can keep. */
export interface Keeping {
  readonly hooks: Hooks
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
    notKept.push(...statement.actions.flatMap((action) => whyNotKept(action, statement)))
    if (statement.role.kind === 'alone') continue
    const following = statements.slice(index)
    const scene = { statement, made: made[index] ?? NOTHING_MADE, following, options }
    const before = [...keptFirst(scene), ...releasing(statement, options)]
    if (before.length > 0) hooks.set(statement.number, { before })
  }
  return { hooks, notKept }
}

const NOTHING_MADE: Made = { tables: new Set(), columns: new Set() }

interface Scene {
  readonly statement: Statement
  readonly made: Made
  /** The statement, and those behind it. */
  readonly following: readonly Statement[]
  readonly options: KeepingOptions
}

function keptFirst(scene: Scene): string[] {
  return [
    ...keptTables(scene),
    ...keptSequences(scene),
    ...keptColumns(scene),
    ...keptTypes(scene),
    ...scene.statement.actions.flatMap((action) => keptRows(action, scene)),
  ]
}

/** The argument that all of them begin with: which statement destroys. */
function origin({ statement, options: { history, migration } }: Scene): string {
  const fields = { history_schema: history, migration, statement: statement.number }
  return `${quoteLiteral(JSON.stringify(fields))}::jsonb`
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
  const how = [cascade, limit, addedAgain, constraints, literals(changedLater(scene, first.table))]
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
  const types = Object.fromEntries(changed.map(({ column, type }) => [column, type]))
  const json = `${quoteLiteral(JSON.stringify(types))}::jsonb`
  const later = literals(changedLater(scene, first.table))
  return [
    call(options, 'keep_types', origin(scene), quoteLiteral(quoted(first.table)), json, later),
  ]
}

function keptRows(action: Action, scene: Scene): string[] {
  const { made, options } = scene
  switch (action.kind) {
    case 'delete':
    case 'update': {
      if (action.touches === undefined || isMade(made, action.table, options)) return []
      const columns = action.kind === 'update' ? action.columns : undefined
      if (columns?.every((column) => isNew(scene, action.table, column))) return []
      const about = {
        operation: action.kind,
        ...(columns ? { columns } : {}),
        ...(action.with === undefined ? {} : { with: action.with }),
      }
      const json = `${quoteLiteral(JSON.stringify(about))}::jsonb`
      const [table, rows] = [quoteLiteral(quoted(action.table)), quoteLiteral(action.touches)]
      return [call(options, 'keep_rows', origin(scene), table, rows, json)]
    }
    case 'truncate': {
      const tables = action.tables.filter((table) => !isMade(made, table, options))
      if (tables.length === 0) return []
      const names = literals(tables.map(quoted))
      return [call(options, 'keep_all_rows', origin(scene), names, String(action.cascade))]
    }
    default:
      return []
  }
}

function isMade(made: Made, table: ObjectName, { history }: KeepingOptions): boolean {
  return made.tables.has(nameKey(table, history))
}

function isNew({ made, options }: Scene, table: ObjectName, column: string): boolean {
  const key = nameKey(table, options.history)
  return made.tables.has(key) || made.columns.has(`${key}.${column}`)
}

const DESTRUCTIVE = ['DELETE', 'UPDATE', 'TRUNCATE', 'DROP']

/** What destroys and cannot be turned into a query beforehand. */
function whyNotKept(action: Action, { number }: Statement): string[] {
  const notKept = (what: string) => [`statement ${number}: ${what} is not kept`]
  switch (action.kind) {
    case 'delete':
    case 'update':
      return action.touches === undefined
        ? notKept(`what its ${action.kind.toUpperCase()} changes`)
        : []
    case 'insert':
      return action.updates ? notKept('what its ON CONFLICT DO UPDATE overwrites') : []
    case 'drop':
      return action.of === 'type' && action.cascade ? notKept('what its CASCADE drops') : []
    case 'drop-owned':
      return notKept('what its DROP OWNED drops')
    case 'opaque':
      return action.words?.some((word) => DESTRUCTIVE.includes(word))
        ? notKept('what its code destroys')
        : []
    case 'other':
      return action.statement === 'MergeStmt' ? notKept('what its MERGE changes') : []
    default:
      return []
  }
}
