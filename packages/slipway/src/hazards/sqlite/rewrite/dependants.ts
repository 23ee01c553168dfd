import { isSameName, type SqliteDefinitions } from '../../../schema/index.ts'
import { namesTable } from '../uses.ts'
import { quoted } from '../words.ts'

/** Views and triggers that stop the rename of a table, as statements without their semicolons. */
export interface Dependants {
  /** Their texts are as they were written. */
  readonly known: boolean
  readonly drops: readonly string[]
  readonly creates: readonly string[]
}

/**
 * What names a table and does not belong to it: views of it and of those views, with their triggers, and triggers of other
 * tables. They are created again in the order in which they were made.
 */
export function dependentViews({ views, triggers }: SqliteDefinitions, table: string): Dependants {
  const names = [table]
  const found = []
  // A view can only name what was made before it, or fails until then: one pass over them as they grow is enough.
  for (let size = -1; size !== names.length;) {
    size = names.length
    for (const view of views.values()) {
      if (names.some((name) => isSameName(name, view.name))) continue
      if (names.some((name) => namesTable(view.names, name))) names.push(view.name)
    }
  }
  const gone = [...views.values()].filter((view) =>
    names.some((name) => isSameName(name, view.name)),
  )
  const fired = [...triggers.values()].filter((trigger) => {
    if (isSameName(trigger.table, table)) return false
    return names.some((name) => isSameName(trigger.table, name) || namesTable(trigger.names, name))
  })
  found.push(...gone, ...fired)
  // A trigger of a view is dropped with it.
  const own = fired.filter((trigger) => !gone.some((view) => isSameName(view.name, trigger.table)))
  return {
    known: found.every(({ renamed }) => !renamed),
    drops: [
      ...own.map(({ name }) => `DROP TRIGGER ${quoted(name)}`),
      ...gone.map(({ name }) => `DROP VIEW ${quoted(name)}`).toReversed(),
    ],
    creates: found.map((one) => one.text),
  }
}
