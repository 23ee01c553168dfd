import { creationOf } from '../create/index.ts'
import { dialectOf, type Session } from '../database/index.ts'
import type { WorkRequest } from '../deploy/index.ts'
import { compareHistory, readHistory } from '../history/index.ts'
import { attempt } from '../kernel/index.ts'
import { appliedMigrations, projectScope } from '../plan/index.ts'
import {
  type Catalog,
  type Change,
  type Choice,
  type ColumnOrder,
  columnOrders,
  difference,
  newlyInheritedColumns,
  readCatalog,
  readIdentities,
  readPartNames,
  readSummary,
  readWrittenColumns,
  type SchemaScript,
  type SchemaSummary,
  scriptBetweenServers,
  scriptSql,
  withoutRedundantColumns,
} from '../schema/index.ts'
import { shadowLike, withShadowDatabase } from '../shadow/index.ts'
import {
  type Destruction,
  type MigrationFile,
  parserFor,
  type StatementParser,
  unqualified,
} from '../statements/index.ts'
import { sameAsHistory } from './report-without-drift.ts'
import { lossesOfScript } from './script-losses.ts'
import {
  exchangedNames,
  type TargetNames,
  type TargetState,
  underTargetNames,
} from './target-names.ts'

/** The options of a drift inspection. */
export type DriftRequest = Pick<WorkRequest, 'address' | 'migrations' | 'shadow' | 'emit'> & {
  /** The schemas that the datasource lists. */
  readonly schemas?: readonly string[] | undefined
}

/** How a target's schema differs from that of its history, with SQL for both directions. */
export interface DriftReport {
  readonly database: string
  readonly drifted: boolean
  /** `shadow`: the applied migrations, replayed. `unknown`: they could not be replayed. */
  readonly basis: 'shadow' | 'unknown'
  /** The changes from the history's schema to the target's. */
  readonly changes: readonly Change[]
  /** SQL that makes the target match its history; empty without drift. */
  readonly toHistory: string
  /** The parts of that SQL that depend on rows. */
  readonly choices: readonly Choice[]
  /**
   * Objects that may have been renamed: what each was treated as, although nothing proves that it is right for
   * other databases.
   */
  readonly guesses: readonly Choice[]
  /**
   * SQL of a migration that produces the target's schema; empty without drift. If it moves an object to the
   * default schema, it names the default schema of this target.
   */
  readonly toTarget: string
  /** The data that each of the two scripts destroys. */
  readonly loses: {
    readonly toHistory: readonly Destruction[]
    readonly toTarget: readonly Destruction[]
  }
  /** Reported, but not drift. */
  readonly columnOrder: readonly ColumnOrder[]
  /** Objects of kinds that are not compared, one text per kind: `statistics object order_stats`. */
  readonly unmodelled: readonly string[]
  /** Why the target could not be compared. */
  readonly unknown?: string
}

/** Compares a target with its history, replayed on a shadow database. Changes nothing and takes no lock. */
export async function inspectSession(
  session: Session,
  request: DriftRequest,
): Promise<DriftReport> {
  const { migrations, schemas, emit } = request
  const { database } = session.server
  const scope = await projectScope(session, migrations, schemas)
  const actual = await readSummary(session, scope)
  emit({ kind: 'phase', phase: 'replay the history on a shadow database' })
  const history = await readHistory(session)
  const [missing] = compareHistory(history, migrations).missing
  if (missing !== undefined)
    return unknownReport(
      database,
      actual,
      `${missing} is applied, but the project does not have it.`,
    )
  const target = {
    summary: actual,
    known: async () => ({
      catalog: await readCatalog(session, scope),
      identities: await readIdentities(session),
      partNames: await readPartNames(session),
      written: await readWrittenColumns(session),
    }),
  }
  const compared = await attempt(() =>
    compareWithHistory(
      target,
      appliedMigrations({ history, migrations }),
      shadowLike(request, session),
    ),
  )
  if (!compared.ok) return unknownReport(database, actual, compared.failure.message)
  if (!('actual' in compared.value)) {
    const { unmodelled } = actual
    return sameAsHistory(database, { ...compared.value, unmodelled })
  }
  return reportOf(database, compared.value, await parserFor(dialectOf(session)))
}

/** Whether the history has no tables, so that a migration written from the target is the first one. */
function hasNoTables({ columnOrder }: Catalog): boolean {
  return columnOrder.size === 0
}

interface TargetSchema {
  readonly summary: SchemaSummary
  readonly known: () => Promise<TargetState>
}

