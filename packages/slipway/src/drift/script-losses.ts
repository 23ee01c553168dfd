import { lossesOf } from '../down/index.ts'
import {
  type Catalog,
  childTablesOf,
  type QualifiedName,
  schemaOf,
  withInheritedColumns,
} from '../schema/index.ts'
import {
  type Destruction,
  destructionsBy,
  distinctDestructions,
  objectKey,
  type ObjectRef,
  ownerOf,
  partRef,
  type Statement,
  tableRef,
} from '../statements/index.ts'

const NO_IDENTITIES = new Map()
const HOLDING: ReadonlySet<string> = new Set(['table', 'column', 'sequence', 'materialized-view'])

interface Ends {
  readonly from: Catalog
  readonly to: Catalog
}

/**
 * The data that a script between two schemas destroys: the objects of the first one that it drops, even to
 * recreate them, and columns whose new type cannot hold all values. The schemas use the same names for the
 * objects that they share.
 */
export function lossesOfScript(
  statements: readonly Statement[],
  { from, to }: Ends,
): Destruction[] {
  const named = (catalog: Catalog) => ({
    schema: schemaOf(withInheritedColumns(catalog)),
    identities: NO_IDENTITIES,
  })
  const [before, after] = [named(from), named(to)]
  const { defaultSchema } = from
  const actions = statements.flatMap((one) => one.actions)
  const had = new Set(
    [...before.schema.tables.values()].map((table) => objectKey(tableRef(before.schema, table))),
  )
  const existed = (object: ObjectRef) =>
    (object.kind !== 'table' && object.kind !== 'column') || had.has(objectKey(ownerOf(object)))
  const dropped = actions
    .flatMap((action) => destructionsBy(action, defaultSchema))
    .filter(({ what, object }) => what === 'object' && HOLDING.has(object.kind) && existed(object))
  const detached = new Set(
    actions.flatMap((action) => {
      if (action.kind !== 'detach-partition') return []
      const table = tableRef({ defaultSchema }, action.partition)
      return [table, ...childTablesOf(from, table)].map(objectKey)
    }),
  )
  const children = dropped
    .flatMap(({ object }) => (object.kind === 'table' ? childTablesOf(from, object) : []))
    .filter((child) => !detached.has(objectKey(child)))
  return distinctDestructions([
    ...withoutInherited(lossesOf({ before, after, statements }), { from, to }),
    ...dropped,
    ...countersOf(from, to),
    ...children.map((object) => ({ what: 'object' as const, object })),
  ])
}

/**
 * The sequences of identity columns that are no longer identity columns afterwards: their positions are lost.
 */
function countersOf(from: Catalog, to: Catalog): Destruction[] {
  return from.facts.facts().flatMap(({ id, payload }): Destruction[] => {
    const after = id.kind === 'column' ? to.facts.get(id) : undefined
    const identity = payload['identity'] as { readonly sequence: QualifiedName } | null | undefined
    if (!identity || after === undefined || after.payload['identity']) return []
    const { name, schema } = tableRef(from, identity.sequence)
    return [{ what: 'object', object: { kind: 'sequence', schema, name } }]
  })
}

/** Losses without those of inherited columns that are dropped with a parent's column. */
function withoutInherited(losses: readonly Destruction[], { from, to }: Ends): Destruction[] {
  const columns = losses.flatMap(({ object }) => (object.kind === 'column' ? [object] : []))
  const own = new Set(
    [...schemaOf(from).tables.values()].flatMap((table) =>
      [...table.columns.keys()].map((name) => objectKey(partRef('column', table, name))),
    ),
  )
  const byTable = Map.groupBy(columns, (column) => objectKey(ownerOf(column)))
  const inherited = [...byTable.values()].flatMap((lost) => {
    const [{ schema, table: name } = { schema: null, table: '' }] = lost
    const still = new Set(childTablesOf(to, { schema, name }).map(objectKey))
    return childTablesOf(from, { schema, name })
      .filter((child) => still.has(objectKey(child)))
      .flatMap((child) => lost.map((column) => objectKey(partRef('column', child, column.name))))
      .filter((key) => !own.has(key))
  })
  const gone = new Set(inherited)
  return losses.filter(({ object }) => !gone.has(objectKey(object)))
}
