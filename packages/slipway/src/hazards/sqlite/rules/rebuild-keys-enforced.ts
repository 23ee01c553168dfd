import { droppedTable, reachedBy, reachedName, whoEnforcesKeys } from '../keys.ts'
import type { SqliteRule } from '../rule.ts'
import { list, tableObject } from '../words.ts'

/** Keys without a reaction make SQLite refuse the DROP TABLE of a rebuild. */
export const rebuildKeysEnforced: SqliteRule = {
  id: 'rebuild-keys-enforced',
  title: 'A rebuild runs with foreign keys enforced',
  judge(_detail, context) {
    const { run, statement } = context
    const rebuild = run.rebuilds.find(({ drop }) => drop === statement)
    if (rebuild === undefined) return undefined
    const by = whoEnforcesKeys(context)
    if (by === undefined) return undefined
    const refused = reachedBy(context, rebuild).filter(
      ({ key }) => key.onDelete === 'restrict' || key.onDelete === 'no-action',
    )
    if (refused.length === 0) return undefined
    const tables = list(refused.map((one) => reachedName(context, one, rebuild)))
    const how =
      by === 'migration'
        ? 'The migration runs with foreign keys enforced. Put PRAGMA foreign_keys=OFF before the first change of the file.'
        : 'wrangler d1 migrations apply ignores PRAGMA foreign_keys=OFF, so it fails there. slipway deploy applies the file with keys switched off.'
    return {
      severity: by === 'migration' ? 'error' : 'warning',
      object: tableObject(rebuild.name),
      table: droppedTable(rebuild),
      message: `SQLite refuses the rebuild of ${rebuild.name} (FOREIGN KEY constraint failed), because rows of ${tables} refer to it. ${how}`,
    }
  },
}
