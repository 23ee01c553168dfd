import { referenceOf } from '../../schema/index.ts'
import { mentionsValue } from '../../statements/index.ts'
import { restOfBlock } from '../block.ts'
import type { Rule } from '../hazard.ts'
import { full } from '../names.ts'

/** A value added by ALTER TYPE cannot be used before it is committed. */
export const enumValueUsed: Rule = {
  id: 'enum-value-used',
  title: 'A new enum value is used in its own transaction',
  judge(action, context) {
    if (action.kind !== 'add-enum-value' || !context.inBlock) return undefined
    const user = restOfBlock(context).find((statement) => mentionsValue(statement, action.value))
    if (user === undefined) return undefined
    return {
      severity: 'error',
      object: { kind: 'type', ...referenceOf(context.schema, action.type) },
      message: `The value ${action.value} of ${full(context, action.type)} is used in statement ${user.number}, inside the same BEGIN and COMMIT. PostgreSQL refuses a value that is not committed yet: a Slipway deploy commits after this statement despite the BEGIN, so that what is above remains if something below fails; prisma migrate deploy and psql fail.`,
    }
  },
}
