import path from 'node:path'
import { deploy, type DeployOutcome, readPlan, type Recorded } from '../deploy/index.ts'
import type { Receipt } from '../execution/index.ts'
import { command, type NextAction } from '../kernel/index.ts'
import { keptText } from '../safekeeping/index.ts'
import { acceptedHazards } from './accept.ts'
import type { BackupItem } from './backup-result.ts'
import { changeText } from './change-text.ts'
import { consentFrom, requirePolicyConsent } from './consent.ts'
import type { AppContext, ConsentOptions } from './context.ts'
import { deployedHazards, type HazardResult, hazardResult } from './hazard-findings.ts'
import { type KeptResult, keptResult, notKeptFindings } from './kept-result.ts'
import type { UseCaseReturn, ResultFinding } from './outcome.ts'
import { preCheckFindings, type PreCheckItem, preCheckItem } from './pre-check-findings.ts'
import {
  ownRules,
  readWork,
  type TargetResult,
  targetResult,
  type Work,
  workRequest,
} from './work.ts'

/** Options of a deploy. */
export interface DeployOptions extends ConsentOptions {
  /** Findings that are accepted: `drift`, `pre-check`, `unannounced`, ids of hazards. */
  readonly accept?: readonly string[] | undefined
  /** A plan file, absolute or relative to `cwd`: the deploy runs exactly this plan. */
  readonly plan?: string | undefined
  /** Destroy data without keeping it. */
  readonly noKeep?: boolean | undefined
  /** An age key file, to verify the backup that the environment requires. */
  readonly identity?: string | undefined
}

/** The result of a deploy. */
export interface DeployResult extends TargetResult {
  /** One for each migration that was pending. */
  readonly receipts: readonly Receipt[]
  /** Squashes that were recorded without running, because the target has the migrations that they replace. */
  readonly recorded: readonly Recorded[]
  /** The backup that was made first, or a recent one that was used; null if the environment requires none. */
  readonly backup: BackupItem | null
  readonly kept: readonly KeptResult[]
  /** Data that rollbacks of these migrations kept, and that `kept restore` restores. */
  readonly offered: readonly KeptResult[]
  readonly preChecks: readonly PreCheckItem[]
  readonly hazards: readonly HazardResult[]
  /** The Time Travel bookmark of a remote D1 database before the deploy; null elsewhere, or if nothing ran. */
  readonly bookmark: string | null
  /** Null if nothing was run. */
  readonly verified: boolean | null
  /** What was verified: that every index is valid, or that the whole schema matches the migrations. */
  readonly verifiedBy: 'indexes' | 'schema' | null
  /** Why the schema could not be compared with the history before the deploy; null if it was. */
  readonly driftUnknown: string | null
}

/** Applies the pending migrations, under supervision. */
export async function deployPending(
  context: AppContext,
  asked: DeployOptions,
): Promise<UseCaseReturn<DeployResult>> {
  const { accept = [], noKeep = false } = asked
  const plan =
    asked.plan === undefined
      ? undefined
      : await readPlan(path.resolve(context.cwd, asked.plan), context.now())
  const work = await readWork(context)
  const acceptHazards = await acceptedHazards(accept, ['drift', 'pre-check', 'unannounced'], () =>
    ownRules(work),
  )
  await requirePolicyConsent(context, work, { ...asked, words: ['deploy'] })
  const gate = await gateOf(context, work, asked)
  const outcome = await deploy({
    ...(await workRequest(context, work)),
    backup: gate.before,
    consent: consentFrom(context, asked),
    acceptDrift: accept.includes('drift'),
    acceptPreChecks: accept.includes('pre-check'),
    acceptUnannounced: accept.includes('unannounced'),
    acceptHazards,
    ...(plan ? { plan } : {}),
    noKeep,
  })
  const { failure, kept, notKept } = outcome
  return {
    result: deployResult(work, outcome, gate.made()),
    findings: [
      ...driftFindings(outcome),
      ...deployedHazards(outcome, acceptHazards),
      ...preCheckFindings(outcome),
      ...notKeptFindings(kept, notKept),
    ],
    failure,
    next: nextOf(outcome),
  }
}

function nextOf({ failure, receipts, drift, offered }: DeployOutcome): readonly NextAction[] {
  if (failure) return []
  const restores = offered.map((one) =>
    command(
      ['kept', 'restore', String(one.id)],
      `restore ${keptText(one)}, kept by the rollback of ${one.migration}`,
    ),
  )
  if (receipts.length > 0)
    return [...restores, command(['rollback'], 'roll back the last migration')]
  return drift.length > 0
    ? [command(['drift'], 'show the differences, with SQL for both directions')]
    : []
}

/** Drift with nothing pending does not stop this deploy, but it will stop the next one: a warning. */
function driftFindings({ drift }: DeployOutcome): ResultFinding[] {
  return drift.map((change) => ({ id: 'drift', severity: 'warning', message: changeText(change) }))
}

/** Loads the backup code only if the environment makes backups. */
async function gateOf(context: AppContext, work: Work, asked: DeployOptions) {
  if (work.target.policy.backup.when === 'never') return { before: undefined, made: () => null }
  const { backupGate } = await import('./backup-gate.ts')
  return await backupGate(context, work, asked)
}

function deployResult(work: Work, outcome: DeployOutcome, backup: BackupItem | null): DeployResult {
  const { database, receipts, recorded, kept, offered, preChecks, hazards } = outcome
  return {
    ...targetResult(work, database),
    receipts,
    recorded,
    backup,
    kept: kept.map(keptResult),
    offered: offered.map(keptResult),
    preChecks: preChecks.map(preCheckItem),
    hazards: hazards.map(hazardResult),
    bookmark: outcome.bookmark ?? null,
    verified: outcome.verification?.verified ?? null,
    verifiedBy: outcome.verification ? (outcome.verification.by ?? 'indexes') : null,
    driftUnknown: outcome.driftUnknown ?? null,
  }
}
