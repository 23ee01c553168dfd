import { quoteIdentifier, quoteText } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import {
  rebuildOfTextIndex,
  sqliteNameKey,
  sqliteColumnTexts,
  sqliteTextIndex,
  sqliteVirtualTable,
  withTableName,
} from '../../statements/index.ts'
import { raise } from '../failures.ts'
import type { Choice, SchemaScript } from '../script.ts'
import type { SqliteObject } from './objects.ts'
import { rebuildSql } from './rebuild.ts'
import type { SqliteState } from './state.ts'
import { rowidOf, separateRowid, type TableChange } from './table-changes.ts'
import { dropSql, isEqual, isNamed, type Trial, dependentCodeOf, withTrial } from './trial.ts'

/**
 * The SQL that turns a SQLite database with the state `from` into one with the state `to`. `changes` says
 * which tables and columns are the same, whatever their names: they keep their rows. Every statement has run
 * on a database in memory with the objects of `from`. A table is changed in place if SQLite can do it and its
 * text is then that of `to`; otherwise it is rebuilt. All other objects are created from their text in `to`.
 * Empty for equal states. Fails with SCHEMA.NO_PATH if SQLite refuses a statement that is needed.
 */
export async function sqliteScriptBetween(
  from: SqliteState,
  to: SqliteState,
  changes: readonly TableChange[],
): Promise<SchemaScript> {
  if (from.fingerprint.hash === to.fingerprint.hash && !changes.some(isMoved))
    return { statements: [], choices: [] }
  const planned = await attempt(() =>
    withTrial(from.objects, async (trial) => {
      const plan: Plan = { trial, to, changes, choices: [] }
      await dropObjects(plan)
      await renameTables(plan)
      await changeTables(plan)
      await makeObjects(plan)
      return { statements: withoutKeys(trial.statements), choices: plan.choices }
    }),
  )
  if (planned.ok) return planned.value
  const { sqlite, message } = planned.failure
  return raise('SCHEMA.NO_PATH', {
    message: 'Cannot write the SQL that leads from one schema to the other.',
    why: `SQLite refuses a statement: ${sqlite?.message ?? message}.`,
    ...(sqlite ? { sqlite } : {}),
  })
}

interface Plan {
  readonly trial: Trial
  readonly to: SqliteState
  readonly changes: readonly TableChange[]
  readonly choices: Choice[]
}

/**
 * Whether a table or a column was renamed, dropped or added, which texts do not show if another one has the
 * same name.
 */
function isMoved({ before, after, columns }: TableChange): boolean {
  if (before?.name !== after?.name) return true
  return columns.some((one) => one.before !== one.after)
}

/** Drops tables that are not in `to`, and views and triggers that are not in `to` or use such tables. */
async function dropObjects({ trial, to, changes }: Plan): Promise<void> {
  const objects = await trial.objects()
  const staying = new Set(
    changes.flatMap(({ before, after }) => (before && after ? [sqliteNameKey(before.name)] : [])),
  )
  const tables = objects.filter((one) => one.kind === 'table' && !staysAs(one, { to, staying }))
  const users = tables.flatMap(({ name }) => dependentCodeOf(objects, name))
  const code = objects.filter(
    (one) =>
      (one.kind === 'view' || one.kind === 'trigger') &&
      (users.includes(one) || !to.objects.some((other) => isNamed(one, other))),
  )
  await dropAll(trial, code)
  for (const table of tables.toReversed()) await trial.run(dropSql(table), true)
}

/** Virtual tables have no identity but their name. */
function staysAs(
  table: SqliteObject,
  { to, staying }: { readonly to: SqliteState; readonly staying: ReadonlySet<string> },
): boolean {
  if (sqliteVirtualTable(table.sql) === undefined) return staying.has(sqliteNameKey(table.name))
  return to.objects.some((other) => isNamed(table, other) && isVirtual(other))
}

function isVirtual({ sql }: SqliteObject): boolean {
  return sqliteVirtualTable(sql) !== undefined
}

/** In reverse order: a trigger is dropped before its view. */
async function dropAll(trial: Trial, code: readonly SqliteObject[]): Promise<void> {
  for (const one of code.toReversed()) {
    const objects = await trial.objects()
    if (objects.some((other) => isNamed(one, other))) await trial.run(dropSql(one))
  }
}

/** Gives tables their names in `to`; a table whose name is still taken gets a temporary one. */
async function renameTables({ trial, changes }: Plan): Promise<void> {
  let open = changes.flatMap(({ before, after }) =>
    before && after && before.name !== after.name ? [{ now: before.name, name: after.name }] : [],
  )
  while (open.length > 0) {
    const taken = new Set((await trial.objects()).map(({ name }) => sqliteNameKey(name)))
    const free = open.find(({ name }) => !taken.has(sqliteNameKey(name)))
    const [next = free] = free ? [free] : open
    if (next === undefined) return
    const name = free ? next.name : await freeName(trial, next.name)
    await withoutViewsAndTriggers(trial, () =>
      trial.run(`ALTER TABLE ${quoteIdentifier(next.now)} RENAME TO ${quoteIdentifier(name)}`),
    )
    const rest = open.filter((one) => one !== next)
    open = free ? rest : [...rest, { now: name, name: next.name }]
  }
}

