import {
  applySqlite,
  type DefinedTable,
  isSameName,
  keyOfName,
  type SqliteDefinitions,
} from '../../schema/index.ts'
import { type SqliteDetail, sqliteDetail, type Statement } from '../../statements/index.ts'
import type { JudgedMigration } from '../hazard.ts'
import { type Copy, copiedValues, type Rebuild } from './rebuild.ts'
import type { DetailOf, MigrationRun } from './rule.ts'

/**
 * Simulates a migration on a database with these definitions: the definitions before each statement, and
 * the rebuilt tables.
 */
export function runOf(start: SqliteDefinitions, migration: JudgedMigration): MigrationRun {
  const before = new Map<number, SqliteDefinitions>()
  const legacy = new Set<number>()
  const trace = new Trace()
  let definitions = start
  let isLegacy = false
  for (const statement of migration.statements) {
    const detail = sqliteDetail(statement)
    before.set(statement.number, definitions)
    if (isLegacy) legacy.add(statement.number)
    isLegacy = setting('legacy_alter_table', detail) ?? isLegacy
    trace.see(detail, statement, definitions)
    definitions = applySqlite(definitions, statement, {
      migration: migration.name,
      legacy: isLegacy,
    })
    const old = trace.succeeded(statement)
    if (old) definitions = withHistory(definitions, old)
  }
  const rebuilds = trace.rebuilds.map((one) => ({ ...one, lost: lostBy(one, definitions) }))
  return { ...keysDuring(migration), before, after: definitions, rebuilds, legacy }
}

/** Treats a rebuilt table as the old one: it is not new to the target. */
function withHistory(definitions: SqliteDefinitions, rebuild: FoundRebuild): SqliteDefinitions {
  const key = keyOfName(rebuild.name)
  const table = definitions.tables.get(key)
  if (table === undefined) return definitions
  const { createdBy: _made, ...rest } = table
  const { createdBy, onTarget } = rebuild.old
  const succeeded: DefinedTable = {
    ...rest,
    ...(createdBy === undefined ? {} : { createdBy }),
    ...(onTarget === undefined ? {} : { onTarget }),
  }
  return { ...definitions, tables: new Map(definitions.tables).set(key, succeeded) }
}

function lostBy({ before, old }: FoundRebuild, after: SqliteDefinitions): Rebuild['lost'] {
  const isOfOld = ({ table }: { readonly table: string }) => isSameName(table, old.name)
  return {
    indexes: [...before.indexes]
      .filter(([key, index]) => isOfOld(index) && !after.indexes.has(key))
      .map(([, index]) => index),
    triggers: [...before.triggers]
      .filter(([key, trigger]) => isOfOld(trigger) && !after.triggers.has(key))
      .map(([, trigger]) => trigger),
  }
}

type FoundRebuild = Omit<Rebuild, 'lost'>

interface Made {
  readonly statement: Statement
  readonly detail: DetailOf<'create-table'>
  readonly copies: readonly FoundCopy[]
}

interface FoundCopy {
  readonly statement: Statement
  readonly detail: DetailOf<'insert'>
}

interface Gone {
  readonly statement: Statement
  readonly table: DefinedTable
  readonly before: SqliteDefinitions
}

/** Follows the tables that a migration creates, fills, drops and renames. Keys are names in lower case. */
class Trace {
  readonly rebuilds: FoundRebuild[] = []
  readonly #made = new Map<string, Made>()
  readonly #dropped = new Map<string, Gone>()
  /** Keyed by their new names. */
  readonly #renamed = new Map<string, Gone>()

  /** The rebuild that a statement completes. */
  succeeded(statement: Statement): FoundRebuild | undefined {
    return this.rebuilds.find((one) => statement === (one.order === 'copy' ? one.rename : one.drop))
  }

  see(detail: SqliteDetail, statement: Statement, before: SqliteDefinitions): void {
    switch (detail.kind) {
      case 'create-table':
        this.#made.set(keyOfName(detail.table.name), { statement, detail, copies: [] })
        break
      case 'insert':
        this.#seeInsert(detail, statement)
        break
      case 'drop':
        if (detail.of === 'table') this.#seeDrop(detail.name, statement, before)
        break
      case 'rename-table':
        this.#seeRename(detail, statement, before)
        break
      default:
    }
  }

