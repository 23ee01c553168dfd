import type { Session } from '../../database/index.ts'
import {
  type Action,
  loadSqliteParser,
  sqliteNameKey,
  sqliteNamesIn,
  sqliteTriggerIn,
  type Statement,
} from '../../statements/index.ts'

/** What of a schema passes a change of rows on to other rows. */
export interface Passers {
  readonly triggers: readonly Trigger[]
  readonly keys: readonly PassingKey[]
}

interface Trigger {
  readonly table: string
  readonly event: Event
  /** All names in its body: tables among them. */
  readonly names: readonly string[]
}

/** A foreign key with CASCADE, SET NULL or SET DEFAULT. */
interface PassingKey {
  readonly child: string
  readonly parent: string
  /** The column that it refers to; nothing if that is the primary key. */
  readonly column: string | null
  readonly onDelete: string
  readonly onUpdate: string
}

type Event = 'insert' | 'update' | 'delete'

/** Reads the triggers of a database, and its foreign keys that do more than refuse. */
export async function readPassers(session: Session): Promise<Passers> {
  await loadSqliteParser()
  const triggers = await session.query<{ sql: string }>(
    `SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND sql IS NOT NULL`,
  )
  const keys = await session.query<{
    child: string
    parent: string
    column: string | null
    onDelete: string
    onUpdate: string
  }>(
    `SELECT m.name AS child, f."table" AS parent, f."to" AS "column", f.on_delete AS "onDelete", f.on_update AS "onUpdate"
     FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`,
  )
  return {
    triggers: triggers.flatMap(({ sql }): Trigger[] => {
      const found = sqliteTriggerIn(sql)
      if (found === undefined) return []
      const body = sql.slice(Math.max(0, sql.search(/\bbegin\b/i)))
      return [{ table: found.table, event: found.event, names: [...sqliteNamesIn(body)] }]
    }),
    keys: keys.filter(({ onDelete, onUpdate }) => [onDelete, onUpdate].some(passesOn)),
  }
}

function passesOn(action: string): boolean {
  return action !== 'NO ACTION' && action !== 'RESTRICT'
}

/**
 * The tables, by the keys of their names, whose rows statements may change without naming them: through triggers, views and
 * foreign keys. Rather too many than too few.
 */
export function passedOn(
  statements: readonly Pick<Statement, 'actions'>[],
  { triggers, keys }: Passers,
  foreignKeys: boolean,
): ReadonlySet<string> {
  const writes = new Set(
    statements.flatMap(({ actions }) => actions).flatMap((action) => writesOf(action)),
  )
  const passed = new Set<string>()
  const pass = (name: string) => {
    passed.add(name)
    for (const event of ['insert', 'update', 'delete']) writes.add(`${event} ${name}`)
  }
  for (let known = -1; known < passed.size;) {
    known = passed.size
    for (const { table, event, names } of triggers)
      if (writes.has(`${event} ${sqliteNameKey(table)}`)) for (const name of names) pass(name)
    if (!foreignKeys) continue
    for (const key of keys) {
      const parent = sqliteNameKey(key.parent)
      const isDeleted = ['delete', 'drop'].some((event) => writes.has(`${event} ${parent}`))
      const isUpdated =
        writes.has(`update ${parent}`) &&
        (key.column === null ||
          passed.has(parent) ||
          writes.has(`assign ${parent} ${sqliteNameKey(key.column)}`))
      if ((isDeleted && passesOn(key.onDelete)) || (isUpdated && passesOn(key.onUpdate)))
        pass(sqliteNameKey(key.child))
    }
  }
  return passed
}

/** What an action does to the rows of tables and views, as texts. */
function writesOf(action: Action): string[] {
  switch (action.kind) {
    case 'insert': {
      const name = sqliteNameKey(action.table.name)
      const events = action.updates ? ['insert', 'update', 'delete'] : ['insert']
      return events.map((event) => `${event} ${name}`)
    }
    case 'update': {
      const name = sqliteNameKey(action.table.name)
      const assigned = action.columns.map((column) => `assign ${name} ${sqliteNameKey(column)}`)
      return [`update ${name}`, ...assigned]
    }
    case 'delete':
      return [`delete ${sqliteNameKey(action.table.name)}`]
    case 'drop':
      return action.of === 'table' ? [`drop ${sqliteNameKey(action.object.name)}`] : []
    default:
      return []
  }
}
