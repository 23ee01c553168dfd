import type { SqliteNames } from '../../../statements/index.ts'
import { indexFitsNewTable, worksOnNewTable, type Rebuild } from '../rebuild.ts'
import type { SqliteRule } from '../rule.ts'

/** Indexes and triggers are dropped with their table. */
export const rebuildLosesObjects: SqliteRule = {
  id: 'rebuild-loses-objects',
  title: 'A rebuild loses indexes or triggers',
  judge(_detail, { run, statement }) {
    const rebuild = run.rebuilds.find(({ drop }) => drop === statement)
    if (rebuild === undefined) return undefined
    const { name, lost } = rebuild
    return [
      ...lost.triggers.map((trigger) => ({
        severity: 'error' as const,
        object: { kind: 'trigger', schema: null, table: name, name: trigger.name } as const,
        table: rebuild.oldName,
        anySize: true as const,
        message: `The rebuild of ${name} drops its trigger ${trigger.name} with the old table, and nothing creates it again.`,
        safeSql: textOf(trigger, namesOf(trigger, trigger.of), rebuild),
      })),
      ...lost.indexes
        .filter((index) => indexFitsNewTable(index, rebuild))
        .map((index) => ({
          severity: 'warning' as const,
          object: { kind: 'index', schema: null, name: index.name } as const,
          table: rebuild.oldName,
          anySize: true as const,
          message: `The rebuild of ${name} drops ${index.unique ? 'the unique index' : 'the index'} ${index.name} with the old table, and nothing creates it again.`,
          safeSql: textOf(index, namesOf(index, index.columns), rebuild),
        })),
    ]
  },
}

function namesOf({ names }: { readonly names: SqliteNames }, own: readonly string[]): string[] {
  return [...own, ...names.columns.map(({ name }) => name)]
}

/**
 * The statement that recreates the object; undefined if a rename changed its text,
 * or if it uses a dropped column.
 */
function textOf(
  { text, renamed }: { readonly text: string; readonly renamed?: true },
  names: readonly string[],
  rebuild: Rebuild,
): string | undefined {
  return renamed || !worksOnNewTable(names, rebuild) ? undefined : `${text};`
}
