import type { Context, Handler } from '../command.ts'
import { raise } from '../failures.ts'
import type { Flags } from '../flags.ts'
import { presentOutcome } from '../present-outcome.ts'
import { rowOptions } from '../row-flags.ts'
import { fileBlocks, syncBlocks } from '../sync-view.ts'

export const seedSync: Handler = async (context, { flags }) => {
  const asked = {
    ...sidesOf(context, flags),
    ...rowOptions(flags),
    delete: flags.on('delete'),
    write: flags.on('write'),
    confirm: context.confirm,
  }
  return presentOutcome(await context.slipway.seed.sync(asked), (result) => [
    ...syncBlocks(result.tables, result),
    ...fileBlocks(result),
  ])
}

function sidesOf({ target }: Context, flags: Flags) {
  const [from, to] = [flags.text('from'), flags.text('to')]
  if (from === undefined)
    return raise('CLI.FLAG_VALUE', {
      message: '`--from <env>` is required: it names the source of the rows.',
    })
  const other =
    (['env', 'url'] as const).find((name) => target[name] !== undefined) ?? target.location
  if (to !== undefined && other !== undefined)
    raise('CLI.FLAG_CONFLICT', { message: `\`--to\` and \`--${other}\` cannot be used together.` })
  return { from, to }
}
