import type { Action } from '../../statements/index.ts'
import type { Context, Finding, Rule } from '../hazard.ts'
import { columnObject, full } from '../names.ts'
import { typeChangeOf } from '../type-change-of.ts'

/** Most type changes rewrite all rows. */
export const typeChanges: Rule = {
  id: 'type-change',
  title: 'A change of type rewrites the table or its indexes',
  judge(action, context) {
    if (action.kind !== 'change-type') return undefined
    const { kind, from } = typeChangeOf(action, context)
    return kind === 'catalog' ? undefined : judgeChange(action, { context, from, kind })
  },
}

function judgeChange(
  { table, column, type }: Extract<Action, { kind: 'change-type' }>,
  given: {
    readonly context: Context
    readonly from: string | undefined
    readonly kind: 'indexes' | 'rewrite'
  },
): Finding {
  const { context, from, kind } = given
  const change = from === undefined ? `to ${type}` : `from ${from} to ${type}`
  const rewrites = kind === 'rewrite'
  const work = rewrites
    ? `rewrites all rows of ${full(context, table)} and its indexes`
    : `rebuilds the indexes of ${full(context, table)} on it`
  return {
    severity: rewrites ? 'error' : 'warning',
    object: columnObject(context, table, column),
    table,
    lock: 'ACCESS EXCLUSIVE',
    ...(rewrites ? { rewrites } : {}),
    message: `Changing ${column} ${change} ${work}, and blocks all reads and writes until it finishes.`,
  }
}
