import type { Rule } from '../hazards/index.ts'
import { suggest } from '../kernel/index.ts'
import { raise } from './failures.ts'

/** Refuses names of findings that the use case does not know, with APP.ACCEPT_UNKNOWN. */
export function refuseUnknownAccepts(accepted: readonly string[], known: readonly string[]): void {
  const unknown = accepted.find((name) => !known.includes(name))
  if (unknown === undefined) return
  raise('APP.ACCEPT_UNKNOWN', {
    message: `\`--accept\` accepts ${known.join(', ')}, not \`${unknown}\`.`,
  })
}

/**
 * Returns the hazard ids among the accepted names. Fails with APP.ACCEPT_UNKNOWN if a name is neither
 * in `known` nor a hazard id. Loads the hazards only if a name is not in `known`.
 */
export async function acceptedHazards(
  accepted: readonly string[],
  known: readonly string[],
  ownRules: () => Promise<readonly Rule[]>,
): Promise<readonly string[]> {
  const others = accepted.filter((name) => !known.includes(name))
  if (others.length === 0) return []
  const { rules } = await import('../hazards/index.ts')
  const ids = [...rules, ...(await ownRules())].map(({ id }) => id)
  const unknown = others.find((name) => !ids.includes(name))
  if (unknown === undefined) return others
  const meant = suggest(unknown, [...known, ...ids])
  return raise('APP.ACCEPT_UNKNOWN', {
    message: `\`--accept\` accepts ${known.join(', ')} or a hazard id, not \`${unknown}\`.`,
    ...(meant === undefined ? {} : { why: `Did you mean \`${meant}\`?` }),
  })
}
