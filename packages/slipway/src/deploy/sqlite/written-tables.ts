import type { Session } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import { isSameName, type TableChange } from '../../schema/index.ts'
import { type Action, sqliteNameKey, type Statement } from '../../statements/index.ts'

/** The tables that a migration can write, by the keys of the names that they had before it. */
export interface WrittenTables {
  /** All of them, also those that foreign keys reach if they are enforced although the migration turns them off. */
  readonly any: ReadonlySet<string>
  /** Those of them that are not written by statements alone that name them: by triggers, foreign keys or under a passing name. */
  readonly unnamed: ReadonlySet<string>
}

/** Learns which tables statements write. */
export interface WriteObserver {
  /** Notes what a statement can write. To be called before it runs. */
  readonly observe: (statement: Statement) => Promise<void>
  /** What the statements can write, by what they made of the tables. To be called after the last one has run. */
  readonly written: (changes: readonly TableChange[]) => Promise<WrittenTables>
}

/** A table of the copy. It is known by the page where it begins, which no statement but DROP TABLE takes from it. */
interface Tracked {
  /** Its name before the migration; nothing for one that the migration creates. */
  readonly before: string | undefined
  /** Its name now. */
  name: string
  isWritten: boolean
  /** Whether a trigger, a foreign key or a view writes it. */
  isPassedOn: boolean
  /** The names by which statements write it, other than to copy rows into it, or to drop it or a column. */
  readonly names: Set<string>
}

/**
 * Observes statements that run on a copy of a schema. SQLite says what they write: it compiles each statement with all
 * triggers and foreign keys that belong to it, whatever they are called, and EXPLAIN lists the result.
 * Source: sqlite.org/opcode.html (OpenWrite, Clear).
 */
export async function observeWrites(copy: Session, foreignKeys: boolean): Promise<WriteObserver> {
  const known = new Map<number, Tracked>()
  const all: Tracked[] = []
  let isUnclear = false
  let isStale = false

  const track = async (isBefore: boolean) => {
    const roots = await readRoots(copy)
    for (const root of known.keys()) if (!roots.has(root)) known.delete(root)
    for (const [root, name] of roots) {
      const table = known.get(root)
      if (table) table.name = name
      else {
        const before = isBefore ? name : undefined
        const made = { before, name, isWritten: false, isPassedOn: false, names: new Set<string>() }
        known.set(root, made)
        all.push(made)
      }
    }
  }
  await track(true)

  const note = (statement: Statement, { root, isDirect }: Write, isEnforced: boolean) => {
    const table = known.get(root)
    if (table === undefined) return
    table.isWritten = true
    if (isEnforced !== foreignKeys) return
    const named = statement.actions.filter((action) => isSameName(targetOf(action), table.name))
    if (!isDirect || named.length === 0) table.isPassedOn = true
    else if (!named.every(leavesRows)) table.names.add(table.name)
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
        if (!foreignKeys) await enforce(copy, isEnforced)
        const writes = await writesOf(copy, statement)
        isUnclear ||= writes === undefined
        for (const write of writes ?? []) note(statement, write, isEnforced)
      }
      if (!foreignKeys) await enforce(copy, false)
    },
    written: async (changes) => {
      await track(false)
      const now = [...known.values()]
      const unnamed = all.filter((table) => isWrittenUnnamed(table, [table.before, table.name]))
      const rebuilt = changes.filter(({ before, after }) => {
        const made = now.find(
          (table) => table.before === undefined && isSameName(table.name, after?.name ?? ''),
        )
        return made && isWrittenUnnamed(made, [before?.name, after?.name])
      })
      return {
        any: keysOf(
          all.filter(({ isWritten }) => isWritten || isUnclear).map(({ before }) => before),
        ),
        unnamed: keysOf([
          ...unnamed.map(({ before }) => before),
          ...rebuilt.map(({ before }) => before?.name),
        ]),
      }
    },
  }
}

/** The keys of the names of tables that existed before. */
function keysOf(names: readonly (string | undefined)[]): ReadonlySet<string> {
  return new Set(names.filter((name) => name !== undefined).map(sqliteNameKey))
}

/** Whether a table is written by what is not a statement on one of these names, its lasting ones. */
function isWrittenUnnamed(
  { isPassedOn, names }: Tracked,
  lasting: readonly (string | undefined)[],
): boolean {
  const isLasting = (name: string) => lasting.some((one) => one && isSameName(one, name))
  return isPassedOn || ![...names].every(isLasting)
}

/** The pages where the tables begin, with their names. */
async function readRoots(copy: Session): Promise<Map<number, string>> {
  const rows = await copy.query<{ root: number; name: string }>(
    `SELECT rootpage AS root, name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0`,
  )
  return new Map(rows.map(({ root, name }) => [root, name]))
}

async function enforce(copy: Session, isEnforced: boolean): Promise<void> {
  await copy.execute(`PRAGMA foreign_keys = ${isEnforced ? 'ON' : 'OFF'}`)
}

interface Write {
  /** The page where the table begins. */
  readonly root: number
  /** Whether it is the statement that writes, and not a trigger or a foreign key. */
  readonly isDirect: boolean
}

/** The flag of OpenWrite for a table that the statement itself creates. */
const ROOT_IN_REGISTER = 0x10

/** What a statement writes of the database; nothing if SQLite does not say it. */
async function writesOf(copy: Session, { text, actions }: Statement): Promise<Write[] | undefined> {
  const explained = await attempt(() =>
    copy.query<Record<'addr' | 'p1' | 'p2' | 'p3' | 'p5', number> & { opcode: string }>(
      `EXPLAIN ${text}`,
    ),
  )
  if (!explained.ok) return undefined
  const writes: Write[] = []
  // The program of the statement comes first; each one of a trigger or of a foreign key begins again at 0.
  let programs = 0
  for (const { addr, opcode, p1, p2, p3, p5 } of explained.value) {
    if (addr === 0) programs++
    const isOpened = opcode === 'OpenWrite' && (p5 & ROOT_IN_REGISTER) === 0
    if (!isOpened && opcode !== 'Clear') continue
    const [root, database] = isOpened ? [p2, p3] : [p1, p2]
    if (database > TEMPORARY || (root === SCHEMA_ROOT && actions.every(isOnRows))) return undefined
    if (database < TEMPORARY) writes.push({ root, isDirect: programs === 1 })
  }
  return writes
}

/** The number of the database of temporary tables; above it are attached ones. */
const TEMPORARY = 1

/** The page of `sqlite_schema`. */
const SCHEMA_ROOT = 1

/** The table that an action names. */
function targetOf(action: Action): string {
  if (action.kind === 'drop') return action.object.name
  return 'table' in action ? (action.table?.name ?? '') : ''
}

/** Whether an action on a table leaves the values of its rows, or its effect on the schema says what it does. */
function leavesRows(action: Action): boolean {
  return (
    action.kind === 'drop' ||
    action.kind === 'drop-column' ||
    (action.kind === 'insert' && action.copies !== undefined)
  )
}

/** Whether an action reads or changes rows alone. */
export function isOnRows(action: Action): boolean {
  const kinds: readonly Action['kind'][] = ['insert', 'update', 'delete']
  return (
    kinds.includes(action.kind) || (action.kind === 'other' && action.statement === 'SelectStmt')
  )
}

function isPragma({ kind }: Action): boolean {
  return kind === 'pragma'
}

/** A setting that Slipway applies itself. */
export function isKnownPragma(action: Action): boolean {
  return action.kind === 'pragma' && ['foreign_keys', 'defer_foreign_keys'].includes(action.name)
}
