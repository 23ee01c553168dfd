import { quoteIdentifier } from '../database/index.ts'
import {
  applyAction,
  type Column,
  type DatabaseSchema,
  keyOf,
  primaryKeyOf,
  type Table,
  typeKey,
  tableNamed as tableIn,
} from '../schema/index.ts'
import {
  type Action,
  type ColumnDefinition,
  identifiersIn,
  type ObjectName,
  type TableAction,
  type TableRef,
  tableRef,
} from '../statements/index.ts'
import { parseType, typeSql } from './postgres/type-range.ts'

/** What is known about the rows of a target at one of the pending statements. */
export interface PendingRows {
  /** The target before the first pending statement. */
  readonly target: DatabaseSchema
  readonly versionNumber: number
  /** The schema after the pending statements so far. */
  schema: DatabaseSchema
  /** The values of columns that pending statements added or changed, by column id. */
  readonly values: Map<number, PendingValue>
  /** How earlier statements change the rows of tables, by table id. */
  readonly changes: Map<number, RowChange[]>
  /** Keys of the target's enums of which a pending statement renames a label. */
  readonly relabelled: Set<string>
}

/** The column of the target from which a value comes. */
export interface SourceColumn extends Pick<Column, 'type' | 'notNull' | 'enum'> {
  readonly name: string
}

/** The value of a column at a pending statement. */
export interface PendingValue {
  /** The value, as SQL over a row `t` of the target's table; undefined if SQL cannot compute it. */
  readonly value?: string
  /** Why SQL cannot compute the value. */
  readonly unknown?: string
  readonly source?: SourceColumn
  /** Set if a pending statement added the column without a default, so that it is NULL in every row. */
  readonly empty?: true
}

/** A column after the pending statements so far. */
export interface PendingColumn extends PendingValue {
  readonly id: number
}

/** How an earlier statement changes the rows of a table. */
export interface RowChange {
  /** `statement 2 of 3_fill` */
  readonly by: string
  /** `unknown`: which rows it changes, and how, is not known. */
  readonly how: 'insert' | 'update' | 'delete' | 'unknown'
  /** The ids of the columns that an UPDATE sets. */
  readonly columns?: ReadonlySet<number>
}

/** A table at a pending statement, and its rows on the target. */
export interface PendingTable extends TableRef, Pick<Table, 'id' | 'constraints'> {
  /** The table on the target; absent if a pending statement creates it. */
  readonly target?: Table
  /** Its name on the target, as SQL. */
  readonly targetSql: string
  /** Keyed by their current names. */
  readonly columns: ReadonlyMap<string, PendingColumn>
  readonly primaryKey: readonly string[]
  readonly changes: readonly RowChange[]
}

/** The rows of a target before the first pending statement. */
export function rowsOfTarget(target: DatabaseSchema, versionNumber: number): PendingRows {
  return {
    target,
    versionNumber,
    schema: target,
    values: new Map(),
    changes: new Map(),
    relabelled: new Set(),
  }
}

/** The table that a statement names; undefined if it does not exist at that point. */
export function tableNamed(rows: PendingRows, name: ObjectName): PendingTable | undefined {
  const table = tableIn(rows.schema, name)
  // A table that is known only from an ALTER TABLE does not exist.
  if (table === undefined || (table.onTarget === undefined && table.createdBy === undefined))
    return undefined
  const target = targetOf(rows, table)
  const sources = new Map(
    [...(target?.columns ?? [])].map(([source, one]) => [one.id, { name: source, ...one }]),
  )
  return {
    id: table.id,
    constraints: table.constraints,
    ...tableRef(rows.schema, table),
    ...(target ? { target } : {}),
    targetSql: target?.sql ?? '',
    columns: new Map(
      [...table.columns].map(([column, { id }]) => [
        column,
        { id, ...(rows.values.get(id) ?? unchanged(sources.get(id))) },
      ]),
    ),
    primaryKey: primaryKeyOf(table),
    changes: rows.changes.get(table.id) ?? [],
  }
}

/** The table on the target; undefined if it is not there. */
export function targetOf({ target }: PendingRows, { onTarget }: Table): Table | undefined {
  return onTarget && target.tables.get(keyOf(target, onTarget))
}