/** A free name, like Prisma's for the table that replaces another. */
async function freeName(trial: Trial, name: string): Promise<string> {
  const taken = new Set((await trial.objects()).map((one) => sqliteNameKey(one.name)))
  for (let number = 1; ; number++) {
    const found = `new_${name}${number === 1 ? '' : `_${number}`}`
    if (!taken.has(sqliteNameKey(found))) return found
  }
}

/**
 * Runs work that a view or trigger may block because it uses something that is temporarily missing. If it
 * fails, all views and triggers are dropped first.
 */
async function withoutViewsAndTriggers(trial: Trial, work: () => Promise<void>): Promise<void> {
  if (await trial.tries(work)) return
  const objects = await trial.objects()
  await dropAll(
    trial,
    objects.filter(({ kind }) => kind === 'view' || kind === 'trigger'),
  )
  await work()
}

/**
 * Changes the remaining tables to their texts in `to`, in place or by a rebuild, and creates missing tables.
 */
async function changeTables(plan: Plan): Promise<void> {
  const { trial, to, changes } = plan
  for (const wanted of to.objects.filter(({ kind }) => kind === 'table')) {
    const now = (await trial.objects()).find((one) => isNamed(one, wanted))
    const change = changes.find(({ after }) => after?.name === wanted.name)
    if (now === undefined) await makeTable(trial, wanted)
    else if (isVirtual(wanted)) await replaceVirtual(plan, now, wanted)
    else if (!isEqual(now, wanted) || hasMovedColumns(change)) {
      const task = {
        now,
        wanted,
        columns: change?.columns ?? [],
        rowid: change && commonRowid(change),
      }
      const done =
        (await trial.tries(() => changeInPlace(plan, task))) ||
        (await trial.tries(async () => {
          await dropIndexes(plan, task)
          await changeInPlace(plan, task)
        }))
      if (!done) await rebuild(plan, task)
    }
  }
}

function commonRowid({ before, after }: TableChange): string | undefined {
  const tables = [before, after].filter((one) => one !== undefined)
  if (tables.some((one) => separateRowid(one) === undefined)) return undefined
  return rowidOf(tables.flatMap(({ columns }) => columns.map(({ name }) => name)))
}

/** Whether a column was renamed, dropped or added, even if another one now has its name. */
function hasMovedColumns(change: TableChange | undefined): boolean {
  return (change?.columns ?? []).some(({ before, after }) => before !== after)
}

/** Creates a table. A full-text index over a table stores no text itself and is built from that table. */
async function makeTable(trial: Trial, { name, sql }: SqliteObject): Promise<void> {
  await trial.run(sql)
  if (sqliteTextIndex(sql)) await trial.run(rebuildOfTextIndex(name))
}

interface TableTask {
  readonly now: SqliteObject
  readonly wanted: SqliteObject
  readonly columns: TableChange['columns']
  /** The name of its rowid, if it is not a column, both before and after. */
  readonly rowid: string | undefined
}

/** Fails if SQLite cannot make the change, or if the table is then not as wanted. */
async function changeInPlace({ trial }: Plan, { wanted, columns }: TableTask): Promise<void> {
  const table = quoteIdentifier(wanted.name)
  const alter = async (change: string, destructive = false) =>
    await trial.run(`ALTER TABLE ${table} ${change}`, destructive)
  const texts = new Map((sqliteColumnTexts(wanted.sql) ?? []).map((one) => [one.name, one]))
  for (const { before, after } of columns)
    if (before !== undefined && after === undefined)
      await alter(`DROP COLUMN ${quoteIdentifier(before)}`, true)
  for (const { before, after } of columns)
    if (before !== undefined && after !== undefined && before !== after)
      await alter(`RENAME COLUMN ${quoteIdentifier(before)} TO ${quoteIdentifier(after)}`)
  for (const { before, after } of columns) {
    if (before !== undefined || after === undefined) continue
    const column = texts.get(after)
    if (!column?.addable) failAttempt()
    await alter(`ADD COLUMN ${column.text}`)
  }
  const done = (await trial.objects()).find((one) => isNamed(one, wanted))
  if (!isEqual(done, wanted)) failAttempt()
}

