import { atomicScriptOf } from '../../execution/index.ts'
import type { TableChange } from '../../schema/index.ts'
import {
  type Action,
  type InsertedRows,
  type ObjectName,
  sqliteNameKey,
} from '../../statements/index.ts'
import type { SchemaRun } from './freed-keys.ts'

type Insert = Extract<Action, { kind: 'insert' }>

function hasInserted(action: Action): action is Insert & { readonly inserted: InsertedRows } {
  return action.kind === 'insert' && action.inserted !== undefined && !isTemporary(action.table)
}

function isTemporary({ schema }: ObjectName): boolean {
  return schema?.toLowerCase() === 'temp'
}

/** An INSERT of literal rows, and what the whole migration does to its table. */
interface FollowedInsert {
  readonly inserted: InsertedRows
  /** The number of the statement. */
  readonly number: number
  readonly change: TableChange
}

/** The inserts that a deploy runs, in order. Their tables are followed through renames and rebuilds. */
export function insertsOf(run: SchemaRun): FollowedInsert[] {
  const tables = new Map<string, Followed>()
  for (const { before } of run.changes)
    if (before) tables.set(sqliteNameKey(before.name), { before: before.name })
  const found: { inserted: InsertedRows; number: number; table: Followed }[] = []
  for (const { actions, number } of atomicScriptOf(run).statements) {
    for (const action of actions) {
      follow(tables, action)
      if (!hasInserted(action)) continue
      const table = tables.get(sqliteNameKey(action.table.name))
      if (table) found.push({ inserted: action.inserted, number, table })
    }
  }
  return found.flatMap(({ table, ...insert }) => {
    const [name] = [...tables].find(([, one]) => one === table) ?? []
    const change = run.changes.find(({ before, after }) =>
      table.before === undefined
        ? after !== undefined && sqliteNameKey(after.name) === name
        : before?.name === table.before,
    )
    return change ? [{ ...insert, change }] : []
  })
}

/** A table; `before` is its name before the migration, if it existed. */
interface Followed {
  readonly before?: string
}

function follow(tables: Map<string, Followed>, action: Action): void {
  if (action.kind === 'create-table' && !isTemporary(action.table)) {
    const key = sqliteNameKey(action.table.name)
    if (!tables.has(key)) tables.set(key, {})
  } else if (action.kind === 'rename' && action.of === 'table') {
    const table = tables.get(sqliteNameKey(action.from))
    tables.delete(sqliteNameKey(action.from))
    if (table) tables.set(sqliteNameKey(action.to), table)
  } else if (action.kind === 'drop' && action.of === 'table') {
    tables.delete(sqliteNameKey(action.object.name))
  }
}
