import path from 'node:path'
import { storedProofOf } from '../check/index.ts'
import { type Preview, previewDeploy, savePlan } from '../deploy/index.ts'
import { command, type NextAction } from '../kernel/index.ts'
import type { DeployPlan, PlanStep, StepTable } from '../plan/index.ts'
import type { Proof } from '../proof/index.ts'
import { parserFor, type StatementParser, type TableRef } from '../statements/index.ts'
import type { PlannedBackup } from './backup-gate.ts'
import type { AppContext } from './context.ts'
import { refuseUnwritable } from './failures.ts'
import { hazardFinding, type HazardResult, hazardResult } from './hazard-findings.ts'
import { type NamedTable, namedTable } from './named-object.ts'
import type { UseCaseReturn } from './outcome.ts'
import { pendingPreCheckFindings, type PreCheckItem, preCheckItem } from './pre-check-findings.ts'
import { readWork, type TargetResult, targetResult, type Work, workRequest } from './work.ts'

/** Options of a plan. */
export interface PlanOptions {
  /** A file to write the plan to, absolute or relative to `cwd`. */
  readonly out?: string | undefined
}

/** A pending migration as a plan shows it. */
export interface PlannedMigration {
  readonly name: string
  /** The beginning of each statement on one line, its literals masked. */
  readonly statements: readonly { readonly statement: number; readonly text: string }[]
  /** What its stored proof observed; null if no proof for exactly this text is stored. */
  readonly proof: Pick<Proof, 'effects' | 'unseen'> | null
}

/** A table of a step, and what the step does to it. */
export interface StepTableResult extends Omit<StepTable, 'table'>, NamedTable {}

/** A step with its tables; `table` and `ref` are the first of them. */
export interface StepResult extends Omit<PlanStep, 'table' | 'tables'> {
  readonly table: string | null
  readonly ref: TableRef | null
  readonly tables: readonly StepTableResult[]
}

/** What a deploy would do here. */
export interface PlanResult extends TargetResult {
  /** The hash of the plan; the same files and facts give the same hash. */
  readonly hash: string
  readonly steps: readonly StepResult[]
  readonly preChecks: readonly PreCheckItem[]
  readonly hazards: readonly HazardResult[]
  readonly migrations: readonly PlannedMigration[]
  /** Squashes that a deploy would record and not run. */
  readonly squashes: Preview['squashes']
  /** Null if the environment requires no backup, or nothing is pending. */
  readonly backup: PlannedBackup | null
}

/** Plans a deploy. Changes nothing, and does not take the deploy lock. */
export async function planDeploy(
  context: AppContext,
  { out }: PlanOptions,
): Promise<UseCaseReturn<PlanResult>> {
  const work = await readWork(context)
  const preview = await previewDeploy(await workRequest(context, work))
  if (out !== undefined) save(context, preview.plan, out)
  const [first] = preview.plans
  const { plannedBackup } = await import('./backup-gate.ts')
  const backup = first ? await plannedBackup(context, work, first.name) : null
  const result = { ...(await planResult(work, preview)), backup }
  const { plans, squashes, hazards, preChecks } = preview
  if (plans.length === 0)
    return { result, next: squashes.length === 0 ? [] : [command(['deploy'], 'record the squash')] }
  const findings = [...hazards.map(hazardFinding), ...pendingPreCheckFindings(preChecks)]
  return { result, findings, next: [...testThem(result), deployIt(preview, work, out)] }
}

async function planResult(work: Work, preview: Preview): Promise<Omit<PlanResult, 'backup'>> {
  const { database, plan, plans, preChecks, hazards, squashes } = preview
  const parser = await parserFor(work.project.schema.dialect)
  const migrations = await Promise.all(
    plans.map(async ({ name, statements }) => ({
      name,
      statements: statements.map(({ number, text }) => ({
        statement: number,
        text: shown(text, parser),
      })),
      proof: await proofOf(name, work),
    })),
  )
  const { hash, steps } = plan
  return {
    ...targetResult(work, database),
    hash,
    steps: steps.map(stepResult),
    preChecks: preChecks.map(preCheckItem),
    hazards: hazards.map(hazardResult),
    migrations,
    squashes,
  }
}

async function proofOf(name: string, { migrations }: Work): Promise<PlannedMigration['proof']> {
  const migration = migrations.find((one) => one.name === name)
  const proof = migration && (await storedProofOf(migration))
  return proof ? { effects: proof.effects, unseen: proof.unseen } : null
}

/** The keys keep the order of the plan, which is part of the contract. */
function stepResult({ tables, ...step }: PlanStep): StepResult {
  const named = step.table ? namedTable(step.table) : { table: null, ref: null }
  return {
    ...step,
    ...named,
    tables: tables.map(({ table: of, ...more }) => ({ ...more, ...namedTable(of) })),
  }
}

function save({ cwd, now }: AppContext, made: DeployPlan, file: string): void {
  try {
    savePlan(path.resolve(cwd, file), made, now())
  } catch (cause) {
    refuseUnwritable(file, cause)
  }
}

/** The check of the migrations whose effects on rows are unknown. */
function testThem({ migrations, steps }: Pick<PlanResult, 'migrations' | 'steps'>): NextAction[] {
  const untested = migrations
    .filter(({ name, proof }) => proof === null && steps.some((step) => step.migration === name))
    .map(({ name }) => name)
  if (untested.length === 0) return []
  return [command(['check', ...untested, '--save'], 'test them, and see their effect on rows')]
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
  return command(words, 'deploy this plan')
}

const WIDTH = 40

/** The beginning of a statement on one line. Literals are masked, because they may be user data. */
function shown(text: string, parser: StatementParser): string {
  const line = parser.masked(text).replaceAll(/\s+/g, ' ')
  return line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line
}
