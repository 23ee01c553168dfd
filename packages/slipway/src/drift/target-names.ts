import type { Session } from '../database/index.ts'
import { restoreNames } from '../down/index.ts'
import {
  type Catalog,
  type Choice,
  type Identities,
  type Identity,
  readCatalogInTransaction,
  readIdentities,
  readPartNames,
  type Scope,
  scriptBetweenServers,
  type ScriptStatement,
} from '../schema/index.ts'
import { partRef, tableRef } from '../statements/index.ts'
import { type InterchangedColumn, interchangedColumns } from './interchanged-columns.ts'
import { type Evidence, renamedColumns } from './renamed-columns.ts'
import { type NamedState, numberOf, type Pair, pairTables, tablesOf } from './table-pairs.ts'

/** The state of a target. */
export interface TargetState extends NamedState {
  /** The result of `readWrittenColumns`. */
  readonly written: ReadonlySet<string>
}

/** The schema of a history, under the target's names. */
export interface TargetNames {
  readonly catalog: Catalog
  /** Renames from the history's names to the target's, and back. */
  readonly toTarget: readonly ScriptStatement[]
  readonly toHistory: readonly ScriptStatement[]
  /** Which objects were treated as the same. Only a person can know whether they are. */
  readonly choices: readonly Choice[]
  /** The choices that neither the names of parts nor the numbers of columns confirm. */
  readonly guesses: readonly Choice[]
}

/**
 * Finds the tables and columns of a history that have other names on the target, and renames them on the
 * shadow database, in a transaction that is rolled back. A script between the two schemas then renames
 * objects with rows instead of dropping them.
 */
export async function underTargetNames(
  copy: Session,
  expected: Catalog,
  { actual, scope }: { readonly actual: TargetState; readonly scope: Scope },
): Promise<TargetNames> {
  const own = await readIdentities(copy)
  const partNames = await readPartNames(copy)
  const { wanted, choices, guesses, detaches } = renamed(
    { catalog: expected, identities: own, partNames },
    actual,
  )
  const found = { choices: [...choices, ...guesses], guesses }
  if (wanted.size === 0) return { catalog: expected, toTarget: [], toHistory: [], ...found }
  await copy.execute('BEGIN')
  try {
    const forth = await restoreNames(copy, new Map([...own, ...wanted]), { portable: false })
    const catalog = await readCatalogInTransaction(copy, scope)
    const back = await restoreNames(copy, own, { portable: false })
    const attach = detaches
      ? scriptBetweenServers(await readCatalogInTransaction(copy, scope), expected).statements
      : []
    return {
      catalog,
      toTarget: forth.statements.map(asStatement),
      toHistory: [...back.statements.map(asStatement), ...attach],
      ...found,
    }
  } finally {
    await copy.execute('ROLLBACK')
  }
}

function asStatement(sql: string): ScriptStatement {
  return { sql, alone: false, destructive: false }
}

interface Renamed {
  /** The objects of the history that have another name on the target, under that name. */
  readonly wanted: Identities
  readonly choices: readonly Choice[]
  readonly guesses: readonly Choice[]
  /** Whether a table must lose a parent before its columns are renamed. */
  readonly detaches: boolean
}

function renamed(history: NamedState, target: TargetState): Renamed {
  const { pairs, rejectedPairs } = pairTables(tablesOf(history), tablesOf(target))
  const schemas = new Map(
    [...history.identities.values()].flatMap(({ kind, name, id }) =>
      kind === 'SCHEMA' ? [[name, id] as const] : [],
    ),
  )
  const ids = new Map(pairs.map(({ one, other }) => [other.identity.id, one.identity.id]))
  const refOf = ({ other }: Pair) =>
    tableRef(target.catalog, { schema: other.schema, name: other.identity.name })
  const wanted = new Map<string, Identity>()
  const choices: Choice[] = []
  const guesses = rejectedPairs.map((pair) => ({
    object: refOf(pair),
    message: rejectedPairText(pair),
  }))
  let detaches = false
  for (const pair of pairs) {
    const { one, other, by } = pair
    const object = refOf(pair)
    if (by === 'doubt') {
      guesses.push({ object, message: 'contains objects named after another table' })
      continue
    }
    if (one.place !== other.place) {
      const of = schemas.get(other.schema)
      wanted.set(one.identity.id, {
        ...one.identity,
        name: other.identity.name,
        ...(of === undefined ? {} : { of }),
      })
      const list = by === 'parts' ? choices : guesses
      list.push({ object, message: takenText(pair) })
    }
    const heritage = new Set(other.identity.parents?.map((id) => ids.get(id)))
    const { parents = [] } = one.identity
    const left = parents.filter((id) => heritage.has(id))
    // A table that keeps its parents inherits the names of its columns.
    const columns = renamedColumns(one, other).filter(
      ({ column }) =>
        left.length < parents.length || one.columns.get(numberOf(column))?.inherited === false,
    )
    const exchanged = parents.length === 0 ? interchangedOf(pair, target.written) : []
    for (const { column, name, by: evidence } of [...columns, ...exchanged]) {
      const part = partRef('column', object, name)
      const list = evidence === 'number' ? choices : guesses
      list.push({ object: part, message: columnText(column, evidence) })
      if (evidence === 'holes' || evidence === 'written') continue
      wanted.set(column.id, { ...column, name })
      if (left.length === parents.length) continue
      detaches = true
      const { parents: _, ...alone } = wanted.get(one.identity.id) ?? one.identity
      wanted.set(one.identity.id, { ...alone, ...(left.length > 0 ? { parents: left } : {}) })
    }
  }
  for (const { object, column, name } of renamedInStoredViews(history, target)) {
    wanted.set(column.id, { ...column, name })
    choices.push({
      object: partRef('column', object, name),
      message: `is treated as ${column.name}, because it has the same column number`,
    })
  }
  return { wanted, choices, guesses, detaches }
}

