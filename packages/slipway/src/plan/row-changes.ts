import { assertNever } from '../kernel/index.ts'
import type { Action, ObjectName, Statement } from '../statements/index.ts'
import { keyOf, type PendingSchema, tableNamed } from './pending-schema.ts'
import type { PendingTable, RowChange } from './pending-table.ts'
import type { Doubts } from './pre-check.ts'

/**
 * Why the rows of now would not decide. Rows that fail now still fail after an INSERT, and an UPDATE or
 * a DELETE may repair them; rows that pass now still pass after a DELETE, an UPDATE before a constraint
 * is there to make rows meet it and is trusted with that, and an INSERT may add others.
 */
export function doubtsOf(table: PendingTable, columns: readonly string[]): Doubts {
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
      // It passes now only for having no value.
      (change.how === 'update' && touched(change).some(({ empty }) => empty)),
  )
  return {
    ...(repairing ? { violated: reason(repairing, table) } : {}),
    ...(adding ? { clean: reason(adding, table) } : {}),
  }
}

/** What puts rows into a table that the pending statements create; nothing where it is empty. */
export function whyFilled(table: PendingTable): string | undefined {
  const change = table.changes.find(({ how }) => how === 'insert' || how === 'unknown')
  return change && reason(change, table)
}

/** Why neither answer would decide, where rows of the table that others refer to change. */
export function doubtOfReferenced(table: PendingTable): string | undefined {
  if (table.target === undefined) return whyFilled(table)
  const [change] = table.changes
  return change && reason(change, table)
}

function reason({ by, how }: RowChange, { schema, name }: PendingTable): string {
  const may = how === 'unknown' ? 'may change' : 'changes'
  return `${by} ${may} rows of ${schema}.${name} before`
}

/** Notes on the tables how a statement changes their rows. */
export function followRows(schema: PendingSchema, statement: Statement, by: string): void {
  for (const action of statement.actions) {
    const hidden = isWrite(action) && /^\s*WITH\b/i.test(statement.text)
    if (hidden || runsUnknownCode(action, statement.text)) return everythingMayChange(schema, by)
    if (isWrite(action)) noteWrite(schema, action, { by, text: statement.text })
  }
}

type Write = Extract<Action, { kind: 'insert' | 'update' | 'delete' | 'truncate' }>

function isWrite(action: Action): action is Write {
  return ['insert', 'update', 'delete', 'truncate'].includes(action.kind)
}

interface Writer {
  readonly by: string
  readonly text: string
}

function noteWrite(schema: PendingSchema, action: Write, { by, text }: Writer): void {
  const names: readonly ObjectName[] = action.kind === 'truncate' ? action.tables : [action.table]
  for (const name of names) {
    const table = tableNamed(schema, name)
    // Written through a view, or watched by a trigger: who knows which rows change.
    if (table === undefined || table.target?.triggers) return everythingMayChange(schema, by)
    const change = changeBy(action, table, text)
    table.changes.push({ by, ...change })
    if (change.how !== 'insert') passOn(schema, table, by)
  }
}

function changeBy(action: Write, table: PendingTable, text: string): Omit<RowChange, 'by'> {
  switch (action.kind) {
    case 'insert':
      return { how: /\bDO\s+UPDATE\b/i.test(text) ? 'unknown' : 'insert' }
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

/** Foreign keys pass a DELETE or an UPDATE on to other tables, and those to others. */
function passOn(schema: PendingSchema, from: PendingTable, by: string): void {
  const reached = new Set([from])
  for (const table of reached) {
    for (const other of schema.tables.values()) {
      const follows = other.target?.follows.some(
        (one) => table.target !== undefined && keyOf(one) === keyOf(table.target),
      )
      if (!follows || reached.has(other)) continue
      reached.add(other)
      other.changes.push({ by, how: 'unknown' })
    }
  }
}

/** A table that is created on the way is taken as empty until something fills it by name. */
function everythingMayChange(schema: PendingSchema, by: string): void {
  for (const table of schema.tables.values())
    if (table.target) table.changes.push({ by, how: 'unknown' })
}

function runsUnknownCode(action: Action, text: string): boolean {
  if (action.kind === 'other') return ['MergeStmt', 'ExecuteStmt'].includes(action.statement)
  if (action.kind !== 'opaque') return false
  return !/^\s*SELECT\b/i.test(text) || callsUnknownCode(text)
}

const HARMLESS =
  /^(?:set_config|setval|nextval|currval|pg_advisory\w*|pg_try_advisory\w*|now|count|version|current_setting|pg_sleep|max|min|coalesce)$/i

/** A SELECT changes rows only by a function that it calls. */
function callsUnknownCode(text: string): boolean {
  const called = [...text.matchAll(/([\p{L}_][\p{L}\p{N}_$]*)"?\s*\(/gu)].map(
    ([, name = '']) => name,
  )
  const words = /^(?:select|from|in|exists|and|or|not|where|values|as|on|using|case|when|then)$/i
  return called.some((name) => !words.test(name) && !HARMLESS.test(name))
}
