import { isSameName } from '../../../schema/index.ts'
import type { SqliteNames } from '../../../statements/index.ts'
import { list, tableObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** ALTER TABLE … RENAME checks every view and trigger, and fails if one uses a table that does not exist. */
export const rebuildUnderView: SqliteRule = {
  id: 'rebuild-under-view',
  title: 'A view or trigger uses a table that is rebuilt',
  judge(_detail, { run, definitions, statement }) {
    const rebuild = run.rebuilds.find(({ rename }) => rename === statement)
    if (rebuild?.order !== 'copy' || run.legacy.has(statement.number)) return undefined
    const { name } = rebuild
    const names = [
      ...[...definitions.views.values()]
        .filter((view) => mentions(view.names, name))
        .map((view) => `the view ${view.name}`),
      ...[...definitions.triggers.values()]
        .filter((trigger) => mentions(trigger.names, name))
        .map((trigger) => `the trigger ${trigger.name} of ${trigger.table}`),
    ]
    if (names.length === 0) return undefined
    return {
      severity: 'error',
      object: tableObject(name),
      anySize: true,
      message: `SQLite refuses to rename the new table to ${name} (no such table: main.${name}), because ${list(names)} ${names.length === 1 ? 'uses' : 'use'} ${name}, which does not exist at that moment. Drop ${names.length === 1 ? 'it' : 'them'} before the rebuild, and create ${names.length === 1 ? 'it' : 'them'} again after it.`,
    }
  },
}

function mentions({ tables }: SqliteNames, name: string): boolean {
  return tables.some((table) => isSameName(table, name))
}
