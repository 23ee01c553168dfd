import { applyAction, type DatabaseSchema, tableNamed } from '../schema/index.ts'
import {
  type Action,
  objectKey,
  type ObjectName,
  type TableRef,
  tableRef,
} from '../statements/index.ts'
import type { Facts, TableFacts } from './facts.ts'
import type { JudgeInput } from './judge-input.ts'
import { schemaAfter } from './judge.ts'
import { type LockMode, stronger } from './lock-mode.ts'
import { locksOf } from './locks.ts'
import { type Work, workOf } from './work.ts'

/** What a statement does with all rows of a table, from the fastest to the slowest. */
export type RowWork =
  | 'reads every row'
  | 'builds an index'
  | typeof CONCURRENTLY
  | 'rewrites every row'

/** The row work for each kind that `workOf` returns. */
const WORKS: Readonly<Record<Work['kind'], RowWork>> = {
  'reads all rows of': 'reads every row',
  'builds an index on': 'builds an index',
  'rewrites all rows of': 'rewrites every row',
}

/** What a statement does to a table of the target. */
export interface TableOutline {
  /** The table's name on the target, even if pending statements rename it. */
  readonly table: TableRef
  /** The table's size; absent if unknown. */
  readonly size?: TableFacts
  /** The strongest lock that the statement takes on the table, if known. */
  readonly lock?: LockMode
  /** The slowest work on its rows, if there is any. */
  readonly work?: RowWork
}

/** What a statement does to the tables of the target, the strongest lock first. */
export interface StatementOutline {
  readonly migration: string
  readonly statement: number
  readonly tables: readonly TableOutline[]
}

/** Lists for each statement the tables of the target that it locks, and what it does with their rows. Pure. */
export function outline({
  history,
  migrations,
  facts,
}: Pick<JudgeInput, 'history' | 'migrations' | 'facts'>): StatementOutline[] {
  let schema = schemaAfter(history, facts)
  return migrations.flatMap((migration) =>
    migration.statements.map((statement): StatementOutline => {
      const touched: TableOutline[] = []
      for (const action of statement.actions) {
        const context = { schema, facts, migration, statement, inBlock: false, held: [] }
        touched.push(...touches(action, context), ...worked(workOf(action, context), context))
        schema = applyAction(schema, action, migration.name)
      }
      return {
        migration: migration.name,
        statement: statement.number,
        tables: byStrength(merged(touched)),
      }
    }),
  )
}

interface Seen {
  readonly schema: DatabaseSchema
  readonly facts: Facts
}

/** The tables that an action names or locks. */
function touches(action: Action, seen: Seen): TableOutline[] {
  return [
    ...locksOf(action, seen.schema).flatMap(({ table, lock }) =>
      onTarget(table, seen).map((found) => ({ ...found, lock })),
    ),
    ...namedBy(action).flatMap((name) => onTarget(name, seen)),
    ...(action.kind === 'create-index' && action.concurrently
      ? onTarget(action.table, seen).map((found): TableOutline => ({
          ...found,
          work: CONCURRENTLY,
        }))
      : []),
  ]
}

const CONCURRENTLY = 'builds an index concurrently'

function worked(work: Work | undefined, seen: Seen): TableOutline[] {
  if (work === undefined) return []
  return onTarget(work.table, seen).map((found) => ({ ...found, work: WORKS[work.kind] }))
}

function namedBy(action: Action): readonly ObjectName[] {
  if ('tables' in action) return action.tables
  return 'table' in action && action.table !== undefined ? [action.table] : []
}

/** The table on the target; empty if a pending migration creates it or the target has no such table. */
function onTarget(name: ObjectName, { schema, facts }: Seen): readonly TableOutline[] {
  const table = tableNamed(schema, name)
  if (table?.createdBy !== undefined && table.onTarget === undefined) return []
  const found = tableRef(schema, table?.onTarget ?? name)
  const size = facts.tables?.get(objectKey(found))
  if (table === undefined && facts.tables !== undefined && size === undefined) return []
  return [{ table: found, ...(size ? { size } : {}) }]
}

/** One entry per table, with its strongest lock and its slowest work. */
function merged(touched: readonly TableOutline[]): TableOutline[] {
  const all = new Map<string, TableOutline>()
  for (const one of touched) {
    const { lock, work } = one
    const key = objectKey(one.table)
    const known = all.get(key) ?? one
    all.set(key, {
      ...known,
      ...(lock === undefined ? {} : { lock: known.lock ? stronger(known.lock, lock) : lock }),
      ...(work === undefined ? {} : { work: known.work ? slower(known.work, work) : work }),
    })
  }
  return [...all.values()]
}

const BY_TIME: readonly RowWork[] = [
  'reads every row',
  'builds an index',
  CONCURRENTLY,
  'rewrites every row',
]

function slower(one: RowWork, other: RowWork): RowWork {
  return BY_TIME.indexOf(one) >= BY_TIME.indexOf(other) ? one : other
}

function byStrength(tables: readonly TableOutline[]): TableOutline[] {
  return tables.toSorted((one, other) => {
    if (one.lock === other.lock) return 0
    if (one.lock === undefined) return 1
    return other.lock === undefined || stronger(one.lock, other.lock) === one.lock ? -1 : 1
  })
}
