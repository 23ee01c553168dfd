import type { Session } from '../database/index.ts'
import { bringNamesBack, type KnownState } from '../down/index.ts'
import {
  type Catalog,
  type Choice,
  type DatabaseSchema,
  foreignKeysOf,
  type Identities,
  type Identity,
  readCatalogInTransaction,
  readIdentities,
  type Scope,
  schemaOf,
  type Table,
} from '../schema/index.ts'
import { partRef, tableRef } from '../statements/index.ts'

/** What a history gives, under the names that a target has for it. */
export interface TargetNames {
  readonly catalog: Catalog
  /** From the names of the history to those of the target, and back. */
  readonly toTarget: readonly string[]
  readonly toHistory: readonly string[]
  /** What was taken for what. Nothing but a person knows that it is so. */
  readonly choices: readonly Choice[]
}

/**
 * Finds the tables and columns of a history that a target has under other names, and gives them these names on the shadow
 * database, in a transaction that leaves nothing: a script between the two then renames what holds rows, and drops nothing of it. Nothing if no
 * such object is found.
 */
export async function underTargetNames(
  copy: Session,
  expected: Catalog,
  { actual, scope }: { readonly actual: KnownState; readonly scope: Scope },
): Promise<TargetNames | undefined> {
  const own = await readIdentities(copy)
  const { wanted, choices } = renamed({ catalog: expected, identities: own }, actual)
  if (wanted.size === 0) return undefined
  await copy.execute('BEGIN')
  try {
    const forth = await bringNamesBack(copy, new Map([...own, ...wanted]))
    const catalog = await readCatalogInTransaction(copy, scope)
    const back = await bringNamesBack(copy, own)
    return { catalog, toTarget: forth.statements, toHistory: back.statements, choices }
  } finally {
    await copy.execute('ROLLBACK')
  }
}

/** The objects of the history that have another name on the target, with that name. */
function renamed(
  history: KnownState,
  target: KnownState,
): { readonly wanted: Identities; readonly choices: readonly Choice[] } {
  const [own, others] = [tablesOf(history), tablesOf(target)]
  const wanted = new Map<string, Identity>()
  const choices: Choice[] = []
  for (const [table, other] of pairs(own, others)) {
    const object = tableRef(target.catalog, { schema: other.schema, name: other.identity.name })
    const { identity } = table
    if (table.place !== other.place) {
      const of = [...history.identities.values()].find(
        ({ kind, name }) => kind === 'SCHEMA' && name === other.schema,
      )
      const { name } = other.identity
      wanted.set(identity.id, { ...identity, name, ...(of ? { of: of.id } : {}) })
      choices.push({
        object,
        message: `is taken for ${table.schema}.${identity.name}: it has the same columns and foreign keys`,
      })
    }
    for (const [column, name] of renamedColumns(table, other)) {
      wanted.set(column.id, { ...column, name })
      choices.push({
        object: partRef('column', object, name),
        message: `is taken for ${column.name}: it has the number and the type of that column`,
      })
    }
  }
  return { wanted, choices }
}

/** A table with its columns by their numbers, which a rename does not change and no other column ever gets. */
interface NumberedTable {
  readonly identity: Identity
  readonly schema: string
  readonly place: string
  readonly columns: ReadonlyMap<number, { readonly identity: Identity; readonly type: string }>
  /** Its foreign keys, as SQL: tables between two others have the same columns. */
  readonly references: readonly string[]
}

