import path from 'node:path'
import { type Preview, previewDeploy, savePlan } from '../deploy/index.ts'
import type { Hazard } from '../hazards/index.ts'
import { command, type NextAction } from '../kernel/index.ts'
import type { DeployPlan, PlanStep, PreCheckResult } from '../plan/index.ts'
import { masked } from '../statements/index.ts'
import type { AppContext } from './context.ts'
import { raise } from './failures.ts'
import { hazardFinding } from './hazard-findings.ts'
import type { Ended } from './outcome.ts'
import { pendingPreCheckFindings } from './pre-check-findings.ts'
import { readWork, type TargetResult, targetResult, type Work, workRequest } from './work.ts'

/** What a plan is asked for. */
export interface PlanOptions {
  /** A file to write the plan to, absolute or relative to `cwd`. */
  readonly out?: string | undefined
}

/** A pending migration as a plan shows it. */
export interface PlannedMigration {
  readonly name: string
  /** The beginning of each statement on one line, its literals masked. */
  readonly statements: readonly { readonly statement: number; readonly text: string }[]
}

/** What a deploy would do here. */
export interface PlanResult extends TargetResult {
  /** Of the plan: the same files and facts give the same. */
  readonly hash: string
  readonly steps: readonly PlanStep[]
  readonly preChecks: readonly PreCheckResult[]
  readonly hazards: readonly Hazard[]
  readonly migrations: readonly PlannedMigration[]
  /** Squashes that a deploy would record and not run. */
  readonly squashes: Preview['squashes']
}

/** Looks at what a deploy would do. Changes nothing, and takes no lock of the database. */
export async function planDeploy(
  context: AppContext,
  { out }: PlanOptions,
): Promise<Ended<PlanResult>> {
  const work = await readWork(context)
  const preview = await previewDeploy(await workRequest(context, work))
  if (out !== undefined) save(context, preview.plan, out)
  const result = planResult(work, preview)
  const { plans, squashes, hazards, preChecks } = preview
  if (plans.length === 0)
    return { result, next: squashes.length === 0 ? [] : [command(['deploy'], 'record it')] }
  const findings = [...hazards.map(hazardFinding), ...pendingPreCheckFindings(preChecks)]
  return { result, findings, next: [deployIt(preview, work, out)] }
}

function planResult(work: Work, preview: Preview): PlanResult {
  const { database, plan, plans, preChecks, hazards, squashes } = preview
  const migrations = plans.map(({ name, statements }) => ({
    name,
    statements: statements.map(({ number, text }) => ({ statement: number, text: shown(text) })),
  }))
  const { hash, steps } = plan
  return {
    ...targetResult(work, database),
    hash,
    steps,
    preChecks,
    hazards,
    migrations,
    squashes,
  }
}

function save({ cwd, now }: AppContext, made: DeployPlan, file: string): void {
  try {
    savePlan(path.resolve(cwd, file), made, now())
  } catch (cause) {
    raise('APP.NOT_WRITABLE', { message: `${file} could not be written.`, cause })
  }
}

/** The deploy command with all flags that it will need. */
function deployIt(preview: Preview, { target }: Work, file: string | undefined): NextAction {
  const { database, before, plan, toAccept } = preview
  const destroys = plan.steps.some((step) => step.destroys.length > 0)
  // A first deploy destroys nothing on an empty database.
  const asksName =
    target.policy.confirm || (target.protected && destroys && before.applied.length > 0)
  const words = [
    'deploy',
    ...(file === undefined ? [] : ['--plan', file]),
    ...(toAccept.length > 0 ? ['--accept', toAccept.join(',')] : []),
    ...(asksName ? ['--confirm', database] : []),
  ]
  return command(words, 'deploy it')
}

const WIDTH = 40

/** The beginning of a statement on one line. Literals may be anybody's data: they are masked. */
function shown(text: string): string {
  const line = masked(text).replaceAll(/\s+/g, ' ')
  return line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line
}
