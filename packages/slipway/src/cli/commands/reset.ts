import type { ResetResult } from '../../app/index.ts'
import type { Handler } from '../command.ts'
import { placeOf, presentOutcome } from '../present-outcome.ts'
import { receiptLines } from '../receipts-view.ts'
import { seededLines } from '../seed-view.ts'
import { type Block, status } from '../view.ts'
import { exitCodeOfWork } from '../work-exit-code.ts'

export const reset: Handler = async ({ slipway, confirm }, { flags }) => {
  const outcome = await slipway.reset({ noSeed: flags.on('no-seed'), confirm })
  return presentOutcome(outcome, view, exitCodeOfWork(outcome))
}

function view(result: ResetResult): Block[] {
  const { dropped, droppedKept, receipts, seeds } = result
  return [
    status('done', `Dropped everything in ${dropped.join(', ')} on ${placeOf(result)}`),
    ...droppedKept.map(({ object }) => status('note', `Dropped kept data: ${object}`)),
    ...receiptLines(receipts, 'Applied'),
    ...seededLines(seeds ?? []),
  ]
}
