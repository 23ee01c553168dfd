import { type Column, type DatabaseSchema, type Table, tableNamed } from '../schema/index.ts'
import {
  type Destruction,
  destructionsBy,
  distinctDestructions,
  objectKey,
  type ObjectRef,
  partRef,
  type Statement,
  tableRef,
} from '../statements/index.ts'

export interface LossOptions {
  /** The state before the migration. */
  readonly before: DatabaseSchema
  /** The state after it, with the names of the state before. */
  readonly after: DatabaseSchema
  readonly statements: readonly Statement[]
}

/**
 * The data of the state before that the migration destroys, so that no down migration can bring it. Sorted by
 * name. A column counts as destroyed, too, where its values were converted to a type that cannot hold all of them.
 */
export function lossesOf({ before, after, statements }: LossOptions): Destruction[] {
  const losses = [...before.tables.values()].flatMap((table) => {
    const later = tableNamed(after, table)
    if (later) return lostColumns(table, later)
    return [{ what: 'object' as const, object: tableRef(before, table) }]
  })
  const existed = objectsIn(before)
  const destroyed = statements
    .flatMap(({ actions }) => actions)
    .flatMap((action) => destructionsBy(action, before.defaultSchema))
    // What the migration made itself and removed again was never there before.
    .filter(({ object }) => existed.has(objectKey(object)) || !isOfTables(object))
  return distinctDestructions([...losses, ...destroyed])
}

function isOfTables({ kind }: ObjectRef): boolean {
  return kind === 'table' || kind === 'column'
}

/** Existing columns whose values a statement overwrites. */
export function overwrittenColumns(
  before: DatabaseSchema,
  statements: readonly Statement[],
): Destruction[] {
  return statements.flatMap(({ actions }) =>
    actions.flatMap((action) => {
      if (action.kind !== 'update') return []
      const table = tableNamed(before, action.table)
      if (table === undefined) return []
      return [...table.columns.keys()]
        .filter((name) => action.columns.includes(name))
        .map((name) => ({ what: 'values' as const, object: partRef('column', table, name) }))
    }),
  )
}

function lostColumns(before: Table, after: Table): Destruction[] {
  return [...before.columns].flatMap(([name, column]): Destruction[] => {
    const later = after.columns.get(name)
    const object = partRef('column', before, name)
    if (!later) return [{ what: 'object', object }]
    return holdsAllOf(column, later) ? [] : [{ what: 'values', object }]
  })
}

const ORDER = ['smallint', 'integer', 'bigint']

/** Whether every value of the old type survives the change to the new type and back. */
function holdsAllOf({ type: from }: Column, { type: to }: Column): boolean {
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

function objectsIn(schema: DatabaseSchema): Set<string> {
  const objects = [...schema.tables.values()].flatMap((table): ObjectRef[] => [
    tableRef(schema, table),
    ...[...table.columns.keys()].map((name) => partRef('column', table, name)),
  ])
  return new Set(objects.map(objectKey))
}
