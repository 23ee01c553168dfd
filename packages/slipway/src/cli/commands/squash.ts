import path from 'node:path'
import type { SquashResult } from '../../app/index.ts'
import type { Handler } from '../command.ts'
import { presentOutcome } from '../present-outcome.ts'
import { squashBlocks, unfinishedBlocks } from '../squash-view.ts'
import type { Block } from '../view.ts'

export const squash: Handler = async ({ slipway, cwd }, { args, flags }) => {
  const outcome = await slipway.squash({
    name: args[0],
    from: flags.text('from'),
    to: flags.text('to'),
    write: flags.on('write'),
    accept: flags.list('accept'),
  })
  const open = outcome.ok && outcome.result.kind === 'unfinished' && !outcome.result.finished
  return presentOutcome(outcome, (result) => view(result, cwd), open ? { exitCode: 4 } : {})
}

function view(result: SquashResult, cwd: string): Block[] {
  if (result.kind === 'unfinished') return unfinishedBlocks(result)
  const file = result.migration.path
  return squashBlocks(result, file === null ? undefined : path.relative(cwd, file))
}
