import type { Direction } from '../history/index.ts'
import { command, type Failure, type NextAction } from '../kernel/index.ts'

/** The position of a failed migration in a run. */
interface RunPlace {
  readonly direction: Direction
  /** The number of migrations that were done before it. */
  readonly done: number
  /** The number of migrations that are left, including this one. */
  readonly left: number
}

/** Adds to the failure of a migration what the run did before it, and the command that continues the run. */
export function failureInRun(failure: Failure, place: RunPlace): Failure {
  const before = doneBefore(place)
  const nextActions =
    place.direction === 'up' ? failure.nextActions : rollbackActions(failure, place)
  if (before === undefined) return { ...failure, nextActions }
  const why = failure.why === undefined ? before : `${failure.why} ${before}`
  return { ...failure, why, nextActions }
}

function doneBefore({ direction, done }: RunPlace): string | undefined {
  if (done === 0) return undefined
  const migrations = done === 1 ? '1 migration was' : `${done} migrations were`
  const remain = done === 1 ? 'remains' : 'remain'
  const state = direction === 'up' ? 'applied' : 'rolled back'
  return `${migrations} ${state} before it and ${remain} ${state}.`
}

/** Repeating the same command would roll back too many migrations, so `--steps` counts those that are left. */
function rollbackActions({ code, nextActions }: Failure, { left }: RunPlace): NextAction[] {
  const again = ['rollback', ...(left === 1 ? [] : ['--steps', String(left)])]
  if (code === 'DEPLOY.STOPPED') {
    const others = nextActions.filter(({ kind }) => kind !== 'advice')
    return [command(again, 'roll back what is left'), ...others]
  }
  const actions = replaceDeployCommand(again, nextActions)
  // Unlike a migration, a down migration that stopped in the middle can be corrected and continued.
  const continues = actions.some((one) => one.kind === 'slipway' && one.args[0] === 'rollback')
  return code === 'DEPLOY.INCOMPLETE' && !continues
    ? [command(again, 'continue it after removing the cause'), ...actions]
    : actions
}

/** Replaces `deploy` in actions with the command that the user ran. */
export function replaceDeployCommand(
  again: readonly string[],
  actions: readonly NextAction[],
): NextAction[] {
  return actions.map((action) =>
    action.kind === 'slipway' && action.args.join(' ') === 'deploy'
      ? command(again, action.label)
      : action,
  )
}
