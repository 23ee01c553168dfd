import {
  type Fact,
  type FactBase,
  type StableId,
  buildFactBase,
  encodeId,
} from '@supabase/pg-delta'
import type { Session } from '../database/index.ts'
import { type Answers, type Extracted, extractFacts, extractUnlessSame } from './extraction.ts'
import { type Fingerprint, fingerprintOf } from './fingerprint.ts'

/** Slipway's own schema on a target; it never enters a catalog. */
export const LEDGER_SCHEMA = 'slipway'
const HISTORY_TABLE = '_prisma_migrations'
/** A dropped column whose values Slipway still keeps under another name. */
const SET_ASIDE = /^_slipway_kept_\d+$/

/** Schemas that hosting platforms keep for themselves: no migration made them, none may drop them. */
const PLATFORM_SCHEMAS = new Set([
  '_realtime',
  'auth',
  'cron',
  'graphql',
  'graphql_public',
  'net',
  'neon_auth',
  'pgbouncer',
  'pgsodium',
  'pgsodium_masks',
  'realtime',
  'storage',
  'supabase_functions',
  'supabase_migrations',
  'vault',
])

/**
 * All that stands in the user's schemas of a database, as facts. What it holds is the concern of
 * this module; other modules pass it on.
 */
export interface Catalog {
  readonly facts: FactBase
  /** Objects of kinds that are not modelled (casts, operators, text search …): seen, named, not compared. */
  readonly unmodelled: readonly string[]
  /** Columns of each table in their order, which is reported and never compared. */
  readonly columnOrder: ReadonlyMap<string, readonly string[]>
  readonly major: number
}

/** Tells which schemas are a project's own. A database may hold those of other applications. */
export type Scope = (schema: string) => boolean

/** Every schema of the database. */
const everySchema: Scope = () => true

/**
 * The schemas that a history speaks of: the one that unqualified names go to, and every one that a
 * migration mentions by name.
 */
export function scopeOf(defaultSchema: string, texts: readonly string[]): Scope {
  const verdicts = new Map<string, boolean>([[defaultSchema, true]])
  return (schema) => {
    const known = verdicts.get(schema)
    if (known !== undefined) return known
    const word = new RegExp(`(?<![\\w$])${schema.replaceAll(/[^\w]/g, '\\$&')}(?![\\w$])`)
    const mentioned = texts.some((text) => word.test(text))
    verdicts.set(schema, mentioned)
    return mentioned
  }
}

/**
 * Reads the catalog of a database in one snapshot. Slipway's ledger, Prisma's history table and the
 * schemas of hosting platforms are left out. The session must not be inside a transaction.
 */
export async function readCatalog(session: Session, scope: Scope = everySchema): Promise<Catalog> {
  return catalogOf(await extractFacts(session), session, scope)
}

/**
 * The catalog without what depends on what, for a comparison or an inventory: in half the time. A way
 * between catalogs needs the whole.
 */
export async function readFacts(session: Session, scope: Scope = everySchema): Promise<Catalog> {
  return catalogOf(await extractFacts(session, { dependencies: false }), session, scope)
}

/**
 * The fingerprint of a database, for whoever needs no more of its catalog: in half the memory and half
 * the time, for a fingerprint knows nothing of what depends on what.
 */
export async function readFingerprint(
  session: Session,
  scope: Scope = everySchema,
): Promise<Fingerprint> {
  const { factBase } = await extractFacts(session, { dependencies: false })
  return fingerprintOf(keptFacts(factBase, scope), factBase)
}

/** The fingerprint of a catalog. Pure. */
export function fingerprint(catalog: Catalog): Fingerprint {
  return fingerprintOf(catalog.facts.facts(), catalog.facts)
}

/** `readCatalog` for a session that is inside a transaction, which sees and keeps its own work. */
export async function readCatalogInTransaction(
  session: Session,
  scope: Scope = everySchema,
): Promise<Catalog> {
  return catalogOf(await extractFacts(session, { nested: true }), session, scope)
}

/** Reads one database again and again. */
export interface CatalogReader {
  /** As `readCatalog`. */
  whole(): Promise<Catalog>
  /** As `readFacts`. */
  facts(): Promise<Catalog>
}

/**
 * Reads a database that goes there and back: where it stands as it did at an earlier reading, the very catalog
 * of that one is given, which takes the time of the questions alone.
 */
export function catalogReader(session: Session, scope: Scope = everySchema): CatalogReader {
  const readings: { answers: Answers; whole: boolean; catalog: Catalog }[] = []
  async function read(whole: boolean): Promise<Catalog> {
    const known = readings.filter((reading) => reading.whole || !whole)
    const found = await extractUnlessSame(session, { dependencies: whole }, known)
    if ('same' in found) return found.same.catalog
    const catalog = catalogOf(found.extracted, session, scope)
    readings.push({ answers: found.answers, whole, catalog })
    return catalog
  }
  return { whole: () => read(true), facts: () => read(false) }
}

