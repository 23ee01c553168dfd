import { columnIn, isSameName, keyOfName } from '../../schema/index.ts'
import {
  type SqliteColumn,
  sqliteDefinitionParts,
  sqliteDetail,
  sqliteNames,
  type Statement,
} from '../../statements/index.ts'
import type { JudgedMigration } from '../hazard.ts'
import { quoted } from './names-and-sizes.ts'
import { isExpressible, type Rebuild } from './rebuild.ts'
import { usesOf } from './uses.ts'

/** Statements that give the same schema as a rebuild without copying the rows. */
export interface AlterForm {
  /** Statements without their semicolons. */
  readonly steps: readonly string[]
  /**
   * Statements of the file that the steps replace: those of the rebuild, and those that recreate remaining
   * indexes and triggers.
   */
  readonly replaced: readonly Statement[]
}

/** The ALTER TABLE form of a rebuild; undefined if SQLite or the surrounding statements need the rebuild. */
export function alterFormOf(rebuild: Rebuild, migration: JudgedMigration): AlterForm | undefined {
  const { order, old, newTable, copies, name } = rebuild
  const [copy] = copies
  if (order !== 'copy' || copies.length !== 1 || copy?.values === undefined) return undefined
  if (copy.select.limits.length > 0 || copy.conflict !== undefined) return undefined
  if (old.renamed || old.columns.length === 0 || newTable.columns.length === 0) return undefined
  if (!hasSameTableDefinition(rebuild) || isUsedDuringRebuild(rebuild, migration)) return undefined
  const parts = partsOf(rebuild, migration)
  const columns = columnSteps(rebuild, parts.dropped)
  if (columns === undefined) return undefined
  return {
    steps: [...parts.steps, ...columns.map((step) => `ALTER TABLE ${quoted(name)} ${step}`)],
    replaced: [rebuild.create, copy.statement, rebuild.drop, rebuild.rename, ...parts.replaced],
  }
}

/** Whether everything except the columns is the same. */
function hasSameTableDefinition({ old, newTable }: Rebuild): boolean {
  const keys = (constraints: readonly string[]) => constraints.map(partKey).toSorted().join('\n')
  return (
    old.strict === newTable.strict &&
    old.withoutRowid === newTable.withoutRowid &&
    keys(old.constraints) === keys(newTable.constraints)
  )
}

/** A comparison key of a part of a CREATE TABLE that ignores layout and quotes. */
function partKey(text: string): string {
  return sqliteDefinitionParts(`CREATE TABLE x (${text})`).slice(1).join('\n')
}

function isSameDefinition(one: SqliteColumn, other: SqliteColumn): boolean {
  return partKey(`x ${one.definition}`) === partKey(`x ${other.definition}`)
}

/** Whether another statement uses the old or the new table while both exist. */
function isUsedDuringRebuild(
  { create, rename, drop, copies, newTable, name }: Rebuild,
  { statements }: JudgedMigration,
): boolean {
  const own = [drop, ...copies.map(({ statement }) => statement)]
  return statements
    .slice(create.number, rename.number - 1)
    .filter((statement) => !own.includes(statement))
    .some((statement) => {
      const tables = [...sqliteNames(statement).tables, ...tableOf(statement)]
      return tables.some((table) => isSameName(table, name) || isSameName(table, newTable.name))
    })
}

/** The table that a statement changes or creates, or to which its object belongs. */
function tableOf(statement: Statement): string[] {
  const detail = sqliteDetail(statement)
  switch (detail.kind) {
    case 'create-table':
      return [detail.table.name]
    case 'create-index':
      return [detail.index.table]
    case 'create-trigger':
      return [detail.trigger.table]
    case 'drop':
      return [detail.name]
    default:
      return 'table' in detail ? [detail.table] : []
  }
}

interface Parts {
  readonly steps: readonly string[]
  readonly replaced: readonly Statement[]
  /** The lower-case names of indexes that are dropped first. */
  readonly dropped: ReadonlySet<string>
}

/**
 * Decides what happens to indexes and triggers. Those that the rebuild recreates remain. Those that it
 * drops are dropped explicitly, except objects that schema.prisma cannot express, because the rebuild did
 * not intend to drop them.
 */
