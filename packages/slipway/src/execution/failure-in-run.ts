import type { Direction } from '../history/index.ts'
import { command, type Failure, type NextAction } from '../kernel/index.ts'

/** Where in a run of migrations one of them failed. */
interface RunPlace {
  readonly direction: Direction
  /** How many were done before it. */
  readonly done: number
  /** How many are left, itself counted. */
  readonly left: number
}

/** The failure of one migration of a run: with what was done before it, and the command that continues. */
export function failureInRun(failure: Failure, place: RunPlace): Failure {
  const before = doneBefore(place)
  const nextActions = place.direction === 'up' ? failure.nextActions : backwards(failure, place)
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

/** The same command again would roll back more than was asked for, so what is left is counted. */
function backwards({ code, nextActions }: Failure, { left }: RunPlace): NextAction[] {
  const again = ['rollback', ...(left === 1 ? [] : ['--steps', String(left)])]
  if (code === 'DEPLOY.STOPPED') {
    const others = nextActions.filter(({ kind }) => kind !== 'advice')
    return [command(again, 'roll back what is left'), ...others]
  }
  return suggesting(again, nextActions)
}

/** Actions with another command in place of `deploy`: that which the person ran. */
export function suggesting(again: readonly string[], actions: readonly NextAction[]): NextAction[] {
  return actions.map((action) =>
    action.kind === 'slipway' && action.args.join(' ') === 'deploy'
      ? command(again, action.label)
      : action,
  )
}
