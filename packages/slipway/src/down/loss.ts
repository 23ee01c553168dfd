import { parseSqlType, type SqlType } from '../kernel/index.ts'
import {
  type Column,
  type DatabaseSchema,
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

/** A state of the schema, and who is who in it. */
export interface KnownSchema {
  readonly schema: DatabaseSchema
  readonly identities: Identities
}

export interface LossOptions {
  /** The state before the migration. */
  readonly before: KnownSchema
  /** The state after it, whatever the names there. */
  readonly after: KnownSchema
  readonly statements: readonly Statement[]
}

/**
 * The data of the state before that the migration destroys, so that no down migration can bring it. Sorted by
 * name. A column counts as destroyed, too, where its values were converted to a type that cannot hold all of them.
 */
export function lossesOf({ before, after, statements }: LossOptions): Destruction[] {
  const ids = idsByName(before)
  const losses = [...before.schema.tables.values()].flatMap((table): Destruction[] => {
    const id = ids.get(nameKey(table))
    // What an extension brings has no identity of its own.
    const later = id === undefined ? tableNamed(after.schema, table) : tableWith(id, after)
    if (later !== undefined) return lostColumns(table, later, { ids, after: after.identities })
    return [{ what: 'object', object: tableRef(before.schema, table) }]
  })
  const existed = objectsIn(before.schema)
  const destroyed = statements
    .flatMap(({ actions }) => actions)
    .flatMap((action) => destructionsBy(action, before.schema.defaultSchema))
    // Which tables and columns are gone, the identities tell. A name may be that of what the migration made itself.
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

/** Existing columns whose values a change of type computes, instead of casting them. */
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
    return holdsAllOf(column, later) ? [] : [{ what: 'values', object }]
  })
}

/** Whether every value of the old type survives the change to the new type and back. */
function holdsAllOf({ type: from }: Column, { type: to }: Column): boolean {
  if (from === to || to === 'text') return true
  // Between enums a value that the new one lacks makes the conversion fail: none is lost.
  if (!isBuiltIn(from) && !isBuiltIn(to)) return true
  const [before, after] = [parseSqlType(from), parseSqlType(to)]
  return before.array === after.array && isWider(before, after)
}

/** Whether a type has all values of another: each is restored as it was. */
function isWider(before: SqlType, after: SqlType): boolean {
  const [narrow, wide] = [digitsOf(before), digitsOf(after)]
  if (narrow && wide) return narrow.before <= wide.before && narrow.behind <= wide.behind
  if (before.name === after.name) return SIZED.has(before.name) && fits(before, after)
  const holds = EXACT[before.name]?.includes(after.name) === true
  return holds && (before.size.length === 0 || fits(before, after))
}

/** Types whose values another type has, too, without loss when they are converted back. */
const EXACT: Readonly<Record<string, readonly string[]>> = {
  real: ['double precision'],
  bit: ['bit varying'],
  cidr: ['inet'],
  date: ['timestamp without time zone'],
}

/** Types with a length, or with digits behind the second. */
const SIZED: ReadonlySet<string> = new Set([
  'character varying',
  'character',
  'bit varying',
  'timestamp without time zone',
  'timestamp with time zone',
  'time without time zone',
  'time with time zone',
])

function fits(before: SqlType, after: SqlType): boolean {
  return limitOf(before) <= limitOf(after)
}

/** Without a number, a time has microseconds, and a text any length. */
function limitOf({ name, size: [size] }: SqlType): number {
  return size ?? (name.startsWith('time') ? 6 : Infinity)
}

/** How many digits a number has before and behind its point. */
interface Digits {
  readonly before: number
  readonly behind: number
}

/** Most digits of the values of a type; of an integer, those that all of its values have. */
function digitsOf({ name, size: [precision, scale = 0] }: SqlType): Digits | undefined {
  if (name !== 'numeric') return INTEGERS[name]
  if (precision === undefined) return { before: Infinity, behind: Infinity }
  return { before: precision - scale, behind: scale }
}

const INTEGERS: Readonly<Record<string, Digits>> = {
  smallint: { before: 5, behind: 0 },
  integer: { before: 10, behind: 0 },
  bigint: { before: 19, behind: 0 },
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
