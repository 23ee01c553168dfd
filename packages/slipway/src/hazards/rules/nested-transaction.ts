import type { Statement } from '../../statements/index.ts'
import type { Finding, Rule } from '../hazard.ts'

/** A COMMIT in the file makes the statements before it permanent, even if a later one fails. */
export const nestedTransaction: Rule = {
  id: 'nested-transaction',
  title: 'The file has its own BEGIN or COMMIT',
  judge(_action, { migration: { statements }, statement }) {
    const { kind } = statement.role
    if (kind === 'rollback') return ROLLED_BACK
    if (kind !== 'commit') return undefined
    if (statements.slice(statement.number).some(isWork)) return COMMITTED
    const earlier = statements.slice(0, statement.number - 1)
    return earlier.some(({ role }) => role.kind === 'commit') ? undefined : WHOLE
  },
}

const ROLLED_BACK: Finding = {
  severity: 'warning',
  message:
    'The ROLLBACK undoes the statements since the BEGIN: a deploy runs them, none of their changes remain, and the migration is recorded as applied.',
}

const WHOLE: Finding = {
  severity: 'info',
  message:
    'BEGIN and COMMIT around the whole file are not needed: a migration runs in one transaction anyway.',
}

const COMMITTED: Finding = {
  severity: 'warning',
  message:
    'A deploy commits here. If a statement after it fails, those above remain: the deploy exits with 6, and a repair must resolve the migration. Put the parts into separate migrations.',
}

function isWork({ role }: Statement): boolean {
  return role.kind !== 'begin' && role.kind !== 'commit' && role.kind !== 'rollback'
}
