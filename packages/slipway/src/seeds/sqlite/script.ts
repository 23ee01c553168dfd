import { quoteIdentifier, type Session } from '../../database/index.ts'
import { guardSql } from '../../execution/index.ts'
import { createLedgerSql, REVISION_SQL } from '../../history/index.ts'
import type { Emit } from '../../kernel/index.ts'
import type { RowLimits } from '../generated-rows.ts'
import { orderTables, type OrderedTable } from '../order.ts'
import type { SeedSet } from '../set.ts'
import {
  parentOf,
  type TargetColumn,
  type TargetTable,
  type TargetTables,
} from '../target-tables.ts'
import { CREATE_SEED_LEDGER } from './ledger.ts'
import { isTime, timeText } from './literals.ts'
import { CHANGES, COUNTING, COUNTS, fillSql, type MergeOptions, mergeSql } from './merge-sql.ts'
import {
  BEFORE,
  type DeleteActions,
  REFERENCES_TABLE,
  REMOVING,
  removalSql,
} from './removal-sql.ts'
import {
  referenceGuard,
  type Resolved,
  resolveSqlite,
  rowGuards,
  scriptTable,
} from './resolve-sql.ts'
import { type Staged, stageSqlite } from './stage.ts'

/** A staged table of a set. */
export interface PreparedTable {
  readonly turn: OrderedTable
  readonly staged: Staged
}

/** A set whose rows were read. */
export interface PreparedSet {
  readonly set: SeedSet
  readonly tables: readonly PreparedTable[]
  /** The columns of its tables that store timestamps as numbers. */
  readonly numericTimes: ReadonlySet<TargetColumn>
}

export interface Preparing {
  readonly set: SeedSet
  /** The tables of the set with those of the target, in order. */
  readonly turns: readonly OrderedTable[]
  readonly tables: TargetTables
  /** The number of the first table of the script. */
  readonly first: number
  readonly emit: Emit
  readonly limits?: RowLimits | undefined
}

/** Reads the rows of a set. Fails as `stageSqlite` does. */
export async function prepareSet(
  session: Session,
  { set, turns, tables, first, emit, limits }: Preparing,
): Promise<PreparedSet> {
  const numericTimes = await readNumericTimes(session, turns, tables)
  const prepared: PreparedTable[] = []
  for (const [index, turn] of turns.entries()) {
    const { table, target } = turn
    const options = { set, table, target, tables, at: first + index, emit, limits, numericTimes }
    prepared.push({ turn, staged: await stageSqlite(session, options) })
  }
  return { set, tables: prepared, numericTimes }
}

/** The tables of a set in the order of their foreign keys. */
export function orderedTablesOf(
  set: SeedSet,
  targetOf: (table: SeedSet['tables'][number]) => TargetTable,
): readonly OrderedTable[] {
  return orderTables(set.tables.map((table) => ({ table, target: targetOf(table) })))
}

/** The maximum number of result columns that we use; Cloudflare D1 allows 100. */
const RESULTS = 50

/** The columns that store timestamps as milliseconds, as older versions of Prisma Client do. */
async function readNumericTimes(
  session: Session,
  turns: readonly OrderedTable[],
  tables: TargetTables,
): Promise<ReadonlySet<TargetColumn>> {
  const near = new Set(
    turns.flatMap(({ target }) => [
      target,
      ...target.foreignKeys.flatMap((key) => parentOf(tables, key) ?? []),
    ]),
  )
  const times = [...near].flatMap(({ id, columns }) =>
    columns.filter(isTime).map((column) => ({ column, id, name: quoteIdentifier(column.name) })),
  )
  const numeric = new Set<TargetColumn>()
  for (let at = 0; at < times.length; at += RESULTS) {
    const part = times.slice(at, at + RESULTS)
    const types = part.map(
      ({ id, name }, index) =>
        `(SELECT typeof(${name}) FROM ${id} WHERE ${name} IS NOT NULL LIMIT 1) AS t${index}`,
    )
    const [row = {}] = await session.query(`SELECT ${types.join(', ')}`)
    for (const [index, { column }] of part.entries())
      if (row[`t${index}`] === 'integer') numeric.add(column)
  }
  return numeric
}

/** Options for creating a script. */
export interface ScriptOptions {
  /** The ledger's revision when it was read; the script fails if it has changed. */
  readonly revision: number
  readonly actions: DeleteActions
  /** The time of the run. */
  readonly now: Date
  readonly dryRun: boolean
  readonly numericTimes: ReadonlySet<TargetColumn>
}

/**
 * SQL that begins each script. If a revision is given and the ledger's differs, it aborts: another session
 * made changes.
 */
export function beginSql(revision?: number): string {
  return [
    createLedgerSql(),
    CREATE_SEED_LEDGER,
    revision === undefined ? '' : guardSql('history', `${REVISION_SQL} <> ${revision}`),
    COUNTING,
    REMOVING,
  ].join('')
}

/** SQL that makes the rows of a set's tables match its files. */
export function setSql({ tables }: PreparedSet, script: ScriptOptions): string {
  const { dryRun, actions } = script
  const options: MergeOptions = { dryRun, now: (column) => nowSql(column, script) }
  const first: Resolved[] = []
  const parts: string[] = []
  for (const { turn, staged } of tables) {
    const resolved = resolveSqlite(staged, turn.deferredColumns, 'r')
    first.push(resolved)
    parts.push(staged.sql, resolved.resolveSql, rowGuards(resolved), mergeSql(resolved, options))
  }
  const whole = tables.map(({ turn, staged }, index) => {
    const resolved = first[index] as Resolved
    if (resolved.later.length === 0) return resolved
    const again = resolveSqlite(staged, new Set(), 'w')
    const deferred = again.columns.filter(({ name }) => turn.deferredColumns.has(name))
    parts.push(again.resolveSql, referenceGuard(again), fillSql(again, deferred, options))
    return again
  })
  const owned = whole.filter(({ table }) => table.mode === 'own')
  parts.push(removalSql(owned, { actions, options }))
  return parts.join('')
}

function nowSql(column: TargetColumn, { now, numericTimes }: ScriptOptions): string {
  return numericTimes.has(column) ? String(now.getTime()) : `'${timeText(now)}'`
}

/** SQL that drops the tables of a script. */
export function endSql(sets: readonly PreparedSet[]): string {
  const names = sets.flatMap(({ tables }) =>
    tables.flatMap(({ staged: { at, relation } }) => [
      relation,
      scriptTable(at, 'r'),
      scriptTable(at, 'w'),
      scriptTable(at, 'g'),
      scriptTable(at, 'c'),
    ]),
  )
  return [...names, COUNTS, CHANGES, REFERENCES_TABLE, BEFORE]
    .map((name) => `DROP TABLE IF EXISTS ${name};\n`)
    .join('')
}