function catalogOf({ factBase, diagnostics }: Extracted, session: Session, scope: Scope): Catalog {
  const unmodelled = diagnostics.filter((found) => found.code === 'unmodeled_kind')
  const facts = userFacts(factBase, scope)
  return {
    facts,
    unmodelled: unmodelled.map(unmodelledObjects),
    columnOrder: columnOrder(facts),
    major: Math.floor(session.server.versionNumber / 10_000),
  }
}

/** What is not compared, of one kind: `statistics object order_stats`. */
function unmodelledObjects({ message, context }: Extracted['diagnostics'][number]): string {
  const { kind, count, samples } = context ?? {}
  if (typeof kind !== 'string' || !Array.isArray(samples)) return message
  const more = typeof count === 'number' && count > samples.length ? ' and others' : ''
  return `${kind} ${samples.join(', ')}${more}`
}

function userFacts(all: FactBase, scope: Scope): FactBase {
  const facts = keptFacts(all, scope)
  const kept = new Set(facts.map(({ id }) => encodeId(id)))
  const edges = all.edges.filter(
    (edge) =>
      kept.has(encodeId(edge.from)) && (kept.has(encodeId(edge.to)) || edge.kind === 'owner'),
  )
  return buildFactBase(facts, edges, 'liveDb', undefined, {
    allowDangling: (edge) => edge.kind === 'owner',
  })
}

/** The facts that are a project's own. */
function keptFacts(all: FactBase, scope: Scope): Fact[] {
  const sieve: Sieve = { all, scope, kept: new Set(), dropped: new Set() }
  return all.facts().filter((fact) => keep(fact, sieve))
}

interface Sieve {
  readonly all: FactBase
  readonly scope: Scope
  readonly kept: Set<string>
  readonly dropped: Set<string>
}

function keep(fact: Fact, sieve: Sieve): boolean {
  const { all, scope, kept, dropped } = sieve
  const key = encodeId(fact.id)
  if (kept.has(key)) return true
  if (dropped.has(key)) return false
  const parent = fact.parent && all.get(fact.parent)
  const out =
    isForeign(fact.id, scope) ||
    isOwnersDefault(all, fact) ||
    (parent !== undefined && !keep(parent, sieve))
  ;(out ? dropped : kept).add(key)
  return !out
}

/** Whether something is no migration's doing: a platform's, another application's, Slipway's or Prisma's. */
function isForeign(id: StableId, scope: Scope): boolean {
  switch (id.kind) {
    case 'role':
    case 'membership':
      return true
    case 'schema':
      return isForeignSchema(id.name, scope)
    case 'table':
      return id.name === HISTORY_TABLE || isForeignSchema(id.schema, scope)
    case 'comment':
    case 'acl':
      // The comment and the rights on `public` differ by version and by how the database was made.
      return encodeId(id.target) === 'schema:public' || isForeign(id.target, scope)
    case 'column':
      return (
        SET_ASIDE.test(id.name) || id.table === HISTORY_TABLE || isForeignSchema(id.schema, scope)
      )
    case 'constraint':
    case 'default':
      return id.table === HISTORY_TABLE || isForeignSchema(id.schema, scope)
    default:
      return 'schema' in id && id.schema !== null && isForeignSchema(id.schema, scope)
  }
}

function isForeignSchema(schema: string, scope: Scope): boolean {
  return schema === LEDGER_SCHEMA || PLATFORM_SCHEMAS.has(schema) || !scope(schema)
}

/** An owner has all rights on what is his, unless they were revoked: that is no fact worth keeping. */
function isOwnersDefault(all: FactBase, fact: Fact): boolean {
  if (fact.id.kind !== 'acl') return false
  const { target, grantee } = fact.id
  const owned = all
    .outgoingEdges(target)
    .some((edge) => edge.kind === 'owner' && 'name' in edge.to && edge.to.name === grantee)
  if (!owned) return false
  const full = fact.payload['_ownerDefault']
  return full === undefined || JSON.stringify(full) === JSON.stringify(fact.payload['privileges'])
}

function columnOrder(facts: FactBase): Map<string, string[]> {
  const tables = new Map<string, { name: string; position: number }[]>()
  for (const fact of facts.facts()) {
    if (fact.id.kind !== 'column') continue
    const table = `${fact.id.schema}.${fact.id.table}`
    const columns = tables.get(table) ?? []
    columns.push({ name: fact.id.name, position: Number(fact.payload['_position'] ?? 0) })
    tables.set(table, columns)
  }
  return new Map(
    [...tables].map(([table, columns]) => [
      table,
      columns.toSorted((a, b) => a.position - b.position).map((column) => column.name),
    ]),
  )
}
