import type { Rename } from '../down/index.ts'
import type { MappedBlock, MappedName, SchemaNames } from '../project/index.ts'
import { type DatabaseSchema, enumNamed, type Table, tableNamed } from '../schema/index.ts'

/** A drop and an addition of similar objects: possibly a rename. */
export interface RenameCandidate {
  /** The value of `--rename`, in the schema's names: `User.name=fullName`. */
  readonly flag: string
  readonly kind: 'table' | 'column' | 'type' | 'enum-value'
  /** What is dropped and what is added, in the database's names. */
  readonly from: string
  readonly to: string
}

/** Everything that could be a rename between two schemas. */
export function renameCandidates(
  before: DatabaseSchema,
  after: DatabaseSchema,
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

function tableRenames(before: DatabaseSchema, after: DatabaseSchema): Rename[] {
  const gone = [...before.tables.values()].filter((table) => !tableNamed(after, table))
  const added = [...after.tables.values()].filter((table) => !tableNamed(before, table))
  return pairs(gone, added)
    .filter(
      ([old, fresh]) => old.schema === fresh.schema && areAlike(signature(old), signature(fresh)),
    )
    .map(([old, fresh]) => {
      const schema = old.schema ?? before.defaultSchema
      return { kind: 'table', schema, from: old.name, to: fresh.name }
    })
}

function signature({ columns }: Table): string[] {
  return [...columns].map(([name, { type }]) => `${name} ${type}`)
}

/** Whether two lists share at least half of the items of the larger one. */
function areAlike(one: readonly string[], other: readonly string[]): boolean {
  const shared = one.filter((item) => other.includes(item)).length
  return shared > 0 && shared * 2 >= Math.max(one.length, other.length)
}

function columnRenames(before: DatabaseSchema, after: DatabaseSchema): Rename[] {
  return [...before.tables.values()].flatMap((table) => {
    const later = tableNamed(after, table)
    if (!later) return []
    const gone = [...table.columns].filter(([name]) => !later.columns.has(name))
    const added = [...later.columns].filter(([name]) => !table.columns.has(name))
    const schema = table.schema ?? before.defaultSchema
    return pairs(gone, added)
      .filter(([[, old], [, fresh]]) => old.type === fresh.type)
      .map(([[from], [to]]): Rename => ({ kind: 'column', schema, table: table.name, from, to }))
  })
}

function enumRenames(before: DatabaseSchema, after: DatabaseSchema): Rename[] {
  const gone = [...before.enums.values()].filter((type) => !enumNamed(after, type))
  const added = [...after.enums.values()].filter((type) => !enumNamed(before, type))
  return pairs(gone, added)
    .filter(([old, fresh]) => old.schema === fresh.schema && areAlike(old.labels, fresh.labels))
    .map(([old, fresh]) => {
      const schema = old.schema ?? before.defaultSchema
      return { kind: 'type', schema, from: old.name, to: fresh.name }
    })
}

function valueRenames(before: DatabaseSchema, after: DatabaseSchema): Rename[] {
  return [...before.enums.values()].flatMap((type): Rename[] => {
    const { name, labels } = type
    const schema = type.schema ?? before.defaultSchema
    const later = enumNamed(after, type)?.labels ?? labels
    const gone = labels.filter((label) => !later.includes(label))
    const added = later.filter((label) => !labels.includes(label))
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
