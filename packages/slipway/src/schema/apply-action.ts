import { assertNever } from '../kernel/index.ts'
import type {
  Action,
  ColumnDefinition,
  ConstraintDefinition,
  ObjectName,
  Statement,
} from '../statements/index.ts'
import { applyRename, moveObject } from './apply-rename.ts'
import { constraintName, indexName } from './constraint-name.ts'
import { without, withEntry } from './layered-map.ts'
import {
  type Column,
  columnNamed,
  type Constraint,
  type DatabaseSchema,
  type Index,
  keyOf,
  referenceOf,
  type Table,
} from './model.ts'

/** The schema after a statement of a migration. Properties that the model does not have do not change it. Pure. */
export function applyStatement(
  schema: DatabaseSchema,
  { actions }: Pick<Statement, 'actions'>,
  migration: string,
): DatabaseSchema {
  return actions.reduce((all, action) => applyAction(all, action, migration), schema)
}

/** The schema after one action of a statement. */
export function applyAction(
  schema: DatabaseSchema,
  action: Action,
  migration: string,
): DatabaseSchema {
  switch (action.kind) {
    case 'create-table':
      return createTable(schema, action, migration)
    case 'create-view':
      return action.materialized ? createView(schema, action.view, migration) : schema
    case 'row-security':
      return secureTable(schema, action, migration)
    case 'drop':
      return dropObject(schema, action)
    case 'drop-on-table':
    case 'create-trigger':
      return changeTriggers(schema, action)
    case 'rename':
      return applyRename(schema, action)
    case 'set-schema':
      return moveObject(schema, action)
    case 'create-index':
      return createIndex(schema, action)
    case 'drop-index':
      return { ...schema, indexes: without(schema.indexes, [keyOf(schema, action.index)]) }
    case 'create-enum':
    case 'add-enum-value':
      return changeEnum(schema, action)
    case 'add-column':
      if (action.ifNotExists && columnNamed(schema, action.table, action.column.name)) return schema
      return addColumn(schema, action.table, action.column, migration)
    case 'drop-column':
      return dropColumn(schema, action.table, action.column)
    case 'change-type':
      return changeType(schema, action)
    case 'set-not-null':
    case 'drop-not-null':
      return changeColumn(schema, action, { notNull: action.kind === 'set-not-null' })
    case 'add-constraint':
      return addConstraint(schema, action.table, action.constraint)
    case 'drop-constraint':
      return dropConstraint(schema, action.table, action.name)
    case 'validate-constraint':
      return validateConstraint(schema, action.table, action.name)
    case 'attach-partition':
      return markPartitioned(schema, action.table)
    default:
      return schema
  }
}

type ActionOf<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>

function createTable(
  schema: DatabaseSchema,
  action: ActionOf<'create-table'>,
  migration: string,
): DatabaseSchema {
  const { table, columns, constraints } = action
  const key = keyOf(schema, table)
  if (action.ifNotExists && schema.tables.has(key)) return schema
  // The table is built in a schema without other tables, because each step copies the map of tables.
  const started = changeTable({ ...schema, tables: new Map<string, Table>() }, table, (made) => ({
    ...made,
    createdBy: migration,
  }))
  const filled = columns.reduce((all, column) => addColumn(all, table, column, migration), started)
  const alone = constraints.reduce((all, one) => addConstraint(all, table, one), filled)
  const others = without(schema.tables, [key])
  const tables = [...alone.tables].reduce((all, [name, one]) => withEntry(all, name, one), others)
  const whole = { ...alone, tables }
  return action.partitionOf ? markPartitioned(whole, action.partitionOf) : whole
}

/** A materialized view has rows and indexes of its own, like a table. */
function createView(schema: DatabaseSchema, name: ObjectName, createdBy: string): DatabaseSchema {
  if (schema.tables.has(keyOf(schema, name))) return schema
  return changeTable(schema, name, (view) => ({ ...view, createdBy }))
}

function secureTable(
  schema: DatabaseSchema,
  { table: name, enabled }: ActionOf<'row-security'>,
  migration: string,
): DatabaseSchema {
  return changeTable(schema, name, ({ securedBy = migration, ...table }) =>
    enabled ? { ...table, securedBy } : table,
  )
}

