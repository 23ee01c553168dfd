import { referenceOf } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { full } from '../names.ts'

/** Running clients still cast to the type's name. */
export const dropEnum: Rule = {
  id: 'drop-enum',
  title: 'A type is dropped',
  judge(action, context) {
    if (action.kind !== 'drop' || action.of !== 'type') return undefined
    const { object, cascade } = action
    // Prisma changes an enum by creating a new type, renaming both, and dropping the old one.
    const replaced = context.migration.statements.some(({ actions }) =>
      actions.some((one) => one.kind === 'rename' && one.of === 'type' && one.to === object.name),
    )
    if (replaced && !cascade) return undefined
    const more = cascade ? ', and CASCADE also drops every column of the type with its values' : ''
    return {
      severity: cascade ? 'error' : 'warning',
      object: { kind: 'type', ...referenceOf(context.schema, object) },
      message: `The type ${full(context, object)} is dropped: clients that still cast to it fail${more}.`,
    }
  },
}
