import type { Rule } from '../hazard.ts'

/** A COMMIT of the file's own keeps what came before it when something behind it fails. */
export const nestedTransaction: Rule = {
  id: 'nested-transaction',
  title: 'The file has its own BEGIN or COMMIT',
  judge(_action, { migration: { statements }, statement }) {
    const { kind } = statement.role
    if (kind !== 'commit' && kind !== 'rollback') return undefined
    const isLast = statement === statements.at(-1)
    const isWhole = isLast && statements[0]?.role.kind === 'begin'
    const single = statements.filter(({ role }) => role.kind === kind).length === 1
    if (isWhole && single) {
      return {
        severity: 'info',
        message: `BEGIN and ${kind.toUpperCase()} around the whole file are not needed: a migration runs in one transaction anyway.`,
      }
    }
    return {
      severity: 'warning',
      message: `The ${kind.toUpperCase()} ends the transaction of the migration: if a later statement fails, the statements above remain. Put the parts into separate migrations.`,
    }
  },
}
