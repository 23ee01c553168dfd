import { dependentsOf, isSameName } from '../../../schema/index.ts'
import { list, tableObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** References to a table follow its rename. */
export const rebuildRenamesFirst: SqliteRule = {
  id: 'rebuild-renames-first',
  title: 'A rebuild renames the old table first',
  judge(detail, { run, definitions, statement }) {
    const rebuild = run.rebuilds.find(({ rename }) => rename === statement)
    if (rebuild?.order !== 'rename' || detail.kind !== 'rename-table') return undefined
    if (run.legacy.has(statement.number)) return undefined
    const { name } = rebuild
    const followers = [
      ...dependentsOf(definitions, name)
        .filter(({ table }) => !isSameName(table.name, name))
        .map(({ table }) => `the foreign key of ${table.name}`),
      ...[...definitions.views.values()]
        .filter(({ names }) => names.tables.some((table) => isSameName(table, name)))
        .map((view) => `the view ${view.name}`),
      ...[...definitions.triggers.values()]
        .filter(({ names }) => names.tables.some((table) => isSameName(table, name)))
        .map((trigger) => `the trigger ${trigger.name}`),
    ]
    if (followers.length === 0) return undefined
    return {
      severity: 'error',
      object: tableObject(name),
      anySize: true,
      message: `The rebuild renames ${name} to ${detail.to} first: ${list(followers)} ${followers.length === 1 ? 'follows' : 'follow'} it there, and ${followers.length === 1 ? 'refers' : 'refer'} to a table that is dropped. Fill a new table, drop ${name}, and rename the new one.`,
    }
  },
}
