import type { Outcome, RepairResult } from '../../app/index.ts'
import type { Diagnosis } from '../../repair/index.ts'
import { objectText } from '../../statements/index.ts'
import type { Context, Handler, Report } from '../command.ts'
import { askDecision, decisionOf } from '../decision.ts'
import { diagnosisBlocks } from '../diagnosis-view.ts'
import { placeOf, presentOutcome } from '../present-outcome.ts'
import { receiptLines } from '../receipts-view.ts'
import { renderHuman } from '../render/human.ts'
import { styleFor } from '../render/style.ts'
import { type Block, status } from '../view.ts'

export const repair: Handler = async (context, input) => {
  const { slipway, confirm, prompt, stderr, env, commandLine } = context
  const given = decisionOf(input)
  const accept = input.flags.list('accept')
  if (given) return presented(await slipway.repair({ decision: given, accept, confirm }), context)
  const examined = await slipway.repair()
  if (!examined.ok || examined.result.diagnosis.problems.length === 0 || !prompt.interactive)
    return presented(examined, context)
  const { diagnosis } = examined.result
  const place = placeOf(examined.result)
  const blocks = diagnosisBlocks(diagnosis, { place, commandLine })
  stderr.write(renderHuman(blocks, { style: styleFor(stderr, env) }))
  const decision = await askDecision(context, diagnosis)
  if (!decision) return presented(examined, context)
  return presented(await slipway.repair({ decision, accept, confirm }), context)
}

function presented(outcome: Outcome<RepairResult>, { commandLine }: Context): Report {
  const shown = presentOutcome(outcome, (result) =>
    result.decision === null
      ? diagnosisBlocks(result.diagnosis, { place: placeOf(result), commandLine })
      : doneBlocks(result, outcome.ok),
  )
  const { result } = outcome
  if (!result) return shown
  const diagnosis = withCommands(result.diagnosis, commandLine)
  const examined = result.decision === null ? { findingsInView: true as const } : {}
  return { ...shown, result: { ...result, diagnosis }, ...examined }
}

function doneBlocks(result: RepairResult, ok: boolean): Block[] {
  const { decision, receipts, verified, changes } = result
  const repaired = `Repaired ${placeOf(result)}`
  return [
    ...receiptLines(receipts, decision?.kind === 'undo' ? 'Rolled back' : 'Applied'),
    ...(ok ? [status(verified ? 'done' : 'warning', repaired, decision?.kind)] : []),
    ...changes.map(({ change, object }) => status('warning', `${objectText(object)} is ${change}`)),
  ]
}

/** A diagnosis for scripts: each offer with its command as text. */
function withCommands(diagnosis: Diagnosis, commandLine: Context['commandLine']) {
  const problems = diagnosis.problems.map(({ offers, ...problem }) => ({
    ...problem,
    offers: offers.map((offer) => ({ ...offer, command: commandLine(offer.args) })),
  }))
  return { ...diagnosis, problems }
}