function partsOf({ before, old, drop }: Rebuild, { statements }: JudgedMigration): Parts {
  const later = statements.slice(drop.number)
  const steps: string[] = []
  const replaced: Statement[] = []
  const dropped = new Set<string>()
  for (const [key, index] of before.indexes) {
    if (!isSameName(index.table, old.name)) continue
    const again = later.find((statement) => isCreating(statement, 'create-index', key))
    if (again && textKey(again.text) === textKey(index.text)) replaced.push(again)
    else if (again || isExpressible(index)) {
      steps.push(`DROP INDEX ${quoted(index.name)}`)
      dropped.add(key)
    }
  }
  for (const [key, trigger] of before.triggers) {
    if (!isSameName(trigger.table, old.name)) continue
    const again = later.find((statement) => isCreating(statement, 'create-trigger', key))
    if (again && textKey(again.text) === textKey(trigger.text)) replaced.push(again)
    else if (again) steps.push(`DROP TRIGGER ${quoted(trigger.name)}`)
  }
  return { steps, replaced, dropped }
}

function textKey(text: string): string {
  return sqliteDefinitionParts(text).join('\n')
}

function isCreating(
  statement: Statement,
  kind: 'create-index' | 'create-trigger',
  key: string,
): boolean {
  const detail = sqliteDetail(statement)
  if (detail.kind !== kind) return false
  const { name } = detail.kind === 'create-index' ? detail.index : detail.trigger
  return keyOfName(name) === key
}

/** The ALTER TABLE steps for the columns; undefined if SQLite does not support all of them. */
function columnSteps(rebuild: Rebuild, dropped: ReadonlySet<string>): string[] | undefined {
  const { old, newTable, before, name, copies } = rebuild
  const values = copies.flatMap((copy) => copy.values ?? [])
  const kept = new Set<SqliteColumn>()
  const steps: string[] = []
  for (const column of newTable.columns) {
    const from = sourceOf(column, { old, values })
    if (from === undefined) return undefined
    if (from === 'nothing') {
      if (!isAddable(column, rebuild)) return undefined
      steps.push(`ADD COLUMN ${column.text}`)
      continue
    }
    if (kept.has(from) || !isSameDefinition(from, column)) return undefined
    kept.add(from)
    if (isSameName(from.name, column.name)) continue
    const { refusing, broken } = usesOf(before, { table: name, column: from.name })
    if (refusing.length > 0 || broken.length > 0 || columnIn(old, column.name)) return undefined
    steps.unshift(`RENAME COLUMN ${quoted(from.name)} TO ${quoted(column.name)}`)
  }
  const indexes = new Map([...before.indexes].filter(([key]) => !dropped.has(key)))
  const gone = old.columns.filter((column) => !kept.has(column))
  const isUsed = ({ name: column }: SqliteColumn) => {
    const { refusing, broken } = usesOf({ ...before, indexes }, { table: name, column })
    return refusing.length > 0 || broken.length > 0
  }
  if (gone.some(isUsed) || gone.length === old.columns.length) return undefined
  // Drops come before additions, so that an added column does not conflict
  // with an old one of the same name.
  return [
    ...steps.filter((step) => step.startsWith('RENAME')),
    ...gone.map((column) => `DROP COLUMN ${quoted(column.name)}`),
    ...steps.filter((step) => !step.startsWith('RENAME')),
  ]
}

/**
 * The column of the old table from which a new column takes its values: `nothing` for an added column,
 * undefined if its values differ from the old ones.
 */
function sourceOf(
  column: SqliteColumn,
  {
    old,
    values,
  }: {
    readonly old: Rebuild['old']
    readonly values: NonNullable<Rebuild['copies'][number]['values']>
  },
): SqliteColumn | 'nothing' | undefined {
  const value = values.find(({ target }) => isSameName(target, column.name))
  if (value !== undefined) {
    return value.source.column === undefined ? undefined : columnIn(old, value.source.column)
  }
  const own = columnIn(old, column.name)
  if (own === undefined) return 'nothing'
  // SQLite computes a generated column in both tables. Any other column would lose its values.
  return own.generated && column.generated ? own : undefined
}

/** Whether ADD COLUMN accepts the column, whatever rows the table has. */
function isAddable(column: SqliteColumn, { newTable }: Rebuild): boolean {
  const { notNull, primaryKey, unique, generated } = column
  const value = column.default?.kind ?? 'null'
  if (primaryKey || unique || generated?.kind === 'stored') return false
  if (value === 'computed' || value === 'quoted' || (notNull && value === 'null')) return false
  const isIt = (name: string) => isSameName(name, column.name)
  const refers = newTable.foreignKeys.some((key) => key.ofColumn && key.columns.some(isIt))
  if (refers && value !== 'null') return false
  return newTable.checks
    .filter((check) => check.column !== undefined && isIt(check.column))
    .every(({ names }) => names.columns.every(({ name }) => isIt(name)))
}
