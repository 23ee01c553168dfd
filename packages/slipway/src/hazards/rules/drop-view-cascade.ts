import { referenceOf } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { full } from '../names.ts'

/** CASCADE also drops the views that depend on the view, without naming them. */
export const dropViewCascade: Rule = {
  id: 'drop-view-cascade',
  title: 'A view is dropped with everything that depends on it',
  judge(action, context) {
    if (action.kind !== 'drop' || !action.cascade) return undefined
    if (action.of !== 'view' && action.of !== 'materialized-view') return undefined
    const view = full(context, action.object)
    const command = action.of === 'view' ? 'DROP VIEW' : 'DROP MATERIALIZED VIEW'
    return {
      severity: 'error',
      object: { kind: action.of, ...referenceOf(context.schema, action.object) },
      message: `${command} ${view} CASCADE drops every view that depends on it, without naming them. Name each of them.`,
    }
  },
}
