import type { SqliteIndex } from '../../../statements/index.ts'
import { droppedTable } from '../keys.ts'
import { columnOf, type Rebuild, successorOf } from '../rebuild.ts'
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
        table: droppedTable(rebuild),
        anySize: true as const,
        message: `The rebuild of ${name} drops its trigger ${trigger.name} with the old table, and nothing creates it again.`,
        safeSql: textOf(trigger),
      })),
      ...lost.indexes
        .filter((index) => canRemain(index, rebuild))
        .map((index) => ({
          severity: 'warning' as const,
          object: { kind: 'index', schema: null, name: index.name } as const,
          table: droppedTable(rebuild),
          anySize: true as const,
          message: `The rebuild of ${name} drops ${index.unique ? 'the unique index' : 'the index'} ${index.name} with the old table, and nothing creates it again.`,
          safeSql: textOf(index),
        })),
    ]
  },
}

/** An index of a column that goes must go, too. */
function canRemain({ columns, names }: SqliteIndex, rebuild: Rebuild): boolean {
  const { old, made } = rebuild
  return [...columns, ...names.columns.map(({ name }) => name)]
    .filter((name) => columnOf(old, name))
    .every((name) => columnOf(made, name) ?? successorOf(rebuild, name))
}

/** The statement that creates it; unknown where SQLite has changed it since. */
function textOf({ text, renamed }: { readonly text: string; readonly renamed?: true }) {
  return renamed ? undefined : `${text};`
}
