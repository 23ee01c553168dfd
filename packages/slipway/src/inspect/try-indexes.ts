import {
  type Address,
  quoteIdentifier,
  quoteLiteral,
  type Session,
  withSession,
} from '../database/index.ts'
import { readHistory } from '../history/index.ts'
import { attempt, type Emit } from '../kernel/index.ts'
import { appliedMigrations, readTableSizes } from '../plan/index.ts'
import { scopeOf } from '../schema/index.ts'
import {
  fillToScale,
  readShape,
  shadowLike,
  type ShadowOptions,
  type ShapeTable,
  withShadowDatabase,
} from '../shadow/index.ts'
import {
  type MigrationFile,
  type ObjectRef,
  objectKey,
  type TableRef,
  tableRef,
} from '../statements/index.ts'
import { indexSql, readUnindexedKeys, type UnindexedKey } from './postgres/foreign-keys.ts'
import { planHypothetically, schemaOfHypoPG } from './postgres/hypothetical-index.ts'
import { namesOf } from './postgres/names.ts'
import { costOf, type PlanCost } from './postgres/plan-cost.ts'

/** The effect of an index for a foreign key. */
export interface IndexTrial {
  /**
   * `hypopg`: planned on the target, with its statistics and a hypothetical index; `shadow`: on a shadow database with
   * generated rows.
   */
  readonly method: 'hypopg' | 'shadow'
  /** The foreign key. */
  readonly object: ObjectRef
  /** The planned statement, with parameters in place of the values. */
  readonly statement: string
  readonly index: string
  /** Rows of the table where the index was tried, and on the target. */
  readonly rows: number
  readonly targetRows: number | null
  readonly before: PlanCost | null
  readonly after: PlanCost | null
  /** Why the index was not tried; null if it was. */
  readonly reason: string | null
}

/** The input of a trial. */
export interface TrialRequest {
  readonly address: Address
  readonly migrations: readonly MigrationFile[]
  readonly schemas?: readonly string[] | undefined
  readonly shadow: ShadowOptions
  readonly emit: Emit
}

const MOST_TRIALS = 10
const LEAST_ROWS = 1000
/** Cost ratios do not change beyond this, and the rows are generated in seconds. */
const MOST_ROWS = 200_000
const FILL_MS = 60_000

/**
 * Returns the cost of a lookup by each foreign key without an index, before and after the index is created. If the target
 * has the extension HypoPG, the index is hypothetical, and the target plans with its own statistics. Otherwise, and
 * where that fails, the index is created on a shadow database with as many rows as the target, at most 200,000 per
 * table. Reads the target's catalog and changes nothing there.
 */
export async function tryIndexes(request: TrialRequest): Promise<IndexTrial[]> {
  const options = { applicationName: 'slipway inspect' }
  const { facts, onTarget } = await withSession(request.address, options, async (session) => {
    const found = await readFacts(session, request)
    return { facts: found, onTarget: await tryHypothetically(session, found) }
  })
  const keys = facts.keys.filter((key) => !onTarget.has(key))
  if (keys.length === 0) return [...onTarget.values()]
  request.emit({ kind: 'phase', phase: 'replay the history on a shadow database' })
  const onShadow = await withShadowDatabase(facts.shadow, facts.applied, (session) =>
    tryOn(session, { ...facts, keys, emit: request.emit }),
  )
  return [...onTarget.values(), ...onShadow]
}

interface TrialFacts {
  readonly keys: readonly UnindexedKey[]
  readonly rowsOf: (table: TableRef) => number | undefined
  readonly applied: readonly MigrationFile[]
  readonly shadow: ShadowOptions
}

async function readFacts(session: Session, request: TrialRequest): Promise<TrialFacts> {
  const scope = await scopeOf(session.server.schema, request)
  const rows = await session.query<{ name: string }>('SELECT nspname AS name FROM pg_namespace')
  const schemas = rows.map(({ name }) => name).filter((name) => scope.ownsSchema(name))
  const keys = await readUnindexedKeys(session, schemas)
  const sizes = await readTableSizes(session)
  const rowsOf = (table: TableRef) => sizes.get(objectKey(table))?.rows
  const bySize = keys.toSorted(
    (a, b) => (rowsOf(childOf(session, b)) ?? 0) - (rowsOf(childOf(session, a)) ?? 0),
  )
  return {
    keys: bySize.slice(0, MOST_TRIALS),
    rowsOf,
    applied: appliedMigrations({
      history: await readHistory(session),
      migrations: request.migrations,
    }),
    shadow: shadowLike(request, session).shadow,
  }
}

