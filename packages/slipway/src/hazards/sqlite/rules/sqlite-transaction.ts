import { sqliteDetail } from '../../../statements/index.ts'
import { isQuiet } from '../migration-run.ts'
import { isD1 } from '../names-and-sizes.ts'
import type { SqliteFinding, SqliteRule } from '../rule.ts'

/** A migration is one transaction, both on a SQLite file and on D1. */
export const sqliteTransaction: SqliteRule = {
  id: 'sqlite-transaction',
  title: 'The file has its own transaction in SQLite',
  judge(detail, context) {
    if (detail.kind !== 'transaction') return undefined
    const { migration, statement } = context
    switch (detail.verb) {
      case 'BEGIN':
        return isD1(context) ? BEGUN_ON_D1 : BEGUN
      case 'COMMIT': {
        const rest = migration.statements.slice(statement.number).map((one) => sqliteDetail(one))
        return rest.every(isQuiet) ? undefined : COMMITTED
      }
      case 'ROLLBACK':
        return ROLLED_BACK
      case 'SAVEPOINT':
      case 'RELEASE':
        return isD1(context) ? SAVEPOINT : undefined
      case 'ROLLBACK TO':
        return isD1(context) ? { ...SAVEPOINT, severity: 'error' } : undefined
    }
  },
}

const BEGUN: SqliteFinding = {
  severity: 'info',
  message:
    'BEGIN and COMMIT are not needed: a deploy runs each migration in one transaction anyway, and skips them.',
}

const BEGUN_ON_D1: SqliteFinding = {
  severity: 'warning',
  message:
    'D1 refuses BEGIN and COMMIT. A deploy skips them, because it runs each migration in one transaction anyway; remove them so that wrangler can also run the file.',
}

const COMMITTED: SqliteFinding = {
  severity: 'warning',
  message:
    'A deploy does not commit here: it runs the whole file in one transaction. If a later statement fails, those above are undone as well.',
}

const ROLLED_BACK: SqliteFinding = {
  severity: 'warning',
  message:
    'The ROLLBACK undoes the statements since the BEGIN: a deploy skips them, and records the migration as applied.',
}

const SAVEPOINT: SqliteFinding = {
  severity: 'warning',
  message: 'D1 refuses SAVEPOINT, RELEASE and ROLLBACK TO.',
}
