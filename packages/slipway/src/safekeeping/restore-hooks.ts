import { quoteIdentifier, quoteLiteral } from '../database/index.ts'
import type { Hooks, StatementHooks } from '../execution/index.ts'
import {
  type Action,
  type ColumnDefinition,
  isRequired,
  type ObjectName,
  type Statement,
} from '../statements/index.ts'
import { tableKey } from './created-objects.ts'
import type { Kept } from './kept-data.ts'
import { call, literals, quoted } from './postgres/sql-text.ts'
import { releaseCalls } from './release-hooks.ts'

/** A value for the rows that have none in a column. */
export interface Fill {
  readonly table: ObjectName
  readonly column: string
  /** The value as text. */
  readonly value: string
}

/** Options for what a down migration restores. */
export interface RestoreOptions {
  readonly migration: string
  /** The schema of the history, which is the schema of unqualified names. */
  readonly schema: string
  /** The schema of the ledger. */
  readonly ledger: string
  /** The data that was kept for the migration. */
  readonly kept: readonly Kept[]
  /** Values for rows written since, in columns that become NOT NULL. */
  readonly fills?: readonly Fill[]
}

/** SQL that restores data, around the statements of a down migration and after the last one. */
export interface RestoreHooks {
  readonly hooks: Hooks
  /** SQL for the end of its transaction. */
  readonly end: string
}

/**
 * The SQL sent with a down migration to restore what its migration destroyed. Rows and values are
 * restored immediately after the statement that creates their table or column again, so that later
 * constraints see them.
 */
export function restoreHooksOf(
  statements: readonly Statement[],
  options: RestoreOptions,
): RestoreHooks {
  const hooks = new Map<number, StatementHooks>()
  const kept = options.kept.filter(({ state }) => state === 'kept')
  const complete = completedTables(statements, options.schema)
  const changed = changedTables(statements)
  for (const statement of statements) {
    if (statement.role.kind === 'alone') continue
    const before = [
      ...releaseCalls(statement, { history: options.schema, ledger: options.ledger }),
      ...checksBefore(statement, { ...options, kept }, changed),
    ]
    const scene = { ...options, kept, tables: complete.get(statement.number) ?? [] }
    const own = restoreHook(statement, scene)
    if (before.length > 0 || own.after)
      hooks.set(statement.number, { ...own, before: [...before, ...(own.before ?? [])] })
  }
  return { hooks, end: restoreAtEnd(changed, { ...options, kept }) }
}

/** The created tables that have all their columns and partitions after a statement, by its number. */
function completedTables(
  statements: readonly Statement[],
  defaultSchema: string,
): Map<number, ObjectName[]> {
  const last = new Map<string, { readonly table: ObjectName; readonly number: number }>()
  for (const { number, actions } of statements) {
    for (const action of actions) {
      if (action.kind === 'create-table')
        last.set(tableKey(action.table, defaultSchema), { table: action.table, number })
      const extended = extendedBy(action)
      if (extended && last.has(tableKey(extended, defaultSchema)))
        last.set(tableKey(extended, defaultSchema), { table: extended, number })
    }
  }
  const found = new Map<number, ObjectName[]>()
  for (const { table, number } of last.values())
    found.set(number, [...(found.get(number) ?? []), table])
  return found
}

/** The table to which an action adds a column or a partition. */
function extendedBy(action: Action): ObjectName | undefined {
  if (action.kind === 'add-column' || action.kind === 'attach-partition') return action.table
  return action.kind === 'create-table' ? action.partitionOf : undefined
}

/**
 * SQL that restores tables and columns that code created again, and rows that data statements changed,
 * except rows that the down migration writes itself. It restores attributes last: then all objects are
 * restored, and their rows show how far their sequences have advanced.
 */
function restoreAtEnd(changed: ReadonlySet<string>, options: RestoreOptions): string {
  const others = call(options, 'restore_others', ...originArguments(options))
  const rows = call(options, 'restore_rows', ...originArguments(options), literals([...changed]))
  const attributes = call(options, 'restore_attributes', ...originArguments(options))
  const data = options.kept.length > 0 ? [others, rows] : []
  return [...data, attributes].map((sql) => `${sql};\n`).join('')
}

/** Tables whose rows the down migration updates itself. */
function changedTables(statements: readonly Statement[]): ReadonlySet<string> {
  return new Set(
    statements.flatMap(({ actions }) =>
      actions.flatMap((action) => (action.kind === 'update' ? [quoted(action.table)] : [])),
    ),
  )
}

/**
 * SQL before a statement that checks rows: it restores them first, and fails if one lacks a required
 * value.
 */
function checksBefore(
  { actions }: Statement,
  options: RestoreOptions,
  changed: ReadonlySet<string>,
): string[] {
  const hasRows = options.kept.some(({ kind }) => kind === 'rows')
  const tables = new Set(hasRows ? actions.flatMap(checkedTables).map(quoted) : [])
  const restoring = [...tables].map((table) => {
    const args = [...originArguments(options), quoteLiteral(table), literals([...changed])]
    return call(options, 'restore_rows_of', ...args)
  })
  const [only, ...others] = actions
  const required =
    only?.kind === 'set-not-null' && others.length === 0
      ? requireValues(only.table, only.column, options)
      : []
  return [...restoring, ...required]
}

