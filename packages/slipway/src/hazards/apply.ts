import { assertNever } from '../kernel/index.ts'
import type {
  Action,
  ColumnDefinition,
  ConstraintDefinition,
  ObjectName,
} from '../statements/index.ts'
import { constraintName, indexName } from './constraint-name.ts'
import { renamed } from './rename.ts'
import {
  type Column,
  columnNamed,
  type Constraint,
  type Index,
  keyOf,
  type Schema,
  type Table,
} from './schema.ts'

/** The schema after an action of a migration. What rules do not ask for leaves it as it is. */
export function applied(schema: Schema, action: Action, migration: string): Schema {
  switch (action.kind) {
    case 'create-table':
      return tableMade(schema, action, migration)
    case 'create-view':
      return action.materialized ? viewMade(schema, action.view, migration) : schema
    case 'row-security':
      return secured(schema, action, migration)
    case 'drop':
      return dropped(schema, action)
    case 'rename':
      return renamed(schema, action)
    case 'create-index':
      return indexMade(schema, action)
    case 'drop-index':
      return { ...schema, indexes: without(schema.indexes, [keyOf(schema, action.index)]) }
    case 'create-enum':
    case 'add-enum-value':
      return enumChanged(schema, action)
    case 'add-column':
      if (action.ifNotExists && columnNamed(schema, action.table, action.column.name)) return schema
      return columnAdded(schema, action.table, action.column, migration)
    case 'drop-column':
      return columnDropped(schema, action.table, action.column)
    case 'change-type':
      return columnChanged(schema, action, { type: action.type })
    case 'set-not-null':
    case 'drop-not-null':
      return columnChanged(schema, action, { notNull: action.kind === 'set-not-null' })
    case 'add-constraint':
      return constraintAdded(schema, action.table, action.constraint)
    case 'drop-constraint':
      return constraintDropped(schema, action.table, action.name)
    case 'attach-partition':
      return partitioned(schema, action.table)
    case 'validate-constraint':
      return constraintValidated(schema, action.table, action.name)
    default:
      return schema
  }
}

type ActionOf<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>

function tableMade(schema: Schema, action: ActionOf<'create-table'>, migration: string): Schema {
  const { table, columns, constraints } = action
  const key = keyOf(schema, table)
  if (action.ifNotExists && schema.tables.has(key)) return schema
  const made = {
    schema: table.schema ?? schema.defaultSchema,
    name: table.name,
    madeBy: migration,
    columns: new Map<string, Column>(),
    constraints: [],
  }
  const started: Schema = { ...schema, tables: new Map(schema.tables).set(key, made) }
  const filled = columns.reduce(
    (all, column) => columnAdded(all, table, column, migration),
    started,
  )
  const whole = constraints.reduce((all, one) => constraintAdded(all, table, one), filled)
  return action.partitionOf ? partitioned(whole, action.partitionOf) : whole
}

/** A materialized view has rows and indexes of its own, as a table has. */
function viewMade(schema: Schema, name: ObjectName, madeBy: string): Schema {
  const key = keyOf(schema, name)
  if (schema.tables.has(key)) return schema
  return changed(schema, name, (view) => ({ ...view, madeBy }))
}

function secured(
  schema: Schema,
  { table: name, enabled }: ActionOf<'row-security'>,
  migration: string,
): Schema {
  return changed(schema, name, ({ securedBy = migration, ...table }) =>
    enabled ? { ...table, securedBy } : table,
  )
}

/** Changes a table; one that was not known becomes known by it. */
function changed(schema: Schema, name: ObjectName, change: (table: Table) => Table): Schema {
  const key = keyOf(schema, name)
  const table = schema.tables.get(key) ?? {
    schema: name.schema ?? schema.defaultSchema,
    name: name.name,
    columns: new Map<string, Column>(),
    constraints: [],
  }
  return { ...schema, tables: new Map(schema.tables).set(key, change(table)) }
}

function partitioned(schema: Schema, parent: ObjectName): Schema {
  return changed(schema, parent, (table) => ({ ...table, partitioned: true }))
}

function columnAdded(
  schema: Schema,
  name: ObjectName,
  { name: column, type, notNull, constraints }: ColumnDefinition,
  addedBy: string,
): Schema {
  const added = changed(schema, name, (table) => ({
    ...table,
    columns: new Map(table.columns).set(column, { type, notNull, addedBy }),
  }))
  return constraints.reduce((all, constraint) => constraintAdded(all, name, constraint), added)
}

function columnChanged(
  schema: Schema,
  { table: name, column }: { readonly table: ObjectName; readonly column: string },
  change: Partial<Column>,
): Schema {
  return changed(schema, name, (table) => {
    const before = table.columns.get(column)
    if (before === undefined) return table
    return { ...table, columns: new Map(table.columns).set(column, { ...before, ...change }) }
  })
}

