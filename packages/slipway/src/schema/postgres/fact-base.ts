import {
  buildFactBase,
  type DependencyEdge,
  encodeId,
  type Fact,
  type FactBase,
} from '@supabase/pg-delta'

/**
 * A fact base of the given facts and the edges between them, without duplicates. Edges to owners are kept if
 * `keepsOwner` accepts the role.
 */
export function factBase(
  facts: readonly Fact[],
  edges: readonly DependencyEdge[],
  keepsOwner: (role: string) => boolean = () => true,
): FactBase {
  const ids = new Set(facts.map(({ id }) => encodeId(id)))
  const joined = new Map<string, DependencyEdge>()
  for (const edge of edges) {
    const [from, to] = [encodeId(edge.from), encodeId(edge.to)]
    const kept =
      edge.kind === 'owner' && edge.to.kind === 'role'
        ? ids.has(from) && keepsOwner(edge.to.name)
        : ids.has(from) && ids.has(to)
    if (kept) joined.set(`${edge.kind} ${from} ${to}`, edge)
  }
  const allowDangling = (edge: DependencyEdge) => edge.kind === 'owner'
  return buildFactBase([...facts], [...joined.values()], 'liveDb', undefined, { allowDangling })
}

/** A payload value that is a string; an empty string for any other value. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
