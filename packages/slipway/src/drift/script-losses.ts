import { lossesOf } from '../down/index.ts'
import { type Catalog, heirsIn, schemaOf, withInheritedColumns } from '../schema/index.ts'
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

/**
 * The data that a script destroys between two schemas that have the same names for what they share: what it drops of the
 * first one, also to create it again, and columns whose new type cannot hold all values.
 */
export function lossesOfScript(
  statements: readonly Statement[],
  { from, to }: { readonly from: Catalog; readonly to: Catalog },
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
    actions.flatMap((action) =>
      action.kind === 'detach-partition'
        ? [objectKey(tableRef({ defaultSchema }, action.partition))]
        : [],
    ),
  )
  const heirs = dropped
    .flatMap(({ object }) => (object.kind === 'table' ? heirsIn(from, object) : []))
    .filter((heir) => !detached.has(objectKey(heir)))
  return distinctDestructions([
    ...withoutInherited(lossesOf({ before, after, statements }), from),
    ...dropped,
    ...heirs.map((object) => ({ what: 'object' as const, object })),
  ])
}

/** Losses without those of columns that are lost as columns of a parent. */
function withoutInherited(losses: readonly Destruction[], catalog: Catalog): Destruction[] {
  const own = schemaOf(catalog)
  const lost = new Set(losses.map(({ object }) => objectKey(object)))
  const above = (object: ObjectRef) =>
    object.kind === 'column' &&
    [...own.tables.values()].some(
      (table) =>
        lost.has(objectKey(partRef('column', table, object.name))) &&
        heirsIn(catalog, table).some((heir) => objectKey(heir) === objectKey(ownerOf(object))),
    )
  return losses.filter(({ object }) => !above(object))
}
