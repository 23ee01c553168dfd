import { referenceOf } from '../../schema/index.ts'
import type { Rule } from '../hazard.ts'
import { full } from '../names.ts'

/** A new constraint of a domain is tried on every column that has the domain. */
export const domainConstraint: Rule = {
  id: 'domain-constraint',
  title: 'A domain constraint checks every table that uses it',
  judge(action, context) {
    if (action.kind !== 'add-domain-constraint' || action.notValid) return undefined
    const domain = full(context, action.domain)
    return {
      severity: 'warning',
      object: { kind: 'domain', ...referenceOf(context.schema, action.domain) },
      lock: 'SHARE',
      message: `The new constraint of the domain ${domain} reads every row of every table with a column of it, and meanwhile nobody can write to them.`,
      safeSql: `${context.statement.text} NOT VALID;\n-- Then, in a later migration: ALTER DOMAIN … VALIDATE CONSTRAINT.`,
    }
  },
}
