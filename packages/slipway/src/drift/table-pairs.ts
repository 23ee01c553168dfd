import { type KnownState } from '../down/index.ts'
import {
  type DatabaseSchema,
  foreignKeysByTable,
  type Identity,
  type TablePartName,
  schemaOf,
  type Table,
  withInheritedColumns,
} from '../schema/index.ts'

/** A state of a database, and the names of its tables' parts. */
export interface NamedState extends KnownState {
  readonly partNames: readonly TablePartName[]
}

/** A table with its columns by number. A rename does not change the number, and it is never reused. */
export interface NumberedTable {
  readonly identity: Identity
  readonly schema: string
  readonly place: string
  readonly columns: ReadonlyMap<number, NumberedColumn>
  /** The numbers of all its columns, including computed ones. */
  readonly numbers: ReadonlySet<number>
  /** Its foreign keys as SQL: they distinguish join tables, which have the same columns. */
  readonly references: readonly string[]
  readonly partNames: readonly TablePartName[]
}

interface NumberedColumn {
  readonly identity: Identity
  readonly type: string
  readonly inherited: boolean
}

export function tablesOf({ catalog, identities, partNames }: NamedState): NumberedTable[] {
  const [own, whole] = [
    byPlace(schemaOf(catalog)),
    byPlace(schemaOf(withInheritedColumns(catalog))),
  ]
  const columns = Map.groupBy(
    [...identities.values()].filter(({ kind }) => kind === 'COLUMN' || kind === 'COMPUTED'),
    ({ of }) => of,
  )
  const references = foreignKeysByTable(catalog)
  const names = Map.groupBy(partNames, ({ table }) => table)
  return [...identities.values()].flatMap((identity) => {
    const home = identity.kind === 'TABLE' ? identities.get(identity.of ?? '')?.name : undefined
    if (home === undefined) return []
    const place = JSON.stringify([home, identity.name])
    const table = whole.get(place)
    if (!table) return []
    const all = columns.get(identity.id) ?? []
    const numbered = all.flatMap((column) => {
      const type = table.columns.get(column.name)?.type
      if (type === undefined || column.kind === 'COMPUTED') return []
      const inherited = !own.get(place)?.columns.has(column.name)
      return [[numberOf(column), { identity: column, type, inherited }] as const]
    })
    return [
      {
        identity,
        schema: home,
        place,
        columns: new Map(numbered),
        numbers: new Set(all.map(numberOf)),
        references: references.get(place) ?? [],
        partNames: names.get(identity.id) ?? [],
      },
    ]
  })
}

function byPlace(schema: DatabaseSchema): Map<string, Table> {
  return new Map(
    [...schema.tables.values()].map((table) => [
      JSON.stringify([table.schema ?? schema.defaultSchema, table.name]),
      table,
    ]),
  )
}

/** The column's number, which is the last part of its identity. */
export function numberOf({ id }: Identity): number {
  return Number(id.split(' ').at(-1))
}

/** A table of a history, and the table of a target that is treated as the same. */
export interface Pair {
  readonly one: NumberedTable
  readonly other: NumberedTable
  /**
   * `place`: the same name. `parts`: the same names of indexes, constraints, sequences or comments, which no
   * other tables have. `columns`: the same columns, which no other tables have. `doubt`: the same name, but
   * parts with names from other tables.
   */
  readonly by: 'place' | 'parts' | 'columns' | 'doubt'
}

/** Pairs of tables, and tables with the same columns that are not treated as the same. */
export interface Pairing {
  readonly pairs: readonly Pair[]
  readonly rejectedPairs: readonly Pair[]
}

/**
 * Matches the tables of a target with those of a history, whatever their names. The names of the parts of a
 * table decide, because a rename leaves them unchanged. If a table has no such names left, the same columns
 * are enough; if the names differ, it is another table.
 */
