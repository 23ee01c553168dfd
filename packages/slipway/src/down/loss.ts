import type { Inventory, InventoryColumn, InventoryTable } from '../schema/index.ts'
import type { Statement } from '../statements/index.ts'
import { tableOf } from './inventory.ts'

export interface LossOptions {
  /** The state before the migration. */
  readonly before: Inventory
  /** The state after it, with the names of the state before. */
  readonly after: Inventory
  readonly statements: readonly Statement[]
  /** What a name without a schema goes to. */
  readonly defaultSchema: string
}

/**
 * The data of the state before that the migration destroys, so that no down migration can bring it:
 * `table public.user`, `column public.user.email`, `rows of public.user`. Sorted. A column counts
 * as destroyed, too, where its values were converted to a type that cannot hold all of them.
 */
export function lossesOf({ before, after, statements, defaultSchema }: LossOptions): string[] {
  const losses = new Set<string>()
  for (const table of before.tables) {
    const later = tableOf(after, table.schema, table.name)
    const name = `${table.schema}.${table.name}`
    if (later)
      for (const column of lostColumns(table, later)) losses.add(`column ${name}.${column}`)
    else losses.add(`table ${name}`)
  }
  const stood = namesIn(before)
  for (const destroyed of statements.flatMap(({ destroys }) => destroys)) {
    const name = withSchema(destroyed, defaultSchema)
    // What the migration made itself and removed again was never there before.
    if (stood.has(name) || !/^(?:table|column|rows)\b/.test(name)) losses.add(name)
  }
  return [...losses].toSorted()
}

/** Columns that stood before and whose values a statement overwrites. */
export function overwrittenColumns(
  before: Inventory,
  statements: readonly Statement[],
  defaultSchema: string,
): string[] {
  return statements.flatMap(({ actions }) =>
    actions.flatMap((action) => {
      if (action.kind !== 'update') return []
      const { schema = defaultSchema, name } = action.table
      const table = tableOf(before, schema, name)
      return (table?.columns ?? [])
        .filter((column) => action.columns.includes(column.name))
        .map((column) => `column ${table?.schema}.${name}.${column.name}`)
    }),
  )
}

function lostColumns(before: InventoryTable, after: InventoryTable): string[] {
  return before.columns
    .filter((column) => {
      const later = after.columns.find(({ name }) => name === column.name)
      return !later || !holdsAllOf(column, later)
    })
    .map(({ name }) => name)
}

const ORDER = ['smallint', 'integer', 'bigint']

/** Whether every value of the old type comes back unchanged from the new one. */
function holdsAllOf({ type: from }: InventoryColumn, { type: to }: InventoryColumn): boolean {
  if (from === to || to === 'text') return true
  const [narrow, wide] = [ORDER.indexOf(from), ORDER.indexOf(to)]
  if (narrow !== -1 && wide !== -1) return narrow <= wide
  const [short, long] = [lengthOf(from), lengthOf(to)]
  if (short !== undefined && long !== undefined) return short <= long
  // Between enums a value that the new one lacks makes the conversion fail: none is lost.
  return !isBuiltIn(from) && !isBuiltIn(to)
}

/** Most characters of a `character varying`; unlimited without a number. */
function lengthOf(type: string): number | undefined {
  const match = /^character varying(?:\((\d+)\))?$/.exec(type)
  return match ? Number(match[1] ?? Infinity) : undefined
}

function isBuiltIn(type: string): boolean {
  return !type.includes('.')
}

function namesIn(inventory: Inventory): Set<string> {
  return new Set(
    inventory.tables.flatMap(({ schema, name, columns }) => [
      `table ${schema}.${name}`,
      `rows of ${schema}.${name}`,
      ...columns.map((column) => `column ${schema}.${name}.${column.name}`),
    ]),
  )
}

/** The parser gives names as they are written: without a schema they are in the default schema. */
export function withSchema(destroyed: string, defaultSchema: string): string {
  const [, kind = '', name = ''] = /^(table|column|rows of) (.*)$/s.exec(destroyed) ?? []
  if (kind === '') return destroyed
  const parts = kind === 'column' ? 3 : 2
  return name.split('.').length < parts ? `${kind} ${defaultSchema}.${name}` : destroyed
}