/** Changes a table, which is added if it is not known. */
function changeTable(
  schema: DatabaseSchema,
  name: ObjectName,
  change: (table: Table) => Table,
): DatabaseSchema {
  const key = keyOf(schema, name)
  const known = schema.tables.get(key)
  const table = known ?? {
    ...referenceOf(schema, name),
    id: schema.nextId,
    columns: new Map<string, Column>(),
    constraints: [],
    triggers: [],
  }
  const nextId = schema.nextId + (known ? 0 : 1)
  return { ...schema, nextId, tables: withEntry(schema.tables, key, change(table)) }
}

function markPartitioned(schema: DatabaseSchema, parent: ObjectName): DatabaseSchema {
  return changeTable(schema, parent, (table) => ({ ...table, partitioned: true }))
}

function changeTriggers(
  schema: DatabaseSchema,
  action: ActionOf<'create-trigger'> | ActionOf<'drop-on-table'>,
): DatabaseSchema {
  if (action.kind === 'drop-on-table' && action.of !== 'trigger') return schema
  return changeTable(schema, action.table, (table) => {
    const others = table.triggers.filter((name) => name !== action.name)
    return {
      ...table,
      triggers: action.kind === 'create-trigger' ? [...others, action.name] : others,
    }
  })
}

function addColumn(
  schema: DatabaseSchema,
  name: ObjectName,
  { name: column, type, notNull, constraints }: ColumnDefinition,
  addedBy: string,
): DatabaseSchema {
  const id = schema.nextId
  const added = changeTable({ ...schema, nextId: id + 1 }, name, (table) => ({
    ...table,
    columns: new Map(table.columns).set(column, { id, type, notNull, addedBy }),
  }))
  return constraints.reduce((all, constraint) => addConstraint(all, name, constraint), added)
}

function changeColumn(
  schema: DatabaseSchema,
  { table: name, column }: { readonly table: ObjectName; readonly column: string },
  change: Partial<Column>,
): DatabaseSchema {
  return changeTable(schema, name, (table) => {
    const before = table.columns.get(column)
    if (before === undefined) return table
    return { ...table, columns: new Map(table.columns).set(column, { ...before, ...change }) }
  })
}

/** Also removes the enum and the values that were read for the old type. */
function changeType(
  schema: DatabaseSchema,
  { table: name, column, type }: ActionOf<'change-type'>,
): DatabaseSchema {
  return changeTable(schema, name, (table) => {
    const before = table.columns.get(column)
    if (before === undefined) return table
    const { enum: _enum, values: _values, ...kept } = before
    return { ...table, columns: new Map(table.columns).set(column, { ...kept, type }) }
  })
}

