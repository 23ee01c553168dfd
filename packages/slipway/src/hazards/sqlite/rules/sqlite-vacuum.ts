import type { SqliteRule } from '../rule.ts'

/** VACUUM refuses to run in a transaction. */
export const sqliteVacuum: SqliteRule = {
  id: 'sqlite-vacuum',
  title: 'VACUUM in a migration',
  judge(detail) {
    if (detail.kind !== 'vacuum') return undefined
    return {
      severity: 'warning',
      message:
        'VACUUM cannot run within a transaction, in which a deploy runs the file, so a deploy leaves it out. D1 refuses it. Run it by hand, outside of migrations.',
    }
  },
}
