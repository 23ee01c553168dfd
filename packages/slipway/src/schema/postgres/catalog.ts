import {
  type Fact,
  type FactBase,
  type StableId,
  buildFactBase,
  encodeId,
} from '@supabase/pg-delta'
import type { Session } from '../../database/index.ts'
import type { Fingerprint } from '../fingerprint.ts'
import type { Part } from './extraction-sql.ts'
import { type Answers, type Extracted, extractFacts, extractUnlessSame } from './extraction.ts'
import { fingerprintOf, isGiven } from './facts-fingerprint.ts'
import { type Identities, readIdentities } from './identities.ts'
import { withChildren } from './inheritance.ts'
import { everything, type Scope } from './scope.ts'

const HISTORY_TABLE = '_prisma_migrations'
/** A dropped column whose values Slipway still keeps under another name. */
const SET_ASIDE = /^_slipway_kept_\d+$/
/** A trigger that captured rows, and that Slipway could not drop because of a reader. */
const CAPTURING = /^_slipway_(?:delete|update|insert|truncate)$/

/**
 * Everything in the user's schemas of a database, as facts.
 * Only this module reads its content; other modules pass it on.
 */
export interface Catalog {
  readonly facts: FactBase
  /** The schema of unqualified names; it is not an object of the project. */
  readonly defaultSchema: string
  /**
   * Objects of kinds that are not modelled (casts, operators, text search …): reported by name, not compared.
   */
  readonly unmodelled: readonly string[]
  /** The columns of each table in their order, which is reported but never compared. */
  readonly columnOrder: ReadonlyMap<string, readonly string[]>
  readonly major: number
}

/**
 * Reads the catalog of a database in one snapshot. Slipway's ledger and Prisma's history table are
 * left out. The session must not be inside a transaction.
 */
export async function readCatalog(session: Session, scope: Scope = everything): Promise<Catalog> {
  return catalogOf(await extractFacts(session), session, scope)
}

/**
 * Reads the catalog without dependencies and privileges, in half the time. This suffices for a comparison or
 * an inventory; the SQL between catalogs needs the whole catalog.
 */
export async function readFacts(session: Session, scope: Scope = everything): Promise<Catalog> {
  return catalogOf(await extractFacts(session, { dependencies: false }), session, scope)
}

/** The fingerprint of a catalog. Pure. */
export function fingerprint(catalog: Catalog): Fingerprint {
  const { facts, defaultSchema } = catalog
  return fingerprintOf(facts.facts(), { base: facts, defaultSchema })
}

/** `readCatalog` for a session inside a transaction: it sees the session's own changes and keeps them. */
export async function readCatalogInTransaction(
  session: Session,
  scope: Scope = everything,
): Promise<Catalog> {
  return catalogOf(await extractFacts(session, { nested: true }), session, scope)
}

/** Reads one database repeatedly. */
export interface CatalogReader {
  /** Like `readCatalog`. */
  whole(): Promise<Catalog>
  /** Like `readFacts`. */
  facts(): Promise<Catalog>
  /** Like `readIdentities`. */
  identities(): Promise<Identities>
  /** Reads only a part of the objects. */
  of(part: Part): CatalogReader
}

/**
 * Reads a database on which migrations run up and down. If nothing changed since an earlier
 * reading, it returns the catalog of that reading, which costs only the time of the queries.
 */
export function catalogReader(session: Session, scope: Scope = everything): CatalogReader {
  const readings: { answers: Answers; whole: boolean; catalog: Catalog }[] = []
  async function read(whole: boolean): Promise<Catalog> {
    const known = readings.filter((reading) => reading.whole || !whole)
    const found = await extractUnlessSame(session, { dependencies: whole }, known)
    if ('same' in found) return found.same.catalog
    const catalog = catalogOf(found.extracted, session, scope)
    readings.push({ answers: found.answers, whole, catalog })
    return catalog
  }
  return {
    whole: () => read(true),
    facts: () => read(false),
    identities: () => readIdentities(session),
    of: (part) => partReader(session, scope, part),
  }
}

function partReader(session: Session, scope: Scope, part: Part): CatalogReader {
  const read = async (dependencies: boolean) =>
    catalogOf(await extractFacts(session, { dependencies, part }), session, scope)
  return {
    whole: () => read(true),
    facts: () => read(false),
    identities: () => readIdentities(session, part),
    of: (other) =>
      partReader(session, scope, (kind, oid) => `${part(kind, oid)} AND ${other(kind, oid)}`),
  }
}

function catalogOf({ factBase, diagnostics }: Extracted, session: Session, scope: Scope): Catalog {
  const defaultSchema = session.server.schema
  const facts = userFacts(factBase, factFilterOf(session, scope))
  return {
    facts,
    defaultSchema,
    unmodelled: unmodelledIn(diagnostics),
    columnOrder: columnOrder(facts.facts()),
    major: Math.floor(session.server.versionNumber / 10_000),
  }
}

/** The objects of a database that are reported but not compared. */
export function unmodelledIn(diagnostics: Extracted['diagnostics']): string[] {
  return diagnostics.filter(({ code }) => code === 'unmodeled_kind').map(unmodelledObjects)
}

