import { atomicScriptOf } from '../../execution/index.ts'
import type { SqliteState, TableChange } from '../../schema/index.ts'
import type { Filling, SqliteShape } from '../../shadow/index.ts'
import {
  sqliteNameKey,
  type Action,
  type Migration,
  type TriggerChanges,
  sqliteTriggerIn,
} from '../../statements/index.ts'
import type { SqliteTrace } from './trace.ts'

/** What a run of a migration on rows shows about its effect on data. */
export interface SqliteRunOnRows {
  readonly migration: Migration
  readonly before: SqliteState
  readonly after: SqliteState
  readonly changes: readonly TableChange[]
  /** The tables before the migration. */
  readonly shapes: readonly SqliteShape[]
  readonly filling: Filling
  /** Tables without generated rows that are empty on every target where the migration runs. */
  readonly vacant: readonly string[]
  readonly trace: SqliteTrace
}

/**
 * Why the run does not show that no data is lost, in sentences; empty if it does. Each table that the
 * migration changes, and each that refers to it, must have had rows. Each statement on rows must have changed
 * some, and so must the triggers that it fires. Columns whose type changed must have had values that show
 * what a conversion loses.
 */
export function sqliteEvidenceGaps(run: SqliteRunOnRows): string[] {
  const empty = emptyTables(run)
  return [
    ...(empty.length === 0 ? [] : [`No rows could be generated for ${empty.join(', ')}.`]),
    ...idleStatements(run),
    ...idleTriggers(run),
    ...plainConversions(run),
    ...unenforcedKeys(run),
  ]
}

function key(name: string): string {
  return sqliteNameKey(name)
}

/**
 * Existing tables that the migration rebuilds, alters or names in a statement on rows, and tables that refer
 * to them.
 */
function touchedTables({
  changes,
  migration,
  shapes,
  trace,
  before,
}: SqliteRunOnRows): Set<string> {
  const touched = new Set<string>()
  for (const change of changes) {
    if (change.before === undefined) continue
    const isChanged =
      change.rebuilt ||
      change.after?.name !== change.before.name ||
      change.columns.some((column) => column.before !== column.after || !column.exact)
    if (isChanged) touched.add(key(change.before.name))
  }
  const existing = new Set(
    before.objects.flatMap(({ kind, name }) => (kind === 'table' ? [key(name)] : [])),
  )
  const named = migration.statements.flatMap(({ actions }) => actions).flatMap(writtenTable)
  for (const name of named) if (existing.has(key(name))) touched.add(key(name))
  for (const { relation } of trace.effects) touched.add(key(bare(relation)))
  for (let known = -1; known < touched.size;) {
    known = touched.size
    for (const { name, references } of shapes)
      if (references.some(({ table }) => touched.has(key(table)))) touched.add(key(name))
  }
  return touched
}

function bare(relation: string): string {
  return relation.startsWith('"') ? relation.slice(1, -1).replaceAll('""', '"') : relation
}

function writtenTable(action: Action): string[] {
  const writes = action.kind === 'insert' || action.kind === 'update' || action.kind === 'delete'
  if (writes) return [action.table.name]
  return action.kind === 'drop' && action.of === 'table' ? [action.object.name] : []
}

function emptyTables(run: SqliteRunOnRows): string[] {
  const touched = touchedTables(run)
  return run.filling.empty
    .filter(({ name }) => touched.has(key(name)) && !run.vacant.includes(name))
    .map(({ name }) => name)
}

/** Statements that change existing rows but changed none of the generated ones. */
function idleStatements({ migration, before, changes, trace, vacant }: SqliteRunOnRows): string[] {
  const seen = (number: number, ...what: string[]) =>
    trace.effects.some((one) => one.statement === number && what.includes(one.what))
  return migration.statements.flatMap(({ number, actions }) => {
    const meant = actions.filter((action) => changesRows(action, { before, changes, vacant }))
    if (meant.length === 0) return []
    if (meant.some(({ kind }) => kind === 'insert'))
      return seen(number, 'updated', 'deleted')
        ? []
        : [`Statement ${number} updates existing rows, but matched none of the generated rows.`]
    return seen(number, 'updated', 'deleted', 'inserted')
      ? []
      : [`Statement ${number} changed none of the generated rows.`]
  })
}

