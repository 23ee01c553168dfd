import type { Rule } from '../hazard.ts'

/** PUBLIC is every role that there is and will be. */
export const grantPublic: Rule = {
  id: 'grant-public',
  title: 'A right is granted to everybody',
  judge(action) {
    if (action.kind !== 'grant' || !action.toPublic) return undefined
    return {
      severity: 'warning',
      message: `The grant on a ${action.of} is to PUBLIC: every role of the server has it, including roles that are created later. Name a role.`,
    }
  },
}