/** The objects of one kind that are not compared: `statistics object order_stats`. */
function unmodelledObjects({ message, context }: Extracted['diagnostics'][number]): string {
  const { kind, count, samples } = context ?? {}
  if (typeof kind !== 'string' || !Array.isArray(samples)) return message
  const more = typeof count === 'number' && count > samples.length ? ' and others' : ''
  return `${kind} ${samples.join(', ')}${more}`
}

/** Decides which facts are kept. */
interface FactFilter {
  readonly scope: Scope
  readonly defaultSchema: string
  /** The schema of Slipway's own tables. */
  readonly ledger: string
}

/** Decides which facts of the database of a session are kept. */
export function factFilterOf({ server, ledger }: Session, scope: Scope): FactFilter {
  return { scope, defaultSchema: server.schema, ledger }
}

function userFacts(all: FactBase, ground: FactFilter): FactBase {
  const facts = keptFacts(all, ground)
  const kept = new Set(facts.map(({ id }) => encodeId(id)))
  const edges = all.edges.filter(
    (edge) =>
      kept.has(encodeId(edge.from)) && (kept.has(encodeId(edge.to)) || edge.kind === 'owner'),
  )
  return buildFactBase(facts, edges, 'liveDb', undefined, {
    allowDangling: (edge) => edge.kind === 'owner',
  })
}

/**
 * The facts that belong to a project, and tables of other applications to which the project has added parts.
 */
export function keptFacts(all: FactBase, ground: FactFilter): Fact[] {
  const runtimePartitions = new Set(ground.scope.runtimePartitions.map(tableKey))
  const sieve: FilterState = {
    ...ground,
    all,
    runtimePartitions,
    kept: new Set(),
    dropped: new Set(),
  }
  const own = all.facts().filter((fact) => keep(fact, sieve))
  const facts = [...foreignTablesWithParts(all, ground.scope), ...own]
  if (runtimePartitions.size === 0) return facts
  return facts.map((fact) =>
    withChildren(
      fact,
      ({ schema, table: name }) => !runtimePartitions.has(tableKey({ schema, name })),
    ),
  )
}

function tableKey({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return JSON.stringify([schema, name])
}

/**
 * Tables of other applications with parts of the project, and their schemas. They have no properties to
 * compare, because they do not belong to the project.
 */
function foreignTablesWithParts(all: FactBase, { carriers: tables }: Scope): Fact[] {
  const facts = new Map<string, Fact>()
  for (const { schema, name } of tables) {
    const table = all.get({ kind: 'table', schema, name })
    const parent = all.get({ kind: 'schema', name: schema })
    if (!table || !parent) continue
    for (const fact of [parent, table]) facts.set(encodeId(fact.id), { ...fact, payload: {} })
  }
  return [...facts.values()]
}

interface FilterState extends FactFilter {
  readonly all: FactBase
  /** By `tableKey`. */
  readonly runtimePartitions: ReadonlySet<string>
  readonly kept: Set<string>
  readonly dropped: Set<string>
}

function keep(fact: Fact, sieve: FilterState): boolean {
  const { all, scope, kept, dropped } = sieve
  const key = encodeId(fact.id)
  if (kept.has(key)) return true
  if (dropped.has(key)) return false
  const parent = fact.parent && all.get(fact.parent)
  const out =
    !scope.ownsPart(fact.id, all) &&
    (isForeign(fact.id, sieve) ||
      isOwnersDefault(all, fact) ||
      (parent !== undefined && !keep(parent, sieve)))
  ;(out ? dropped : kept).add(key)
  return !out
}

/**
 * Whether an object was not created by a migration: it belongs to a platform, another application, Slipway or
 * Prisma.
 */
function isForeign(id: StableId, sieve: FilterState): boolean {
  const { all, scope, defaultSchema, runtimePartitions } = sieve
  if (
    'table' in id &&
    id.table !== null &&
    runtimePartitions.has(tableKey({ ...id, name: id.table }))
  )
    return true
  switch (id.kind) {
    case 'role':
    case 'membership':
      return true
    case 'schema':
      return isForeignSchema(id.name, sieve)
    case 'table':
      return (
        id.name === HISTORY_TABLE ||
        runtimePartitions.has(tableKey(id)) ||
        isForeignSchema(id.schema, sieve)
      )
    case 'comment':
    case 'acl':
      // The comment and privileges of the default schema depend on the version and on how the database was
      // created.
      if (id.target.kind === 'schema' && isGiven(id.target.name, defaultSchema)) return true
      return !scope.ownsPart(id.target, all) && isForeign(id.target, sieve)
    case 'column':
      return (
        SET_ASIDE.test(id.name) || id.table === HISTORY_TABLE || isForeignSchema(id.schema, sieve)
      )
    case 'trigger':
      return CAPTURING.test(id.name) || isForeignSchema(id.schema, sieve)
    case 'constraint':
    case 'default':
      return id.table === HISTORY_TABLE || isForeignSchema(id.schema, sieve)
    default:
      return 'schema' in id && id.schema !== null && isForeignSchema(id.schema, sieve)
  }
}

function isForeignSchema(schema: string, { scope, ledger }: FactFilter): boolean {
  return schema === ledger || !scope.ownsSchema(schema)
}

/** Whether a fact says only that an owner has all privileges on its object, which is the default. */
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

/** The columns of each table in their order. */
export function columnOrder(facts: readonly Fact[]): Map<string, string[]> {
  const tables = new Map<string, { name: string; position: number }[]>()
  for (const fact of facts) {
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