  #seeInsert(detail: DetailOf<'insert'>, statement: Statement): void {
    const key = keyOfName(detail.table)
    const made = this.#made.get(key)
    if (made === undefined || detail.source.kind !== 'select') return
    this.#made.set(key, { ...made, copies: [...made.copies, { statement, detail }] })
  }

  #seeDrop(name: string, statement: Statement, before: SqliteDefinitions): void {
    this.#dropped.set(keyOfName(name), { statement, table: tableIn(before, name), before })
    const renamed = this.#renamed.get(keyOfName(name))
    const made = renamed && this.#made.get(keyOfName(renamed.table.name))
    if (renamed === undefined || made === undefined) return
    const { table: old, statement: rename } = renamed
    const found = { order: 'rename', name: old.name, old, before: renamed.before } as const
    this.#add({ ...found, drop: statement, rename }, made, name)
  }

  #seeRename(
    { table: from, to }: DetailOf<'rename-table'>,
    statement: Statement,
    before: SqliteDefinitions,
  ): void {
    const made = this.#made.get(keyOfName(from))
    const dropped = this.#dropped.get(keyOfName(to))
    if (made && dropped && dropped.statement.number > made.statement.number) {
      const { table: old, before: started, statement: drop } = dropped
      const found = { order: 'copy', name: to, old, before: started } as const
      this.#add({ ...found, drop, rename: statement }, made, old.name)
      return
    }
    this.#renamed.set(keyOfName(to), { statement, table: tableIn(before, from), before })
  }

  #add(
    found: Omit<FoundRebuild, 'oldName' | 'newTable' | 'create' | 'copies'>,
    { statement: create, detail, copies }: Made,
    oldName: string,
  ): void {
    const tables = { old: found.old, newTable: detail.table }
    const copied = copies
      .map((one): Copy => asCopy(one, tables))
      .filter(({ select }) => select.names.tables.some((name) => isSameName(name, oldName)))
    this.rebuilds.push({ ...found, oldName, newTable: detail.table, create, copies: copied })
  }
}

/** The definition of a table. If no migration created the table, only its name is known. */
function tableIn({ tables }: SqliteDefinitions, name: string): DefinedTable {
  return tables.get(keyOfName(name)) ?? { ...UNKNOWN, name, onTarget: name }
}

const UNKNOWN = {
  columns: [],
  primaryKey: [],
  autoincrement: false,
  uniques: [],
  keys: [],
  checks: [],
  foreignKeys: [],
  constraints: [],
  strict: false,
  withoutRowid: false,
  temporary: false,
  text: '',
}

function asCopy({ statement, detail }: FoundCopy, tables: Pick<Rebuild, 'old' | 'newTable'>): Copy {
  const select = detail.source.kind === 'select' ? detail.source.select : NO_SELECT
  return {
    statement,
    select,
    ...(detail.conflict === undefined ? {} : { conflict: detail.conflict }),
    ...copiedValues(detail.columns, select, tables),
    byPosition: detail.columns === undefined || select.columns.some(({ kind }) => kind === 'star'),
  }
}

const NO_SELECT = {
  columns: [],
  limits: [],
  names: { tables: [], columns: [], functions: [], aliases: [] },
}

/**
 * Whether foreign keys are enforced while a migration runs. SQLite ignores PRAGMA foreign_keys in a
 * transaction, so one value applies to the whole file: keys are enforced unless the file makes a change
 * while they are switched off. A deploy applies the same rule (execution/sqlite/atomic-script.ts).
 */
function keysDuring({
  statements,
}: JudgedMigration): Pick<MigrationRun, 'enforcesKeys' | 'expectsEnforcedKeys'> {
  let isEnforced = true
  let enforcesKeys = true
  const enforced = new Set<Statement>()
  for (const statement of statements) {
    const detail = sqliteDetail(statement)
    isEnforced = setting('foreign_keys', detail) ?? isEnforced
    if (isQuiet(detail)) continue
    if (isEnforced) enforced.add(statement)
    else enforcesKeys = false
  }
  return { enforcesKeys, expectsEnforcedKeys: enforcesKeys ? new Set() : enforced }
}

/** Whether a statement changes no table and no row. */
export function isQuiet({ kind }: SqliteDetail): boolean {
  return QUIET.has(kind)
}

const QUIET: ReadonlySet<SqliteDetail['kind']> = new Set<SqliteDetail['kind']>([
  'pragma',
  'transaction',
  'select',
  'explain',
  'analyze',
])

/** Whether a statement switches a setting on or off; undefined if it does neither. */
export function setting(name: string, detail: SqliteDetail): boolean | undefined {
  if (detail.kind !== 'pragma' || detail.name !== name || detail.value === undefined)
    return undefined
  const word = detail.value.toLowerCase()
  return /^[+]?\d/.test(word) ? Number.parseInt(word, 10) !== 0 : ON.includes(word)
}

/** Words that SQLite reads as on; other words mean off. Source: `sqlite3GetBoolean`. */
const ON = ['on', 'yes', 'true']
