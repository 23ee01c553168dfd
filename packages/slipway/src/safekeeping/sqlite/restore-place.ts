import { quoteIdentifier, quoteText, type Session } from '../../database/index.ts'
import { attempt } from '../../kernel/index.ts'
import {
  affinityOf,
  dependentCodeOf,
  isPossible,
  isSameName,
  readSqliteForeignKeys,
  readSqliteState,
  readVirtualRows,
  type RowTable,
  type SqliteForeignKey,
  type SqliteState,
  writesOnlyVirtual,
} from '../../schema/index.ts'
import { rebuildOfTextIndex, sqliteTextIndex } from '../../statements/index.ts'

/** A trigger of a table or a view. */
export interface SqliteTrigger {
  readonly name: string
  readonly table: string
  readonly sql: string
  /** All that it does is to keep virtual tables that store their own rows up to date. */
  readonly indexes: boolean
}

/** A full-text index of other tables, which can be built again from them. */
interface TextIndex {
  readonly name: string
  /** The tables whose texts it has, also through a view. */
  readonly over: readonly string[]
}

/** What a restore must know about the database into which it restores rows. */
export interface RestorePlace {
  readonly tables: readonly RowTable[]
  readonly triggers: readonly SqliteTrigger[]
  readonly textIndexes: readonly TextIndex[]
  readonly foreignKeys: readonly RestoredKey[]
  /** The names of tables with an AUTOINCREMENT counter. */
  readonly counted: readonly string[]
}

/** A foreign key, and how SQLite compares its columns with those to which they refer, in their order. */
export interface RestoredKey extends SqliteForeignKey {
  /** The collations of the columns to which it refers. */
  readonly collations: readonly string[]
  /** Whether a value is converted to the type of the column to which it refers. */
  readonly converts: readonly boolean[]
  /** Whether an index of the table begins with its columns. */
  readonly indexed: boolean
}

/** Reads what a restore must know about a database. It tries statements on `copy`, a copy of its schema. */
export async function readRestorePlace(copy: Session): Promise<RestorePlace> {
  const state = await readSqliteState(copy)
  const virtual = await readVirtualRows(copy)
  return {
    tables: [...state.tables, ...virtual],
    triggers: await readTriggers(copy, state, virtual),
    textIndexes: await readTextIndexes(copy, state),
    foreignKeys: await readKeys(copy, state),
    counted: state.tables.filter(({ counted }) => counted).map(({ name }) => name),
  }
}

async function readKeys(copy: Session, { tables }: SqliteState): Promise<RestoredKey[]> {
  const affinityIn = (table: string, column: string) => {
    const own = tables.find(({ name }) => isSameName(name, table))
    const found = own?.columns.find(({ name }) => isSameName(name, column))
    return affinityOf(found?.type ?? '')
  }
  const keys = await readSqliteForeignKeys(copy)
  const collations = await readCollations(
    copy,
    keys.flatMap(({ parent, referenced }) => referenced.map((column) => [parent, column] as const)),
  )
  const restored: RestoredKey[] = []
  for (const key of keys) {
    const { table, columns, parent, referenced } = key
    restored.push({
      ...key,
      collations: referenced.map((name) => collations.get(columnKey(parent, name)) ?? 'BINARY'),
      converts: columns.map(
        (name, at) => affinityIn(table, name) !== affinityIn(parent, referenced[at] ?? ''),
      ),
      indexed: await isIndexed(copy, key),
    })
  }
  return restored
}

async function isIndexed(copy: Session, { table, columns }: SqliteForeignKey): Promise<boolean> {
  const parts = await copy.query<{ name: string; column: string | null }>(
    `SELECT l.name, x.name AS "column" FROM pragma_index_list(${quoteText(table)}) l JOIN pragma_index_info(l.name) x WHERE l.partial = 0 ORDER BY l.name, x.seqno`,
  )
  return [...Map.groupBy(parts, ({ name }) => name).values()].some((index) => {
    const first = index.slice(0, columns.length).map(({ column }) => column)
    return columns.every((name) => first.includes(name))
  })
}

function columnKey(table: string, column: string): string {
  return JSON.stringify([table, column])
}

/**
 * The collations of columns, by `columnKey`. SQLite shows them only for an index, so all indexes are created
 * first and then undone together: after an undone change, SQLite parses the whole schema again.
 */
