import type { FactBase, StableId } from '@supabase/pg-delta'
import { joinOwnership, loadParser, type Ownership, ownershipOf } from '../../statements/index.ts'

/**
 * Tells which parts of a database belong to a project. The rest belongs to other applications or to a
 * platform.
 */
export interface Scope {
  ownsSchema(schema: string): boolean
  /** Whether the project has added this part to a table in a schema that it does not own. */
  ownsPart(id: StableId, all: FactBase): boolean
  /** The tables in other schemas to which the project has added parts. */
  readonly carriers: readonly { readonly schema: string; readonly name: string }[]
  /** Partitions that are created and dropped at run time: they are not compared. */
  readonly runtimePartitions: readonly { readonly schema: string; readonly name: string }[]
}

/** What determines which parts of a database belong to a project. */
export interface ProjectObjects {
  readonly migrations: readonly { readonly sql: string }[]
  /** The schemas that the datasource of the Prisma schema lists. */
  readonly schemas?: readonly string[] | undefined
}

/** The scope of a whole database. */
export const everything: Scope = {
  ownsSchema: () => true,
  ownsPart: () => false,
  carriers: [],
  runtimePartitions: [],
}

/** The files of a project are read once for all the sessions of a command. */
const known = new WeakMap<object, Ownership>()

/**
 * What a project owns in a database with this default schema: the default schema, the schemas of the
 * datasource, and those that a migration creates or creates objects in, whatever their names. It also owns
 * the columns, triggers and the like that a migration adds to tables in other schemas.
 */
export async function scopeOf(
  defaultSchema: string,
  { migrations, schemas = [] }: ProjectObjects,
): Promise<Scope> {
  await loadParser()
  const { created, placed, parts } = joinOwnership(migrations.map(ownershipOnce))
  const owned = new Set([
    defaultSchema,
    ...schemas,
    ...created,
    ...placed.map(({ schema }) => schema),
  ])
  const foreign = parts.filter(({ schema }) => !owned.has(schema))
  const keys = new Set(foreign.map(partKey))
  return {
    ownsSchema: (schema) => owned.has(schema),
    ownsPart: (id, all) => {
      if (keys.size === 0) return false
      const part = partOf(id, all)
      return part !== undefined && keys.has(partKey(part))
    },
    carriers: foreign.map(({ schema, table }) => ({ schema, name: table })),
    runtimePartitions: [],
  }
}

/** Reads what the migrations of a project add to it. */
export async function ownershipIn(migrations: ProjectObjects['migrations']): Promise<Ownership> {
  await loadParser()
  return joinOwnership(migrations.map(ownershipOnce))
}

function ownershipOnce(migration: { readonly sql: string }): Ownership {
  const found = known.get(migration) ?? ownershipOf(migration.sql)
  known.set(migration, found)
  return found
}

type Part = Ownership['parts'][number]

function partKey({ kind, schema, table, name }: Part): string {
  return JSON.stringify([kind, schema, table, name])
}

function partOf(id: StableId, all: FactBase): Part | undefined {
  switch (id.kind) {
    case 'column':
    case 'constraint':
    case 'trigger':
    case 'policy':
    case 'rule': {
      const { kind, schema, table, name } = id
      return { kind, schema, table, name }
    }
    case 'default':
      return { kind: 'column', schema: id.schema, table: id.table, name: id.name }
    case 'index': {
      const parent = all.get(id)?.parent
      const table = parent && 'name' in parent ? parent.name : ''
      return { kind: 'index', schema: id.schema, table, name: id.name }
    }
    default:
      return undefined
  }
}
