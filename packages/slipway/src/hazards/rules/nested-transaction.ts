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
        message: `BEGIN and ${kind.toUpperCase()} around the whole file say what holds anyway: a migration runs in one transaction.`,
      }
    }
    return {
      severity: 'warning',
      message: `The ${kind.toUpperCase()} ends the transaction of the migration: when a later statement fails, what stands above stays. Put the parts into migrations of their own.`,
    }
  },
}
