import {
  type DatabaseSchema,
  holdsAllOf,
  type Identities,
  type Identity,
  type QualifiedName,
  type Table,
  tableNamed,
} from '../schema/index.ts'
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

/** A state of the schema, and the identities of its objects. */
export interface KnownSchema {
  readonly schema: DatabaseSchema
  readonly identities: Identities
}

export interface LossOptions {
  /** The state before the migration. */
  readonly before: KnownSchema
  /** The state after the migration, under any names. */
  readonly after: KnownSchema
  readonly statements: readonly Statement[]
}

/**
 * The data of the previous state that the migration destroys, so that no down migration can restore it.
 * Sorted by name. A column also counts as destroyed if its values were converted to a type that cannot hold
 * all of them.
 */
export function lossesOf({ before, after, statements }: LossOptions): Destruction[] {
  const ids = idsByName(before)
  const losses = [...before.schema.tables.values()].flatMap((table): Destruction[] => {
    const id = ids.get(nameKey(table))
    // Tables of an extension have no identity.
    const later = id === undefined ? tableNamed(after.schema, table) : tableWith(id, after)
    if (later !== undefined) return lostColumns(table, later, { ids, after: after.identities })
    return [{ what: 'object', object: tableRef(before.schema, table) }]
  })
  const existed = objectsIn(before.schema)
  const destroyed = statements
    .flatMap(({ actions }) => actions)
    .flatMap((action) => destructionsBy(action, before.schema.defaultSchema))
    // The identities show which tables and columns were dropped. A name may be that of an object that the
    // migration itself created.
    .filter(
      ({ what, object }) =>
        !isOfTables(object) || (what !== 'object' && existed.has(objectKey(object))),
    )
  return distinctDestructions([...losses, ...destroyed, ...computed(before.schema, statements)])
}

/** The identities of the tables of a state and of their columns, by `nameKey`. */
function idsByName({ schema, identities }: KnownSchema): Map<string, string> {
  const found = new Map<string, string>()
  for (const { id, kind, name, of = '' } of identities.values()) {
    const whole = identities.get(of)
    if (kind === 'TABLE' && whole) found.set(nameKey(schemaName(whole, schema, name)), id)
    const home = kind === 'COLUMN' && whole?.kind === 'TABLE' && identities.get(whole.of ?? '')
    if (home && whole) found.set(nameKey(schemaName(home, schema, whole.name), name), id)
  }
  return found
}

function schemaName(space: Identity, { defaultSchema }: DatabaseSchema, name: string) {
  return { schema: space.name === defaultSchema ? null : space.name, name }
}

function nameKey({ schema, name }: QualifiedName, column?: string): string {
  return JSON.stringify([schema, name, column])
}

function tableWith(id: string, { schema, identities }: KnownSchema): Table | undefined {
  const found = identities.get(id)
  const space = found && identities.get(found.of ?? '')
  return found && space && tableNamed(schema, schemaName(space, schema, found.name))
}

/** Existing columns whose values a type change computes instead of casting them. */
function computed(before: DatabaseSchema, statements: readonly Statement[]): Destruction[] {
  return statements.flatMap(({ actions }) =>
    actions.flatMap((action) => {
      if (action.kind !== 'change-type' || action.using === undefined || action.casts) return []
      const table = tableNamed(before, action.table)
      if (table === undefined || !table.columns.has(action.column)) return []
      return [{ what: 'values' as const, object: partRef('column', table, action.column) }]
    }),
  )
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

function lostColumns(
  before: Table,
  after: Table,
  { ids, after: identities }: { readonly ids: Map<string, string>; readonly after: Identities },
): Destruction[] {
  return [...before.columns].flatMap(([name, column]): Destruction[] => {
    const object = partRef('column', before, name)
    const id = ids.get(nameKey(before, name))
    const now = id === undefined ? name : identities.get(id)?.name
    const later = now === undefined ? undefined : after.columns.get(now)
    if (!later) return [{ what: 'object', object }]
    return holdsAllOf(column.type, later.type) ? [] : [{ what: 'values', object }]
  })
}

function objectsIn(schema: DatabaseSchema): Set<string> {
  const objects = [...schema.tables.values()].flatMap((table): ObjectRef[] => [
    tableRef(schema, table),
    ...[...table.columns.keys()].map((name) => partRef('column', table, name)),
  ])
  return new Set(objects.map(objectKey))
}
