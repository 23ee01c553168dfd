import { assertNever } from '../kernel/index.ts'
import type { Action, RenameAction } from '../statements/index.ts'
import {
  type Column,
  type DatabaseSchema,
  keyOf,
  type Named,
  type QualifiedName,
  referenceOf,
  type Table,
  indexesOf,
} from './model.ts'

/** The schema after a rename, including all references to the old name. */
export function applyRename(schema: DatabaseSchema, action: RenameAction): DatabaseSchema {
  const { from, to } = action
  switch (action.of) {
    case 'table':
    case 'view':
    case 'index': {
      const index = schema.indexes.get(keyOf(schema, { schema: action.schema, name: from }))
      // A constraint and its index share one name.
      if (index) return renameConstraint(schema, { table: index.table, from, to })
      const name = { schema: action.schema, name: from }
      return renameObject(schema, name, { ...referenceOf(schema, name), name: to })
    }
    case 'type': {
      const name = { schema: action.schema, name: from }
      return renameType(schema, name, { ...referenceOf(schema, name), name: to })
    }
    case 'column': {
      const key = keyOf(schema, action.table)
      const tables = mapped(schema.tables, (table, at) =>
        at === key ? renameColumn(table, from, to) : table,
      )
      const indexes = mapped(schema.indexes, (index) =>
        keyOf(schema, index.table) === key
          ? { ...index, columns: replaced(index.columns, from, to) }
          : index,
      )
      return { ...schema, tables, indexes }
    }
    case 'constraint':
      return renameConstraint(schema, action)
    case 'enum-value': {
      const key = keyOf(schema, action.type)
      const enums = mapped(schema.enums, (type, at) =>
        at === key ? { ...type, labels: replaced(type.labels, from, to) } : type,
      )
      return { ...schema, enums }
    }
    case 'trigger': {
      const key = keyOf(schema, action.table)
      const tables = mapped(schema.tables, (table, at) =>
        at === key ? { ...table, triggers: replaced(table.triggers, from, to) } : table,
      )
      return { ...schema, tables }
    }
    case 'schema':
      return renameSchema(schema, action)
    case 'sequence':
    case 'other':
    case 'policy':
    case 'attribute':
      return schema
    default:
      return assertNever(action)
  }
}

/** The schema after SET SCHEMA; the indexes of a table move with it. */
export function moveObject(
  schema: DatabaseSchema,
  { of, object, to }: Extract<Action, { kind: 'set-schema' }>,
): DatabaseSchema {
  const target = referenceOf(schema, { schema: to, name: object.name })
  if (of === 'type' || of === 'domain') return renameType(schema, object, target)
  const along = schema.tables.has(keyOf(schema, object)) ? indexesOf(schema, object) : []
  return along.reduce(
    (all, index) => renameObject(all, index, { ...index, schema: target.schema }),
    renameObject(schema, object, target),
  )
}

/** Gives a table or an index its new name. */
function renameObject(
  schema: DatabaseSchema,
  from: Named,
  { schema: inSchema, name }: QualifiedName,
): DatabaseSchema {
  const key = keyOf(schema, from)
  const after = { schema: inSchema, name }
  return renameAll(schema, (one) => (keyOf(schema, one) === key ? after : one))
}

/** Gives a type its new name. */
function renameType(schema: DatabaseSchema, from: Named, to: QualifiedName): DatabaseSchema {
  const renamed = renameObject(schema, from, to)
  return { ...renamed, tables: mapped(renamed.tables, withTypeRenamed(schema, from, to)) }
}

function renameSchema(
  schema: DatabaseSchema,
  { from, to }: { readonly from: string; readonly to: string },
): DatabaseSchema {
  const [before, after] = [from, to].map((name) => referenceOf(schema, { schema: name, name: '' }))
  return renameAll(schema, ({ schema: inSchema, name }) => ({
    schema: inSchema === before?.schema ? (after?.schema ?? null) : inSchema,
    name,
  }))
}

/** Renames all objects, and the references to them. */
function renameAll(
  schema: DatabaseSchema,
  rename: (name: QualifiedName) => QualifiedName,
): DatabaseSchema {
  const moved = <T extends QualifiedName>(map: ReadonlyMap<string, T>) =>
    new Map(
      [...map.values()].map((one): [string, T] => {
        const { schema: inSchema, name } = rename(one)
        const same = inSchema === one.schema && name === one.name
        return [
          keyOf(schema, { schema: inSchema, name }),
          same ? one : { ...one, schema: inSchema, name },
        ]
      }),
    )
  const tables = mapped(moved(schema.tables), (table) => ({
    ...table,
    constraints: table.constraints.map((one) =>
      one.references === undefined
        ? one
        : { ...one, references: { ...one.references, table: rename(one.references.table) } },
    ),
  }))
  const indexes = mapped(moved(schema.indexes), (index) => {
    return { ...index, table: rename(index.table) }
  })
  const { enums, domains, others } = schema
  return {
    ...schema,
    tables,
    indexes,
    enums: moved(enums),
    domains: moved(domains),
    others: moved(others),
  }
}

function renameConstraint(
  schema: DatabaseSchema,
  { table: name, from, to }: Pick<RenameAction, 'from' | 'to'> & { readonly table: Named },
): DatabaseSchema {
  const key = keyOf(schema, name)
  const tables = mapped(schema.tables, (table, at) => {
    if (at !== key) return table
    const constraints = table.constraints.map((one) =>
      one.name === from ? { ...one, name: to } : one,
    )
    return { ...table, constraints }
  })
  const index = { ...name, name: from }
  return renameObject({ ...schema, tables }, index, { ...referenceOf(schema, index), name: to })
}

/** Gives columns of a renamed type, or of arrays of it, the new name of the type. */
function withTypeRenamed(
  schema: DatabaseSchema,
  from: Named,
  to: QualifiedName,
): (table: Table) => Table {
  const before = referenceOf(schema, from)
  const names = new Map<string, string>()
  for (const array of ['', '[]']) {
    const after = to.schema === null ? to.name : `${to.schema}.${to.name}`
    const inSchema = before.schema ?? schema.defaultSchema
    names.set(
      `${inSchema}.${before.name}${array}`,
      `${to.schema ?? schema.defaultSchema}.${to.name}${array}`,
    )
    if (before.schema === null) names.set(before.name + array, after + array)
  }
  return (table) => ({
    ...table,
    columns: mapped(table.columns, (column) => {
      return { ...column, type: names.get(column.type) ?? column.type }
    }),
  })
}

/** Renames a column, which keeps its place, also in the constraints that use it. */
function renameColumn(table: Table, from: string, to: string): Table {
  const columns = new Map<string, Column>(
    [...table.columns].map(([name, column]) => [name === from ? to : name, column]),
  )
  const constraints = table.constraints.map((one) => ({
    ...one,
    columns: replaced(one.columns, from, to),
  }))
  return { ...table, columns, constraints }
}

function mapped<T>(
  map: ReadonlyMap<string, T>,
  change: (value: T, key: string) => T,
): Map<string, T> {
  return new Map([...map].map(([key, value]) => [key, change(value, key)]))
}

function replaced(names: readonly string[], from: string, to: string): string[] {
  return names.map((name) => (name === from ? to : name))
}