/** The result if all objects are equal. */
type Equal = Pick<DriftReport, 'columnOrder' | 'choices'>

interface Compared {
  readonly expected: Catalog
  readonly actual: Catalog
  /** The history's schema, under the target's names. */
  readonly named: TargetNames
}

/**
 * Compares a target with the result of migrations on a shadow database. Reads whole catalogs only if they
 * differ.
 */
async function compareWithHistory(
  target: TargetSchema,
  applied: readonly MigrationFile[],
  { migrations, schemas, shadow }: Pick<DriftRequest, 'migrations' | 'schemas' | 'shadow'>,
): Promise<Equal | Compared> {
  return await withShadowDatabase(shadow, applied, async (copy) => {
    const scope = await projectScope(copy, migrations, schemas)
    const summary = await readSummary(copy, scope)
    const isEqual = summary.fingerprint.hash === target.summary.fingerprint.hash
    const columnOrder = columnOrders(summary, target.summary)
    if (isEqual && columnOrder.length === 0) return { columnOrder, choices: [] }
    const expected = await readCatalog(copy, scope)
    const actual = await target.known()
    if (isEqual) return { columnOrder, choices: await exchangedNames(copy, expected, actual) }
    const named = await underTargetNames(copy, expected, { actual, scope })
    return { expected, actual: actual.catalog, named }
  })
}

function reportOf(
  database: string,
  { expected, actual: found, named }: Compared,
  parser: StatementParser,
): DriftReport {
  const changes = difference(...withoutRedundantColumns(expected, found))
  const [ofHistory, actual] = withoutRedundantColumns(named.catalog, found)
  const columnOrder = columnOrders(ofHistory, found)
  const { unmodelled } = found
  if (changes.length === 0)
    return sameAsHistory(database, { columnOrder, choices: named.guesses, unmodelled })
  const toHistoryScript = scriptBetweenServers(actual, ofHistory)
  const toTargetScript = scriptBetweenServers(ofHistory, actual)
  const toHistory = {
    statements: [...toHistoryScript.statements, ...named.toHistory],
    choices: [
      ...named.choices,
      ...toHistoryScript.choices,
      ...newlyInheritedColumns(found, expected),
    ],
  }
  const toTarget = {
    statements: [...named.toTarget, ...toTargetScript.statements],
    choices: [...named.choices, ...toTargetScript.choices],
  }
  const statementsOf = ({ statements }: SchemaScript) =>
    statements.flatMap(({ sql }) => parser.parse(sql, 'drift'))
  const loses = {
    toHistory: lossesOfScript(statementsOf(toHistoryScript), { from: actual, to: ofHistory }),
    toTarget: lossesOfScript(statementsOf(toTargetScript), { from: ofHistory, to: actual }),
  }
  return {
    database,
    drifted: true,
    basis: 'shadow',
    changes,
    toHistory: scriptSql(toHistory, loses.toHistory),
    choices: toHistory.choices,
    guesses: named.guesses,
    toTarget: hasNoTables(expected)
      ? creationSql(toTarget, actual, parser)
      : portable(toTarget, actual, loses.toTarget),
    loses,
    columnOrder,
    unmodelled,
  }
}

/**
 * The SQL for an empty history is that of a first migration: whole tables in a readable order and, like
 * Prisma's own SQL, without the name of the default schema.
 */
function creationSql(
  { statements }: SchemaScript,
  actual: Catalog,
  parser: StatementParser,
): string {
  const texts = statements.map(({ sql }) => sql)
  const { tables, rowGuards } = creationOf(texts, actual.columnOrder, parser)
  return [...tables, ...rowGuards]
    .map((sql) => `${unqualified(sql, actual.defaultSchema)};\n`)
    .join('\n')
}

/**
 * The SQL without the default schema's name, because a migration runs on every target, whatever its default
 * schema.
 */
function portable(
  { statements, choices }: SchemaScript,
  { defaultSchema }: Catalog,
  losses: readonly Destruction[],
): string {
  const plain = statements.map((one) => ({ ...one, sql: unqualified(one.sql, defaultSchema) }))
  return scriptSql({ statements: plain, choices }, losses)
}

function unknownReport(
  database: string,
  { unmodelled }: SchemaSummary,
  reason: string,
): DriftReport {
  const nothing = sameAsHistory(database, { columnOrder: [], choices: [], unmodelled })
  return { ...nothing, basis: 'unknown', unknown: reason }
}
