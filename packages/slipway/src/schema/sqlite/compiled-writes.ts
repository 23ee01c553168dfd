import { quoteIdentifier, type Row, type Session } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import type { Action, Statement } from '../../statements/index.ts'

// SQLite compiles a statement with its triggers and foreign keys. EXPLAIN lists the instructions: sqlite.org/opcode.html.

/** The table of a root page: its own, or that of one of its unique indexes. */
interface Root {
  readonly name: string
  /** The root page of the table. */
  readonly table: number
}

/** The tables of all root pages. */
export type Roots = ReadonlyMap<number, Root>

export async function readRoots(copy: Session): Promise<Roots> {
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
export async function readSelfReferring(copy: Session): Promise<ReadonlyMap<number, boolean>> {
  const rows = await copy.query<{ root: number; keyed: number }>(
    `SELECT t.rootpage AS root, max(EXISTS (SELECT 1 FROM pragma_table_info(t.name) c WHERE c.name = f."from" AND c.pk > 0
         UNION ALL SELECT 1 FROM pragma_index_list(t.name) l JOIN pragma_index_info(l.name) x WHERE l."unique" AND x.name = f."from")) AS keyed
     FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table' AND t.rootpage > 0
     GROUP BY t.rootpage HAVING max(f."table" = t.name COLLATE NOCASE)`,
  )
  return new Map(rows.map(({ root, keyed }) => [root, keyed === 1]))
}

export async function enforceKeys(copy: Session, isEnforced: boolean): Promise<void> {
  await copy.execute(`PRAGMA foreign_keys = ${isEnforced ? 'ON' : 'OFF'}`)
}

/** What a statement does to a table. */
export interface Write {
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

/** What is known of the tables of a copy before a statement. */
export interface CompiledTables {
  readonly roots: Roots
  /** From `readSelfReferring`. */
  readonly selfReferring: ReadonlyMap<number, boolean>
}

/**
 * The writes of a statement; undefined if SQLite cannot tell. With foreign keys, an UPDATE of a column that refers to its own
 * table is compiled like one of its key, so it is compiled without them, too.
 */
export async function readWrites(
  copy: Session,
  statement: Statement,
  { roots, selfReferring, isEnforced }: CompiledTables & { readonly isEnforced: boolean },
): Promise<Write[] | undefined> {
  const writes = await writesOf(copy, statement, roots)
  const isUncertain = ({ root, rekeys, by }: Write) =>
    rekeys && by !== 'trigger' && selfReferring.has(root)
  if (!isEnforced || !writes?.some(isUncertain)) return writes
  await enforceKeys(copy, false)
  const alone = await writesOf(copy, statement, roots)
  await enforceKeys(copy, true)
  return writes.map((write) => {
    if (!isUncertain(write)) return write
    const rekeys =
      write.by === 'key'
        ? selfReferring.get(write.root) === true
        : alone?.some((one) => one.by === 'statement' && one.root === write.root && one.rekeys)
    return { ...write, rekeys: rekeys !== false }
  })
}

async function writesOf(
  copy: Session,
  { text, actions }: Statement,
  roots: Roots,
): Promise<Write[] | undefined> {
  const explained = await attempt(() => copy.query<Instruction>(`EXPLAIN ${text}`))
  if (!explained.ok) return undefined
  const instructions = explained.value
  if (instructions.some((one) => isForeign(one, actions.every(isOnRows)))) return undefined
  const writes = programsOf(instructions).flatMap((program, index) => {
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

/**
 * Whether all that a trigger of a table does is to write virtual tables. It is compiled on `copy` with statements
 * on its table, of which `columns` are those that can be assigned.
 */
export async function writesOnlyVirtual(
  copy: Session,
  trigger: { readonly name: string; readonly table: string },
  columns: readonly string[],
): Promise<boolean> {
  const table = quoteIdentifier(trigger.table)
  const assigned = columns.map(quoteIdentifier).map((name) => `${name} = ${name}`)
  const programs: Instruction[][] = []
  for (const sql of [
    `INSERT INTO ${table} DEFAULT VALUES`,
    `UPDATE ${table} SET ${assigned.join(', ')}`,
    `DELETE FROM ${table}`,
  ]) {
    const explained = await attempt(() => copy.query<Instruction>(`EXPLAIN ${sql}`))
    if (explained.ok) programs.push(...programsOf(explained.value))
  }
  const own = programs.filter(([first]) => first?.p4 === `-- TRIGGER ${trigger.name}`).flat()
  const isWrite = (one: Instruction) => writtenPage(one) !== undefined
  const isRaise = ({ opcode, p1, p2 }: Instruction) => opcode === 'Halt' && (p1 !== 0 || p2 !== 0)
  return (
    own.some(({ opcode }) => opcode === 'VUpdate') &&
    !own.some((one) => isWrite(one) || isRaise(one))
  )
}

/** The program of the statement comes first. The program of each trigger or foreign key starts again at 0. */
function programsOf(instructions: readonly Instruction[]): Instruction[][] {
  const starts = instructions.flatMap(({ addr }, index) => (addr === 0 ? [index] : []))
  return starts.map((start, index) => instructions.slice(start, starts[index + 1]))
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

/** The number of the database of temporary tables; above it are attached ones. */
const TEMPORARY = 1

/** The page of `sqlite_schema`. */
const SCHEMA_ROOT = 1

/** Whether an action reads or changes rows alone. */
export function isOnRows(action: Action): boolean {
  const kinds: readonly Action['kind'][] = ['insert', 'update', 'delete']
  return (
    kinds.includes(action.kind) || (action.kind === 'other' && action.statement === 'SelectStmt')
  )
}
