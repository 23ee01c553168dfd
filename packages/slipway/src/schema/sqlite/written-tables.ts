import type { Row, Session } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import { type Action, sqliteNameKey, type Statement } from '../../statements/index.ts'
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
 * Source: sqlite.org/opcode.html (OpenWrite, Clear).
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

  /** The writes of a statement. An UPDATE of a column that refers to its own table looks like one of its key. */
  const exactWrites = async (statement: Statement, isEnforced: boolean) => {
    const writes = await writesOf(copy, statement, roots)
    const isUncertain = ({ root, rekeys, by }: Write) =>
      rekeys && by !== 'trigger' && selfReferring.has(root)
    if (!isEnforced || !writes?.some(isUncertain)) return writes
    await enforce(copy, false)
    const alone = await writesOf(copy, statement, roots)
    await enforce(copy, true)
    return writes.map((write) => {
      if (!isUncertain(write)) return write
      const rekeys =
        write.by === 'key'
          ? selfReferring.get(write.root) === true
          : alone?.some((one) => one.by === 'statement' && one.root === write.root && one.rekeys)
      return { ...write, rekeys: rekeys !== false }
    })
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
        const writes = await exactWrites(statement, isEnforced)
        isUnclear ||= writes === undefined
        for (const write of writes ?? []) note(statement, write, isEnforced)
      }
      if (!foreignKeys) await enforce(copy, false)
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

/** The table of a root page: its own, or that of one of its unique indexes. */
interface Root {
  readonly name: string
  /** The root page of the table. */
  readonly table: number
}

/** The tables of all root pages. */
type Roots = ReadonlyMap<number, Root>

async function readRoots(copy: Session): Promise<Roots> {
  const rows = await copy.query<Row & Root & { root: number }>(
    `SELECT t.rootpage AS root, t.name, t.rootpage AS "table" FROM sqlite_schema t WHERE t.type = 'table' AND t.rootpage > 0
     UNION ALL SELECT i.rootpage, t.name, t.rootpage FROM sqlite_schema t JOIN pragma_index_list(t.name) l ON l."unique"
       JOIN sqlite_schema i ON i.type = 'index' AND i.name = l.name WHERE t.type = 'table' AND t.rootpage > 0`,
  )
  return new Map(rows.map(({ root, ...of }) => [root, of]))
}

/**
 * The root pages of the tables that refer to themselves, and whether a foreign key can pass on a change to a column of
 * one of their unique keys.
 */
async function readSelfReferring(copy: Session): Promise<ReadonlyMap<number, boolean>> {
  const rows = await copy.query<{ root: number; keyed: number }>(
    `SELECT t.rootpage AS root, max(EXISTS (SELECT 1 FROM pragma_table_info(t.name) c WHERE c.name = f."from" AND c.pk > 0
         UNION ALL SELECT 1 FROM pragma_index_list(t.name) l JOIN pragma_index_info(l.name) x WHERE l."unique" AND x.name = f."from")) AS keyed
     FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table' AND t.rootpage > 0
     GROUP BY t.rootpage HAVING max(f."table" = t.name COLLATE NOCASE)`,
  )
  return new Map(rows.map(({ root, keyed }) => [root, keyed === 1]))
}

async function enforce(copy: Session, isEnforced: boolean): Promise<void> {
  await copy.execute(`PRAGMA foreign_keys = ${isEnforced ? 'ON' : 'OFF'}`)
}

/** What a statement does to a table. */
interface Write {
  /** The root page of the table. */
  readonly root: number
  /** What writes it. */
  readonly by: 'statement' | 'trigger' | 'key'
  /** Whether a row may be deleted or replaced. */
  readonly removes: boolean
  /** Whether an UPDATE may change a unique key. */
  readonly rekeys: boolean
  /** Whether a trigger may skip the row of the statement. */
  readonly skips: boolean
}

/** A flag of OpenWrite: the statement itself creates the table. */
const ROOT_IN_REGISTER = 0x10

/** Flags of Delete, which SQLite sets if it is built with sessions, as that of Node.js is: an UPDATE replaces the row; it does so under the same rowid or primary key. */
const IS_UPDATE = 0x04
const KEEPS_KEY = 0x40

