import { withSession } from '../database/index.ts'
import { readFromTarget, targetSettingsSql } from '../execution/index.ts'
import type { Hazard } from '../hazards/index.ts'
import { type Comparison, refuseNewerLedger } from '../history/index.ts'
import { type DeployPlan, type PreCheckResult, surveyDeploy } from '../plan/index.ts'
import type { Migration } from '../statements/index.ts'
import { hazardsToAccept } from './hazards.ts'
import { keptStatements } from './keep.ts'
import { type PendingWork, readPending } from './pending.ts'
import { refuseFilledDatabase } from './postgres/filled.ts'
import { runPreChecks } from './pre-checks.ts'
import type { WorkRequest } from './target.ts'

/** What a deploy to a target would do and report. */
export interface Preview {
  readonly database: string
  readonly before: Comparison
  readonly plans: readonly Migration[]
  /** Squashes that a deploy would record without running them. */
  readonly squashes: PendingWork['squashes']
  /** Without steps if nothing is pending. */
  readonly plan: DeployPlan
  readonly hazards: readonly Hazard[]
  /** Ids of the hazards that must be accepted before a deploy to this target. */
  readonly toAccept: readonly string[]
  readonly preChecks: readonly PreCheckResult[]
}

/**
 * Previews a deploy to a target. Takes no deploy lock and changes nothing. Fails if something would stop a
 * deploy before it examines the statements.
 */
export async function previewDeploy(request: WorkRequest): Promise<Preview> {
  const { address, limits, signal, emit, migrations } = request
  const deadline = performance.now() + request.deadlineMs
  return await withSession(address, { applicationName: 'slipway plan' }, async (session) => {
    // Behind a pooler, the settings would stay with the backend.
    if (!session.server.pooled) await session.execute(targetSettingsSql({ session, deadline }))
    const target = { session, address, limits, deadline, signal, emit }
    await refuseNewerLedger(session)
    const { history, before, resuming, squashes, plans } = await readPending(session, migrations)
    const { database } = session.server
    if (plans.length > 0 && before.applied.length === 0 && resuming.length === 0)
      await refuseFilledDatabase(session)
    const rules = plans.length > 0 ? ((await request.rules?.()) ?? []) : []
    const pending = { history, migrations, plans, rules, keeps: keptStatements }
    const ahead = await readFromTarget(target, () => surveyDeploy(session, pending))
    const found = { database, before, plans, squashes, ...ahead }
    // A deploy that continues after a crash was accepted before.
    if (plans.length === 0 || resuming.length > 0) return { ...found, toAccept: [], preChecks: [] }
    const toAccept = request.protected ? hazardsToAccept(ahead, true) : []
    return {
      ...found,
      toAccept: [...new Set(toAccept.map(({ id }) => id))],
      preChecks: await runPreChecks(target, plans),
    }
  })
}
