import { atomicScriptOf } from '../../execution/index.ts'
import {
  isOnRows,
  observeWrites,
  type SqliteState,
  type TableChange,
  withDefinitions,
} from '../../schema/index.ts'
import { type Action, type Migration, sqliteNameKey } from '../../statements/index.ts'

/** A migration with the schema before and after it. */
export interface SchemaRun extends Pick<Migration, 'statements'> {
  readonly before: SqliteState
  readonly after: SqliteState
  readonly changes: readonly TableChange[]
}

/**
 * The tables where a plain INSERT of the migration may name the key of a row that existed before it, because the
 * migration deletes the row, changes its key, or skips the INSERT. Derived from how SQLite compiles the statements;
 * includes a table in case of doubt.
 */
export async function changesWithOldKeys(run: SchemaRun): Promise<ReadonlySet<TableChange>> {
  const { before, after, changes } = run
  const freed = await readFreed(run)
  const isFiltered = run.statements.some(({ actions }) => actions.some(isFilteredCopy))
  // By the word: SQLite has no other way to write the clause, and a table that has the word elsewhere is only treated
  // as in doubt.
  const skipping = [...before.objects, ...after.objects]
    .filter(({ kind, sql }) => kind === 'table' && /\bconflict\b/i.test(sql))
    .map(({ name }) => name)
  return new Set(
    changes.filter((change) => {
      const names = [change.before?.name, change.after?.name].filter((name) => name !== undefined)
      return (
        (change.rebuilt && (isFiltered || !keepsKeys(change))) ||
        names.some((name) => freed.has(sqliteNameKey(name)) || skipping.includes(name))
      )
    }),
  )
}

async function readFreed(run: SchemaRun): Promise<ReadonlySet<string>> {
  const { statements, foreignKeys } = atomicScriptOf(run)
  const { objects } = run.before
  const tables = objects.filter(({ kind }) => kind === 'table')
  const others = objects.filter(({ kind }) => kind !== 'table')
  const definitions = [...tables, ...others].map(({ sql }) => sql)
  return await withDefinitions(definitions, async (copy) => {
    await copy.execute(`PRAGMA foreign_keys = ${foreignKeys ? 'ON' : 'OFF'}`)
    const writes = await observeWrites(copy, foreignKeys)
    for (const statement of statements) {
      await writes.observe(statement)
      if (!statement.actions.every(isOnRows)) await copy.execute(statement.text)
    }
    return (await writes.written(run.changes)).freed
  })
}

function isFilteredCopy(action: Action): boolean {
  return action.kind === 'insert' && action.copies?.filtered === true
}

/** Whether a rebuild copies the primary key as it is. */
function keepsKeys({ before, columns }: TableChange): boolean {
  const key = before?.key ?? []
  return (
    key.length > 0 && key.every((name) => columns.some((one) => one.before === name && one.exact))
  )
}
