import type { Handler } from '../command.ts'
import { fixBlocks } from '../fix-view.ts'
import { presentOutcome } from '../present-outcome.ts'

export const fix: Handler = async ({ slipway }, { args, flags }) => {
  const asked = { migrations: args, all: flags.on('all'), write: flags.on('write') }
  const outcome = await slipway.fix(asked)
  if (!outcome.ok) return presentOutcome(outcome, fixBlocks)
  const { migrations } = outcome.result
  const open = migrations.some(({ edits, written }) => edits.length > 0 && !written)
  return presentOutcome(outcome, fixBlocks, { findingsInView: true, exitCode: open ? 4 : 0 })
}
