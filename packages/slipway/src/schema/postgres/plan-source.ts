import {
  type DependencyEdge,
  encodeId,
  type Fact,
  type FactBase,
  type StableId,
} from '@supabase/pg-delta'
import { quoteIdentifier } from '../../database/index.ts'
import { factBase, textOf } from './fact-base.ts'
import { isSameKind } from './type-casts.ts'

/** Names of dropped objects that new objects now have. */
export interface ReusedNames {
  readonly tables: readonly ReusedName[]
  readonly columns: readonly ReusedName[]
  readonly types: readonly ReusedName[]
}

interface ReusedName {
  readonly schema: string
  /** The table of a column. */
  readonly table?: string
  readonly name: string
}

/**
 * Kinds that pg-delta would drop and create again to change only their collation. They are given another type
 * instead.
 */
const COLLATED = new Set(['column', 'typeAttribute'])

/** `source`, in which columns and attributes whose collation changes have another type instead. */
export function recollated(source: FactBase, target: FactBase): FactBase {
  return mapFacts(source, (fact) => {
    const wanted = target.get(fact.id)?.payload
    const { payload } = fact
    if (!COLLATED.has(fact.id.kind) || wanted === undefined) return fact
    const collation = wanted['collation'] ?? null
    if ((payload['collation'] ?? null) === collation) return fact
    // With a trailing space, pg-delta sees the same type as a different one.
    const type =
      payload['type'] === wanted['type'] ? `${textOf(payload['type'])} ` : payload['type']
    return { ...fact, payload: { ...payload, type, collation } }
  })
}

/** A state whose objects differ from those of the target, although they have the same names. */
export interface ReplacedState {
  readonly source: FactBase
  /** The state without the tables and columns that are replaced. */
  readonly rest: FactBase
  /**
   * Statements to run before everything else, so that sequences are not dropped with their table or column.
   */
  readonly first: readonly string[]
}

/**
 * `source`, in which each object whose name another object has in `target` differs from that one, so that it
 * is replaced.
 */
export function withReplacedObjects(
  source: FactBase,
  target: FactBase,
  retaken: ReusedNames,
): ReplacedState {
  const ids = new Set([
    ...retaken.tables.map(({ schema, name }) => encodeId({ kind: 'table', schema, name })),
    ...retaken.columns.map(({ schema, table = '', name }) =>
      encodeId({ kind: 'column', schema, table, name }),
    ),
    ...retaken.types.map(({ schema, name }) => encodeId({ kind: 'type', schema, name })),
  ])
  if (ids.size === 0) return { source, rest: source, first: [] }
  const free = new Set(source.facts().filter((fact) => isOwnedBy(ids, fact) && target.has(fact.id)))
  const replaced = new Map(
    source.facts().flatMap((fact) => {
      const wanted = ids.has(encodeId(fact.id)) ? target.get(fact.id)?.payload : undefined
      const difference = wanted && differingPayload(fact, wanted)
      return difference ? [[fact, difference] as const] : []
    }),
  )
  const facts = source.facts().map((fact) => {
    const other = free.has(fact) ? { ownedBy: null } : replaced.get(fact)
    return other === undefined ? fact : { ...fact, payload: { ...fact.payload, ...other } }
  })
  const dropped = [...replaced.keys()].filter(({ id }) => id.kind !== 'type')
  const parts = new Set(dropped.flatMap((fact) => [fact, ...partsOf(fact, source)]))
  const tables = dropped.filter(({ id }) => id.kind === 'table')
  const gone = new Set(
    tables
      .flatMap((fact) => partsOf(fact, source))
      .filter((part) => hasOwnRemoval(part) && !target.has(part.id))
      .map(({ id }) => encodeId(id)),
  )
  const kept = facts.filter(({ id }) => !gone.has(encodeId(id)))
  return {
    source: factBase(kept, [...source.edges, ...tables.flatMap((fact) => edgesTo(fact, source))]),
    rest: factBase(
      source.facts().filter((fact) => !parts.has(fact)),
      source.edges,
    ),
    first: [...free].flatMap(({ id }) => freeSql(id)),
  }
}

/**
 * Whether pg-delta removes such a part of a table by a separate statement, after it has created the table
 * again. The part is already removed with the table.
 */
function hasOwnRemoval({ id }: Fact): boolean {
  return ['default', 'comment', 'policy', 'trigger', 'rule', 'acl', 'securityLabel'].includes(
    id.kind,
  )
}

/** Whether a fact is a sequence that is dropped with one of these tables or columns. */
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

/**
 * Makes everything that depends on a part of a table depend on the table itself. It is dropped with the
 * table, which pg-delta does not know.
 */
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

/**
 * The payload values that must differ for an object to be replaced; undefined if a type change converts its
 * values.
 */
function differingPayload(
  { id, payload }: Fact,
  wanted: Fact['payload'],
): Fact['payload'] | undefined {
  switch (id.kind) {
    case 'table':
      return { partitionKey: 'none of before' }
    case 'column': {
      const [from, to] = [textOf(payload['type']), textOf(wanted['type'])]
      return isConverted(from, to) ? undefined : { generatedExpr: 'none of before' }
    }
    case 'type':
      return Array.isArray(payload['values'])
        ? { values: [...payload['values'], 'none of before'] }
        : undefined
    default:
      return undefined
  }
}

/** Whether values of a column mean the same in another type, so that rows written since then keep theirs. */
function isConverted(from: string, to: string): boolean {
  return from !== to && isSameKind(from, to)
}

function mapFacts(base: FactBase, change: (fact: Fact) => Fact): FactBase {
  return factBase(base.facts().map(change), base.edges)
}
