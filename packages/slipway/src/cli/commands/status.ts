import { withSession } from '../../database/index.ts'
import {
  type Comparison,
  compareHistory,
  findInterruption,
  type Interruption,
  obstacle,
  readHistory,
  readJournal,
} from '../../history/index.ts'
import { assertNever, command, type NextAction } from '../../kernel/index.ts'
import { type Kept, readKept } from '../../safekeeping/index.ts'
import { type Handler, report } from '../command.ts'
import { sizeOf } from '../kept-view.ts'
import { standsFor } from '../receipts-view.ts'
import { type Block, type Mark, paragraph, status as line } from '../view.ts'
import { directAddress, placeOf, readWork } from '../work.ts'

export const status: Handler = async (context, { flags }) => {
  const work = await readWork(context)
  const { environment } = work.target
  const options = { applicationName: 'slipway status' }
  return await withSession(await directAddress(work), options, async (session) => {
    const history = await readHistory(session)
    const comparison = compareHistory(history, work.migrations)
    const journal = comparison.failed.length > 0 ? await readJournal(session) : []
    const interrupted = findInterruption(comparison, history, journal)
    const { database } = session.server
    const stops =
      obstacle(comparison) !== undefined || (flags.on('exit-code') && comparison.pending.length > 0)
    const kept = sumOf(await readKept(session))
    const result = { environment, database, ...comparison, interrupted: interrupted ?? null, kept }
    const blocks = [
      ...view(placeOf(work, database), comparison, interrupted),
      ...keptLine(kept, context.commandLine(['kept', 'list'])),
    ]
    return report(result, blocks, {
      next: nextOf(comparison, interrupted),
      ...(stops ? { exitCode: 4 as const } : {}),
    })
  })
}

interface KeptSum {
  readonly count: number
  readonly bytes: number
}

/** How much of what deploys destroyed is still there. */
function sumOf(all: readonly Kept[]): KeptSum {
  const kept = all.filter(({ state }) => state === 'kept')
  return { count: kept.length, bytes: kept.reduce((sum, { bytes }) => sum + bytes, 0) }
}

function keptLine({ count, bytes }: KeptSum, list: string): Block[] {
  if (count === 0) return []
  const what = count === 1 ? 'one thing' : `${count} things`
  return [line('note', `Kept of what deploys destroyed: ${what}, ${sizeOf(bytes)}`, list)]
}

function view(
  place: string,
  comparison: Comparison,
  interrupted: Interruption | undefined,
): Block[] {
  const named = (mark: Mark, names: readonly string[], note: string) =>
    names.map((name) => line(mark, name, note))
  const { applied, pending, failed, edited, missing, rolledBack, squashed } = comparison
  const pendingAgain = new Set(rolledBack)
  const toRecord = new Set(
    squashed.filter(({ kind }) => kind !== 'recorded').map(({ migration }) => migration),
  )
  return [
    paragraph(
      `${place}: ${comparison.state}, ${applied.length} applied, ${pending.length} pending`,
    ),
    ...named('failed', failed, interrupted ? howFar(interrupted) : 'began and did not finish'),
    ...named('warning', edited, 'edited after it was applied'),
    ...named('warning', missing, 'applied, and not in the project'),
    ...comparison.unfinishedSquashes.map((name) =>
      line('warning', name, 'lies beside migrations that it stands for'),
    ),
    ...squashed.map(squashLine),
    ...pending
      .filter((name) => !toRecord.has(name))
      .map((name) =>
        line('pending', name, pendingAgain.has(name) ? 'rolled back, pending' : 'pending'),
      ),
  ]
}

function squashLine({ kind, migration, replaces, lacks }: Comparison['squashed'][number]): Block {
  switch (kind) {
    case 'recorded':
      return line('note', migration, `not run here: ${replaces.length} migrations were, one by one`)
    case 'partly':
      return line(
        'failed',
        migration,
        `cannot run: ${replaces.length} of its migrations are applied, ${lacks.length} are not`,
      )
    case 'whole':
    case 'left-over':
      return line(
        'pending',
        migration,
        `to be recorded and not run: ${standsFor(replaces)} applied`,
      )
    default:
      return assertNever(kind)
  }
}

function howFar({ direction, done }: Interruption): string {
  const work = direction === 'up' ? 'being applied' : 'being rolled back'
  return `was interrupted while ${work}, ${done === 1 ? 'one step' : `${done} steps`} in`
}

/** The way out of what stands in the way, else the deploy of what is pending. */
function nextOf(
  comparison: Comparison,
  interrupted: Interruption | undefined,
): readonly NextAction[] {
  if (interrupted?.direction === 'up') return [command(['deploy'], 'go on with it')]
  if (interrupted) return [command(['rollback'], 'go on rolling it back')]
  const found = obstacle(comparison)
  if (found) return found.nextActions
  if (comparison.pending.length > 0) return [command(['deploy'], 'apply what is pending')]
  return comparison.squashed.some(({ kind }) => kind === 'left-over')
    ? [command(['deploy'], 'record the squash')]
    : []
}
