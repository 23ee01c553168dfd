import { must } from '../../kernel/index.ts'
import type { Handler } from '../command.ts'
import { createOptions } from '../create-flags.ts'
import { createBlocks } from '../create-view.ts'
import { presentOutcome } from '../present-outcome.ts'

export const create: Handler = async (context, { args, flags }) => {
  const name = must(args[0], 'name')
  const outcome = await context.slipway.create(name, createOptions(context, flags))
  return presentOutcome(outcome, (result) => createBlocks(result, context.cwd))
}
