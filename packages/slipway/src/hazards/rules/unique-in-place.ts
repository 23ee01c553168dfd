import { builtInPlace } from '../built-in-place.ts'
import type { Rule } from '../hazard.ts'

/** A UNIQUE constraint builds its index under ACCESS EXCLUSIVE. */
export const uniqueInPlace: Rule = {
  id: 'unique-in-place',
  title: 'A unique constraint builds its index while reads and writes wait',
  judge(action, context) {
    const asked = { kind: 'unique', context } as const
    if (action.kind === 'add-constraint')
      return builtInPlace(action.table, action.constraint, asked)
    if (action.kind !== 'add-column') return undefined
    return action.column.constraints.flatMap((one) => builtInPlace(action.table, one, asked) ?? [])
  },
}