function unchanged(source: SourceColumn | undefined): PendingValue {
  return source ? { value: `t.${quoteIdentifier(source.name)}`, source } : {}
}

/** Records how a statement changes the rows of a table. */
export function noteChange(
  { changes }: PendingRows,
  { id }: Pick<Table, 'id'>,
  change: RowChange,
): void {
  changes.set(id, [...(changes.get(id) ?? []), change])
}

/** Applies the effect of an action to the schema and to column values. */
export function followAction(rows: PendingRows, action: Action, by: string): void {
  const before = rows.schema
  rows.schema = applyAction(before, action, by)
  switch (action.kind) {
    case 'create-table': {
      const table = tableIn(rows.schema, action.table)
      if (action.filled && table && table !== tableIn(before, action.table))
        noteChange(rows, table, { by: 'the query that fills it', how: 'insert' })
      return
    }
    case 'rename': {
      const renamed = action.of === 'enum-value' && before.enums.get(keyOf(before, action.type))
      if (renamed && renamed.onTarget) rows.relabelled.add(keyOf(before, renamed.onTarget))
      return
    }
    case 'add-column': {
      const { name } = action.column
      const added = tableIn(rows.schema, action.table)?.columns.get(name)
      if (added && added !== tableIn(before, action.table)?.columns.get(name))
        rows.values.set(added.id, addedValue(rows, action.column, by))
      return
    }
    case 'change-type': {
      const column = tableIn(rows.schema, action.table)?.columns.get(action.column)
      if (column) rows.values.set(column.id, retypedValue(rows, action, { before, by }))
      return
    }
    default:
  }
}

function addedValue(
  { schema }: PendingRows,
  { name, type, filledBy, default: set }: ColumnDefinition,
  by: string,
): PendingValue {
  // A domain can have a default, an array of it cannot.
  const isDomain = !type.endsWith('[]') && schema.domains.has(typeKey(schema, type))
  if (filledBy !== undefined || set !== undefined || isDomain)
    return { unknown: `${by} adds the column ${name} with a value of its own` }
  return { empty: true, value: `NULL${castTo(schema, type)}` }
}

/** The value cast to its new type, if the target already has that type. */
function retypedValue(
  rows: PendingRows,
  { table, column: name, type, using, casts }: Extract<TableAction, { kind: 'change-type' }>,
  { before, by }: { readonly before: DatabaseSchema; readonly by: string },
): PendingValue {
  const column = tableNamed({ ...rows, schema: before }, table)?.columns.get(name)
  const plain = using === undefined || casts !== undefined
  const cast = castTo(rows.schema, type)
  const known = plain && cast !== '' && column?.value !== undefined
  const source = column?.source
  return {
    ...(known
      ? { value: `(${column.value})${throughText(casts)}${cast}` }
      : { unknown: `${by} changes the type of the column ${name}` }),
    ...(column?.empty && known ? { empty: true } : {}),
    // A cast returns NULL only for NULL.
    ...(plain && source ? { source: { name: source.name, notNull: source.notNull, type } } : {}),
  }
}

function throughText(casts: readonly string[] = []): string {
  return casts.length === 2 && casts[0]?.startsWith('text') ? `::${casts[0]}` : ''
}

/** A cast as SQL; empty if the target does not know the type by this name. */
function castTo(schema: DatabaseSchema, type: string): string {
  return isNewType(schema, type) ? '' : `::${typeSql(parseType(type))}`
}

/** Whether a pending statement creates or renames a type, so that the target does not know it by this name. */
export function isNewType(schema: DatabaseSchema, type: string): boolean {
  const key = typeKey(schema, type)
  const known = schema.enums.get(key) ?? schema.domains.get(key)
  if (known === undefined) return false
  return known.onTarget === undefined || keyOf(schema, known.onTarget) !== key
}

/** The columns of a table that an SQL text mentions. */
export function columnsIn({ columns }: PendingTable, sql: string): string[] {
  const named = identifiersIn(sql)
  return [...columns.keys()].filter((name) => named.has(name))
}
