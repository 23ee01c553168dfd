import { isDeepStrictEqual } from 'node:util'
import {
  type DependencyEdge,
  encodeId,
  type Fact,
  type FactBase,
  type StableId,
} from '@supabase/pg-delta'
import { quoteIdentifier } from '../../database/index.ts'
import { factBase, textOf } from './fact-base.ts'
import { inheritanceOf, type TableName } from './inheritance.ts'

/**
 * Two states between which no common table is replaced, and the statements to run before and after the
 * script.
 */
export interface InPlace {
  readonly source: FactBase
  readonly target: FactBase
  /** Statements that detach tables, to run before everything else. */
  readonly first: readonly string[]
  /** Statements that attach them, to run after everything else. */
  readonly last: readonly string[]
}

/**
 * pg-delta replaces a table whose parents or bounds change, which destroys its rows. Here such a table is
 * detached first and attached last; for pg-delta it has no parent in either state.
 */
export function inPlace(source: FactBase, target: FactBase): InPlace {
  const states = { source, target }
  const moved = source
    .facts()
    .filter(
      (fact) =>
        fact.id.kind === 'table' &&
        target.has(fact.id) &&
        (isOfReplaced(fact, states) ||
          !isDeepStrictEqual(placeOf(fact), placeOf(target.get(fact.id)))),
    )
    .map(({ id }) => id)
  if (moved.length === 0) return { source, target, first: [], last: [] }
  return {
    source: detached(source, moved),
    target: detached(target, moved),
    first: moved.flatMap((id) =>
      links(source, id, { unlessIn: target, first: true, sql: detachSql }),
    ),
    last: moved.flatMap((id) =>
      links(target, id, { unlessIn: source, first: false, sql: attachSql }),
    ),
  }
}

interface States {
  readonly source: FactBase
  readonly target: FactBase
}

/**
 * Whether a table is a partition of a table whose partition key changes: that table is replaced, and would be
 * dropped with its partitions.
 */
function isOfReplaced(fact: Fact | undefined, states: States): boolean {
  return (
    boundOf(fact) !== undefined && parentsOf(fact).some((parent) => hasOtherKey(parent, states))
  )
}

function hasOtherKey(table: TableName, { source, target }: States): boolean {
  const [before, after] = [source, target].map((facts) => facts.get({ kind: 'table', ...table }))
  if (!before || !after) return false
  return !isDeepStrictEqual(before.payload['partitionKey'], after.payload['partitionKey'])
}

/** The parents of a table, and its bounds. */
function placeOf(fact: Fact | undefined) {
  return { parents: parentsOf(fact), bound: boundOf(fact) }
}

/** The tables of which a table is a partition or a child table. */
export function parentsOf(fact: Fact | undefined): readonly TableName[] {
  const parent = fact?.payload['parentTable'] as TableName | null | undefined
  return inheritanceOf(fact).parents ?? (parent ? [parent] : [])
}

function boundOf(fact: Fact | undefined): string | undefined {
  const bound = fact?.payload['partitionBound']
  return typeof bound === 'string' ? bound : undefined
}

interface Linking {
  readonly unlessIn: FactBase
  /** Whether the statements run before everything else and lead away from these facts. */
  readonly first: boolean
  readonly sql: (table: TableName, parent: TableName, bound: string | undefined) => string
}

/**
 * The statements for each parent that a table has in one state but not in the other, or with different
 * bounds.
 */
function links(facts: FactBase, id: StableId, { unlessIn, first, sql }: Linking): string[] {
  if (id.kind !== 'table') return []
  const [here, there] = [facts.get(id), unlessIn.get(id)]
  const [from, to] = first ? [here, there] : [there, here]
  const same =
    boundOf(here) === boundOf(there) &&
    !isOfReplaced(here, { source: facts, target: unlessIn }) &&
    !isReordered(parentsOf(from), parentsOf(to))
  const others = parentsOf(there)
  return parentsOf(here)
    .filter((parent) => !same || !others.some((other) => isDeepStrictEqual(other, parent)))
    .map((parent) => sql(id, parent, boundOf(here)))
}

/**
 * Whether the order would be wrong if new parents were added after those that stay: then all are added again.
 */
function isReordered(before: readonly TableName[], wanted: readonly TableName[]): boolean {
  const isIn = (one: TableName, all: readonly TableName[]) =>
    all.some((other) => isDeepStrictEqual(other, one))
  const stay = before.filter((one) => isIn(one, wanted))
  const given = [...stay, ...wanted.filter((one) => !isIn(one, before))]
  return !isDeepStrictEqual(given, wanted)
}

function attachSql(table: TableName, parent: TableName, bound: string | undefined): string {
  return bound === undefined
    ? `ALTER TABLE ${qualified(table)} INHERIT ${qualified(parent)}`
    : `ALTER TABLE ${qualified(parent)} ATTACH PARTITION ${qualified(table)} ${bound}`
}