/** Drops the indexes that are not in `to`: SQLite does not drop a column that an index uses. */
async function dropIndexes({ trial, to }: Plan, { now }: TableTask): Promise<void> {
  const indexes = (await trial.objects()).filter(
    (one) => one.kind === 'index' && sqliteNameKey(one.table) === sqliteNameKey(now.name),
  )
  await dropAll(
    trial,
    indexes.filter((one) => !to.objects.some((other) => isEqual(one, other))),
  )
}

/** Ends an attempt. */
function failAttempt(): never {
  return raise('SCHEMA.NO_PATH', { message: 'The table cannot be changed in place.' })
}

async function rebuild({ trial, to, choices }: Plan, task: TableTask): Promise<void> {
  const { now, wanted, columns } = task
  const unique = await uniqueColumns(wanted, to)
  const script = rebuildSql({
    from: now,
    to: wanted,
    columns,
    aside: await freeName(trial, wanted.name),
    unique,
    rowid: task.rowid,
  })
  choices.push(...script.choices)
  const run = async () => {
    await dropAll(trial, dependentCodeOf(await trial.objects(), wanted.name))
    for (const sql of script.statements) await trial.run(sql)
  }
  await withoutViewsAndTriggers(trial, run)
}

/** Columns in a key or in a unique index of a table. */
async function uniqueColumns(table: SqliteObject, to: SqliteState): Promise<string[]> {
  const own = to.objects.filter(
    (one) => (one.kind === 'table' || one.kind === 'index') && one.table === table.name,
  )
  return await withTrial(own, async ({ session }) => {
    const rows = await session.query<{ name: string }>(
      `SELECT DISTINCT x.name FROM pragma_index_list(${quoteText(table.name)}) i
       JOIN pragma_index_xinfo(i.name) x WHERE i."unique" = 1 AND x.key = 1 AND x.name IS NOT NULL
       UNION SELECT name FROM pragma_table_info(${quoteText(table.name)}) WHERE pk > 0`,
    )
    return rows.map(({ name }) => name)
  })
}

/**
 * Replaces a virtual table. Its rows are copied if its module can read and write them like those of an
 * ordinary table.
 */
async function replaceVirtual({ trial }: Plan, now: SqliteObject, wanted: SqliteObject) {
  if (isEqual(now, wanted)) return
  const aside = await freeName(trial, wanted.name)
  const [name, next] = [quoteIdentifier(wanted.name), quoteIdentifier(aside)]
  const copied = await trial.tries(async () => {
    await trial.run(withTableName(wanted.sql, next))
    const shared = await sharedColumns(trial, wanted.name, aside)
    const columns = ['rowid', ...shared.map(quoteIdentifier)].join(', ')
    await trial.run(`INSERT INTO ${next} (${columns}) SELECT ${columns} FROM ${name}`)
    await trial.run(`DROP TABLE ${name}`)
    await trial.run(`ALTER TABLE ${next} RENAME TO ${name}`)
  })
  if (copied) return
  await trial.run(`DROP TABLE ${name}`, true)
  await makeTable(trial, wanted)
}

async function sharedColumns({ session }: Trial, one: string, other: string): Promise<string[]> {
  const rows = await session.query<{ name: string }>(
    `SELECT a.name FROM pragma_table_xinfo(${quoteText(one)}) a JOIN pragma_table_xinfo(${quoteText(other)}) b USING (name)
     WHERE a.hidden = 0 AND b.hidden = 0 ORDER BY a.cid`,
  )
  return rows.map(({ name }) => name)
}

const DEPENDENT_KINDS: readonly SqliteObject['kind'][] = ['index', 'view', 'trigger']

/**
 * Drops the indexes, views and triggers that are not as in `to`, and creates the missing ones from their
 * texts.
 */
async function makeObjects({ trial, to }: Plan): Promise<void> {
  const objects = await trial.objects()
  await dropAll(
    trial,
    objects.filter(
      (one) => one.kind !== 'table' && !to.objects.some((other) => isSame(one, other)),
    ),
  )
  for (const kind of DEPENDENT_KINDS) {
    for (const wanted of to.objects.filter((one) => one.kind === kind)) {
      const now = await trial.objects()
      if (!now.some((one) => isSame(one, wanted))) await trial.run(wanted.sql.trimEnd())
    }
  }
}

function isSame(one: SqliteObject, other: SqliteObject): boolean {
  return one.kind === other.kind && isEqual(one, other)
}

/**
 * Turns foreign keys off if a table is dropped: while they are enforced, SQLite first deletes its rows and
 * with them rows that reference them.
 */
function withoutKeys(statements: SchemaScript['statements']): SchemaScript['statements'] {
  if (!statements.some(({ sql }) => sql.startsWith('DROP TABLE '))) return [...statements]
  const pragma = (value: string) => ({
    sql: `PRAGMA foreign_keys=${value}`,
    alone: false,
    destructive: false,
  })
  return [pragma('OFF'), ...statements, pragma('ON')]
}
