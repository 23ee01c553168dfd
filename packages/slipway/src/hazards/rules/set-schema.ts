import { referenceOf } from '../../schema/index.ts'
import type { MoveAction, ObjectRef } from '../../statements/index.ts'
import type { Context, Rule } from '../hazard.ts'
import { full, tableObject } from '../names.ts'

/** Running clients still look for the object in its old schema. */
export const setSchema: Rule = {
  id: 'set-schema',
  title: 'An object is moved to another schema under running clients',
  judge(action, context) {
    if (action.kind !== 'set-schema' || action.of === 'other') return undefined
    const { of, object, to } = action
    const what = of.replaceAll('-', ' ')
    const isTable = of === 'table' || of === 'foreign-table' || of === 'materialized-view'
    return {
      severity: 'error',
      object: objectOf(action, context),
      ...(isTable ? { table: object, anySize: true as const } : {}),
      ...(isTable || of === 'view' ? { lock: 'ACCESS EXCLUSIVE' as const } : {}),
      message: `The ${what} ${full(context, object)} moves to the schema ${to}: every client that does not have ${to} in its search_path, or names the old schema, fails.`,
    }
  },
}

function objectOf({ of, object }: MoveAction, context: Context): ObjectRef {
  switch (of) {
    case 'view':
    case 'sequence':
    case 'type':
    case 'domain':
      return { kind: of, ...referenceOf(context.schema, object) }
    default:
      return tableObject(context, object)
  }
}