function detachSql(table: TableName, parent: TableName, bound: string | undefined): string {
  return bound === undefined
    ? `ALTER TABLE ${qualified(table)} NO INHERIT ${qualified(parent)}`
    : `ALTER TABLE ${qualified(parent)} DETACH PARTITION ${qualified(table)}`
}

function qualified({ schema, name }: TableName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
}

const WITHOUT_PARENTS = { parentTable: null, partitionBound: null, _heritage: null }

/** A state in which some tables have no parents: what they inherited is their own. */
export function detached(facts: FactBase, tables: readonly StableId[]): FactBase {
  const added: Fact[] = []
  const edges: DependencyEdge[] = [...facts.edges]
  const keys = new Set(tables.map(encodeId))
  const known = new Set<string>()
  for (const table of tables) {
    const fact = facts.get(table)
    if (table.kind !== 'table' || fact === undefined) continue
    for (const parent of parentsOf(fact)) {
      for (const one of inherited(facts, fact, parent)) {
        const key = encodeId(one.fact.id)
        if (facts.has(one.fact.id) || known.has(key)) continue
        known.add(key)
        added.push(one.fact)
        edges.push(...edgesOf(facts, one, { child: fact.id, parent }))
      }
    }
  }
  const alone = facts.facts().map((fact) => {
    if (!keys.has(encodeId(fact.id))) return fact
    return { ...fact, payload: { ...fact.payload, ...WITHOUT_PARENTS } }
  })
  return factBase([...alone, ...added], edges)
}

interface Inherited {
  readonly fact: Fact
  /** The corresponding fact of the parent. */
  readonly like: StableId
}

function inherited(facts: FactBase, child: Fact, parent: TableName): Inherited[] {
  const above = facts.get({ kind: 'table', ...parent })
  if (above === undefined) return []
  const further = parentsOf(above).flatMap((one) => inherited(facts, above, one))
  return [...facts.childrenOf(above.id), ...further.map(({ fact }) => fact)].flatMap((fact) =>
    inheritedFactsOf(fact, child, facts).map((one) => ({ fact: one, like: fact.id })),
  )
}

/** The columns, constraints and indexes that a table inherits from a parent, as facts of its own. */
export function inheritedFacts(facts: FactBase, child: Fact, parent: TableName): Fact[] {
  return inherited(facts, child, parent).map(({ fact }) => fact)
}

/** The facts that a table inherits from a fact of its parent. */
function inheritedFactsOf(fact: Fact, child: Fact, facts: FactBase): Fact[] {
  if (child.id.kind !== 'table') return []
  const { id, payload } = fact
  const { schema, name: table } = child.id
  const part = inheritanceOf(fact).children?.find(
    (one) => one.schema === schema && one.table === table,
  )
  switch (id.kind) {
    case 'column':
      return inheritedColumn(fact, { schema, table, name: id.name }, { child, facts })
    case 'constraint': {
      const isCheck = payload['type'] === 'c' && !textOf(payload['def']).includes('NO INHERIT')
      const name = isCheck ? id.name : part?.name
      if (name === undefined) return []
      return [{ id: { ...id, schema, table, name }, parent: child.id, payload: bare(payload) }]
    }
    case 'index': {
      if (part === undefined) return []
      const { name, def = '' } = part
      return [
        {
          id: { ...id, schema: part.schema, name },
          parent: child.id,
          payload: { ...bare(payload), def },
        },
      ]
    }
    default:
      return []
  }
}

/** A column of a partition or child table, with its default. An identity stays with the parent. */
function inheritedColumn(
  { id: like, payload }: Fact,
  place: { readonly schema: string; readonly table: string; readonly name: string },
  { child, facts }: { readonly child: Fact; readonly facts: FactBase },
): Fact[] {
  const id: StableId = { kind: 'column', ...place }
  const own = inheritanceOf(child).own?.[place.name]
  const notNull = own?.notNull ?? payload['notNull'] === true
  const above = facts.get({ ...like, kind: 'default' } as StableId)?.payload['expr']
  const expr = own === undefined ? textOf(above) : (own.default ?? '')
  const column = { id, parent: child.id, payload: { ...payload, notNull, identity: null } }
  if (expr === '') return [column]
  return [column, { id: { kind: 'default', ...place }, parent: id, payload: { expr } }]
}

function bare(payload: Fact['payload']): Fact['payload'] {
  const { _heritage: _, ...rest } = payload
  return rest
}

/** The dependencies of an inherited fact: those of the parent's fact, but on parts of its own table. */
function edgesOf(
  facts: FactBase,
  { fact, like }: Inherited,
  { child, parent }: { readonly child: StableId; readonly parent: TableName },
): DependencyEdge[] {
  if (child.kind !== 'table') return []
  return facts.outgoingEdges(like).map((edge) => {
    const { to } = edge
    const isOfParent = 'table' in to && to.table === parent.name && to.schema === parent.schema
    const own = isOfParent ? { ...to, schema: child.schema, table: child.name } : to
    return { ...edge, from: fact.id, to: own }
  })
}
