import type { SqliteReaction } from '../../../statements/index.ts'
import { reachedBy, reachedName, whoEnforcesKeys } from '../keys.ts'
import { list, tableObject } from '../names-and-sizes.ts'
import type { SqliteRule } from '../rule.ts'

/** If foreign keys are enforced, DROP TABLE first deletes the rows, which affects child rows. */
export const rebuildCascades: SqliteRule = {
  id: 'rebuild-cascades',
  title: 'A rebuild deletes or empties child rows',
  judge(_detail, context) {
    const { run, facts, statement } = context
    const rebuild = run.rebuilds.find(({ drop }) => drop === statement)
    if (rebuild === undefined) return undefined
    const by = whoEnforcesKeys(context)
    if (by === undefined) return undefined
    const passed = reachedBy(context, rebuild).filter(({ key }) =>
      ['cascade', 'set-null', 'set-default'].includes(key.onDelete),
    )
    if (passed.length === 0) return undefined
    const named = (...reactions: readonly SqliteReaction[]) =>
      list(
        passed
          .filter(({ key }) => reactions.includes(key.onDelete))
          .map((one) => reachedName(context, one, rebuild)),
      )
    const rows = named('cascade')
    const references = named('set-null', 'set-default')
    const losses = [
      ...(rows === '' ? [] : [`the rows of ${rows}`]),
      ...(references === '' ? [] : [`the references of ${references}`]),
    ]
    return {
      severity: by === 'migration' || facts.appliedBy === 'wrangler' ? 'error' : 'warning',
      object: tableObject(rebuild.name),
      table: rebuild.oldName,
      anySize: true,
      message: messageOf(by, rebuild.name, losses.join(', and ')),
    }
  },
}

function messageOf(by: 'migration' | 'wrangler', name: string, losses: string): string {
  return by === 'migration'
    ? `The rebuild of ${name} loses ${losses}: foreign keys are enforced, and DROP TABLE deletes the rows of ${name} first. PRAGMA defer_foreign_keys does not stop it. Put PRAGMA foreign_keys=OFF before the first change of the file.`
    : `With wrangler d1 migrations apply, which ignores PRAGMA foreign_keys=OFF, the rebuild of ${name} loses ${losses}: DROP TABLE deletes the rows of ${name} first. Slipway applies the file with keys switched off, and counts the rows before and after.`
}
