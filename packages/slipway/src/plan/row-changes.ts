import { assertNever } from '../kernel/index.ts'
import { keyOf, type Table } from '../schema/index.ts'
import { type Action, objectName, type ObjectName, type Statement } from '../statements/index.ts'
import {
  noteChange,
  type PendingRows,
  type PendingTable,
  type RowChange,
  tableNamed,
  targetOf,
} from './pending-rows.ts'
import type { UndecidedReasons } from './pre-check.ts'

/**
 * Why the current rows do not decide. Rows that fail now still fail after an INSERT, but an UPDATE or a
 * DELETE may repair them. Rows that pass now still pass after a DELETE, and an UPDATE before a constraint
 * is assumed to make rows satisfy it, but an INSERT may add rows that fail.
 */
export function doubtsOf(table: PendingTable, columns: readonly string[]): UndecidedReasons {
  const read = columns.flatMap((name) => table.columns.get(name) ?? [])
  const touched = ({ columns: set }: RowChange) =>
    set === undefined ? read : read.filter(({ id }) => set.has(id))
  const changes = table.changes.filter(
    (change) => change.columns === undefined || touched(change).length > 0,
  )
  const repairing = changes.find(({ how }) => how !== 'insert')
  const adding = changes.find(
    (change) =>
      change.how === 'insert' ||
      change.how === 'unknown' ||
      // The row passes now only because the column has no value.
      (change.how === 'update' && touched(change).some(({ empty }) => empty)),
  )
  return {
    ...(repairing ? { violated: reason(repairing, table) } : {}),
    ...(adding ? { clean: reason(adding, table) } : {}),
  }
}

/** What puts rows into a table that the pending statements create; undefined if it stays empty. */
export function reasonFilled(table: PendingTable): string | undefined {
  const change = table.changes.find(({ how }) => how === 'insert' || how === 'unknown')
  return change && reason(change, table)
}

/**
 * Why the current rows do not decide in either case, if rows of the referenced
 * table change; otherwise undefined.
 */
export function doubtOfReferenced(table: PendingTable): string | undefined {
  if (table.target === undefined) return reasonFilled(table)
  const [change] = table.changes
  return change && reason(change, table)
}

function reason({ by, how }: RowChange, table: PendingTable): string {
  const may = how === 'unknown' ? 'may change' : 'changes'
  return `${by} ${may} rows of ${objectName(table)} before`
}

/** Records for each table how a statement changes its rows. */
export function recordRowChanges(rows: PendingRows, statement: Statement, by: string): void {
  for (const action of statement.actions) {
    const hidden = 'hasWith' in action && action.hasWith
    if (hidden || runsUnknownCode(action)) return everythingMayChange(rows, by)
    if (isWrite(action)) noteWrite(rows, action, by)
  }
}

type Write = Extract<Action, { kind: 'insert' | 'update' | 'delete' | 'truncate' }>

function isWrite(action: Action): action is Write {
  return ['insert', 'update', 'delete', 'truncate'].includes(action.kind)
}

function noteWrite(rows: PendingRows, action: Write, by: string): void {
  const names: readonly ObjectName[] = action.kind === 'truncate' ? action.tables : [action.table]
  for (const name of names) {
    const table = tableNamed(rows, name)
    if (table === undefined || reachesOtherRows(action, table)) return everythingMayChange(rows, by)
    const change = changeBy(action, table)
    noteChange(rows, table, { by, ...change })
    if (change.how !== 'insert') recordCascades(rows, table, by)
  }
}

/**
 * Whether a write may change rows of other tables, other than through foreign keys: it fires a trigger, empties
 * the referencing tables, or changes rows that a table shares with its partitions.
 */
function reachesOtherRows(action: Write, { target }: PendingTable): boolean {
  if (action.kind === 'truncate' && action.cascade) return true
  return Boolean(target?.triggers.length) || Boolean(target?.partition ?? target?.partitioned)
}

function changeBy(action: Write, table: PendingTable): Omit<RowChange, 'by'> {
  switch (action.kind) {
    case 'insert':
      return { how: action.updates ? 'unknown' : 'insert' }
    case 'update': {
      const columns = action.columns.flatMap((name) => table.columns.get(name)?.id ?? [])
      return { how: 'update', columns: new Set(columns) }
    }
    case 'delete':
    case 'truncate':
      return { how: 'delete' }
    default:
      return assertNever(action)
  }
}

/** Records the tables to which foreign keys may pass on a DELETE or UPDATE, directly or through other tables. */
function recordCascades(rows: PendingRows, from: PendingTable, by: string): void {
  const { target } = rows
  const known = [...rows.schema.tables.values()].flatMap((table) => {
    const there = targetOf(rows, table)
    return there ? [{ id: table.id, there }] : []
  })
  const reached = new Set<Table>(from.target ? [from.target] : [])
  for (const table of reached) {
    const key = keyOf(target, table)
    for (const { id, there } of known) {
      const follows = there.constraints.some(
        ({ passesOn, references }) =>
          passesOn && references && keyOf(target, references.table) === key,
      )
      if (!follows || reached.has(there)) continue
      reached.add(there)
      noteChange(rows, { id }, { by, how: 'unknown' })
    }
  }
}

/**
 * Records that all tables of the target may change. A table that a pending statement creates counts as
 * empty until a statement fills it by name.
 */
function everythingMayChange(rows: PendingRows, by: string): void {
  for (const table of rows.schema.tables.values())
    if (table.onTarget) noteChange(rows, table, { by, how: 'unknown' })
}

function runsUnknownCode(action: Action): boolean {
  if (action.kind === 'other') return action.statement === 'ExecuteStmt'
  if (action.kind !== 'opaque') return false
  // A SELECT can change rows only through a function that it calls.
  return action.calls === undefined || action.calls.some((name) => !isHarmless(name))
}

const HARMLESS = new Set([
  'set_config',
  'setval',
  'nextval',
  'currval',
  'now',
  'count',
  'version',
  'current_setting',
  'pg_sleep',
  'max',
  'min',
])

function isHarmless(name: string): boolean {
  return HARMLESS.has(name) || /^pg_(?:try_)?advisory/.test(name)
}
