import {
  type DependencyEdge,
  encodeId,
  type Fact,
  type FactBase,
  type StableId,
} from '@supabase/pg-delta'
import { quoteIdentifier } from '../../database/index.ts'
import { factBase, textOf } from './fact-base.ts'

/** Names of objects that are gone, which new objects have now. */
export interface Retaken {
  readonly tables: readonly RetakenName[]
  readonly columns: readonly RetakenColumn[]
  readonly types: readonly RetakenName[]
}

interface RetakenName {
  readonly schema: string
  /** Of a column. */
  readonly table?: string
  readonly name: string
}

interface RetakenColumn extends RetakenName {
  /** It was added without the values of the old one: it is replaced, whatever its type. */
  readonly empty?: boolean
}

/** What pg-delta would drop and create again for no more than a collation: it gets a new type in its place. */
const COLLATED = new Set(['column', 'typeAttribute'])

/** `source`, where columns and attributes of another collation have another type instead. */
export function recollated(source: FactBase, target: FactBase): FactBase {
  return mapFacts(source, (fact) => {
    const wanted = target.get(fact.id)?.payload
    const { payload } = fact
    if (!COLLATED.has(fact.id.kind) || wanted === undefined) return fact
    const collation = wanted['collation'] ?? null
    if ((payload['collation'] ?? null) === collation) return fact
    // The same type is another one to pg-delta with a space behind it.
    const type =
      payload['type'] === wanted['type'] ? `${textOf(payload['type'])} ` : payload['type']
    return { ...fact, payload: { ...payload, type, collation } }
  })
}

/** A state in which objects are not those of the state that is wanted, although they have their names. */
export interface Unlike {
  readonly source: FactBase
  /** What is run before all else, so that sequences stay when their table or column goes. */
  readonly first: readonly string[]
}

/** `source`, where each object that has the name of another one differs from that in `target`, so that it is replaced. */
export function madeUnlike(source: FactBase, target: FactBase, retaken: Retaken): Unlike {
  const ids = new Set([
    ...retaken.tables.map(({ schema, name }) => encodeId({ kind: 'table', schema, name })),
    ...retaken.columns.map(({ schema, table = '', name }) =>
      encodeId({ kind: 'column', schema, table, name }),
    ),
    ...retaken.types.map(({ schema, name }) => encodeId({ kind: 'type', schema, name })),
  ])
  if (ids.size === 0) return { source, first: [] }
  const empty = new Set(
    retaken.columns.flatMap(({ schema, table = '', name, empty: isEmpty }) =>
      isEmpty ? [encodeId({ kind: 'column', schema, table, name })] : [],
    ),
  )
  const free = new Set(source.facts().filter((fact) => isOwnedBy(ids, fact) && target.has(fact.id)))
  const facts = source.facts().map((fact) => {
    if (free.has(fact)) return { ...fact, payload: { ...fact.payload, ownedBy: null } }
    const wanted = target.get(fact.id)?.payload
    if (wanted === undefined || !ids.has(encodeId(fact.id))) return fact
    const changed = unlike(fact, wanted, empty.has(encodeId(fact.id)))
    return { ...fact, payload: { ...fact.payload, ...changed } }
  })
  const wholes = source.facts().filter(({ id }) => id.kind === 'table' && ids.has(encodeId(id)))
  return {
    source: factBase(facts, [...source.edges, ...wholes.flatMap((fact) => edgesTo(fact, source))]),
    first: [...free].flatMap(({ id }) => freeSql(id)),
  }
}

/** Whether a fact is a sequence that goes with one of these tables or columns. */
function isOwnedBy(ids: ReadonlySet<string>, { id, payload }: Fact): boolean {
  const owner = payload['ownedBy'] as
    | { readonly schema: string; readonly table: string; readonly column: string }
    | null
    | undefined
  if (id.kind !== 'sequence' || !owner) return false
  const { schema, table, column } = owner
  return (
    ids.has(encodeId({ kind: 'table', schema, name: table })) ||
    ids.has(encodeId({ kind: 'column', schema, table, name: column }))
  )
}

function freeSql(id: StableId): string[] {
  if (id.kind !== 'sequence') return []
  const name = `${quoteIdentifier(id.schema)}.${quoteIdentifier(id.name)}`
  return [`ALTER SEQUENCE ${name} OWNED BY NONE`]
}

/** What depends on a part of a table depends on the table: it goes with it, and pg-delta does not know that. */
function edgesTo(table: Fact, facts: FactBase): DependencyEdge[] {
  const parts = partsOf(table, facts)
  const own = new Set([table, ...parts].map(({ id }) => encodeId(id)))
  return facts.edges
    .filter(({ from, to }) => own.has(encodeId(to)) && !own.has(encodeId(from)))
    .map((edge) => ({ ...edge, to: table.id }))
}

function partsOf(fact: Fact, facts: FactBase): Fact[] {
  return facts.childrenOf(fact.id).flatMap((part) => [part, ...partsOf(part, facts)])
}

const NONE = 'none of before'

/** Whether `madeUnlike` lets a column be replaced. */
export function isReplaced({ payload }: Fact): boolean {
  return payload['generatedExpr'] === NONE
}

/** What of a payload must differ for an object to be replaced; empty if a change of type converts its values. */
function unlike({ id, payload }: Fact, wanted: Fact['payload'], isEmpty: boolean): Fact['payload'] {
  switch (id.kind) {
    case 'table':
      return { partitionKey: NONE }
    case 'column':
      return isEmpty || payload['type'] === wanted['type'] ? { generatedExpr: NONE } : {}
    case 'type':
      return Array.isArray(payload['values']) ? { values: [...payload['values'], NONE] } : {}
    default:
      return {}
  }
}

function mapFacts(base: FactBase, change: (fact: Fact) => Fact): FactBase {
  return factBase(base.facts().map(change), base.edges)
}
