import { dialectOf, type Session } from '../database/index.ts'
import type { Hazard, JudgedMigration, Rule } from '../hazards/index.ts'
import type { History } from '../history/index.ts'
import { attempt } from '../kernel/index.ts'
import { type Migration, type MigrationFile, parserFor } from '../statements/index.ts'
import { type DeployPlan, deployPlan } from './deploy-plan.ts'
import { appliedMigrations, appliedRows } from './drift-gate.ts'
import { readTableSizes } from './postgres/table-sizes.ts'

/** A target's history, the project's migrations, and those of them that are to be run. */
export interface Pending {
  readonly history: History
  readonly migrations: readonly MigrationFile[]
  readonly plans: readonly Migration[]
  /** Rules of the project's own. */
  readonly rules: readonly Rule[]
  /** The statements of a migration, by number, whose losses are kept aside first. */
  readonly keeps: (plan: Migration) => ReadonlySet<number>
}

/** What is ahead of a deploy: its plan, and its hazards by the sizes that the target's tables have. */
export interface Survey {
  readonly plan: DeployPlan
  readonly hazards: readonly Hazard[]
}

/** Loaded when something is pending: a deploy that finds nothing to do must not pay for it. */
const loadHazards = () => import('../hazards/index.ts')

/** Surveys what pending migrations will do to a target. Reads its catalog, and no row of a user. */
export async function survey(session: Session, pending: Pending): Promise<Survey> {
  const { judge, outline } = await loadHazards()
  const { database, schema, versionNumber } = session.server
  const judging = {
    // Parsing a long history takes a second: not for nothing.
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
 * Whether these migrations cannot have a built-in hazard of severity error, judged by their text alone. A rule
 * assumes the worst about an unknown history, so migrations that pass here pass with it too. This saves parsing a long one.
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

/** The applied migrations, parsed. A file that the current grammar refuses is left out; it has run anyway. */
async function parsedHistory(session: Session, pending: Pending): Promise<JudgedMigration[]> {
  const { parse } = await parserFor(dialectOf(session))
  const parsed = appliedMigrations(pending).map(async ({ name, sql, path = name }) => {
    const read = await attempt(async () => parse(sql, path))
    return { name, path, sql, statements: read.ok ? read.value : [] }
  })
  return await Promise.all(parsed)
}
