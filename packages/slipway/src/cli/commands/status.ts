import { withSession } from '../../database/index.ts'
import { type Comparison, compareHistory, obstacle, readHistory } from '../../history/index.ts'
import { command, type NextAction } from '../../kernel/index.ts'
import { type Handler, report } from '../command.ts'
import { type Block, type Mark, paragraph, status as line } from '../view.ts'
import { directAddress, readWork } from '../work.ts'

export const status: Handler = async (context, { flags }) => {
  const work = await readWork(context)
  const { environment } = work.target
  const { database, history } = await withSession(
    await directAddress(work),
    { applicationName: 'slipway status' },
    async (session) => ({
      database: session.server.database,
      history: await readHistory(session),
    }),
  )
  const comparison = compareHistory(history, work.migrations)
  const stops =
    obstacle(comparison) !== undefined || (flags.on('exit-code') && comparison.pending.length > 0)
  return report({ environment, database, ...comparison }, view(database, environment, comparison), {
    next: nextOf(comparison),
    ...(stops ? { exitCode: 4 as const } : {}),
  })
}

function view(database: string, environment: string, comparison: Comparison): Block[] {
  const named = (mark: Mark, names: readonly string[], note: string) =>
    names.map((name) => line(mark, name, note))
  const { applied, pending, failed, edited, missing, rolledBack } = comparison
  const pendingAgain = new Set(rolledBack)
  return [
    paragraph(
      `${database} (${environment}): ${comparison.state}, ${applied.length} applied, ${pending.length} pending`,
    ),
    ...named('failed', failed, 'began and did not finish'),
    ...named('warning', edited, 'edited after it was applied'),
    ...named('warning', missing, 'applied, and not in the project'),
    ...pending.map((name) =>
      line('pending', name, pendingAgain.has(name) ? 'rolled back, pending' : 'pending'),
    ),
  ]
}

/** The way out of what stands in the way, else the deploy of what is pending. */
function nextOf(comparison: Comparison): readonly NextAction[] {
  const found = obstacle(comparison)
  if (found) return found.nextActions
  return comparison.pending.length > 0 ? [command('slipway deploy', 'apply what is pending')] : []
}
