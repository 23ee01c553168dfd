import { setting } from '../migration-run.ts'
import type { SqliteFinding, SqliteRule } from '../rule.ts'

/** SQLite's checks keep a database readable and its rows valid. */
export const unsafePragma: SqliteRule = {
  id: 'unsafe-pragma',
  title: 'A PRAGMA switches off what protects the data',
  judge(detail) {
    if (setting('writable_schema', detail)) return WRITABLE
    return setting('ignore_check_constraints', detail) ? UNCHECKED : undefined
  },
}

const WRITABLE: SqliteFinding = {
  severity: 'error',
  message:
    'PRAGMA writable_schema lets statements change sqlite_schema as they like: one wrong word there makes the database unreadable. Rebuild the table instead.',
}

const UNCHECKED: SqliteFinding = {
  severity: 'warning',
  message:
    'PRAGMA ignore_check_constraints allows rows that violate a CHECK. They fail at their next update.',
}