/** The trials with HypoPG; none if the target does not have it, and none for a key with which it failed. */
async function tryHypothetically(
  session: Session,
  { keys, rowsOf }: Pick<TrialFacts, 'keys' | 'rowsOf'>,
): Promise<Map<UnindexedKey, IndexTrial>> {
  const trials = new Map<UnindexedKey, IndexTrial>()
  const hypopg = await schemaOfHypoPG(session)
  if (hypopg === undefined) return trials
  for (const key of keys) {
    const rows = rowsOf(childOf(session, key)) ?? null
    const { lookup: _, ...described } = describeTrial(session, key)
    const costs = await attempt(() =>
      planHypothetically(session, { ...described, parameters: key.columns.length, hypopg }),
    )
    // For example, the role may not read the table.
    if (!costs.ok) continue
    const size = { rows: rows ?? 0, targetRows: rows }
    trials.set(key, { method: 'hypopg', ...described, ...size, ...costs.value, reason: null })
  }
  return trials
}

async function tryOn(
  session: Session,
  { keys, rowsOf, emit }: TrialFacts & Pick<TrialRequest, 'emit'>,
): Promise<IndexTrial[]> {
  const shape = await readShape(session)
  const byKey = new Map(shape.map((table) => [objectKey(table.ref), table]))
  const involved = keys.flatMap((key) => [childOf(session, key), parentOf(session, key)])
  const wanted = new Map(
    involved.flatMap((ref) => {
      const table = byKey.get(objectKey(ref))
      return table
        ? [[table.id, Math.min(Math.max(rowsOf(ref) ?? 0, LEAST_ROWS), MOST_ROWS)] as const]
        : []
    }),
  )
  emit({ kind: 'phase', phase: 'generate rows', detail: `${wanted.size} tables` })
  const filled = await fillToScale(session, {
    tables: shape,
    wanted,
    distinct: new Set(),
    until: performance.now() + FILL_MS,
  })
  const rows = new Map(filled.map((one) => [one.table.id, one.rows]))
  const trials: IndexTrial[] = []
  for (const key of keys) {
    const table = byKey.get(objectKey(childOf(session, key)))
    const of = {
      table,
      rows: table ? (rows.get(table.id) ?? 0) : 0,
      targetRows: rowsOf(childOf(session, key)) ?? null,
    }
    trials.push(await tryKey(session, key, of))
  }
  return trials
}

interface Trial {
  readonly table: ShapeTable | undefined
  readonly rows: number
  readonly targetRows: number | null
}

async function tryKey(
  session: Session,
  key: UnindexedKey,
  { table, rows, targetRows }: Trial,
): Promise<IndexTrial> {
  const { lookup, ...described } = describeTrial(session, key)
  const trial = { method: 'shadow' as const, ...described, rows, targetRows }
  const { index } = trial
  const not = (reason: string) => ({ ...trial, before: null, after: null, reason })
  if (table === undefined) return not('The history of the project does not create this table.')
  const values = await sampleOf(session, table, key.columns.map(quoteIdentifier))
  if (values === undefined) return not('No rows could be generated that satisfy its constraints.')
  const statement = lookup(values.map(quoteLiteral))
  const before = await costOf(session, statement)
  await session.execute('BEGIN')
  const created = await attempt(() => session.execute(index))
  const after = created.ok ? await costOf(session, statement) : null
  await session.execute('ROLLBACK')
  return created.ok ? { ...trial, before, after, reason: null } : not(created.failure.message)
}

/** What both methods try: the lookup by the foreign key, with any values, and the index. */
function describeTrial(session: Session, key: UnindexedKey) {
  const names = namesOf(session)
  const child = { schema: key.schema, name: key.table }
  const columns = key.columns.map(quoteIdentifier)
  const lookup = (values: readonly string[]) =>
    `SELECT * FROM ${names.sql(child)} WHERE ${columns.map((column, at) => `${column} = ${values[at]}`).join(' AND ')}`
  return {
    lookup,
    object: names.constraintRef(child, key.name),
    statement: lookup(columns.map((_, at) => `$${at + 1}`)),
    index: indexSql(session, key, 'in place'),
  }
}

/** The values of a generated row; undefined if there is none. */
async function sampleOf(
  session: Session,
  table: ShapeTable,
  columns: readonly string[],
): Promise<readonly string[] | undefined> {
  const filled = columns.map((column) => `${column} IS NOT NULL`).join(' AND ')
  const texts = columns.map((column) => `${column}::text`).join(', ')
  const { rows } = await session.queryRaw(
    `SELECT ${texts} FROM ${table.id} WHERE ${filled} LIMIT 1`,
  )
  return rows[0]?.flatMap((value) => value ?? [])
}

function childOf({ server }: Session, { schema, table }: UnindexedKey): TableRef {
  return tableRef({ defaultSchema: server.schema }, { schema, name: table })
}

function parentOf({ server }: Session, { parentSchema, parent }: UnindexedKey): TableRef {
  return tableRef({ defaultSchema: server.schema }, { schema: parentSchema, name: parent })
}
