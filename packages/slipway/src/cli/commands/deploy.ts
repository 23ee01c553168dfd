import path from 'node:path'
import { deploy as run, type DeployOutcome, readPlan } from '../../deploy/index.ts'
import { command } from '../../kernel/index.ts'
import { acceptedHazards } from '../accept.ts'
import { type Finding, type Handler, report } from '../command.ts'
import { failedWork } from '../failed-work.ts'
import { deployedHazards } from '../hazard-findings.ts'
import { keptLines, keptResult, notKeptFindings } from '../kept-view.ts'
import { preCheckFindings } from '../pre-check-findings.ts'
import { receiptLines, recordedLines } from '../receipts-view.ts'
import { type Block, paragraph, status } from '../view.ts'
import {
  consentOf,
  ownRules,
  placeOf,
  readWork,
  requirePolicyConsent,
  type Work,
  workRequest,
} from '../work.ts'

export const deploy: Handler = async (context, { flags }) => {
  const accepted = flags.list('accept')
  const file = flags.text('plan')
  const plan =
    file === undefined ? undefined : readPlan(path.resolve(context.cwd, file), context.now())
  const work = await readWork(context)
  const acceptHazards = await acceptedHazards(accepted, ['drift', 'pre-check'], () =>
    ownRules(work),
  )
  await requirePolicyConsent(context, work)
  const outcome = await run({
    ...(await workRequest(context, work)),
    consent: consentOf(context),
    acceptDrift: accepted.includes('drift'),
    acceptPreChecks: accepted.includes('pre-check'),
    acceptHazards,
    ...(plan ? { plan } : {}),
    noKeep: flags.on('no-keep'),
  })
  const { database, receipts, recorded, verification, preChecks, hazards, failure } = outcome
  const { kept, notKept } = outcome
  const verified = verification?.verified ?? null
  const result = {
    environment: work.target.environment,
    database,
    receipts,
    recorded,
    backup: null,
    kept: kept.map(keptResult),
    preChecks,
    hazards,
    verified,
  }
  return report(result, view(outcome, placeOf(work, database)), {
    findings: [
      ...(receipts.length > 0 ? unmadeBackup(work) : []),
      ...deployedHazards(outcome, acceptHazards),
      ...preCheckFindings(outcome),
      ...notKeptFindings(kept, notKept),
    ],
    ...failedWork(outcome),
    ...(failure || receipts.length === 0
      ? {}
      : { next: [command(['rollback'], 'roll the last migration back')] }),
  })
}

/** A policy that is not carried out must not look as if it were. */
function unmadeBackup({ target }: Work): Finding[] {
  if (target.policy.backup === 'never') return []
  const message = `No backup was made: this version reads environments.${target.environment}.backup and does not act on it yet.`
  return [{ id: 'backup-not-made', severity: 'warning', message }]
}

function view(outcome: DeployOutcome, place: string): Block[] {
  const { receipts, recorded, kept, verification, driftUnknown, failure } = outcome
  const done = receipts.filter((receipt) => receipt.status === 'done').length
  const nothing = status('done', `${place} is up to date: nothing to deploy`)
  if (receipts.length === 0 && !failure) return [...recordedLines(recorded), nothing]
  return [
    ...recordedLines(recorded),
    ...receiptLines(receipts, 'Applied'),
    ...keptLines(kept),
    ...(driftUnknown
      ? [status('warning', 'Drift could not be looked for before', driftUnknown)]
      : []),
    ...(verification?.verified && !failure
      ? [status('done', 'Verified: every index is valid')]
      : []),
    paragraph(`${done} of ${receipts.length} migrations deployed to ${place}.`),
  ]
}