export function pairTables(
  own: readonly NumberedTable[],
  others: readonly NumberedTable[],
): Pairing {
  const places = new Map(others.map((one) => [one.place, one]))
  const shared = sharedNames(own, others)
  const pairs: Pair[] = []
  const taken = new Set<NumberedTable>()
  const add = (one: NumberedTable, other: NumberedTable, by: Pair['by']) => {
    pairs.push({ one, other, by })
    taken.add(one).add(other)
  }
  const partners = (table: NumberedTable) =>
    [...(shared.get(table) ?? [])].filter((other) => !taken.has(other))
  for (const one of own) {
    const other = places.get(one.place)
    if (other && shared.get(one)?.has(other)) add(one, other, 'place')
  }
  const linked = own.flatMap((one) => {
    const [other, ...more] = taken.has(one) ? [] : partners(one)
    return other &&
      more.length + partners(other).length === 1 &&
      isAlike(one, other, { own, places })
      ? [[one, other] as const]
      : []
  })
  for (const [one, other] of linked) add(one, other, 'parts')
  for (const one of own) {
    const other = places.get(one.place)
    if (!other || taken.has(one) || taken.has(other)) continue
    add(one, other, partners(one).length + partners(other).length === 0 ? 'place' : 'doubt')
  }
  const isLeft = (one: NumberedTable) => !taken.has(one)
  const [missing, beyond] = [own.filter(isLeft), others.filter(isLeft)]
  const alike = pairsBy(columnsWithNames, missing, beyond)
  const known = new Set(alike.flat())
  const rest = pairsBy(
    columnsKey,
    missing.filter((one) => !known.has(one)),
    beyond.filter((one) => !known.has(one)),
  ).filter(([one, other]) => hasMostNames(one, other))
  const rejectedPairs: Pair[] = []
  for (const [one, other] of [...alike, ...rest]) {
    if (one.partNames.length > 0 && other.partNames.length > 0 && !sharesName(one, other))
      rejectedPairs.push({ one, other, by: 'columns' })
    else add(one, other, 'columns')
  }
  return { pairs, rejectedPairs }
}

/**
 * For each table, the tables of the other side with which it shares the name of a part that is unique on both
 * sides.
 */
function sharedNames(
  own: readonly NumberedTable[],
  others: readonly NumberedTable[],
): Map<NumberedTable, Set<NumberedTable>> {
  const [here, there] = [holders(own), holders(others)]
  const shared = new Map<NumberedTable, Set<NumberedTable>>()
  const add = (one: NumberedTable, other: NumberedTable) =>
    shared.set(one, (shared.get(one) ?? new Set()).add(other))
  for (const [name, one] of here) {
    const other = there.get(name)
    if (!other) continue
    add(one, other)
    add(other, one)
  }
  return shared
}

/** Whether two tables have parts with the same name. */
export function sharesName(one: NumberedTable, other: NumberedTable): boolean {
  return one.partNames.some(({ name }) => other.partNames.some((part) => part.name === name))
}

function holders(tables: readonly NumberedTable[]): Map<string, NumberedTable> {
  const named = tables.flatMap((table) =>
    [...new Set(table.partNames.map(({ name }) => name))].map((name) => ({ name, table })),
  )
  return new Map(
    [...Map.groupBy(named, ({ name }) => name)].flatMap(([name, [first, ...more]]) =>
      first && more.length === 0 ? [[name, first.table] as const] : [],
    ),
  )
}

/**
 * Whether a table may be another one under a new name. If either name exists on the other side, most column
 * names must match.
 */
function isAlike(
  one: NumberedTable,
  other: NumberedTable,
  {
    own,
    places,
  }: {
    readonly own: readonly NumberedTable[]
    readonly places: ReadonlyMap<string, NumberedTable>
  },
): boolean {
  if (hasMostNames(one, other)) return true
  const isNew = !places.has(one.place) && !own.some(({ place }) => place === other.place)
  return isNew && columnsKey(one) === columnsKey(other)
}

function pairsBy(
  key: (table: NumberedTable) => string,
  own: readonly NumberedTable[],
  others: readonly NumberedTable[],
): [NumberedTable, NumberedTable][] {
  const [found, beyond] = [Map.groupBy(own, key), Map.groupBy(others, key)]
  return [...found].flatMap(([same, [one, ...more]]): [NumberedTable, NumberedTable][] => {
    const [other, ...further] = beyond.get(same) ?? []
    return one && other && more.length + further.length === 0 ? [[one, other]] : []
  })
}

function columnsWithNames(table: NumberedTable): string {
  return JSON.stringify([columnsKey(table), ...numbersByName(table).keys()])
}

function columnsKey({ columns, references, identity: { parents } }: NumberedTable): string {
  const types = [...columns].map(([number, { type }]) => [number, type])
  return JSON.stringify([parents !== undefined, references, ...types])
}

function hasMostNames(one: NumberedTable, other: NumberedTable): boolean {
  const names = numbersByName(other)
  const same = [...numbersByName(one).keys()].filter((name) => names.has(name))
  return same.length * 2 > one.columns.size
}

export function numbersByName({ columns }: NumberedTable): Map<string, number> {
  return new Map([...columns].map(([number, { identity }]) => [identity.name, number]))
}
