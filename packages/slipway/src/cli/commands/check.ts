import { parseDuration } from '../../kernel/index.ts'
import { checkBlocks } from '../check-view.ts'
import type { Handler } from '../command.ts'
import { raise } from '../failures.ts'
import type { Flags } from '../flags.ts'
import { presentOutcome } from '../present-outcome.ts'
import { exitCodeOfFindings } from '../threshold.ts'

export const check: Handler = async ({ slipway, cwd }, { args, flags }) => {
  refuseWithoutLoad(flags)
  const outcome = await slipway.check({
    migrations: args,
    all: flags.on('all'),
    static: flags.on('static'),
    save: flags.on('save'),
    html: flags.text('html'),
    load: flags.on('load')
      ? {
          rows: flags.number('rows'),
          factor: flags.number('factor'),
          deadlineMs: deadlineOf(flags.text('deadline')),
        }
      : undefined,
  })
  return presentOutcome(
    outcome,
    (result) => checkBlocks(result, { findings: outcome.findings, cwd }),
    {
      findingsInView: true,
      ...(outcome.ok ? { exitCode: exitCodeOfFindings(outcome.findings, flags) } : {}),
    },
  )
}

/** Refuses the flags of `--load` without `--load`. */
function refuseWithoutLoad(flags: Flags): void {
  if (flags.on('load')) return
  const given = [
    flags.number('rows') === undefined ? [] : ['rows'],
    flags.number('factor') === undefined ? [] : ['factor'],
    flags.text('deadline') === undefined ? [] : ['deadline'],
  ].flat()
  if (given.length === 0) return
  const names = given.map((name) => `\`--${name}\``).join(', ')
  raise('CLI.FLAG_CONFLICT', {
    message: `${names} ${given.length > 1 ? 'need' : 'needs'} \`--load\`.`,
  })
}

function deadlineOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  const message = `\`--deadline\` needs a duration such as 90s or 5min, not ${text}.`
  return raise('CLI.FLAG_VALUE', { message })
}
