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
        'VACUUM cannot run within a transaction. A deploy runs the file in a transaction, so it skips VACUUM. D1 refuses it. Run it by hand, outside of migrations.',
    }
  },
}
