import type { Session } from '../../database/index.ts'
import { type Action, sqliteNameKey, type Statement } from '../../statements/index.ts'
import {
  enforceKeys,
  isOnRows,
  readRoots,
  readSelfReferring,
  readWrites,
  type Roots,
  type Write,
} from './compiled-writes.ts'
import { isSameName } from './defined-objects.ts'
import type { TableChange } from './table-changes.ts'

/** The tables that a migration can write, given by the keys of their names before it. */
export interface WrittenTables {
  /** All of them, including those that foreign keys reach although the migration turns these off. */
  readonly any: ReadonlySet<string>
  /**
   * Those written by triggers, views or foreign keys, or under a temporary name, and rebuilt tables that are filled
   * other than by one copy of rows.
   */
  readonly unnamed: ReadonlySet<string>
  /** Those whose rows may be deleted or replaced, also by REPLACE in a definition. */
  readonly removed: ReadonlySet<string>
  /**
   * Those whose rows may be deleted or get a different unique key, or where a trigger may skip a written row. The
   * copying of rows in a rebuild does not count.
   */
  readonly freed: ReadonlySet<string>
  /** Those where an UPDATE, also one in a trigger, may change a unique key. */
  readonly rekeyed: ReadonlySet<string>
}

/** Records which tables statements write. */
export interface WriteObserver {
  /** Records what a statement can write. Must be called before the statement runs. */
  readonly observe: (statement: Statement) => Promise<void>
  /** Returns what the statements can write. Must be called after the last statement has run. */
  readonly written: (changes: readonly TableChange[]) => Promise<WrittenTables>
}

/** A table of the copy. Its root page identifies it: only DROP TABLE frees that. */
interface Tracked {
  /** Its name before the migration; undefined if the migration creates it. */
  readonly before: string | undefined
  /** Its current name. */
  name: string
  isWritten: boolean
  /** Whether a trigger, a foreign key or a view writes it. */
  isPassedOn: boolean
  /** Whether a statement has copied rows into it. */
  isFilled: boolean
  isRemoved: boolean
  /** Whether a row may be deleted, get a different unique key, or be skipped by a trigger. */
  isFreed: boolean
  /** Whether an UPDATE may change a unique key. */
  isRekeyed: boolean
  /** The names under which statements write it, except to copy rows into it, or to drop it or a column. */
  readonly names: Set<string>
}

/**
 * Observes statements that run on a copy of a schema. EXPLAIN lists what each statement writes: SQLite compiles it
 * together with its triggers and foreign keys.
 */
