import { columnObject, isD1, tableObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** Only the newest SQLite supports these forms of ALTER TABLE. */
export const alterConstraint: SqliteRule = {
  id: 'alter-constraint',
  title: 'ALTER TABLE changes a constraint in SQLite',
  judge(detail, context) {
    if (detail.kind !== 'alter-constraint') return undefined
    const { table, change, column } = detail
    const isStricter = change === 'SET NOT NULL' || change === 'ADD CONSTRAINT'
    return [
      {
        severity: isD1(context) ? 'error' : 'warning',
        object: column === undefined ? tableObject(table) : columnObject(table, column),
        anySize: true,
        message: isD1(context)
          ? `D1 refuses ALTER TABLE … ${change}. Rebuild ${table}.`
          : `ALTER TABLE … ${change} needs SQLite 3.53 or later, and D1 refuses it. A rebuild of ${table} works everywhere.`,
      },
      isStricter && !isD1(context)
        ? {
            severity: 'warning',
            object: column === undefined ? tableObject(table) : columnObject(table, column),
            table,
            message: `${change} fails if existing rows of ${table} break it.`,
          }
        : undefined,
    ]
  },
}
