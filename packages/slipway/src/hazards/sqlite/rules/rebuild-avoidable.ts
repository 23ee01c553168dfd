import { alterFormOf } from '../alter-form.ts'
import type { SqliteRule } from '../rule.ts'
import { tableObject } from '../words.ts'

/** What ALTER TABLE can do needs no copy of all rows, and drops no table. */
export const rebuildAvoidable: SqliteRule = {
  id: 'rebuild-avoidable',
  title: 'A rebuild does what ALTER TABLE can do',
  judge(_detail, { run, statement, migration }) {
    const rebuild = run.rebuilds.find(({ create }) => create === statement)
    const form = rebuild && alterFormOf(rebuild, migration)
    if (rebuild === undefined || form === undefined) return undefined
    const { name, old } = rebuild
    return {
      severity: 'info',
      object: tableObject(name),
      table: old.name,
      message: `The rebuild of ${name} copies all rows and drops the table for what ALTER TABLE does in place. Rows of other tables are safe then, whatever runs the migration.`,
      safeSql: form.steps.map((step) => `${step};`).join('\n'),
    }
  },
}
