import { quoteIdentifier, type Session } from '../../database/index.ts'
import { runSqliteOnShadow, type SqliteRefusal } from '../../execution/index.ts'
import { readRowTables, type RowTable, type TableChange, tableChanges } from '../../schema/index.ts'
import type { Action, Migration, Statement } from '../../statements/index.ts'
import type { SeenEffect } from '../seen-effect.ts'
import { differenceOf } from './compare-dumps.ts'
import { type Dump, readDump } from './dump.ts'

/** What a run of a migration on rows did to the data of existing tables, by statement. */
export interface SqliteTrace {
  readonly ms: number
  readonly statements: readonly { readonly statement: number; readonly ms: number }[]
  /**
   * Includes effects of triggers and foreign keys. A table rebuild loses only the rows that it does not copy.
   */
  readonly effects: readonly SeenEffect[]
}

/** A traced run, and what refused it. A refused run is rolled back. */
export interface SqliteTracedRun {
  readonly trace: SqliteTrace
  readonly refusal?: SqliteRefusal
}

/** The rows and the changed tables at one moment of a run. */
interface Moment {
  readonly dump: Dump
  readonly changes: readonly TableChange[]
}

/**
 * Runs a migration on a shadow database as a deploy would, and compares all rows after each statement that
 * may have changed some.
 */
export async function runSqliteTraced(
  session: Session,
  migration: Migration,
): Promise<SqliteTracedRun> {
  const tables = await readRowTables(session)
  const done: Statement[] = []
  const effects: SeenEffect[] = []
  const times: { readonly statement: number; readonly ms: number }[] = []
  let last = await momentOf(session, tables, done)
  const existing = [...last.dump.tables.keys()]
  let written = await readWritten(session)
  const began = performance.now()
  const refusal = await runSqliteOnShadow(session, {
    migration,
    async around(statement, send) {
      const start = performance.now()
      await send()
      times.push({ statement: statement.number, ms: Math.round(performance.now() - start) })
      done.push(statement)
      const now = await readWritten(session)
      if (now === written && !statement.actions.some(takesData)) return
      written = now
      const moment = await momentOf(session, tables, done)
      effects.push(...effectsBetween(last, moment, { existing, statement: statement.number }))
      last = moment
    },
  })
  const trace = { ms: Math.round(performance.now() - began), statements: times, effects }
  return refusal ? { trace: { ...trace, effects: [] }, refusal } : { trace }
}

async function momentOf(
  session: Session,
  before: readonly RowTable[],
  statements: readonly Statement[],
): Promise<Moment> {
  const now = await readRowTables(session)
  return { dump: await readDump(session), changes: tableChanges(before, now, statements) }
}

/** The number of rows written in this session, including through triggers and foreign keys. */
async function readWritten(session: Session): Promise<number> {
  const [row] = await session.query<{ n: number }>('SELECT total_changes() AS n')
  return row?.n ?? 0
}

/** Whether an action may remove data without writing rows. */
function takesData({ kind }: Action): boolean {
  return kind === 'drop' || kind === 'drop-column' || kind === 'rename'
}

/** What happened to tables that existed before the migration, under their original names. */
function effectsBetween(
  last: Moment,
  now: Moment,
  { existing, statement }: { readonly existing: readonly string[]; readonly statement: number },
): SeenEffect[] {
  return existing.flatMap((name): SeenEffect[] => {
    const [old, fresh] = [placeOf(last, name), placeOf(now, name)]
    const relation = relationName(name)
    const effect = (what: SeenEffect['what'], more: Pick<SeenEffect, 'rows' | 'column'> = {}) => ({
      statement,
      relation,
      what,
      ...more,
    })
    const before = old && last.dump.tables.get(old.name)
    if (old === undefined || before === undefined) return []
    const after = fresh && now.dump.tables.get(fresh.name)
    if (fresh === undefined || after === undefined)
      return [effect('dropped', { rows: before.rows.length })]
    const links = new Map(
      [...old.columns].flatMap(([origin, column]) => {
        const later = fresh.columns.get(origin)
        return later === undefined ? [] : [[column, later] as const]
      }),
    )
    const gone = [...old.columns].flatMap(([origin, column]) =>
      before.columns.includes(column) && !fresh.columns.has(origin) ? [origin] : [],
    )
    // A rebuilt table first has another name, and its rows may have other rowids.
    const byRowid = fresh.name === old.name && before.rows.every(({ rowid }) => rowid !== undefined)
    const found = differenceOf(before, after, { columns: links, byRowid })
    const counts = [
      ['deleted', found.deleted],
      ['updated', found.updated],
      ['inserted', found.inserted],
    ] as const
    return [
      ...gone.map((column) => effect('column-dropped', { column })),
      ...counts.flatMap(([what, rows]) => (rows > 0 ? [effect(what, { rows })] : [])),
    ]
  })
}

/** The current name of an original table, and its current columns by their original names. */
interface Place {
  readonly name: string
  readonly columns: ReadonlyMap<string, string>
}

function placeOf({ dump, changes }: Moment, origin: string): Place | undefined {
  const change = changes.find(({ before }) => before?.name === origin)
  if (change === undefined) {
    const virtual = dump.tables.get(origin)
    const isNew = changes.some(({ after }) => after?.name === origin)
    if (virtual === undefined || isNew) return undefined
    const own = new Map(virtual.columns.map((name) => [name, name]))
    return { name: origin, columns: own }
  }
  if (change.after === undefined) return undefined
  const columns = new Map(
    change.columns.flatMap(({ before, after }) =>
      before === undefined || after === undefined ? [] : [[before, after] as const],
    ),
  )
  return { name: change.after.name, columns }
}

/** A table name as PostgreSQL would print it. */
function relationName(name: string): string {
  return /^[a-z_][a-z\d_]*$/.test(name) ? name : quoteIdentifier(name)
}
