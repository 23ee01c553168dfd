import type { Catalog } from './catalog.ts'

/** A column as it stands: its type as the server prints it (`character varying(255)`). */
export interface InventoryColumn {
  readonly name: string
  readonly type: string
}

export interface InventoryTable {
  readonly schema: string
  readonly name: string
  readonly columns: readonly InventoryColumn[]
}

export interface InventoryEnum {
  readonly schema: string
  readonly name: string
  readonly values: readonly string[]
}

/** The named things of a catalog as plain data, for those who reason about names. */
export interface Inventory {
  readonly tables: readonly InventoryTable[]
  readonly enums: readonly InventoryEnum[]
  /** With those that belong to a constraint. */
  readonly indexes: readonly InventoryPart[]
  readonly constraints: readonly InventoryPart[]
  /** Views, sequences, foreign tables, domains, and types that are no enums. */
  readonly others: readonly { readonly schema: string; readonly name: string }[]
}

/** What stands on a table, in the schema of the table. */
export interface InventoryPart {
  readonly schema: string
  readonly table: string
  readonly name: string
}

/** The inventory of a catalog: tables with their columns in order, enums, indexes, constraints, others. Pure. */
export function inventoryOf(catalog: Catalog): Inventory {
  const types = new Map<string, string>()
  const tables: { schema: string; name: string }[] = []
  const enums: InventoryEnum[] = []
  const indexes: InventoryPart[] = []
  const constraints: InventoryPart[] = []
  const others: { schema: string; name: string }[] = []
  for (const { id, parent, payload } of catalog.facts.facts()) {
    switch (id.kind) {
      case 'table':
        tables.push({ schema: id.schema, name: id.name })
        break
      case 'column':
        types.set(columnKey(id.schema, id.table, id.name), textOf(payload['type']))
        break
      case 'type':
        if (Array.isArray(payload['values'])) {
          enums.push({ schema: id.schema, name: id.name, values: payload['values'].map(String) })
        } else others.push({ schema: id.schema, name: id.name })
        break
      case 'index':
        indexes.push({
          schema: id.schema,
          table: parent && 'name' in parent ? parent.name : '',
          name: id.name,
        })
        break
      case 'constraint':
        constraints.push({ schema: id.schema, table: id.table, name: id.name })
        indexes.push({ schema: id.schema, table: id.table, name: id.name })
        break
      case 'view':
      case 'materializedView':
      case 'sequence':
      case 'foreignTable':
      case 'domain':
        others.push({ schema: id.schema, name: id.name })
        break
      default:
    }
  }
  const columnsOf = (schema: string, table: string): InventoryColumn[] =>
    (catalog.columnOrder.get(`${schema}.${table}`) ?? []).map((name) => ({
      name,
      type: types.get(columnKey(schema, table, name)) ?? '',
    }))
  return {
    tables: tables.map((table) => ({ ...table, columns: columnsOf(table.schema, table.name) })),
    enums,
    indexes,
    constraints,
    others,
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function columnKey(...parts: string[]): string {
  return JSON.stringify(parts)
}
