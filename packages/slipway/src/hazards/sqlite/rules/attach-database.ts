import type { SqliteRule } from '../rule.ts'

/** A migration must give the same result on every database. */
export const attachDatabase: SqliteRule = {
  id: 'attach-database',
  title: 'A migration opens another database file',
  judge(detail) {
    if (detail.kind !== 'attach' && detail.kind !== 'detach') return undefined
    return {
      severity: 'error',
      message: `${detail.kind === 'attach' ? 'ATTACH opens' : 'DETACH closes'} another file: what the migration does then depends on the machine, and no shadow database has it. D1 refuses it.`,
    }
  },
}