interface ExchangedColumn extends InterchangedColumn {
  readonly by: Evidence | 'written'
}

/** The columns of a pair that may have exchanged their names. */
function interchangedOf({ one, other }: Pair, written: ReadonlySet<string>): ExchangedColumn[] {
  const { columns = [], by } = interchangedColumns(one, other, written) ?? {}
  return columns.map((column) => ({ ...column, by: by === 'parts' ? 'number' : 'written' }))
}

/** Columns that may have exchanged their names, if nothing else differs from the history. */
export async function exchangedNames(
  copy: Session,
  expected: Catalog,
  actual: TargetState,
): Promise<Choice[]> {
  const history = {
    catalog: expected,
    identities: await readIdentities(copy),
    partNames: await readPartNames(copy),
  }
  return pairTables(tablesOf(history), tablesOf(actual)).pairs.flatMap((pair) => {
    if (pair.one.place !== pair.other.place || pair.one.identity.parents) return []
    const { schema, identity } = pair.other
    const object = tableRef(actual.catalog, { schema, name: identity.name })
    return interchangedOf(pair, actual.written).map(({ column, name }) => ({
      object: partRef('column', object, name),
      message: columnText(column, 'written'),
    }))
  })
}

function takenText({ one, by }: Pair): string {
  const name = `${one.schema}.${one.identity.name}`
  return by === 'parts'
    ? `is treated as ${name}, because its indexes, constraints, sequences or comments have the same names`
    : `is treated as ${name}, because it has the same columns and foreign keys`
}

function rejectedPairText({ one }: Pair): string {
  const name = `${one.schema}.${one.identity.name}`
  return `is not treated as ${name}: it has the same columns, but its indexes, constraints and sequences have different names`
}

function columnText({ name }: Identity, by: Evidence | 'written'): string {
  switch (by) {
    case 'written':
      return `is not treated as ${name}, which the history has in its place: nothing shows whether the columns were renamed or reordered`
    case 'number':
      return `is treated as ${name}, because it has the same column number and type`
    case 'lost':
      return `is treated as ${name}, because it has the same column number and type, but none of its indexes and constraints`
    case 'table':
      return `is treated as ${name}, because it has the same column number and type, but its table has different indexes, constraints and sequences`
    case 'holes':
      return `is not treated as ${name}: it has the same column number, but a table that was restored from a dump has different numbers`
  }
}

/**
 * Columns of materialized views with the same number but another name. A view cannot lose a column. If its
 * query also differs, the script recreates it, whatever the names of its columns.
 */
function renamedInStoredViews(history: NamedState, target: NamedState) {
  const others = new Map(storedViews(target).map((view) => [view.place, view]))
  return storedViews(history).flatMap(({ place, schema, name, columns }) => {
    const other = others.get(place)
    if (other === undefined || other.columns.size !== columns.size) return []
    const object = tableRef(target.catalog, { schema, name })
    const [here, there] = [namesIn(columns), namesIn(other.columns)]
    return [...columns].flatMap(([number, column]) => {
      const now = other.columns.get(number)
      const isRenamed = now && !there.has(column.name) && !here.has(now.name)
      return isRenamed ? [{ object, column, name: now.name }] : []
    })
  })
}

function storedViews({ identities }: NamedState) {
  const columns = Map.groupBy(identities.values(), ({ of }) => of)
  return [...identities.values()].flatMap(({ id, kind, name, of = '' }) => {
    const schema = kind === 'MATERIALIZED VIEW' ? identities.get(of)?.name : undefined
    if (schema === undefined) return []
    const own = (columns.get(id) ?? []).filter((part) => part.kind === 'COLUMN')
    const byNumber = new Map(own.map((column) => [numberOf(column), column]))
    return [{ place: JSON.stringify([schema, name]), schema, name, columns: byNumber }]
  })
}

function namesIn(columns: ReadonlyMap<number, Identity>): Set<string> {
  return new Set([...columns.values()].map(({ name }) => name))
}
