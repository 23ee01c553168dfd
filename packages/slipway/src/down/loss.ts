import type { Inventory, InventoryColumn, InventoryTable } from '../schema/index.ts'
import {
  type Destruction,
  destructionsBy,
  distinctDestructions,
  objectKey,
  type ObjectRef,
  schemaRef,
  type Statement,
} from '../statements/index.ts'
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
 * The data of the state before that the migration destroys, so that no down migration can bring it. Sorted by
 * name. A column counts as destroyed, too, where its values were converted to a type that cannot hold all of them.
 */
export function lossesOf({ before, after, statements, defaultSchema }: LossOptions): Destruction[] {
  const losses = before.tables.flatMap((table) => {
    const later = tableOf(after, table.schema, table.name)
    if (later) return lostColumns(table, later, defaultSchema)
    return [{ what: 'object' as const, object: tableRef(table, defaultSchema) }]
  })
  const existed = objectsIn(before, defaultSchema)
  const destroyed = statements
    .flatMap(({ actions }) => actions)
    .flatMap((action) => destructionsBy(action, defaultSchema))
    // What the migration made itself and removed again was never there before.
    .filter(({ object }) => existed.has(objectKey(object)) || !isOfTables(object))
  return distinctDestructions([...losses, ...destroyed])
}

function isOfTables({ kind }: ObjectRef): boolean {
  return kind === 'table' || kind === 'column'
}

/** Columns that were there before and whose values a statement overwrites. */
export function overwrittenColumns(
  before: Inventory,
  statements: readonly Statement[],
  defaultSchema: string,
): Destruction[] {
  return statements.flatMap(({ actions }) =>
    actions.flatMap((action) => {
      if (action.kind !== 'update') return []
      const { schema = defaultSchema, name } = action.table
      const table = tableOf(before, schema, name)
      if (table === undefined) return []
      return table.columns
        .filter((column) => action.columns.includes(column.name))
        .map((column) => ({
          what: 'values' as const,
          object: columnRef(table, column.name, defaultSchema),
        }))
    }),
  )
}

type Named = Pick<InventoryTable, 'schema' | 'name'>

function tableRef({ schema, name }: Named, defaultSchema: string): ObjectRef {
  return { kind: 'table', schema: schemaRef(schema, defaultSchema), name }
}

function columnRef({ schema, name: table }: Named, name: string, defaultSchema: string): ObjectRef {
  return { kind: 'column', schema: schemaRef(schema, defaultSchema), table, name }
}

function lostColumns(
  before: InventoryTable,
  after: InventoryTable,
  defaultSchema: string,
): Destruction[] {
  return before.columns.flatMap((column): Destruction[] => {
    const later = after.columns.find(({ name }) => name === column.name)
    const object = columnRef(before, column.name, defaultSchema)
    if (!later) return [{ what: 'object', object }]
    return holdsAllOf(column, later) ? [] : [{ what: 'values', object }]
  })
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

function objectsIn({ tables }: Inventory, defaultSchema: string): Set<string> {
  const objects = tables.flatMap((table) => [
    tableRef(table, defaultSchema),
    ...table.columns.map(({ name }) => columnRef(table, name, defaultSchema)),
  ])
  return new Set(objects.map(objectKey))
}
