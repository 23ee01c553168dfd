import { builtInPlace } from '../built-in-place.ts'
import type { Rule } from '../hazard.ts'

/** ADD PRIMARY KEY builds its index and checks for NULLs under ACCESS EXCLUSIVE. */
export const primaryKeyInPlace: Rule = {
  id: 'primary-key-in-place',
  title: 'A primary key builds its index while reads and writes wait',
  judge(action, context) {
    const asked = { kind: 'primary-key', context } as const
    if (action.kind === 'add-constraint')
      return builtInPlace(action.table, action.constraint, asked)
    if (action.kind !== 'add-column') return undefined
    const constraint = action.column.constraints.find(({ kind }) => kind === 'primary-key')
    return builtInPlace(action.table, constraint, asked)
  },
}