function tablesOf({ catalog, identities }: KnownState): NumberedTable[] {
  const schema = schemaOf(catalog)
  const tables = new Map(
    [...schema.tables.values()].map((table) => [placeIn(schema, table), table]),
  )
  const columns = Map.groupBy(
    [...identities.values()].filter(({ kind }) => kind === 'COLUMN'),
    ({ of }) => of,
  )
  return [...identities.values()].flatMap((identity) => {
    const home = identity.kind === 'TABLE' ? identities.get(identity.of ?? '')?.name : undefined
    if (home === undefined) return []
    const place = JSON.stringify([home, identity.name])
    const table = tables.get(place)
    if (!table) return []
    const numbered = (columns.get(identity.id) ?? []).flatMap((column) => {
      const type = table.columns.get(column.name)?.type
      return type === undefined ? [] : [[numberOf(column), { identity: column, type }] as const]
    })
    const references = foreignKeysOf(catalog, { schema: home, name: identity.name })
    return [{ identity, schema: home, place, columns: new Map(numbered), references }]
  })
}

function placeIn({ defaultSchema }: DatabaseSchema, { schema, name }: Table): string {
  return JSON.stringify([schema ?? defaultSchema, name])
}

/** Its number is the end of its identity. */
function numberOf({ id }: Identity): number {
  return Number(id.split(' ').at(-1))
}

type Pair = readonly [NumberedTable, NumberedTable]

/** Tables that have one name, and those of which one alone on each side has these columns, most of them by the same name. */
function pairs(own: readonly NumberedTable[], others: readonly NumberedTable[]): Pair[] {
  const byPlace = new Map(others.map((one) => [one.place, one]))
  const places = new Set(own.map(({ place }) => place))
  const named = own.flatMap((one): Pair[] => {
    const other = byPlace.get(one.place)
    return other ? [[one, other]] : []
  })
  const missing = own.filter(({ place }) => !byPlace.has(place))
  const beyond = others.filter(({ place }) => !places.has(place))
  const alike = pairsBy(columnsWithNames, missing, beyond)
  const known = new Set(alike.flat())
  const isLeft = (one: NumberedTable) => !known.has(one)
  const likened = pairsBy(columnsKey, missing.filter(isLeft), beyond.filter(isLeft))
  return [...named, ...alike, ...likened.filter(([one, other]) => isMuchAlike(one, other))]
}

function pairsBy(
  key: (table: NumberedTable) => string,
  own: readonly NumberedTable[],
  others: readonly NumberedTable[],
): Pair[] {
  const [found, beyond] = [Map.groupBy(own, key), Map.groupBy(others, key)]
  return [...found].flatMap(([same, [one, ...more]]): Pair[] => {
    const [other, ...further] = beyond.get(same) ?? []
    return one && other && more.length + further.length === 0 ? [[one, other]] : []
  })
}

function columnsWithNames(table: NumberedTable): string {
  return JSON.stringify([columnsKey(table), ...namesOf(table).keys()])
}

function columnsKey({ columns, references, identity: { parents } }: NumberedTable): string {
  const types = [...columns].map(([number, { type }]) => [number, type])
  return JSON.stringify([parents !== undefined, references, ...types])
}

function isMuchAlike(one: NumberedTable, other: NumberedTable): boolean {
  const names = namesOf(other)
  const same = [...namesOf(one).keys()].filter((name) => names.has(name))
  return same.length * 2 > one.columns.size
}

/**
 * Columns that have the number and the type of one with another name, in tables where all columns of one name have one
 * number: the same statements made these tables. Where a table was restored from a dump, the numbers say nothing.
 */
function renamedColumns(table: NumberedTable, other: NumberedTable): [Identity, string][] {
  const [own, others] = [namesOf(table), namesOf(other)]
  const isSame = [...own].every(([name, number]) => (others.get(name) ?? number) === number)
  if (!isSame) return []
  return [...table.columns].flatMap(([number, { identity, type }]): [Identity, string][] => {
    const now = other.columns.get(number)
    const isRenamed =
      now?.type === type && !others.has(identity.name) && !own.has(now.identity.name)
    return isRenamed ? [[identity, now.identity.name]] : []
  })
}

function namesOf({ columns }: NumberedTable): Map<string, number> {
  return new Map([...columns].map(([number, { identity }]) => [identity.name, number]))
}
