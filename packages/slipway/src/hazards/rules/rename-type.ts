import { referenceOf } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { full } from '../names.ts'
import { isNewName } from '../renamed-here.ts'

/** Running clients still cast to the type's old name, as Prisma Client does for every enum. */
export const renameType: Rule = {
  id: 'rename-type',
  title: 'A type is renamed under running clients',
  judge(action, context) {
    if (action.kind !== 'rename' || action.of !== 'type' || isNewName(action, context))
      return undefined
    const type = { name: action.from, ...(action.schema ? { schema: action.schema } : {}) }
    return {
      severity: 'error',
      object: { kind: 'type', ...referenceOf(context.schema, type) },
      message: `The type ${full(context, type)} becomes ${action.to}: every client that still casts to ${action.from} fails.`,
    }
  },
}
