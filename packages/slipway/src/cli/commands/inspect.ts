import { setTimeout as sleep } from 'node:timers/promises'
import { advice, parseDuration } from '../../kernel/index.ts'
import type { Context, Handler, Report, Screen } from '../command.ts'
import { raise } from '../failures.ts'
import type { Flags } from '../flags.ts'
import { prometheusText } from '../inspect-prometheus.ts'
import { inspectBlocks } from '../inspect-view.ts'
import { presentOutcome } from '../present-outcome.ts'
import { exitCodeOfFindings } from '../threshold.ts'
import type { Block } from '../view.ts'

export const inspect: Handler = async (context, { flags }) => {
  refuseFormat(flags)
  const seconds = flags.number('watch')
  if (seconds === undefined) return await inspectOnce(context, flags)
  return await watch(context, flags, { screen: screenOf(context), seconds })
}

async function inspectOnce({ slipway }: Context, flags: Flags): Promise<Report> {
  const outcome = await slipway.inspect({
    try: flags.on('try'),
    deadlineMs: deadlineOf(flags.text('deadline')),
  })
  const forPrometheus = flags.on('prometheus')
  return presentOutcome(
    outcome,
    (result): readonly Block[] =>
      forPrometheus ? [{ kind: 'plain', text: prometheusText(result) }] : inspectBlocks(result),
    {
      findingsInView: true,
      ...(forPrometheus ? { next: [] } : {}),
      ...(outcome.ok ? { exitCode: exitCodeOfFindings(outcome.findings, flags) } : {}),
    },
  )
}

interface Watching {
  readonly screen: Screen
  readonly seconds: number
}

/** Repeats until the signal. A failure of the first inspection ends it; later ones are drawn as reports. */
async function watch(
  context: Context,
  flags: Flags,
  { screen, seconds }: Watching,
): Promise<Report> {
  for (let first = true; ; first = false) {
    const report = await inspectOnce(context, flags)
    if (first && report.failure) return report
    screen.draw(report)
    await sleep(seconds * 1000, undefined, { signal: context.signal })
  }
}

function screenOf({ screen }: Context): Screen {
  if (screen) return screen
  return raise('CLI.NOT_A_TERMINAL', {
    message: '`--watch` needs a terminal, but the output is not one.',
    nextActions: [advice('Omit --watch, or use --prometheus for a monitoring system.')],
  })
}

/** `--prometheus` and `--watch` have their own formats. */
function refuseFormat(flags: Flags): void {
  const own = flags.on('prometheus') ? '--prometheus' : '--watch'
  if (!flags.on('prometheus') && flags.number('watch') === undefined) return
  const other = flags.on('json') ? '--json' : flags.text('format') && '--format'
  if (!other) return
  const message = `\`${own}\` and \`${other}\` cannot be used together.`
  raise('CLI.FLAG_CONFLICT', { message })
}

function deadlineOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  const message = `\`--deadline\` needs a duration such as 10s or 1min, not ${text}.`
  return raise('CLI.FLAG_VALUE', { message })
}