/** SQL that gives rows the requested value, and fails with the number of rows that still have none. */
function requireValues(table: ObjectName, column: string, options: RestoreOptions): string[] {
  const key = tableKey(table, options.schema)
  const own = quoteIdentifier(column)
  const filled = (options.fills ?? [])
    .filter((fill) => tableKey(fill.table, options.schema) === key && fill.column === column)
    .map(
      ({ value }) =>
        `UPDATE ${quoted(table)} SET ${own} = ${quoteLiteral(value)} WHERE ${own} IS NOT DISTINCT FROM NULL`,
    )
  const required = [quoted(table), column].map(quoteLiteral)
  return [...filled, call(options, 'require_values', ...required)]
}

/** The tables whose rows an action checks; for a foreign key, the referenced table first. */
function checkedTables(action: Action): ObjectName[] {
  switch (action.kind) {
    case 'create-index':
      return action.unique ? [action.table] : []
    case 'set-not-null':
      return [action.table]
    case 'add-constraint': {
      const { references } = action.constraint
      return [...(references ? [references.table] : []), action.table]
    }
    default:
      return []
  }
}

interface StatementOptions extends RestoreOptions {
  /** Tables that are complete after the statement. */
  readonly tables: readonly ObjectName[]
}

function restoreHook(statement: Statement, options: StatementOptions): StatementHooks {
  const [action, ...others] = statement.actions
  const back =
    options.kept.length === 0
      ? []
      : [
          ...options.tables.map((table) =>
            call(options, 'restore_table', ...tableArguments(table, options)),
          ),
          ...statement.actions.flatMap((one) => restoreColumnCalls(one, options)),
        ]
  const { text } = statement
  const nullable = text.replace(NOT_NULL, '')
  if (
    action?.kind === 'add-column' &&
    others.length === 0 &&
    needsFilling(action) &&
    nullable !== text
  ) {
    const { table, column } = action
    const required = [...requireValues(table, column.name, options), requireSql(table, column)]
    return { instead: [nullable], after: [...back, ...required] }
  }
  const changes = options.kept.some(
    ({ kind, columns }) =>
      kind === 'columns' && action?.kind === 'change-type' && columns.includes(action.column),
  )
  const instead =
    action?.kind === 'change-type' && changes && others.length === 0
      ? { instead: [revertType(statement.text, action, options)] }
      : {}
  const numbered = options.kept.length > 0 ? statement.actions.filter(takesNumbers) : []
  const given = numbered.map(({ table, column }) =>
    call(options, 'give_numbers_back', quoteLiteral(quoted(table)), quoteLiteral(column.name)),
  )
  const after = [...back, ...given]
  if (after.length === 0) return {}
  const before = numbered.length > 0 ? { before: [call(options, 'remember_positions')] } : {}
  return { ...before, ...instead, after }
}

/** Whether adding a column makes rows take numbers from a sequence, before their values are restored. */
function takesNumbers(action: Action): action is AddColumn {
  const { default: value } = action.kind === 'add-column' ? action.column : {}
  return value?.kind === 'volatile'
}

/** SQL for a change of type that needs no cast for kept values. */
function revertType(
  text: string,
  { table, column, using }: Extract<Action, { kind: 'change-type' }>,
  options: RestoreOptions,
): string {
  const whole = using === undefined ? text : text.slice(0, text.lastIndexOf(using))
  const change = whole.replace(/\bUSING\s*$/i, '')
  // As the statement writes it: the action has the name without quotes.
  const type = change
    .replace(/^.*\bTYPE\s+/is, '')
    .replace(/\s+COLLATE\s.*$/is, '')
    .trim()
  const cast = using ?? `${quoteIdentifier(column)}::${type}`
  const args = [column, text, change, type, cast].map(quoteLiteral)
  return call(options, 'change_type_back', ...tableArguments(table, options), ...args)
}

function tableArguments(table: ObjectName, options: RestoreOptions): string[] {
  return [...originArguments(options), quoteLiteral(quoted(table))]
}

function originArguments({ schema, migration }: RestoreOptions): string[] {
  return [quoteLiteral(schema), quoteLiteral(migration)]
}

function restoreColumnCalls(action: Action, options: RestoreOptions): string[] {
  if (options.kept.length === 0) return []
  switch (action.kind) {
    case 'add-column':
      return [
        call(
          options,
          'restore_columns',
          ...tableArguments(action.table, options),
          literals([action.column.name]),
          'false',
        ),
      ]
    case 'change-type':
      return [
        call(
          options,
          'restore_columns',
          ...tableArguments(action.table, options),
          literals([action.column]),
          'true',
        ),
      ]
    default:
      return []
  }
}

type AddColumn = Extract<Action, { kind: 'add-column' }>

/**
 * NOT NULL at the end of ADD COLUMN. The rest of the text is not rebuilt, because the action has its
 * type's name without quotes.
 */
const NOT_NULL = /\s+NOT\s+NULL\s*$/i

/** Whether a column must be filled before it becomes NOT NULL: it is required and has no default. */
function needsFilling({ column, ifNotExists }: AddColumn): boolean {
  return isRequired(column) && column.constraints.length === 0 && !column.collated && !ifNotExists
}

function requireSql(table: ObjectName, { name }: ColumnDefinition): string {
  return `ALTER TABLE ${quoted(table)} ALTER COLUMN ${quoteIdentifier(name)} SET NOT NULL`
}
