import { isSameName, type SqliteDefinitions } from '../../../schema/index.ts'
import { quoted } from '../names-and-sizes.ts'
import { namesTable, viewsOver } from '../uses.ts'

/** Views and triggers that prevent the rename of a table, as statements without their semicolons. */
export interface Dependants {
  /** Whether all their texts are known: no rename changed them. */
  readonly allTextsKnown: boolean
  readonly drops: readonly string[]
  readonly creates: readonly string[]
}

/**
 * Objects that use a table without belonging to it: views that read it directly or through other views, the
 * triggers of those views, and triggers of other tables. They are recreated in their original order.
 */
export function dependentViewsAndTriggers(
  definitions: SqliteDefinitions,
  table: string,
): Dependants {
  const { views, triggers } = definitions
  const names = [table, ...viewsOver(definitions, table)]
  const gone = [...views.values()].filter((view) =>
    names.some((name) => isSameName(name, view.name)),
  )
  const fired = [...triggers.values()].filter((trigger) => {
    if (isSameName(trigger.table, table)) return false
    return names.some((name) => isSameName(trigger.table, name) || namesTable(trigger.names, name))
  })
  const found = [...gone, ...fired]
  // A trigger of a view is dropped with the view.
  const own = fired.filter((trigger) => !gone.some((view) => isSameName(view.name, trigger.table)))
  return {
    allTextsKnown: found.every(({ renamed }) => !renamed),
    drops: [
      ...own.map(({ name }) => `DROP TRIGGER ${quoted(name)}`),
      ...gone.map(({ name }) => `DROP VIEW ${quoted(name)}`).toReversed(),
    ],
    creates: found.map((one) => one.text),
  }
}
