import { referenceOf } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { full } from '../names.ts'
import { isNewName } from '../renamed-here.ts'

/** Running clients still use the view's old name. */
export const renameView: Rule = {
  id: 'rename-view',
  title: 'A view is renamed under running clients',
  judge(action, context) {
    if (action.kind !== 'rename' || action.of !== 'view' || isNewName(action, context))
      return undefined
    const view = { name: action.from, ...(action.schema ? { schema: action.schema } : {}) }
    return {
      severity: 'error',
      object: { kind: 'view', ...referenceOf(context.schema, view) },
      lock: 'ACCESS EXCLUSIVE',
      message: `The view ${full(context, view)} becomes ${action.to}: every client that still uses ${action.from} fails.`,
    }
  },
}
