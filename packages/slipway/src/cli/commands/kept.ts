import type { KeptListResult, KeptPruneResult } from '../../app/index.ts'
import { command, formatDuration, parseDuration } from '../../kernel/index.ts'
import type { Handler } from '../command.ts'
import { raise } from '../failures.ts'
import { keptOf, restoredLines, sizeOf } from '../kept-view.ts'
import { placeOf, presentOutcome } from '../present-outcome.ts'
import { type Block, paragraph, status } from '../view.ts'

export const keptList: Handler = async ({ slipway }) =>
  presentOutcome(await slipway.kept.list(), table)

export const keptRestore: Handler = async ({ slipway, confirm }, { args }) => {
  const id = Number(args[0])
  if (!Number.isInteger(id))
    raise('CLI.ARGUMENT_UNEXPECTED', {
      message: `'${args[0]}' is not the number of kept data.`,
      nextActions: [command(['kept', 'list'], 'see the numbers')],
    })
  return presentOutcome(await slipway.kept.restore(id, { confirm }), ({ kept }) =>
    restoredLines(kept),
  )
}

export const keptPrune: Handler = async ({ slipway, confirm }, { flags }) => {
  const olderThanMs = durationOf(flags.text('older-than'))
  const outcome = await slipway.kept.prune({ olderThanMs, all: flags.on('all'), confirm })
  return presentOutcome(outcome, pruned)
}

function pruned({ kept, olderThanMs, remaining, ...target }: KeptPruneResult): Block[] {
  const place = placeOf(target)
  const age = formatDuration(olderThanMs)
  const none =
    remaining === 0
      ? `There is no kept data on ${place}.`
      : `Nothing to prune on ${place}: none of the ${remaining} kept entries is older than ${age}.`
  return [
    ...kept.map((one) => status('done', `Dropped ${one.object}`, keptOf(one))),
    paragraph(
      kept.length === 0 ? none : `Pruned ${kept.length} on ${place}, ${remaining} still kept.`,
    ),
  ]
}

function table({ kept: found, ...target }: KeptListResult): Block[] {
  if (found.length === 0) return [paragraph(`There is no kept data on ${placeOf(target)}.`)]
  const columns = [
    { title: 'id', align: 'right' as const },
    { title: 'migration' },
    { title: 'object' },
    { title: 'rows', align: 'right' as const },
    { title: 'size', align: 'right' as const },
    { title: 'kept at' },
    { title: 'pruned after' },
  ]
  const rows = found.map((one) => [
    String(one.id),
    keptOf(one),
    one.object,
    one.rows === null ? 'not counted' : one.rows.toLocaleString('en-US'),
    sizeOf(one.bytes),
    one.keptAt,
    one.expiresAt,
  ])
  return [{ kind: 'table', columns, rows }]
}

function durationOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  return raise('CLI.FLAG_VALUE', {
    message: `--older-than ${text} is not a duration.`,
    why: "It takes a number and a unit: '12h' or '7d'.",
  })
}
