import type { DevResult } from '../../app/index.ts'
import type { Handler } from '../command.ts'
import { createOptions } from '../create-flags.ts'
import { createBlocks } from '../create-view.ts'
import { presentOutcome } from '../present-outcome.ts'
import { receiptLines, recordedLines } from '../receipts-view.ts'
import { seededLines } from '../seed-view.ts'
import { type Block, status } from '../view.ts'
import { exitCodeOfWork } from '../work-exit-code.ts'

export const dev: Handler = async (context, { args, flags }) => {
  const { slipway, confirm, cwd, prompt, yes } = context
  const chooseName = (initial: string) =>
    prompt.text({ message: 'Name of the migration?', flag: '<name>', initial })
  const asked = { ...createOptions(context, flags), noSeed: flags.on('no-seed'), confirm }
  const outcome = await slipway.dev({
    ...asked,
    name: args[0],
    ...(prompt.interactive && !yes ? { chooseName } : {}),
  })
  return presentOutcome(outcome, (result) => view(result, cwd), exitCodeOfWork(outcome))
}

function view(result: DevResult, cwd: string): Block[] {
  return [
    ...createBlocks(result, cwd),
    ...recordedLines(result.recorded),
    ...receiptLines(result.receipts, 'Applied'),
    ...generatedBlocks(result.generated),
    ...seededLines(result.seeds ?? []),
  ]
}

function generatedBlocks(generated: DevResult['generated']): Block[] {
  if (generated === null) return []
  if (generated.kind === 'generated') return [status('done', 'Generated the client')]
  return [status('note', 'No client was generated', generated.reason)]
}
