import type { Receipt } from '../execution/index.ts'
import {
  type Decision,
  decisionArgs,
  describeProblem,
  type Diagnosis,
  examine,
  nextActions,
  repair,
  type RepairOutcome,
} from '../repair/index.ts'
import { refuseUnknownAccepts } from './accept.ts'
import { consentFrom, requirePolicyConsent } from './consent.ts'
import type { AppContext, ConsentOptions } from './context.ts'
import type { UseCaseReturn, ResultFinding } from './outcome.ts'
import { readWork, type TargetResult, targetResult, workRequest } from './work.ts'

/** Options of a repair. */
export interface RepairOptions extends ConsentOptions {
  /** If absent, the target is only examined. */
  readonly decision?: Decision | undefined
  /** Findings that are accepted: `unannounced`. */
  readonly accept?: readonly string[]
}

/** What is wrong with a target, and what was done about it. */
export interface RepairResult extends TargetResult {
  readonly diagnosis: Diagnosis
  /** Null if the target was only examined. */
  readonly decision: Decision | null
  readonly receipts: readonly Receipt[]
  readonly verified: boolean | null
  /** The remaining differences between the database and its history. */
  readonly changes: RepairOutcome['changes']
}

/** Examines a target, and carries out a decision. Without one, it only reports problems as findings. */
export async function repairTarget(
  context: AppContext,
  asked: RepairOptions,
): Promise<UseCaseReturn<RepairResult>> {
  const { decision, accept = [] } = asked
  refuseUnknownAccepts(accept, ['unannounced'])
  const work = await readWork(context, { downMigrations: true })
  const { migrations, project } = work
  const request = {
    ...(await workRequest(context, work)),
    migrations,
    migrationsDir: project.migrationsDir,
    layout: project.migrationsLayout,
  }
  if (!decision) {
    const diagnosis = await examine(request)
    return examined(diagnosis, targetResult(work, diagnosis.database))
  }
  await requirePolicyConsent(context, work, {
    ...asked,
    words: ['repair', ...decisionArgs(decision)],
  })
  const consent = consentFrom(context, asked)
  const acceptUnannounced = accept.includes('unannounced')
  const done = await repair({ ...request, consent, acceptUnannounced }, decision)
  const { database, diagnosis, receipts, verified, changes, failure } = done
  const target = targetResult(work, database)
  const result = { ...target, diagnosis, decision, receipts, verified, changes }
  return { result, findings: repeatedFindings(done), failure }
}

/** If a repair is repeated because its response was lost, it reports that nothing was left to do. */
function repeatedFindings({ settledBefore: migration, decision }: RepairOutcome): ResultFinding[] {
  if (migration === undefined) return []
  const undone = decision.kind === 'undo' || decision.kind === 'mark-rolled-back'
  const message = `${migration} was already repaired: it is ${undone ? 'rolled back' : 'applied'}. Nothing was run.`
  return [{ id: 'repaired-before', severity: 'notice', message }]
}

function examined(diagnosis: Diagnosis, target: TargetResult): UseCaseReturn<RepairResult> {
  return {
    result: { ...target, diagnosis, decision: null, receipts: [], verified: null, changes: [] },
    findings: diagnosisFindings(diagnosis),
    next: nextActions(diagnosis),
  }
}

/** The problems, as findings of severity error. */
function diagnosisFindings({ problems }: Diagnosis): ResultFinding[] {
  return problems.map((problem) => ({
    id: `migration-${problem.kind}`,
    severity: 'error',
    message: `${problem.migration}: ${describeProblem(problem)}`,
  }))
}
