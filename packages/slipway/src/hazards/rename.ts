import { assertNever } from '../kernel/index.ts'
import type { RenameAction } from '../statements/index.ts'
import { type Column, keyOf, type Schema, type Table } from './schema.ts'

/** The schema after a rename: whatever pointed at the old name points at the new one. */
export function renamed(schema: Schema, action: RenameAction): Schema {
  const { from, to } = action
  switch (action.of) {
    case 'table':
    case 'view':
      return tableRenamed(schema, { ...inSchema(action.schema), name: from }, to)
    case 'index': {
      const indexes = rekeyed(schema.indexes, action.schema ?? schema.defaultSchema, action)
      return { ...schema, indexes }
    }
    case 'type': {
      const enums = rekeyed(schema.enums, action.schema ?? schema.defaultSchema, action)
      return { ...schema, enums, tables: mapped(schema.tables, withTypeRenamed(schema, action)) }
    }
    case 'column': {
      const key = keyOf(schema, action.table)
      const tables = mapped(schema.tables, (table, at) =>
        at === key ? columnRenamed(table, from, to) : table,
      )
      const indexes = mapped(schema.indexes, (index) =>
        index.table === key ? { ...index, columns: replaced(index.columns, from, to) } : index,
      )
      return { ...schema, tables, indexes }
    }
    case 'constraint': {
      const key = keyOf(schema, action.table)
      const tables = mapped(schema.tables, (table, at) => ({
        ...table,
        constraints: table.constraints.map((one) =>
          at === key && one.name === from ? { ...one, name: to } : one,
        ),
      }))
      const indexes = rekeyed(schema.indexes, action.table.schema ?? schema.defaultSchema, action)
      return { ...schema, tables, indexes }
    }
    case 'enum-value': {
      const key = keyOf(schema, action.type)
      const enums = mapped(schema.enums, (type, at) =>
        at === key ? { ...type, values: replaced(type.values, from, to) } : type,
      )
      return { ...schema, enums }
    }
    case 'schema':
      return schemaRenamed(schema, action)
    case 'sequence':
    case 'other':
    case 'trigger':
    case 'policy':
    case 'attribute':
      return schema
    default:
      return assertNever(action)
  }
}

function inSchema(schema: string | undefined): { readonly schema?: string } {
  return schema === undefined ? {} : { schema }
}

function tableRenamed(
  schema: Schema,
  name: { readonly schema?: string; readonly name: string },
  to: string,
): Schema {
  const [before, after] = [keyOf(schema, name), keyOf(schema, { ...name, name: to })]
  const tables = new Map<string, Table>()
  for (const [key, table] of schema.tables) {
    const constraints = table.constraints.map((one) =>
      one.references === before ? { ...one, references: after } : one,
    )
    if (key === before) tables.set(after, { ...table, name: to, constraints })
    else tables.set(key, { ...table, constraints })
  }
  const indexes = mapped(schema.indexes, (index) =>
    index.table === before ? { ...index, table: after } : index,
  )
  return { ...schema, tables, indexes }
}

function schemaRenamed(
  schema: Schema,
  { from, to }: { readonly from: string; readonly to: string },
): Schema {
  const newKey = (key: string) => {
    return key.startsWith(`${from}.`) ? `${to}.${key.slice(from.length + 1)}` : key
  }
  const moved = <T extends { readonly schema: string }>(map: ReadonlyMap<string, T>) =>
    new Map(
      [...map].map(([key, value]): [string, T] => {
        return [newKey(key), value.schema === from ? { ...value, schema: to } : value]
      }),
    )
  const tables = mapped(moved(schema.tables), (table) => ({
    ...table,
    constraints: table.constraints.map((one) =>
      one.references === undefined ? one : { ...one, references: newKey(one.references) },
    ),
  }))
  const indexes = mapped(moved(schema.indexes), (index) => {
    return { ...index, table: newKey(index.table) }
  })
  return { ...schema, tables, indexes, enums: moved(schema.enums) }
}

/** Columns of a renamed type, and of arrays of it, have it by its new name. */
function withTypeRenamed(
  { defaultSchema }: Schema,
  { schema, from, to }: { readonly schema?: string; readonly from: string; readonly to: string },
): (table: Table) => Table {
  const names = new Map<string, string>()
  for (const array of ['', '[]']) {
    if (schema !== undefined) names.set(`${schema}.${from}${array}`, `${schema}.${to}${array}`)
    if ((schema ?? defaultSchema) === defaultSchema) names.set(from + array, to + array)
  }
  return (table) => ({
    ...table,
    columns: mapped(table.columns, (column) => {
      return { ...column, type: names.get(column.type) ?? column.type }
    }),
  })
}

function columnRenamed(table: Table, from: string, to: string): Table {
  const columns = new Map<string, Column>(
    [...table.columns].map(([name, column]) => [name === from ? to : name, column]),
  )
  const constraints = table.constraints.map((one) => ({
    ...one,
    columns: replaced(one.columns, from, to),
  }))
  return { ...table, columns, constraints }
}

function rekeyed<T extends { readonly name: string }>(
  map: ReadonlyMap<string, T>,
  schema: string,
  { from, to }: { readonly from: string; readonly to: string },
): ReadonlyMap<string, T> {
  const found = map.get(`${schema}.${from}`)
  if (found === undefined) return map
  const rest = new Map(map)
  rest.delete(`${schema}.${from}`)
  return rest.set(`${schema}.${to}`, { ...found, name: to })
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
