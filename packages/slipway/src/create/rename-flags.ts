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
  const ordered = flags
    .map(readFlag)
    .toSorted((a, b) => Number(a.owner !== undefined) - Number(b.owner !== undefined))
  return ordered.map((flag) => {
    const owner = flag.owner === undefined ? undefined : (owners.get(flag.owner) ?? flag.owner)
    const rename =
      owner === undefined
        ? blockRename(flag, { schema, names })
        : memberRename({ ...flag, owner }, { schema, names })
    schema = renamed(schema, rename)
    if (owner === undefined) owners.set(flag.from, flag.to)
    return rename
  })
}

interface Flag {
  readonly text: string
  readonly owner: string | undefined
  readonly from: string
  readonly to: string
}

function readFlag(text: string): Flag {
  const [, owner, from, to] =
    // The values of an enum may contain dots.
    /^\s*(?:([^=.]+)\.)?([^=]+?)\s*=\s*(?:[^=]*\.)?([^=.]+?)\s*$/.exec(text) ?? []
  if (from !== undefined && to !== undefined) return { text, owner: owner?.trim(), from, to }
  return raise('CREATE.RENAME_UNKNOWN', {
    message: `--rename ${text} is not of the form old=new.`,
    why: 'A rename gives the name in the history and the new name in the schema.',
    nextActions: [advice('Write Model.field=newField, OldModel=NewModel or Enum.OLD=NEW.')],
  })
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

function memberRename(flag: Flag & { readonly owner: string }, context: RenameContext): Rename {
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

function find<T extends MappedName>(things: readonly T[], name: string): T | undefined {
  return (
    things.find((thing) => thing.name === name) ?? things.find((thing) => thing.mapped === name)
  )
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
