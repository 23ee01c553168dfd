import {
  commandLine,
  type CommandLineOptions,
  needsUrlVariable,
  URL_VARIABLE,
} from '../app/index.ts'
import type { Failure, NextAction } from '../kernel/index.ts'
import type { Report } from './command.ts'

/** A next action as shown to the user: each command is a text to type. */
export type TypedAction =
  | Exclude<NextAction, { kind: 'slipway' | 'command' }>
  | {
      readonly kind: 'command'
      readonly command: string
      /** Words and flags of a Slipway command, without those that select the project and the target. */
      readonly args?: readonly string[]
      readonly label: string
    }

/** A report whose next actions can be shown. */
export interface PresentedReport extends Report {
  readonly failure?: Failure & { readonly nextActions: readonly TypedAction[] }
  readonly next: readonly TypedAction[]
}

/**
 * Turns the next actions of a report into commands that can be typed: started in the same way as the
 * current command, and for the same project and target. This is the only place that does so.
 */
export function presentReport(report: Report, options: CommandLineOptions): PresentedReport {
  const { failure, ...rest } = report
  const typed = (actions: readonly NextAction[]) => actions.map((one) => typedAction(one, options))
  const next = typed(rest.next)
  if (!failure) return { ...rest, next: withUrlAdvice(next, options) }
  const nextActions = typed(failure.nextActions)
  return {
    ...rest,
    next,
    failure: { ...failure, nextActions: withUrlAdvice(nextActions, options) },
  }
}

function typedAction(action: NextAction, options: CommandLineOptions): TypedAction {
  if (action.kind !== 'slipway') return action
  const { args, label } = action
  return { kind: 'command', command: commandLine(args, options), args, label }
}

/** Adds advice if a command contains a variable in place of a connection string that must not be printed. */
function withUrlAdvice(
  actions: readonly TypedAction[],
  options: CommandLineOptions,
): readonly TypedAction[] {
  const named = `"$${URL_VARIABLE}"`
  const uses = actions.some((one) => one.kind === 'command' && one.command.includes(named))
  if (!uses || !needsUrlVariable(options)) return actions
  const label = `Set ${URL_VARIABLE} to the connection string of --url first: it has a password and is not repeated.`
  return [...actions, { kind: 'advice', label }]
}
