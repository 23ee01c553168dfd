import type { Inventory, InventoryEnum, InventoryPart, InventoryTable } from '../schema/index.ts'
import type { Move, NameChange } from './rename.ts'

/** Whether an inventory has the thing that a rename would rename, or a move would move. */
export function hasSubject(inventory: Inventory, rename: NameChange): boolean {
  if (rename.kind === 'move') {
    const { tables, enums, others } = inventory
    return [...tables, ...enums, ...others].some((thing) => isMoved(thing, rename))
  }
  const { schema, from } = rename
  const named = (thing: Named) => thing.schema === schema && thing.name === from
  switch (rename.kind) {
    case 'table':
      return inventory.tables.some(named)
    case 'type':
      return inventory.enums.some(named)
    case 'index':
      return inventory.indexes.some(named)
    case 'constraint':
      return inventory.constraints.some(
        (constraint) => named(constraint) && constraint.table === rename.table,
      )
    case 'column':
      return (
        tableOf(inventory, schema, rename.table)?.columns.some(({ name }) => name === from) ?? false
      )
    case 'enum-value':
      return enumOf(inventory, schema, rename.type)?.values.includes(from) ?? false
  }
}

export function tableOf(
  inventory: Inventory,
  schema: string,
  name: string,
): InventoryTable | undefined {
  return inventory.tables.find((table) => table.schema === schema && table.name === name)
}

export function enumOf(
  inventory: Inventory,
  schema: string,
  name: string,
): InventoryEnum | undefined {
  return inventory.enums.find((type) => type.schema === schema && type.name === name)
}

interface Named {
  readonly schema: string
  readonly name: string
}

function isMoved({ schema, name }: Named, move: Move): boolean {
  return schema === move.from && name === move.name
}

/** A table takes what stands on it along. */
function moved(inventory: Inventory, move: Move): Inventory {
  const things = <T extends Named>(all: readonly T[]) =>
    all.map((thing) => (isMoved(thing, move) ? { ...thing, schema: move.to } : thing))
  const parts = (all: readonly InventoryPart[]) =>
    all.map((part) =>
      isMoved({ ...part, name: part.table }, move) ? { ...part, schema: move.to } : part,
    )
  return {
    tables: things(inventory.tables),
    enums: things(inventory.enums),
    others: things(inventory.others),
    indexes: parts(inventory.indexes),
    constraints: parts(inventory.constraints),
  }
}

/** The inventory after a rename or a move. */
export function renamed(inventory: Inventory, rename: NameChange): Inventory {
  if (rename.kind === 'move') return moved(inventory, rename)
  const { kind, schema, from, to } = rename
  const swap = (name: string) => (name === from ? to : name)
  const tables = inventory.tables.map((table) => {
    if (table.schema !== schema) return table
    if (kind === 'table') return { ...table, name: swap(table.name) }
    if (kind !== 'column' || table.name !== rename.table) return table
    return {
      ...table,
      columns: table.columns.map((column) => ({ ...column, name: swap(column.name) })),
    }
  })
  const enums = inventory.enums.map((type) => {
    if (type.schema !== schema) return type
    if (kind === 'type') return { ...type, name: swap(type.name) }
    if (kind !== 'enum-value' || type.name !== rename.type) return type
    return { ...type, values: type.values.map(swap) }
  })
  const indexes = inventory.indexes.map((index) => {
    if (index.schema !== schema) return index
    if (kind === 'table') return { ...index, table: swap(index.table) }
    const meant = kind === 'index' || kind === 'constraint'
    return meant ? { ...index, name: swap(index.name) } : index
  })
  const constraints = inventory.constraints.map((constraint) => {
    if (constraint.schema !== schema) return constraint
    if (kind === 'table') return { ...constraint, table: swap(constraint.table) }
    const meant = kind === 'index' || (kind === 'constraint' && constraint.table === rename.table)
    return meant ? { ...constraint, name: swap(constraint.name) } : constraint
  })
  return { ...inventory, tables, enums, indexes, constraints }
}
