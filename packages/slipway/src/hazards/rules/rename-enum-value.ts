import { referenceOf } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { full } from '../names.ts'

/** Running clients still read and write the old value. */
export const renameEnumValue: Rule = {
  id: 'rename-enum-value',
  title: 'An enum value is renamed under running clients',
  judge(action, context) {
    if (action.kind !== 'rename' || action.of !== 'enum-value') return undefined
    const { type, from, to } = action
    return {
      severity: 'warning',
      object: { kind: 'type', ...referenceOf(context.schema, type) },
      message: `The value ${from} of ${full(context, type)} becomes ${to}: clients that still write ${from} fail, and an older Prisma Client cannot read ${to}.`,
    }
  },
}
