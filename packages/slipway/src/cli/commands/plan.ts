import type { PlanResult } from '../../app/index.ts'
import type { Handler } from '../command.ts'
import { planBlocks, squashLine } from '../plan-view.ts'
import { placeOf, presentOutcome } from '../present-outcome.ts'
import { exitCodeOfFindings } from '../threshold.ts'
import { type Block, status } from '../view.ts'

export const plan: Handler = async ({ slipway }, { flags }) => {
  const outcome = await slipway.plan({ out: flags.text('out') })
  if (!outcome.ok) return presentOutcome(outcome, view)
  return presentOutcome(outcome, view, { exitCode: exitCodeOfFindings(outcome.findings, flags) })
}

function view(result: PlanResult): Block[] {
  const { migrations, squashes } = result
  if (migrations.length > 0) return planBlocks(result, placeOf(result))
  return squashes.length > 0
    ? squashes.map(squashLine)
    : [status('done', `${placeOf(result)} is up to date: nothing to deploy`)]
}
