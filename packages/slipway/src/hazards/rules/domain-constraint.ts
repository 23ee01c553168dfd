import { referenceOf } from '../../schema/index.ts'
import type { Action, ObjectName } from '../../statements/index.ts'
import type { Context, Rule } from '../hazard.ts'
import { full } from '../names.ts'

/** Since this version, VALIDATE CONSTRAINT of a domain does not block writes. */
const VALIDATES_BESIDE_WRITES = 180_000

/** A new constraint of a domain is checked for every column of that domain. */
export const domainConstraint: Rule = {
  id: 'domain-constraint',
  title: 'A domain constraint checks every table that uses it',
  judge(action, context) {
    const change = changeOf(action, context)
    if (change === undefined) return undefined
    const { domain, what, safeSql } = change
    return {
      severity: 'warning',
      object: { kind: 'domain', ...referenceOf(context.schema, domain) },
      lock: 'SHARE',
      message: `${what} of the domain ${full(context, domain)} reads every row of every table that has a column of this type, and blocks all writes to those tables until it finishes.`,
      safeSql,
    }
  },
}

interface DomainChange {
  readonly domain: ObjectName
  readonly what: string
  readonly safeSql?: string
}

function changeOf(action: Action, { facts, statement }: Context): DomainChange | undefined {
  switch (action.kind) {
    case 'add-domain-constraint':
      if (action.notValid) return undefined
      return {
        domain: action.domain,
        what: 'The new constraint',
        safeSql: `${statement.text} NOT VALID;\n-- Then, in a later migration: ALTER DOMAIN … VALIDATE CONSTRAINT.`,
      }
    case 'set-domain-not-null':
      return { domain: action.domain, what: 'SET NOT NULL' }
    case 'validate-domain-constraint':
      if (facts.serverVersion >= VALIDATES_BESIDE_WRITES) return undefined
      return { domain: action.domain, what: 'VALIDATE CONSTRAINT' }
    default:
      return undefined
  }
}