function dropColumn(schema: DatabaseSchema, name: ObjectName, column: string): DatabaseSchema {
  const key = keyOf(schema, name)
  const indexes = [...schema.indexes].filter(
    ([, index]) => index.columns.includes(column) && keyOf(schema, index.table) === key,
  )
  const rest = changeTable(schema, name, (table) => ({
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

function addConstraint(
  schema: DatabaseSchema,
  name: ObjectName,
  definition: ConstraintDefinition,
): DatabaseSchema {
  const { kind, usingIndex, notValid, expression, exclusion, nullsEqual, references } = definition
  const inSchema = (index: string) => referenceOf(schema, { ...name, name: index })
  const taken = usingIndex && schema.indexes.get(keyOf(schema, inSchema(usingIndex)))
  const constraint: Constraint = {
    kind,
    name: constraintName(name, definition),
    columns: taken ? taken.columns : definition.columns,
    valid: !notValid,
    ...(expression === undefined ? {} : { expression }),
    ...(exclusion === undefined ? {} : { exclusion }),
    ...(nullsEqual ? { nullsEqual } : {}),
    ...(references
      ? { references: { ...references, table: referenceOf(schema, references.table) } }
      : {}),
  }
  const added = changeTable(schema, name, (table) => ({
    ...table,
    columns: kind === 'primary-key' ? withNotNull(table, constraint.columns) : table.columns,
    constraints: [...table.constraints, constraint],
  }))
  if (kind !== 'primary-key' && kind !== 'unique') return added
  const rest = usingIndex
    ? without(schema.indexes, [keyOf(schema, inSchema(usingIndex))])
    : schema.indexes
  const index: Index = {
    ...inSchema(constraint.name),
    table: referenceOf(schema, name),
    columns: constraint.columns,
    unique: true,
    partial: false,
    ...(kind === 'primary-key' ? { primary: true } : {}),
  }
  return { ...added, indexes: withEntry(rest, keyOf(schema, index), index) }
}

function withNotNull(table: Table, names: readonly string[]): ReadonlyMap<string, Column> {
  const columns = new Map(table.columns)
  for (const name of names) {
    const column = columns.get(name)
    if (column) columns.set(name, { ...column, notNull: true })
  }
  return columns
}

function dropConstraint(
  schema: DatabaseSchema,
  name: ObjectName,
  constraint: string,
): DatabaseSchema {
  const rest = changeTable(schema, name, (table) => ({
    ...table,
    constraints: table.constraints.filter((one) => one.name !== constraint),
  }))
  const index = keyOf(schema, { ...name, name: constraint })
  return { ...rest, indexes: without(schema.indexes, [index]) }
}

function validateConstraint(
  schema: DatabaseSchema,
  name: ObjectName,
  constraint: string,
): DatabaseSchema {
  return changeTable(schema, name, (table) => ({
    ...table,
    constraints: table.constraints.map((one) =>
      one.name === constraint ? { ...one, valid: true } : one,
    ),
  }))
}

function createIndex(schema: DatabaseSchema, action: ActionOf<'create-index'>): DatabaseSchema {
  const { table, columns, unique, where } = action
  const name = action.name ?? indexName(table, columns)
  const index: Index = {
    ...referenceOf(schema, { ...table, name }),
    table: referenceOf(schema, table),
    columns,
    unique,
    partial: where !== undefined,
  }
  return { ...schema, indexes: withEntry(schema.indexes, keyOf(schema, index), index) }
}

function changeEnum(
  schema: DatabaseSchema,
  action: ActionOf<'create-enum'> | ActionOf<'add-enum-value'>,
): DatabaseSchema {
  const key = keyOf(schema, action.type)
  const existing = schema.enums.get(key)?.labels ?? []
  if (action.kind === 'add-enum-value' && action.ifNotExists && existing.includes(action.value))
    return schema
  const labels = action.kind === 'create-enum' ? action.values : [...existing, action.value]
  const made = { ...referenceOf(schema, action.type), labels }
  return { ...schema, enums: withEntry(schema.enums, key, made) }
}

function dropObject(schema: DatabaseSchema, { of, object }: ActionOf<'drop'>): DatabaseSchema {
  switch (of) {
    case 'table':
    case 'materialized-view':
      return dropTables(schema, [keyOf(schema, object)])
    case 'type': {
      const keys = [keyOf(schema, object)]
      const { enums, domains } = schema
      return { ...schema, enums: without(enums, keys), domains: without(domains, keys) }
    }
    case 'schema': {
      const dropped = referenceOf(schema, { schema: object.name, name: '' }).schema
      const rest = dropTables(schema, keysIn(schema.tables, dropped))
      const enums = without(schema.enums, keysIn(schema.enums, dropped))
      return { ...rest, enums, domains: without(schema.domains, keysIn(schema.domains, dropped)) }
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

function keysIn(map: ReadonlyMap<string, { schema: string | null }>, schema: string | null) {
  return [...map].filter(([, one]) => one.schema === schema).map(([key]) => key)
}

function dropTables(schema: DatabaseSchema, keys: readonly string[]): DatabaseSchema {
  const indexes = [...schema.indexes].filter(([, { table }]) => keys.includes(keyOf(schema, table)))
  return {
    ...schema,
    tables: without(schema.tables, keys),
    indexes: without(
      schema.indexes,
      indexes.map(([key]) => key),
    ),
  }
}
