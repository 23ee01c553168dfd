import { dialectOf, type Session } from '../database/index.ts'
import type { Hazard, JudgedMigration, Rule } from '../hazards/index.ts'
import type { History } from '../history/index.ts'
import { attempt } from '../kernel/index.ts'
import { type Migration, type MigrationFile, parserFor } from '../statements/index.ts'
import { type DeployPlan, deployPlan } from './deploy-plan.ts'
import { appliedMigrations, appliedRows } from './drift-gate.ts'
import { readTableSizes } from './postgres/table-sizes.ts'

/** A target's history, the project's migrations, and the pending ones among them. */
export interface Pending {
  readonly history: History
  readonly migrations: readonly MigrationFile[]
  readonly plans: readonly Migration[]
  /** The project's own rules. */
  readonly rules: readonly Rule[]
  /** The numbers of a migration's statements whose destroyed data is kept first. */
  readonly keeps: (plan: Migration) => ReadonlySet<number>
}

/** What a deploy would do: its plan, and its hazards judged by the target's table sizes. */
export interface Survey {
  readonly plan: DeployPlan
  readonly hazards: readonly Hazard[]
}

/** Loaded only if migrations are pending, so that a deploy with nothing to do does not pay for it. */
const loadHazards = () => import('../hazards/index.ts')

/** Surveys what pending migrations will do to a target. Reads its catalog, but no rows of user tables. */
export async function surveyDeploy(session: Session, pending: Pending): Promise<Survey> {
  const { judge, outline } = await loadHazards()
  const { database, schema, versionNumber } = session.server
  const judging = {
    // Parsing a long history takes a second, so it is skipped if nothing is pending.
    history: pending.plans.length > 0 ? await parsedHistory(session, pending) : [],
    migrations: pending.plans,
    facts: {
      serverVersion: versionNumber,
      defaultSchema: schema,
      tables: await readTableSizes(session),
    },
  }
  const plan = deployPlan({
    database,
    serverVersion: versionNumber,
    defaultSchema: schema,
    applied: appliedRows(pending.history),
    plans: pending.plans,
    outline: outline(judging),
    keeps: pending.keeps,
  })
  return { plan, hazards: judge({ ...judging, rules: pending.rules }) }
}

/**
 * Whether these migrations have no built-in hazard of severity error, judged by their text alone. Rules
 * assume the worst about an unknown history, so migrations that pass here also pass with the history. This
 * avoids parsing a long history.
 */
export async function looksHarmless(
  { server }: Session,
  plans: readonly Migration[],
): Promise<boolean> {
  const { judge } = await loadHazards()
  const facts = { serverVersion: server.versionNumber, defaultSchema: server.schema }
  const hazards = plans.flatMap((plan) => judge({ history: [], migrations: [plan], facts }))
  return hazards.every(({ severity }) => severity !== 'error')
}

/** The parsed applied migrations. A file that the parser refuses counts as empty, because it has already run. */
async function parsedHistory(session: Session, pending: Pending): Promise<JudgedMigration[]> {
  const { parse } = await parserFor(dialectOf(session))
  const parsed = appliedMigrations(pending).map(async ({ name, sql, path = name }) => {
    const read = await attempt(async () => parse(sql, path))
    return { name, path, sql, statements: read.ok ? read.value : [] }
  })
  return await Promise.all(parsed)
}
