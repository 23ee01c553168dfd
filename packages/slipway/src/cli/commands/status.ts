import type { StatusResult } from '../../app/index.ts'
import { assertNever, formatBytes } from '../../kernel/index.ts'
import type { Handler } from '../command.ts'
import { sizeOf } from '../kept-view.ts'
import { placeOf, presentOutcome } from '../present-outcome.ts'
import { replacedBySquash } from '../receipts-view.ts'
import { type Block, type Mark, paragraph, status as line } from '../view.ts'

export const status: Handler = async ({ slipway, commandLine }, { flags }) => {
  const outcome = await slipway.status()
  const { result } = outcome
  const pending = flags.on('exit-code') && result !== undefined && result.pending.length > 0
  const stops = outcome.ok && (outcome.result.blocked || pending)
  const list = commandLine(['kept', 'list'])
  return presentOutcome(outcome, (one) => view(one, list), stops ? { exitCode: 4 } : {})
}

function keptLine({ count, bytes }: StatusResult['kept'], list: string): Block[] {
  if (count === 0) return []
  const what = count === 1 ? 'one entry' : `${count} entries`
  return [line('note', `Kept data: ${what}, ${sizeOf(bytes)}`, list)]
}

function usageLines(usage: StatusResult['usage']): Block[] {
  if (usage === null) return []
  const { bytes, limitBytes, lastDay, timeTravel, lastBackup } = usage
  const limit = limitBytes === null ? '' : ` of at most ${formatBytes(limitBytes)}`
  return [
    ...(bytes === null ? [] : [line('note', `Size: ${formatBytes(bytes)}${limit}`)]),
    ...(lastDay === null
      ? []
      : [
          line(
            'note',
            `Last 24 hours: ${lastDay.rowsRead} rows read, ${lastDay.rowsWritten} written`,
          ),
        ]),
    ...(timeTravel
      ? [line('note', "Time Travel: the last 30 days; 7 on Cloudflare's free plan")]
      : []),
    line('note', `Last backup: ${lastBackup ?? 'none found'}`),
  ]
}

function view(result: StatusResult, list: string): Block[] {
  const { interrupted, kept, usage } = result
  const named = (mark: Mark, names: readonly string[], note: string) =>
    names.map((name) => line(mark, name, note))
  const { applied, pending, failed, edited, missing, rolledBack, squashed } = result
  const pendingAgain = new Set(rolledBack)
  const toRecord = new Set(
    squashed.filter(({ kind }) => kind !== 'recorded').map(({ migration }) => migration),
  )
  return [
    paragraph(
      `${placeOf(result)}: ${result.state}, ${applied.length} applied, ${pending.length} pending`,
    ),
    ...named('failed', failed, interrupted ? howFar(interrupted) : 'began and did not finish'),
    ...named('warning', edited, 'edited after it was applied'),
    ...named('warning', missing, 'applied, but not in the project'),
    ...result.unfinishedSquashes.map((name) =>
      line('warning', name, 'exists alongside migrations that it replaces'),
    ),
    ...squashed.map(squashLine),
    ...pending
      .filter((name) => !toRecord.has(name))
      .map((name) =>
        line('pending', name, pendingAgain.has(name) ? 'rolled back, pending' : 'pending'),
      ),
    ...keptLine(kept, list),
    ...usageLines(usage),
  ]
}

function squashLine({ kind, migration, replaces, lacks }: StatusResult['squashed'][number]): Block {
  switch (kind) {
    case 'recorded':
      return line(
        'note',
        migration,
        `not run here: the ${replaces.length} migrations that it replaces ran one by one`,
      )
    case 'partly':
      return line(
        'failed',
        migration,
        `cannot run: ${replaces.length} of the migrations that it replaces are applied, ${lacks.length} are not`,
      )
    case 'whole':
    case 'left-over':
      return line(
        'pending',
        migration,
        `will be recorded, not run: ${replacedBySquash(replaces)} applied`,
      )
    default:
      return assertNever(kind)
  }
}

function howFar({ direction, done }: NonNullable<StatusResult['interrupted']>): string {
  const work = direction === 'up' ? 'being applied' : 'being rolled back'
  return `was interrupted while ${work}, after ${done === 1 ? 'one step' : `${done} steps`}`
}