export async function observeWrites(copy: Session, foreignKeys: boolean): Promise<WriteObserver> {
  const known = new Map<number, Tracked>()
  const all: Tracked[] = []
  let roots: Roots = new Map()
  let selfReferring: ReadonlyMap<number, boolean> = new Map()
  let isUnclear = false
  let isStale = false

  const track = async (isBefore: boolean) => {
    roots = await readRoots(copy)
    selfReferring = await readSelfReferring(copy)
    for (const root of known.keys()) if (!roots.has(root)) known.delete(root)
    for (const [root, { name, table: of }] of roots) {
      if (root !== of) continue
      const table = known.get(root)
      if (table) table.name = name
      else {
        const before = isBefore ? name : undefined
        const made = { ...UNTOUCHED, before, name, names: new Set<string>() }
        known.set(root, made)
        all.push(made)
      }
    }
  }
  await track(true)

  const note = (statement: Statement, write: Write, isEnforced: boolean) => {
    const { root, by, removes, rekeys, skips } = write
    const table = known.get(root)
    if (table === undefined) return
    table.isWritten = true
    if (isEnforced !== foreignKeys) return
    const named = statement.actions.filter((action) => isSameName(targetOf(action), table.name))
    const isNamed = by === 'statement' && named.length > 0
    const leaves = isNamed && named.every((action) => leavesRows(action, table))
    if (removes && !leaves) table.isRemoved = true
    if (rekeys) table.isRekeyed = true
    if ((removes && !leaves) || rekeys || skips) table.isFreed = true
    if (!isNamed) table.isPassedOn = true
    else if (!leaves) table.names.add(table.name)
    if (isNamed && named.some(copiesRows)) table.isFilled = true
  }

  return {
    observe: async (statement) => {
      if (isStale) await track(false)
      isStale = !statement.actions.every(isOnRows)
      if (statement.actions.some(({ kind }) => kind === 'reindex')) return
      if (statement.actions.some(isPragma)) {
        isUnclear ||= !statement.actions.every(isKnownPragma)
        return
      }
      for (const isEnforced of foreignKeys ? [true] : [false, true]) {
        if (!foreignKeys) await enforceKeys(copy, isEnforced)
        const writes = await readWrites(copy, statement, { roots, selfReferring, isEnforced })
        // What SQLite rejects with foreign keys cannot pass on anything.
        isUnclear ||= writes === undefined && isEnforced === foreignKeys
        for (const write of writes ?? []) note(statement, write, isEnforced)
      }
      if (!foreignKeys) await enforceKeys(copy, false)
    },
    written: async (changes) => {
      await track(false)
      const lasting = all.map((table) => ({ table, names: [table.before, table.name] }))
      // Tables that replace others in a rebuild.
      const successors = changes.flatMap(({ before, after }) => {
        const table = [...known.values()].find(
          (one) => one.before === undefined && isSameName(one.name, after?.name ?? ''),
        )
        return table ? [{ table, names: [before?.name, after?.name] }] : []
      })
      const keysWhere = (test: (one: TrackedNames) => boolean) =>
        keysOf([...lasting, ...successors].filter(test).map(({ names }) => names[0]))
      return {
        any: keysWhere(({ table }) => table.isWritten || isUnclear),
        unnamed: keysWhere((one) => isUnclear || isWrittenUnnamed(one)),
        removed: keysWhere(({ table }) => table.isRemoved || isUnclear),
        freed: keysWhere(({ table }) => table.isFreed || isUnclear),
        rekeyed: keysWhere(({ table }) => table.isRekeyed || isUnclear),
      }
    },
  }
}

/** The keys of the names of tables that existed before. */
function keysOf(names: readonly (string | undefined)[]): ReadonlySet<string> {
  return new Set(names.filter((name) => name !== undefined).map(sqliteNameKey))
}

/** A table with its names before and after the migration, if it exists then. */
interface TrackedNames {
  readonly table: Tracked
  readonly names: readonly (string | undefined)[]
}

/** Whether a table is written other than by statements on one of these names. */
function isWrittenUnnamed({ table, names }: TrackedNames): boolean {
  const isLasting = (name: string) => names.some((one) => one && isSameName(one, name))
  return table.isPassedOn || ![...table.names].every(isLasting)
}

/** A table that no statement writes. */
const UNTOUCHED = {
  isWritten: false,
  isPassedOn: false,
  isFilled: false,
  isRemoved: false,
  isFreed: false,
  isRekeyed: false,
}

/** The table that an action names. */
function targetOf(action: Action): string {
  if (action.kind === 'drop') return action.object.name
  return 'table' in action ? (action.table?.name ?? '') : ''
}

/** Whether an action on a table leaves the values of its rows, or its effect on the schema says what it does. */
function leavesRows(action: Action, { before, isFilled }: Tracked): boolean {
  if (action.kind === 'drop' || action.kind === 'drop-column') return true
  return copiesRows(action) && before === undefined && !isFilled
}

function copiesRows(action: Action): boolean {
  return action.kind === 'insert' && action.copies !== undefined && action.updates !== true
}

function isPragma({ kind }: Action): boolean {
  return kind === 'pragma'
}

/** A setting that Slipway applies itself. */
export function isKnownPragma(action: Action): boolean {
  return action.kind === 'pragma' && ['foreign_keys', 'defer_foreign_keys'].includes(action.name)
}
