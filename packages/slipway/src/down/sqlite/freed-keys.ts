import type { Session } from '../../database/index.ts'
import { quoteText } from '../../database/index.ts'
import {
  isSameName,
  ROWIDS,
  type RowTable,
  type SqliteState,
  type TableChange,
} from '../../schema/index.ts'
import {
  type Action,
  sqliteNameKey,
  sqliteNamesIn,
  type Statement,
  sqliteTriggerIn,
} from '../../statements/index.ts'

/** A migration that has just been run. */
export interface RunMigration {
  readonly statements: readonly Statement[]
  readonly before: SqliteState
  readonly after: SqliteState
  readonly changes: readonly TableChange[]
}

/** A table that existed before a migration, as it is behind it. */
type Lasting = TableChange & { readonly before: RowTable; readonly after: RowTable }

/**
 * Whether a row that existed before a migration may have a key that the migration inserts: where a statement, a trigger, a
 * foreign key or a conflict clause may have deleted the row, or given it another key. Says so rather too often.
 */
export async function mayFreeKeys(
  session: Session,
  change: Lasting,
  run: RunMigration,
): Promise<boolean> {
  const actions = run.statements.flatMap((statement) => statement.actions)
  return (
    actions.some((action) => freesKeys(action, change, namesOf(change, actions))) ||
    isChangedByTrigger(change, run) ||
    (await readHas(session, conflictClause(change.after))) ||
    (actions.some(mayPassOn) && (await readHas(session, passingKey(change.after))))
  )
}

/** The names that a table has before, during and after a migration. */
function namesOf({ before, after }: Lasting, actions: readonly Action[]): ReadonlySet<string> {
  const names = new Set([sqliteNameKey(before.name), sqliteNameKey(after.name)])
  for (let known = -1; known < names.size;) {
    known = names.size
    for (const action of actions) {
      if (action.kind !== 'rename' || action.of !== 'table') continue
      const both = [action.from, action.to].map(sqliteNameKey)
      if (both.some((name) => names.has(name))) for (const name of both) names.add(name)
    }
  }
  return names
}

function freesKeys(
  action: Action,
  { before, after, columns }: Lasting,
  names: ReadonlySet<string>,
): boolean {
  if (action.kind === 'insert' && action.copies && names.has(sqliteNameKey(action.table.name))) {
    // A rebuild: each row must keep its key.
    const isKept = before.key.every((key) => columns.some((one) => one.before === key && one.exact))
    return action.copies.filtered || !isKept || before.key.length === 0
  }
  if (action.kind !== 'insert' && action.kind !== 'update' && action.kind !== 'delete') return false
  if (!names.has(sqliteNameKey(action.table.name))) return false
  if (action.kind === 'delete') return true
  if (action.kind === 'insert') return action.updates === true
  const keys = [before, after].flatMap(({ key, unique }) => [...key, ...unique])
  return action.columns.some(
    (name) => ROWIDS.includes(name.toLowerCase()) || keys.some((key) => isSameName(key, name)),
  )
}

/** Whether a trigger that names the table fires on what a statement or another trigger writes. One that cannot be read may. */
function isChangedByTrigger({ before, after }: Lasting, run: RunMigration): boolean {
  const texts = [
    ...[...run.before.objects, ...run.after.objects].flatMap(({ kind, sql }) =>
      kind === 'trigger' ? [sql] : [],
    ),
    ...run.statements
      .filter(({ actions }) => actions.some(({ kind }) => kind === 'create-trigger'))
      .map(({ text }) => text),
  ]
  const triggers = texts.map((sql) => {
    const body = sql.slice(Math.max(0, sql.search(/\bbegin\b/i)))
    return {
      found: sqliteTriggerIn(sql),
      names: [...sqliteNamesIn(body)].map(inTrigger),
    }
  })
  const written = new Set(run.statements.flatMap(({ actions }) => actions.flatMap(eventsOf)))
  const named = new Set<string>()
  for (let known = -1; known < named.size;) {
    known = named.size
    for (const { found, names } of triggers) {
      const isFired =
        found === undefined ||
        written.has(`${found.event} ${sqliteNameKey(found.table)}`) ||
        named.has(inTrigger(found.table))
      if (isFired) for (const name of names) named.add(name)
    }
  }
  const isUnread = triggers.some(({ found }) => found === undefined)
  return isUnread || [before, after].some(({ name }) => named.has(inTrigger(name)))
}

/** A name as one of those in the body of a trigger, whose letters outside ASCII may be folded. */
function inTrigger(name: string): string {
  return sqliteNameKey(name.toLowerCase())
}

/** What an action does to rows, as triggers see it. */
function eventsOf(action: Action): string[] {
  if (action.kind !== 'insert' && action.kind !== 'update' && action.kind !== 'delete') return []
  const name = sqliteNameKey(action.table.name)
  const events =
    action.kind === 'insert' && action.updates ? ['insert', 'update', 'delete'] : [action.kind]
  return events.map((event) => `${event} ${name}`)
}

/** Whether foreign keys can pass it on to other tables. */
function mayPassOn(action: Action): boolean {
  return (
    ['update', 'delete'].includes(action.kind) ||
    (action.kind === 'insert' && action.updates === true) ||
    (action.kind === 'drop' && action.of === 'table')
  )
}

/** A foreign key through which rows of a table are deleted or get other keys. */
function passingKey({ name }: RowTable): string {
  return `SELECT 1 FROM pragma_foreign_key_list(${quoteText(name)}) WHERE on_delete NOT IN ('NO ACTION', 'RESTRICT') OR on_update NOT IN ('NO ACTION', 'RESTRICT')`
}

/** ON CONFLICT in its definition: an INSERT may leave or replace a row. */
function conflictClause({ name }: RowTable): string {
  return `SELECT 1 FROM sqlite_schema WHERE name = ${quoteText(name)} AND sql LIKE '%conflict%'`
}

async function readHas(session: Session, sql: string): Promise<boolean> {
  return (await session.query(sql)).length > 0
}