function changesRows(
  action: Action,
  { before, changes, vacant }: Pick<SqliteRunOnRows, 'before' | 'changes' | 'vacant'>,
): boolean {
  const isMeant =
    action.kind === 'delete' ||
    action.kind === 'update' ||
    (action.kind === 'insert' && action.updates === true)
  if (!isMeant) return false
  const change = changes.find((one) =>
    [one.before?.name, one.after?.name].some(
      (name) => name !== undefined && key(name) === key(action.table.name),
    ),
  )
  const name = change
    ? change.before?.name
    : before.objects.find((one) => one.kind === 'table' && key(one.name) === key(action.table.name))
        ?.name
  if (name === undefined || vacant.includes(name)) return false
  if (action.kind !== 'update') return true
  // A column that the migration adds has no values to lose.
  const columns = change?.columns.filter(({ before: old }) => old !== undefined) ?? []
  return (
    change === undefined ||
    action.columns.some((one) =>
      columns.some(({ before: old, after }) =>
        [old, after].some((other) => other !== undefined && key(other) === key(one)),
      ),
    )
  )
}

/** Triggers that a statement may fire but whose changes to existing rows were not observed. */
function idleTriggers(run: SqliteRunOnRows): string[] {
  const { migration, before, after, trace } = run
  const triggers = [...before.objects, ...after.objects].flatMap((one) => {
    const found = one.kind === 'trigger' ? sqliteTriggerIn(one.sql) : undefined
    return found && found.changes.length > 0 ? [found] : []
  })
  if (triggers.length === 0) return []
  const existing = new Set(
    before.objects.flatMap(({ kind, name }) => (kind === 'table' ? [key(name)] : [])),
  )
  const gaps = migration.statements.flatMap(({ number, actions }) =>
    actions.flatMap(writtenRows).flatMap((table) =>
      firedBy(table, triggers, run)
        .filter((trigger) => !isSeen(trigger, { trace, number, existing }))
        .map(
          ({ name }) =>
            `Statement ${number} may fire the trigger ${name}, whose effects were not all observed.`,
        ),
    ),
  )
  return [...new Set(gaps)]
}

function writtenRows(action: Action): string[] {
  const writes = action.kind === 'insert' || action.kind === 'update' || action.kind === 'delete'
  return writes ? [action.table.name] : []
}

/**
 * The triggers of a table, of the tables to which foreign keys cascade, and of the tables that the triggers
 * change.
 */
function firedBy(
  table: string,
  triggers: readonly TriggerChanges[],
  { shapes }: Pick<SqliteRunOnRows, 'shapes'>,
): TriggerChanges[] {
  const reached = new Set([key(table)])
  for (let known = -1; known < reached.size;) {
    known = reached.size
    for (const { name, references } of shapes)
      if (references.some((one) => reached.has(key(one.table)))) reached.add(key(name))
    for (const trigger of triggers)
      if (reached.has(key(trigger.table)))
        for (const name of trigger.changes) reached.add(key(name))
  }
  return triggers.filter((trigger) => reached.has(key(trigger.table)))
}

/** Whether all changes of a trigger were observed. Row counts cannot distinguish two changes to one table. */
function isSeen(
  { changes }: TriggerChanges,
  {
    trace,
    number,
    existing,
  }: {
    readonly trace: SqliteTrace
    readonly number: number
    readonly existing: ReadonlySet<string>
  },
): boolean {
  const old = changes.filter((name) => existing.has(key(name)))
  if (new Set(old.map(key)).size < old.length) return false
  return old.every((name) =>
    trace.effects.some(
      (one) =>
        one.statement === number &&
        key(bare(one.relation)) === key(name) &&
        (one.what === 'updated' || one.what === 'deleted'),
    ),
  )
}

/** Type conversions on simpler rows: only `edge` rows contain values that a conversion changes. */
function plainConversions({ changes, filling, vacant }: SqliteRunOnRows): string[] {
  if (filling.style === 'edge') return []
  return changes.flatMap(({ before, after, columns }) => {
    if (before === undefined || after === undefined || vacant.includes(before.name)) return []
    const converted = columns.filter(
      (column) =>
        column.before !== undefined &&
        column.after !== undefined &&
        typeOf(before, column.before) !== typeOf(after, column.after),
    )
    return converted.map(
      (column) =>
        `The migration refuses the values that would show what a conversion of ${before.name}.${column.before} loses.`,
    )
  })
}

function typeOf({ columns }: NonNullable<TableChange['before']>, name: string): string | undefined {
  return columns.find((column) => column.name === name)?.type.toUpperCase()
}

/** Statements that the file runs with foreign keys enforced, but a deploy's transaction without. */
function unenforcedKeys({ migration, shapes }: SqliteRunOnRows): string[] {
  const { unenforced } = atomicScriptOf(migration)
  return unenforced.flatMap(({ number, actions }) => {
    const [name] = actions.flatMap(writtenTable)
    const isParent = shapes.some(({ references }) =>
      references.some(({ table }) => name !== undefined && key(table) === key(name)),
    )
    return isParent
      ? [
          `Statement ${number} runs without foreign keys, because a later statement switches them off, so they do not cascade.`,
        ]
      : []
  })
}
