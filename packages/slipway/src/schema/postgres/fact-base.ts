import {
  buildFactBase,
  type DependencyEdge,
  encodeId,
  type Fact,
  type FactBase,
} from '@supabase/pg-delta'

/** A fact base of facts and those edges that join two of them, each once; of owners those that `keepsOwner` names. */
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

/** A value of a payload that is a text; empty if it is not. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
