import path from 'node:path'
import { type Preview, previewDeploy, savePlan } from '../../deploy/index.ts'
import { command, type NextAction } from '../../kernel/index.ts'
import type { DeployPlan } from '../../plan/index.ts'
import { type Context, type Handler, report } from '../command.ts'
import { raise } from '../failures.ts'
import { hazardFinding } from '../hazard-findings.ts'
import { planBlocks, squashLine } from '../plan-view.ts'
import { pendingPreCheckFindings } from '../pre-check-findings.ts'
import { exitCodeOfFindings } from '../threshold.ts'
import { status } from '../view.ts'
import { placeOf, readWork, type Work, workRequest } from '../work.ts'

export const plan: Handler = async (context, { flags }) => {
  const work = await readWork(context)
  const preview = await previewDeploy(await workRequest(context, work))
  const { database, plan: made, hazards, preChecks } = preview
  const { hash, steps } = made
  const place = placeOf(work, database)
  const file = flags.text('out')
  if (file !== undefined) save(context, made, file)
  const { environment } = work.target
  const result = { environment, database, hash, steps, preChecks, hazards }
  if (preview.plans.length === 0) {
    const upToDate = status('done', `${place} is up to date: nothing to deploy`)
    const { squashes } = preview
    return squashes.length === 0
      ? report(result, [upToDate])
      : report(result, squashes.map(squashLine), { next: [command(['deploy'], 'record it')] })
  }
  const findings = [...hazards.map(hazardFinding), ...pendingPreCheckFindings(preChecks)]
  return report(result, planBlocks(preview, place), {
    findings,
    next: [next(preview, work, file)],
    exitCode: exitCodeOfFindings(findings, flags),
  })
}

function save({ cwd, now }: Context, made: DeployPlan, file: string): void {
  try {
    savePlan(path.resolve(cwd, file), made, now())
  } catch (cause) {
    raise('CLI.NOT_WRITABLE', { message: `${file} could not be written.`, cause })
  }
}

/** The deploy with all that it will ask for. */
function next(preview: Preview, { target }: Work, file: string | undefined): NextAction {
  const { database, before, plan: made, toAccept } = preview
  const destroys = made.steps.some((step) => step.destroys.length > 0)
  // Of an empty database a first deploy destroys nothing.
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
