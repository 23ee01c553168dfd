import { alterFormOf } from '../alter-form.ts'
import { tableObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** ALTER TABLE can make some changes without copying all rows and dropping the table. */
export const rebuildAvoidable: SqliteRule = {
  id: 'rebuild-avoidable',
  title: 'A rebuild does what ALTER TABLE can do',
  judge(_detail, { run, statement, migration }) {
    const rebuild = run.rebuilds.find(({ create }) => create === statement)
    const form = rebuild && alterFormOf(rebuild, migration)
    if (rebuild === undefined || form === undefined) return undefined
    const { name, old } = rebuild
    const finding = { severity: 'info', object: tableObject(name), table: old.name } as const
    const but = 'but copies all rows and drops the table, which others may refer to'
    if (form.steps.length === 0) {
      return {
        ...finding,
        message: `The rebuild of ${name} changes at most the order of its columns, ${but}.`,
      }
    }
    return {
      ...finding,
      message: `The rebuild of ${name} does what ALTER TABLE does in place, ${but}.`,
      safeSql: form.steps.map((step) => `${step};`).join('\n'),
    }
  },
}
