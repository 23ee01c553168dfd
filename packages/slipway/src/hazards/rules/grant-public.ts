import type { Rule } from '../hazard.ts'

/** PUBLIC includes every current and future role. */
export const grantPublic: Rule = {
  id: 'grant-public',
  title: 'A privilege is granted to PUBLIC',
  judge(action) {
    if (action.kind !== 'grant' || !action.toPublic) return undefined
    return {
      severity: 'warning',
      message: `The privilege on a ${action.of} is granted to PUBLIC, that is, to every role of the server, including future ones. Grant it to a role.`,
    }
  },
}
