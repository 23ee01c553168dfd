import type { Session } from '../../database/index.ts'
import {
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
  /** Tables, by the keys of their names, whose definition may replace rows. */
  readonly replacing: ReadonlySet<string>
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
  const replacing = await session.query<{ name: string }>(
    `SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%replace%'`,
  )
  return {
    replacing: new Set(replacing.map(({ name }) => sqliteNameKey(name))),
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

/** The tables, by the keys of their names, whose rows statements may change without naming them: rather too many than too few. */
export interface PassedOn {
  /** Through triggers and views, and foreign keys that are enforced. */
  readonly changed: ReadonlySet<string>
  /** The same if foreign keys are enforced although they should not be. */
  readonly reached: ReadonlySet<string>
}

/** What statements may change of a schema without naming it. */
export function passedOn(
  statements: readonly Pick<Statement, 'actions' | 'text'>[],
  passers: Passers,
  foreignKeys: boolean,
): PassedOn {
  const reached = namesPassedOn(statements, passers)
  const changed = foreignKeys ? reached : namesPassedOn(statements, { ...passers, keys: [] })
  return { changed, reached }
}

function namesPassedOn(
  statements: readonly Pick<Statement, 'actions' | 'text'>[],
  { triggers, keys, replacing }: Passers,
): ReadonlySet<string> {
  const writes = new Set(statements.flatMap((statement) => writesOf(statement, replacing)))
  const passed = new Set<string>()
  const pass = (name: string) => {
    passed.add(name)
    for (const event of EVENTS) writes.add(`${event} ${name}`)
  }
  for (let known = -1; known < passed.size;) {
    known = passed.size
    for (const { table, event, names } of triggers)
      if (writes.has(`${event} ${sqliteNameKey(table)}`)) for (const name of names) pass(name)
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

const EVENTS: readonly Event[] = ['insert', 'update', 'delete']

/** What a statement does to the rows of tables and views, as texts. REPLACE deletes rows. */
function writesOf(
  { actions, text }: Pick<Statement, 'actions' | 'text'>,
  replacing: ReadonlySet<string>,
): string[] {
  const replaces = /\breplace\b/i.test(text)
  return actions.flatMap((action): string[] => {
    switch (action.kind) {
      case 'insert':
      case 'update': {
        const name = sqliteNameKey(action.table.name)
        const isWhole =
          replaces || replacing.has(name) || (action.kind === 'insert' && action.updates)
        const events = isWhole ? EVENTS : [action.kind]
        const columns = action.kind === 'update' ? action.columns : []
        const assigned = columns.map((column) => `assign ${name} ${sqliteNameKey(column)}`)
        return [...events.map((event) => `${event} ${name}`), ...assigned]
      }
      case 'delete':
        return [`delete ${sqliteNameKey(action.table.name)}`]
      case 'drop':
        return action.of === 'table' ? [`drop ${sqliteNameKey(action.object.name)}`] : []
      default:
        return []
    }
  })
}
