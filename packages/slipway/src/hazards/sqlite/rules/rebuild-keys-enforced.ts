import { sqliteDetail } from '../../../statements/index.ts'
import { reachedBy, reachedName, whoEnforcesKeys } from '../keys.ts'
import { setting } from '../migration-run.ts'
import { list, tableObject } from '../names-and-sizes.ts'
import type { Rebuild } from '../rebuild.ts'
import type { SqliteContext, SqliteRule } from '../rule.ts'

/** Foreign keys with RESTRICT or NO ACTION make SQLite refuse the DROP TABLE of a rebuild. */
export const rebuildKeysEnforced: SqliteRule = {
  id: 'rebuild-keys-enforced',
  title: 'A rebuild runs with foreign keys enforced',
  judge(_detail, context) {
    const { run, statement } = context
    const rebuild = run.rebuilds.find(({ drop }) => drop === statement)
    if (rebuild === undefined) return undefined
    const by = whoEnforcesKeys(context)
    if (by === undefined || isDeferredOver(rebuild, context)) return undefined
    const refused = reachedBy(context, rebuild).filter(
      ({ key }) => key.onDelete === 'restrict' || key.onDelete === 'no-action',
    )
    if (refused.length === 0) return undefined
    const tables = list(refused.map((one) => reachedName(context, one, rebuild)))
    const how =
      by === 'migration'
        ? 'The migration runs with foreign keys enforced. Put PRAGMA foreign_keys=OFF before the first change of the file.'
        : 'wrangler d1 migrations apply ignores PRAGMA foreign_keys=OFF, so it fails there. Slipway applies the file with keys switched off.'
    return {
      severity: by === 'migration' ? 'error' : 'warning',
      object: tableObject(rebuild.name),
      table: rebuild.oldName,
      message: `SQLite refuses the rebuild of ${rebuild.name} (FOREIGN KEY constraint failed), because rows of ${tables} refer to it. ${how}`,
    }
  },
}

/**
 * Whether violations are deferred to the end and the count is reset before that. Switching
 * defer_foreign_keys off resets it, and Prisma does so after a rebuild.
 */
function isDeferredOver({ drop, rename }: Rebuild, { migration }: SqliteContext): boolean {
  const settings = migration.statements.map((statement) => {
    return { number: statement.number, on: setting('defer_foreign_keys', sqliteDetail(statement)) }
  })
  const before = settings.findLast(({ number, on }) => number < drop.number && on !== undefined)
  const end = Math.max(drop.number, rename.number)
  return before?.on === true && settings.some(({ number, on }) => number > end && on === false)
}