async function readCollations(
  copy: Session,
  columns: readonly (readonly [table: string, column: string])[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Map(columns.map((one) => [columnKey(...one), one]))
  const found = new Map<string, string>()
  await copy.execute('SAVEPOINT collations')
  for (const [place, [table, column]] of [...wanted.values()].entries())
    await attempt(() =>
      copy.execute(
        `CREATE INDEX _slipway_collation_${place} ON ${quoteIdentifier(table)} (${quoteIdentifier(column)})`,
      ),
    )
  const rows = await copy.query<{ name: string; coll: string }>(
    `SELECT m.name, x.coll FROM sqlite_schema m, pragma_index_xinfo(m.name) x
     WHERE m.type = 'index' AND m.name GLOB '_slipway_collation_*' AND x.seqno = 0`,
  )
  await copy.execute('ROLLBACK TO collations; RELEASE collations')
  const byName = new Map(rows.map(({ name, coll }) => [name, coll]))
  for (const [place, key] of [...wanted.keys()].entries()) {
    const collation = byName.get(`_slipway_collation_${place}`)
    if (collation !== undefined) found.set(key, collation)
  }
  return found
}

async function readTriggers(
  copy: Session,
  { objects, tables }: SqliteState,
  virtual: readonly RowTable[],
): Promise<SqliteTrigger[]> {
  const users = new Set(virtual.flatMap(({ name }) => dependentCodeOf(objects, name)))
  const triggers: SqliteTrigger[] = []
  for (const one of objects.filter(({ kind }) => kind === 'trigger')) {
    const table = tables.find(({ name }) => isSameName(name, one.table))
    const columns = table?.columns.filter(({ generated }) => !generated).map(({ name }) => name)
    const indexes =
      columns !== undefined && users.has(one) && (await writesOnlyVirtual(copy, one, columns))
    triggers.push({ name: one.name, table: one.table, sql: one.sql, indexes })
  }
  return triggers
}

/** A virtual table that a trigger writes, and the table of the trigger. */
export interface TriggeredTable {
  readonly virtual: string
  readonly by: string
}

/** The virtual tables with rows of their own that are written by triggers which do not fire while rows are restored. */
export async function readTriggeredTables(
  copy: Session,
  virtual: readonly RowTable[],
): Promise<TriggeredTable[]> {
  if (virtual.length === 0) return []
  const state = await readSqliteState(copy)
  const silent = (await readTriggers(copy, state, virtual)).filter(({ indexes }) => !indexes)
  return virtual.flatMap(({ name }) => {
    const users = new Set(dependentCodeOf(state.objects, name).map((one) => one.name))
    return silent
      .filter((trigger) => users.has(trigger.name))
      .map(({ table }) => ({ virtual: name, by: table }))
  })
}

async function readTextIndexes(
  copy: Session,
  { objects, tables }: SqliteState,
): Promise<TextIndex[]> {
  const found: TextIndex[] = []
  for (const { kind, name, sql } of objects) {
    const index = kind === 'table' ? sqliteTextIndex(sql) : undefined
    // It may have a column that its table lacks.
    if (index === undefined || !(await isPossible(copy, rebuildOfTextIndex(name)))) continue
    const isContent = (other: string) => isSameName(other, index.content)
    const over = tables
      .map((table) => table.name)
      .filter((table) => [table, ...viewsOf(objects, table)].some(isContent))
    found.push({ name, over })
  }
  return found
}

function viewsOf(objects: SqliteState['objects'], table: string): string[] {
  return dependentCodeOf(objects, table)
    .filter(({ kind }) => kind === 'view')
    .map(({ name }) => name)
}

/**
 * SQL that runs without triggers. SQLite cannot disable them, so they are dropped and created again
 * unchanged.
 */
export function withoutTriggers(triggers: readonly SqliteTrigger[], sql: string): string {
  if (sql === '') return ''
  const drops = triggers.map(({ name }) => `DROP TRIGGER ${quoteIdentifier(name)};\n`)
  const creates = triggers.map((trigger) => `${trigger.sql}\n;\n`)
  return [...drops, sql, ...creates].join('')
}

/** SQL that builds the full-text indexes of changed tables again. */
export function rebuildTextIndexes(
  { textIndexes, foreignKeys }: RestorePlace,
  changed: readonly string[],
): string {
  const all = new Set(changed)
  // A set grows while it is read: a foreign key changes the rows that refer to a changed table.
  for (const name of all)
    for (const { table, parent, onUpdate } of foreignKeys)
      if (isSameName(parent, name) && !PASSIVE.has(onUpdate)) all.add(table)
  return textIndexes
    .filter(({ over }) => over.some((table) => [...all].some((one) => isSameName(one, table))))
    .map(({ name }) => `${rebuildOfTextIndex(name)};\n`)
    .join('')
}

/** What a foreign key does without changing the rows that refer. */
const PASSIVE: ReadonlySet<string> = new Set(['NO ACTION', 'RESTRICT'])