function columnDropped(schema: Schema, name: ObjectName, column: string): Schema {
  const key = keyOf(schema, name)
  const indexes = [...schema.indexes].filter(
    ([, index]) => index.table === key && index.columns.includes(column),
  )
  const rest = changed(schema, name, (table) => ({
    ...table,
    columns: without(table.columns, [column]),
    constraints: table.constraints.filter(({ columns }) => !columns.includes(column)),
  }))
  return {
    ...rest,
    indexes: without(
      schema.indexes,
      indexes.map(([index]) => index),
    ),
  }
}

function constraintAdded(
  schema: Schema,
  name: ObjectName,
  definition: ConstraintDefinition,
): Schema {
  const { kind, usingIndex, notValid, expression, references } = definition
  const inSchema = name.schema ?? schema.defaultSchema
  const taken = usingIndex && schema.indexes.get(`${inSchema}.${usingIndex}`)
  const constraint: Constraint = {
    kind,
    name: constraintName(name, definition),
    columns: taken ? taken.columns : definition.columns,
    valid: !notValid,
    ...(expression === undefined ? {} : { expression }),
    ...(references ? { references: keyOf(schema, references.table) } : {}),
  }
  const added = changed(schema, name, (table) => ({
    ...table,
    columns: kind === 'primary-key' ? withNotNull(table, constraint.columns) : table.columns,
    constraints: [...table.constraints, constraint],
  }))
  if (kind !== 'primary-key' && kind !== 'unique') return added
  const rest = without(schema.indexes, [`${inSchema}.${usingIndex ?? ''}`])
  const index: Index = {
    schema: inSchema,
    name: constraint.name,
    table: keyOf(schema, name),
    columns: constraint.columns,
    unique: true,
    partial: false,
  }
  return { ...added, indexes: rest.set(`${inSchema}.${constraint.name}`, index) }
}

function withNotNull(table: Table, names: readonly string[]): ReadonlyMap<string, Column> {
  const columns = new Map(table.columns)
  for (const name of names) {
    const column = columns.get(name)
    if (column) columns.set(name, { ...column, notNull: true })
  }
  return columns
}

function constraintDropped(schema: Schema, name: ObjectName, constraint: string): Schema {
  const rest = changed(schema, name, (table) => ({
    ...table,
    constraints: table.constraints.filter((one) => one.name !== constraint),
  }))
  const index = `${name.schema ?? schema.defaultSchema}.${constraint}`
  return { ...rest, indexes: without(schema.indexes, [index]) }
}

function constraintValidated(schema: Schema, name: ObjectName, constraint: string): Schema {
  return changed(schema, name, (table) => ({
    ...table,
    constraints: table.constraints.map((one) =>
      one.name === constraint ? { ...one, valid: true } : one,
    ),
  }))
}

function indexMade(schema: Schema, action: ActionOf<'create-index'>): Schema {
  const { table, columns, unique, where } = action
  const name = action.name ?? indexName(table, columns)
  const schemaName = table.schema ?? schema.defaultSchema
  const index: Index = {
    schema: schemaName,
    name,
    table: keyOf(schema, table),
    columns,
    unique,
    partial: where !== undefined,
  }
  return { ...schema, indexes: new Map(schema.indexes).set(`${schemaName}.${name}`, index) }
}

function enumChanged(
  schema: Schema,
  action: ActionOf<'create-enum'> | ActionOf<'add-enum-value'>,
): Schema {
  const { schema: inSchema = schema.defaultSchema, name } = action.type
  const key = keyOf(schema, action.type)
  const values =
    action.kind === 'create-enum'
      ? action.values
      : [...(schema.enums.get(key)?.values ?? []), action.value]
  return { ...schema, enums: new Map(schema.enums).set(key, { schema: inSchema, name, values }) }
}

function dropped(schema: Schema, { of, object }: ActionOf<'drop'>): Schema {
  switch (of) {
    case 'table':
    case 'materialized-view':
      return tablesDropped(schema, [keyOf(schema, object)])
    case 'type':
      return { ...schema, enums: without(schema.enums, [keyOf(schema, object)]) }
    case 'schema': {
      const inside = [...schema.tables].filter(([, table]) => table.schema === object.name)
      return tablesDropped(
        schema,
        inside.map(([key]) => key),
      )
    }
    case 'view':
    case 'sequence':
    case 'function':
    case 'extension':
    case 'other':
      return schema
    default:
      return assertNever(of)
  }
}

function tablesDropped(schema: Schema, keys: readonly string[]): Schema {
  const indexes = [...schema.indexes].filter(([, { table }]) => keys.includes(table))
  return {
    ...schema,
    tables: without(schema.tables, keys),
    indexes: without(
      schema.indexes,
      indexes.map(([key]) => key),
    ),
  }
}

function without<T>(map: ReadonlyMap<string, T>, keys: readonly string[]): Map<string, T> {
  const rest = new Map(map)
  for (const key of keys) rest.delete(key)
  return rest
}
