import { renamed } from '../down/index.ts'
import type { Rename } from '../down/index.ts'
import { advice, type NextAction } from '../kernel/index.ts'
import type { MappedName, SchemaNames } from '../project/index.ts'
import { type DatabaseSchema, enumNamed, tableNamed } from '../schema/index.ts'
import { raise } from './failures.ts'

/** Where the names of a `--rename` are looked up. */
export interface RenameContext {
  /** The current schema of the database, including renames already made. */
  readonly schema: DatabaseSchema
  /** The names in the Prisma schema. */
  readonly names: SchemaNames
}

/**
 * The renames that `--rename` flags ask for, models and enums before their members: `User.name=fullName`,
 * `OldModel=NewModel`, `Status.OLD=NEW`. The left name is the one in the history, the right name is the one
 * in the schema; database names work on both sides. Fails with CREATE.RENAME_UNKNOWN, which lists the
 * possible names.
 */
export function resolveRenames(flags: readonly string[], context: RenameContext): Rename[] {
  const { names } = context
  let { schema } = context
  const owners = new Map<string, string>()
  const read = flags.map(readFlag)
  const ofBlocks = new Set(read.filter((flag) => namesBlock(flag, context)))
  const ofMembers = read.filter((flag) => !ofBlocks.has(flag))
  return [...ofBlocks, ...ofMembers].map((flag) => {
    const isBlock = ofBlocks.has(flag)
    const rename = isBlock
      ? blockRename(flag, { schema, names })
      : memberRename(memberFlag(flag, names, owners), { schema, names })
    schema = renamed(schema, rename)
    if (isBlock) owners.set(flag.from, flag.to)
    return rename
  })
}

interface Flag {
  readonly text: string
  readonly from: string
  readonly to: string
}

/** A rename of a field or an enum value. */
interface MemberFlag extends Flag {
  readonly owner: string
}

function readFlag(text: string): Flag {
  const [from = '', to = '', ...rest] = text.split('=').map((side) => side.trim())
  if (from !== '' && to !== '' && !to.endsWith('.') && rest.length === 0) return { text, from, to }
  return raise('CREATE.RENAME_UNKNOWN', {
    message: `--rename ${text} is not of the form old=new.`,
    why: 'A rename gives the name in the history and the new name in the schema.',
    nextActions: [advice('Write Model.field=newField, OldModel=NewModel or Enum.OLD=NEW.')],
  })
}

/** Whether a flag renames a model or an enum: its left name has no owner. Database names may contain dots. */
function namesBlock({ from, to }: Flag, { schema, names }: RenameContext): boolean {
  if (!from.includes('.')) return true
  const [model, type] = [find(names.models, to), find(names.enums, to)]
  const hasTable = model && tableNamed(schema, { schema: model.schema, name: from })
  return Boolean(hasTable ?? (type && enumNamed(schema, { schema: type.schema, name: from })))
}

/** Finds the owner in the left name of a flag. `owners` are renamed ones by their old names. */
function memberFlag(
  flag: Flag,
  names: SchemaNames,
  owners: ReadonlyMap<string, string>,
): MemberFlag {
  const splits = [...flag.from.matchAll(/\./g)].map(({ index }) => ({
    owner: flag.from.slice(0, index).trim(),
    from: flag.from.slice(index + 1).trim(),
  }))
  const blocks = [...names.models, ...names.enums]
  const isKnown = ({ owner }: { readonly owner: string }) =>
    owners.has(owner) || blocks.some(({ name, mapped }) => name === owner || mapped === owner)
  const { owner, from } = splits.findLast(isKnown) ?? splits[0] ?? { owner: '', from: flag.from }
  return { ...flag, owner: owners.get(owner) ?? owner, from }
}

function blockRename(flag: Flag, { schema, names }: RenameContext): Rename {
  const model = find(names.models, flag.to)
  if (model && tableNamed(schema, { schema: model.schema, name: flag.from }))
    return { kind: 'table', schema: model.schema, from: flag.from, to: model.mapped }
  const type = find(names.enums, flag.to)
  if (type && enumNamed(schema, { schema: type.schema, name: flag.from }))
    return { kind: 'type', schema: type.schema, from: flag.from, to: type.mapped }
  const block = model ?? type
  if (!block)
    return unknown(
      flag,
      `the schema has no model or enum ${flag.to}`,
      named([...names.models, ...names.enums]),
    )
  const things = [...(model ? schema.tables : schema.enums).values()]
  return unknown(
    flag,
    `the history has no ${model ? 'table' : 'type'} ${flag.from}`,
    things.map(({ name }) => name),
  )
}

function memberRename(flag: MemberFlag, context: RenameContext): Rename {
  const { schema: known, names } = context
  const model = find(names.models, flag.owner)
  const type = model ? undefined : find(names.enums, flag.owner)
  const block = model ?? type
  if (!block)
    return unknown(
      flag,
      `the schema has no model or enum ${flag.owner}`,
      named([...names.models, ...names.enums]),
    )
  const { schema, mapped } = block
  const table = model && tableNamed(known, { schema, name: mapped })
  const had = table
    ? [...table.columns.keys()]
    : model
      ? undefined
      : enumNamed(known, { schema, name: mapped })?.labels
  if (!had) return unknown(flag, `the history has no ${model ? 'table' : 'type'} ${mapped}`, [])
  const to = find(block.members, flag.to)
  if (!to)
    return unknown(flag, `${block.name} has no ${flag.to} in the schema`, named(block.members))
  // No file contains the old name of the field any more; with an unchanged @map there is nothing to rename.
  if (!had.includes(flag.from))
    return unknown(flag, `${mapped} has no ${flag.from} in the history`, had)
  const part = { schema, from: flag.from, to: to.mapped }
  return model
    ? { kind: 'column', table: mapped, ...part }
    : { kind: 'enum-value', type: mapped, ...part }
}

/** Finds a name; if there is none of its whole text, also without an owner before a dot. */
function find<T extends MappedName>(things: readonly T[], text: string): T | undefined {
  const ends = [...text.matchAll(/\./g)].map(({ index }) => text.slice(index + 1).trim())
  for (const name of [text, ...ends]) {
    const found =
      things.find((thing) => thing.name === name) ?? things.find((thing) => thing.mapped === name)
    if (found) return found
  }
  return undefined
}

function named(things: readonly MappedName[]): string[] {
  return things.map(({ name }) => name)
}

function unknown(flag: Flag, reason: string, existing: readonly string[]): never {
  const actions: NextAction[] =
    existing.length === 0 ? [] : [advice(`Possible names: ${existing.join(', ')}.`)]
  return raise('CREATE.RENAME_UNKNOWN', {
    message: `--rename ${flag.text}: ${reason}.`,
    why: 'The left name must be in the history, the right name in the schema.',
    nextActions: actions,
  })
}
