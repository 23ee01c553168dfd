import type { Session } from '../database/index.ts'
import { readRowSums, type RowSums } from '../proof/index.ts'
import {
  type Attribute,
  attributesWithout,
  attributeTexts,
  readAttributes,
} from '../safekeeping/index.ts'
import { type Catalog, difference, readCatalog, scriptBetween } from '../schema/index.ts'
import { readShape } from '../shadow/index.ts'
import {
  type Destruction,
  destructionKey,
  destructionText,
  objectName,
  objectOfKey,
  objectText,
  partRef,
} from '../statements/index.ts'

/** The complete state of a shadow database after a history. */
export interface State {
  readonly catalog: Catalog
  /** The properties of the objects that are not in their definitions. */
  readonly attributes: readonly Attribute[]
  readonly rows: RowSums
  /** Sequences by their name in SQL, with the last value, and whether it was used. */
  readonly sequences: ReadonlyMap<string, Sequence>
  /** Materialized views by their name in SQL, in the order of their creation. */
  readonly views: ReadonlyMap<string, View>
  /** The role that runs a history, and owns what it creates. */
  readonly owner: string
}

export interface Sequence {
  readonly schema: string
  readonly name: string
  readonly value: string
  readonly called: boolean
  /** Whether it is unused since its creation. */
  readonly fresh: boolean
}

export interface View {
  readonly schema: string
  readonly name: string
  /** A hash of its rows; absent if it was never filled. */
  readonly sum?: string
}

/** Reads the state of a shadow database. */
export async function readState(session: Session): Promise<State> {
  return {
    catalog: await readCatalog(session),
    attributes: await readAttributes(session),
    rows: await readRowSums(session, await readShape(session)),
    sequences: await readSequences(session),
    views: await readViews(session),
    owner: session.server.user,
  }
}

const PROJECT_SCHEMA = `n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'slipway')
  AND n.nspname !~ '^pg_(toast_)?temp_'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')`

async function readSequences(session: Session): Promise<Map<string, Sequence>> {
  const { rows: all } = await session.queryRaw(
    `SELECT n.nspname, c.relname, format('%I.%I', n.nspname, c.relname), s.seqstart
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid
     WHERE ${PROJECT_SCHEMA} ORDER BY 1, 2`,
  )
  const found = new Map<string, Sequence>()
  for (const [schema, name, id, start] of all) {
    const { rows } = await session.queryRaw(`SELECT last_value, is_called FROM ${id}`)
    const [value, called] = rows[0] ?? []
    const sequence = {
      schema: schema ?? '',
      name: name ?? '',
      value: value ?? '',
      called: called === 't',
    }
    found.set(id ?? '', { ...sequence, fresh: !sequence.called && sequence.value === start })
  }
  return found
}

async function readViews(session: Session): Promise<Map<string, View>> {
  const { rows: all } = await session.queryRaw(
    `SELECT n.nspname, c.relname, format('%I.%I', n.nspname, c.relname), c.relispopulated
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'm' AND ${PROJECT_SCHEMA} ORDER BY c.oid`,
  )
  const found = new Map<string, View>()
  for (const [schema, name, id, filled] of all) {
    const view = { schema: schema ?? '', name: name ?? '' }
    const sum = filled === 't' ? await sumOf(session, id ?? '') : undefined
    found.set(id ?? '', sum === undefined ? view : { ...view, sum })
  }
  return found
}

async function sumOf(session: Session, id: string): Promise<string> {
  const { rows } = await session.queryRaw(
    `SELECT md5(coalesce(string_agg(v::text, E'\\n' ORDER BY v::text), '')) FROM ${id} v`,
  )
  return rows[0]?.[0] ?? ''
}

/**
 * The objects in which two states differ, including privileges and database-wide objects. For rows, it
 * names the tables and columns, never a value, and skips the columns in `variable`. Empty for equal states.
 */
export function differences(
  one: State,
  other: State,
  variable: readonly Destruction[] = [],
): string[] {
  const leftOut = new Set(variable.map(destructionKey))
  return [
    ...schemaDifferences(one, other),
    ...attributeDifferences(one, other),
    ...rowDifferences(one.rows, other.rows)
      .filter((values) => !leftOut.has(destructionKey(values)))
      .map(destructionText),
    ...mapDifferences(positions(one), positions(other)).map((id) => `sequence ${id}`),
    ...mapDifferences(viewSums(one), viewSums(other)).map((id) => `rows of ${id}`),
  ]
}

/**
 * Like `differences`, but only for what does not depend on the time of a run: catalogs, attributes, and
 * numbers of rows.
 */
export function lastingDifferences(one: State, other: State): string[] {
  const counts = ({ rows }: State) =>
    new Map(Object.entries(rows).map(([table, sums]) => [table, String(sums.rows)]))
  return [
    ...schemaDifferences(one, other),
    ...attributeDifferences(one, other),
    ...mapDifferences(counts(one), counts(other)).map(
      (table) => `rows of ${objectName(objectOfKey(table))}`,
    ),
  ]
}

/**
 * Differences between schemas, including privileges and the like, which a squash must keep. A fingerprint
 * leaves these out, because they are not compared with a target.
 */
function schemaDifferences(one: State, other: State): string[] {
  const changes = difference(one.catalog, other.catalog)
  if (changes.length > 0)
    return changes.map(({ change, object }) => `${objectText(object)} (${change})`)
  const { statements } = scriptBetween(other.catalog, one.catalog, { owner: one.owner })
  return statements.map(({ sql }) => sql.split('\n', 1)[0] ?? '')
}

/** Differences in storage, statistics, comments and the like: `storage of TABLE app.orders`. */
function attributeDifferences(one: State, other: State): string[] {
  return attributeTexts([
    ...attributesWithout(one.attributes, other.attributes),
    ...attributesWithout(other.attributes, one.attributes),
  ])
}

/**
 * The tables and columns whose rows differ. Rows are identified by key: if the key differs, all columns
 * do.
 */
export function rowDifferences(one: RowSums, other: RowSums): Destruction[] {
  const tables = [...new Set([...Object.keys(one), ...Object.keys(other)])].toSorted()
  return tables.flatMap((key): Destruction[] => {
    const [before, after] = [one[key], other[key]]
    const table = (before ?? after)?.table
    if (table === undefined) return []
    if (before?.rows !== after?.rows) return [{ what: 'rows', object: table }]
    const columns = Object.entries(before?.columns ?? {})
    return columns
      .filter(([name, sum]) => after?.columns[name] !== sum)
      .map(([name]) => ({ what: 'values', object: partRef('column', table, name) }))
  })
}

function positions({ sequences }: State): Map<string, string> {
  return new Map([...sequences].map(([id, { value, called }]) => [id, `${value} ${called}`]))
}

function viewSums({ views }: State): Map<string, string> {
  return new Map([...views].map(([id, { sum = 'never filled' }]) => [id, sum]))
}

function mapDifferences(
  one: ReadonlyMap<string, string>,
  other: ReadonlyMap<string, string>,
): string[] {
  const keys = [...new Set([...one.keys(), ...other.keys()])].toSorted()
  return keys.filter((key) => one.get(key) !== other.get(key))
}
