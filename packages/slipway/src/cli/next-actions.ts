import {
  commandLine,
  type CommandLineOptions,
  needsUrlVariable,
  URL_VARIABLE,
} from '../app/index.ts'
import type { Failure, NextAction } from '../kernel/index.ts'
import type { Report } from './command.ts'

/** A next action as it is shown: each command is a text to type. */
export type TypedAction =
  | Exclude<NextAction, { kind: 'slipway' | 'command' }>
  | {
      readonly kind: 'command'
      readonly command: string
      /** Words and flags of a command of Slipway, without what names the project and the target. */
      readonly args?: readonly string[]
      readonly label: string
    }

/** A report whose next actions can be shown. */
export interface PresentedReport extends Report {
  readonly failure?: Failure & { readonly nextActions: readonly TypedAction[] }
  readonly next: readonly TypedAction[]
}

/**
 * Makes the next actions of a report commands that can be typed as they are: started as the person started this one, and for the
 * same project and target. The only place that does so.
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

/** Says where a connection string stays away that must not be printed. */
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
