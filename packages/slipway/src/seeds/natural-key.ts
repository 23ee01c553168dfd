import { advice } from '../kernel/index.ts'
import { raise } from './failures.ts'
import type { SeedSet } from './set.ts'
import {
  columnOf,
  fieldOf,
  findTable,
  type TargetColumn,
  type TargetTable,
} from './target-tables.ts'
import type { TargetTables } from './target-tables.ts'

/** Keys and column rules of tables, from seed sets and flags, independent of how either names them. */
export interface TableRules {
  /** The fields of the natural key, if a set or a flag names them. */
  readonly keyOf: (table: TargetTable) => readonly string[] | undefined
  readonly isSensitive: (table: TargetTable, column: TargetColumn) => boolean
  readonly isOmitted: (table: TargetTable, column: TargetColumn) => boolean
}

/** Rules from the command line; columns are given as `table.column`. */
export interface NamedRules {
  readonly keys: ReadonlyMap<string, readonly string[]>
  readonly sensitive: readonly string[]
  readonly omitted: readonly string[]
}

export interface RulesScope {
  readonly tables: TargetTables
  /** In order of precedence: the first set that has a table decides its key. */
  readonly sets: readonly SeedSet[]
}

/**
 * Combines flags with the rules of sets. Fails with SEEDS.TABLE_MISSING and SEEDS.COLUMN_UNKNOWN for unknown
 * names.
 */
export function tableRules(named: NamedRules, scope: RulesScope): TableRules {
  const { tables, sets } = scope
  const keys = new Map(
    [...named.keys].map(([name, fields]) => [requireTable(scope, name), fields] as const),
  )
  const sensitive = new Set(named.sensitive.map((name) => requireColumn(scope, name)))
  const omitted = new Set(named.omitted.map((name) => requireColumn(scope, name)))
  const ofSets = new Map<TargetTable, readonly string[]>()
  for (const { name, key, sensitive: fields } of sets.flatMap((set) => set.tables)) {
    const table = findTable(tables, name)
    if (!table) continue
    if (!ofSets.has(table)) ofSets.set(table, key)
    for (const field of fields) {
      const column = columnOf(table, field.split('.')[0] ?? field)
      if (column) sensitive.add(column)
    }
  }
  return {
    keyOf: (table) => keys.get(table) ?? ofSets.get(table),
    isSensitive: (_table, column) => sensitive.has(column),
    isOmitted: (_table, column) => omitted.has(column),
  }
}

function requireTable({ tables }: RulesScope, name: string): TargetTable {
  const table = findTable(tables, name)
  if (table) return table
  return raise('SEEDS.TABLE_MISSING', {
    message: `A flag names the table ${name}, which does not exist.`,
  })
}

/** Finds a column by `table.column`, optionally prefixed with the schema; both names may contain dots. */
function requireColumn(scope: RulesScope, name: string): TargetColumn {
  const last = name.lastIndexOf('.')
  for (let at = last; at >= 0; at = name.lastIndexOf('.', at - 1)) {
    const table = findTable(scope.tables, name.slice(0, at))
    const column = table && columnOf(table, name.slice(at + 1))
    if (column) return column
    if (at === 0) break
  }
  if (last >= 0) requireTable(scope, name.slice(0, last))
  return raise('SEEDS.COLUMN_UNKNOWN', {
    message: `A flag names the column ${name}, which does not exist.`,
    nextActions: [advice('Columns are named with their table: carriers.api_key.')],
  })
}

/**
 * The surrogate key of a table: a single-column primary key that the database or Prisma generates and that is
 * not part of the natural key. Its values differ between databases.
 */
export function surrogateOf(table: TargetTable, rules: TableRules): TargetColumn | undefined {
  const [name, ...others] = table.primaryKey
  if (name === undefined || others.length > 0) return undefined
  const column = table.columns.find((one) => one.name === name)
  if (!column || rules.keyOf(table)?.some((field) => columnOf(table, field) === column))
    return undefined
  const made = table.model?.members.find(({ mapped }) => mapped === name)?.filled
  return column.hasDefault || (made !== undefined && made !== 'updatedAt') ? column : undefined
}

/**
 * The columns that identify a row in every database: the named ones, else a primary key that is not
 * generated, else the only other unique key. Fails with SEEDS.KEY_UNKNOWN.
 */
export function naturalKeyOf(table: TargetTable, rules: TableRules): readonly TargetColumn[] {
  const named = rules.keyOf(table)
  if (named) return named.map((field) => columnOf(table, field) ?? refuseKeyField(table, field))
  const surrogate = surrogateOf(table, rules)
  const primary = columnsOf(table, table.primaryKey)
  if (primary.length > 0 && !surrogate) return primary
  const others = table.unique
    .map((names) => columnsOf(table, names))
    .filter(
      (key) =>
        key.every(({ notNull, generated }) => notNull && !generated) &&
        !key.some((one) => one === surrogate),
    )
  const [key, ...more] = others
  if (key && more.length === 0) return key
  return refuseKey(table, others)
}

function columnsOf({ columns }: TargetTable, names: readonly string[]): TargetColumn[] {
  return names.flatMap((name) => columns.find((column) => column.name === name) ?? [])
}

function refuseKeyField(table: TargetTable, field: string): never {
  return raise('SEEDS.KEY_UNKNOWN', {
    message: `The natural key of ${table.name} names ${field}, which is not a column of it.`,
    nextActions: [advice(`Its columns are ${table.columns.map(({ name }) => name).join(', ')}.`)],
  })
}

function refuseKey(table: TargetTable, candidates: readonly (readonly TargetColumn[])[]): never {
  const fields = (key: readonly TargetColumn[]) =>
    key.map(({ name }) => fieldOf(table, name)).join(',')
  return raise('SEEDS.KEY_UNKNOWN', {
    message: `Slipway does not know which key identifies the rows of ${table.name} in both databases.`,
    why:
      candidates.length === 0
        ? 'It has no unique key of required columns except a generated primary key.'
        : `It has several unique keys: ${candidates.map(fields).join('; ')}.`,
    nextActions: [
      advice(
        `Name it: --key ${table.name}=${candidates[0] ? fields(candidates[0]) : 'column'}, or in a seed set that has the table.`,
      ),
    ],
  })
}
