import { enumOf, tableOf } from '../down/index.ts'
import type { Rename } from '../down/index.ts'
import type { MappedBlock, MappedName, SchemaNames } from '../project/index.ts'
import type { Inventory, InventoryTable } from '../schema/index.ts'

/** A drop beside an add of a like type: perhaps a rename. */
export interface RenameCandidate {
  /** As `--rename` takes it, in the schema's names: `User.name=fullName`. */
  readonly flag: string
  readonly kind: 'table' | 'column' | 'type' | 'enum-value'
  /** What is dropped and what is added, in the database's names. */
  readonly from: string
  readonly to: string
}

/** All that could be a rename on the way from one inventory to another. */
export function renameCandidates(
  before: Inventory,
  after: Inventory,
  names: SchemaNames,
): RenameCandidate[] {
  const found = [
    ...tableRenames(before, after),
    ...columnRenames(before, after),
    ...enumRenames(before, after),
    ...valueRenames(before, after),
  ]
  return found.map((rename) => candidate(rename, names))
}

function tableRenames(before: Inventory, after: Inventory): Rename[] {
  const gone = before.tables.filter(({ schema, name }) => !tableOf(after, schema, name))
  const added = after.tables.filter(({ schema, name }) => !tableOf(before, schema, name))
  return pairs(gone, added)
    .filter(
      ([old, fresh]) => old.schema === fresh.schema && areAlike(signature(old), signature(fresh)),
    )
    .map(([old, fresh]) => ({ kind: 'table', schema: old.schema, from: old.name, to: fresh.name }))
}

function signature(table: InventoryTable): string[] {
  return table.columns.map(({ name, type }) => `${name} ${type}`)
}

/** Half or more of the larger one is in the other, too. */
function areAlike(one: readonly string[], other: readonly string[]): boolean {
  const shared = one.filter((item) => other.includes(item)).length
  return shared > 0 && shared * 2 >= Math.max(one.length, other.length)
}

function columnRenames(before: Inventory, after: Inventory): Rename[] {
  return before.tables.flatMap((table) => {
    const later = tableOf(after, table.schema, table.name)
    if (!later) return []
    const gone = table.columns.filter(
      ({ name }) => !later.columns.some((column) => column.name === name),
    )
    const added = later.columns.filter(
      ({ name }) => !table.columns.some((column) => column.name === name),
    )
    return pairs(gone, added)
      .filter(([old, fresh]) => old.type === fresh.type)
      .map(([old, fresh]): Rename => {
        return {
          kind: 'column',
          schema: table.schema,
          table: table.name,
          from: old.name,
          to: fresh.name,
        }
      })
  })
}

function enumRenames(before: Inventory, after: Inventory): Rename[] {
  const gone = before.enums.filter(({ schema, name }) => !enumOf(after, schema, name))
  const added = after.enums.filter(({ schema, name }) => !enumOf(before, schema, name))
  return pairs(gone, added)
    .filter(([old, fresh]) => old.schema === fresh.schema && areAlike(old.values, fresh.values))
    .map(([old, fresh]) => ({ kind: 'type', schema: old.schema, from: old.name, to: fresh.name }))
}

function valueRenames(before: Inventory, after: Inventory): Rename[] {
  return before.enums.flatMap(({ schema, name, values }): Rename[] => {
    const later = enumOf(after, schema, name)?.values ?? values
    const gone = values.filter((value) => !later.includes(value))
    const added = later.filter((value) => !values.includes(value))
    const [from, ...otherGone] = gone
    const [to, ...otherAdded] = added
    if (from === undefined || to === undefined || otherGone.length + otherAdded.length > 0)
      return []
    return [{ kind: 'enum-value', schema, type: name, from, to }]
  })
}

function pairs<T>(left: readonly T[], right: readonly T[]): [T, T][] {
  return left.flatMap((one) => right.map((other): [T, T] => [one, other]))
}

function candidate(rename: Rename, names: SchemaNames): RenameCandidate {
  const { schema, from, to } = rename
  switch (rename.kind) {
    case 'column': {
      const model = blockOf(names.models, schema, rename.table)
      const flag = `${model?.name ?? rename.table}.${from}=${nameOf(model?.members, to)}`
      return {
        kind: 'column',
        flag,
        from: `${schema}.${rename.table}.${from}`,
        to: `${schema}.${rename.table}.${to}`,
      }
    }
    case 'enum-value': {
      const type = blockOf(names.enums, schema, rename.type)
      const flag = `${type?.name ?? rename.type}.${from}=${nameOf(type?.members, to)}`
      return {
        kind: 'enum-value',
        flag,
        from: `${schema}.${rename.type}.${from}`,
        to: `${schema}.${rename.type}.${to}`,
      }
    }
    default: {
      const blocks = rename.kind === 'table' ? names.models : names.enums
      const flag = `${from}=${blockOf(blocks, schema, to)?.name ?? to}`
      const kind = rename.kind === 'table' ? 'table' : 'type'
      return { kind, flag, from: `${schema}.${from}`, to: `${schema}.${to}` }
    }
  }
}

function blockOf(
  blocks: readonly MappedBlock[],
  schema: string,
  mapped: string,
): MappedBlock | undefined {
  return blocks.find((block) => block.schema === schema && block.mapped === mapped)
}

function nameOf(members: readonly MappedName[] | undefined, mapped: string): string {
  return members?.find((member) => member.mapped === mapped)?.name ?? mapped
}
