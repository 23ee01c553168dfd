import type { FactBase, StableId } from '@supabase/pg-delta'
import { joinOwnership, loadParser, type Ownership, ownershipOf } from '../../statements/index.ts'

/** Tells what of a database is a project's own. The rest belongs to other applications, or to a platform. */
export interface Scope {
  ownsSchema(schema: string): boolean
  /** Whether the project has put this on a table of a schema that it does not own. */
  ownsPart(id: StableId, all: FactBase): boolean
  /** The tables of other schemas that carry something of the project. */
  readonly carriers: readonly { readonly schema: string; readonly name: string }[]
  /** Partitions that come and go at run time: they are not compared. */
  readonly runtimePartitions: readonly { readonly schema: string; readonly name: string }[]
}

/** What says which parts of a database belong to a project. */
export interface ProjectObjects {
  readonly migrations: readonly { readonly sql: string }[]
  /** The schemas that the datasource of the Prisma schema lists. */
  readonly schemas?: readonly string[] | undefined
}

/** All that a database holds. */
export const everything: Scope = {
  ownsSchema: () => true,
  ownsPart: () => false,
  carriers: [],
  runtimePartitions: [],
}

/** The files of a project are read once for all the sessions of a command. */
const known = new WeakMap<object, Ownership>()

/**
 * What a project owns in a database with this default schema: the default schema, those of the datasource, and
 * those that a migration creates or puts objects into, whatever their names; besides them the columns, triggers
 * and the like that a migration puts on tables of other schemas.
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

/** What the migrations of a project make its own. */
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