/** The action of Halt for RAISE(IGNORE). */
const RAISE_IGNORE = 4

/** An instruction of a compiled statement. */
type Instruction = Record<'addr' | 'p1' | 'p2' | 'p3' | 'p5', number> & {
  readonly opcode: string
  readonly p4: string | null
}

/** The tables that a statement writes; undefined if SQLite cannot tell. */
async function writesOf(
  copy: Session,
  { text, actions }: Statement,
  roots: Roots,
): Promise<Write[] | undefined> {
  const explained = await attempt(() => copy.query<Instruction>(`EXPLAIN ${text}`))
  if (!explained.ok) return undefined
  const instructions = explained.value
  if (instructions.some((one) => isForeign(one, actions.every(isOnRows)))) return undefined
  // The program of the statement comes first. The program of each trigger or foreign key starts again at 0.
  const starts = instructions.flatMap(({ addr }, index) => (addr === 0 ? [index] : []))
  const writes = starts.flatMap((start, index) => {
    const program = instructions.slice(start, starts[index + 1])
    const isTrigger = program[0]?.p4?.startsWith('-- TRIGGER') === true
    const by = index === 0 ? 'statement' : isTrigger ? 'trigger' : 'key'
    return writesOfProgram(program, roots).map((write) => ({ ...write, by }) as const)
  })
  const skips = instructions.some(({ opcode, p2 }) => opcode === 'Halt' && p2 === RAISE_IGNORE)
  return writes.map((write) => ({ ...write, skips }))
}

/** The page and the database that an instruction opens for writing or clears. */
function writtenPage({ opcode, p1, p2, p3, p5 }: Instruction): [number, number] | undefined {
  if (opcode === 'Clear') return [p1, p2]
  return opcode === 'OpenWrite' && (p5 & ROOT_IN_REGISTER) === 0 ? [p2, p3] : undefined
}

/** Whether an instruction writes an attached database, or changes the schema as rows. */
function isForeign(instruction: Instruction, isForRows: boolean): boolean {
  const [page, database] = writtenPage(instruction) ?? [0, 0]
  return database > TEMPORARY || (page === SCHEMA_ROOT && isForRows)
}

function writesOfProgram(
  program: readonly Instruction[],
  roots: Roots,
): Omit<Write, 'by' | 'skips'>[] {
  const writes = new Map<number, { cleared: boolean; removals: Instruction[] }>()
  const cursors = new Map<number, number>()
  for (const instruction of program) {
    const { opcode, p1 } = instruction
    const [page, database] = writtenPage(instruction) ?? []
    if (page !== undefined && database !== TEMPORARY) {
      const root = roots.get(page)?.table ?? page
      const { cleared = false, removals = [] } = writes.get(root) ?? {}
      writes.set(root, { cleared: cleared || opcode === 'Clear', removals })
      // What is removed from other indexes than unique ones does not matter.
      if (opcode === 'OpenWrite' && roots.has(page)) cursors.set(p1, root)
    }
    const removed = opcode === 'Delete' || opcode === 'IdxDelete' ? cursors.get(p1) : undefined
    if (removed !== undefined) writes.get(removed)?.removals.push(instruction)
  }
  return [...writes].map(([root, { cleared, removals }]) => {
    const deletes = removals.filter(({ opcode }) => opcode === 'Delete')
    const updates = deletes.filter(({ p2 }) => (p2 & IS_UPDATE) !== 0)
    const isOfIndex = deletes.length < removals.length
    const isOfKey = isOfIndex || updates.some(({ p2 }) => (p2 & KEEPS_KEY) === 0)
    return {
      root,
      removes: cleared || updates.length < deletes.length,
      rekeys: updates.length > 0 && isOfKey,
    }
  })
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
function leavesRows(action: Action, { before, isFilled }: Tracked): boolean {
  if (action.kind === 'drop' || action.kind === 'drop-column') return true
  return copiesRows(action) && before === undefined && !isFilled
}

function copiesRows(action: Action): boolean {
  return action.kind === 'insert' && action.copies !== undefined && action.updates !== true
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
