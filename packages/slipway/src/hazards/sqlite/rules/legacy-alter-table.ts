import { dependentsOf, isSameName } from '../../../schema/index.ts'
import type { SqliteNames } from '../../../statements/index.ts'
import { list, tableObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** With PRAGMA legacy_alter_table, views, triggers and foreign keys keep the old name. */
export const legacyAlterTable: SqliteRule = {
  id: 'legacy-alter-table',
  title: 'PRAGMA legacy_alter_table leaves old names behind',
  judge(detail, { run, definitions, statement }) {
    if (detail.kind !== 'rename-table' || !run.legacy.has(statement.number)) return undefined
    const { table, to } = detail
    if (run.rebuilds.some(({ rename }) => rename === statement)) return undefined
    const left = [
      ...[...definitions.views.values()]
        .filter(({ names }) => mentions(names, table))
        .map(({ name }) => `the view ${name}`),
      ...[...definitions.triggers.values()]
        .filter(({ names }) => mentions(names, table))
        .map(({ name }) => `the trigger ${name}`),
      ...dependentsOf(definitions, table)
        .filter((one) => !run.enforcesKeys && !isSameName(one.table.name, table))
        .map((one) => `the foreign key of ${one.table.name}`),
    ]
    if (left.length === 0) return undefined
    return {
      severity: 'error',
      object: tableObject(table),
      anySize: true,
      message: `With PRAGMA legacy_alter_table, ${list(left)} still ${left.length === 1 ? 'names' : 'name'} ${table} after its rename to ${to}, and ${left.length === 1 ? 'fails' : 'fail'} from then on.`,
    }
  },
}

function mentions({ tables }: SqliteNames, name: string): boolean {
  return tables.some((table) => isSameName(table, name))
}
