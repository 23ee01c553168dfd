import { type Failure, failureFrom } from '../kernel/index.ts'
import { type Report, report } from './command.ts'

/** The report of an unexpected exception: exit 1. */
export function bugReport(error: unknown): Report {
  return report({}, [], { failure: bugFailure(error), exitCode: 1 })
}

function bugFailure(error: unknown): Failure {
  return failureFrom('CLI.BUG', {
    message: 'This is a bug in Slipway.',
    why: messageOf(error),
    nextActions: [
      { kind: 'advice', label: 'Run it again with --verbose, and report what it prints.' },
    ],
  })
}

/**
 * The origin of an error: its stack and those of its causes, without their messages, because a
 * driver's message can contain row data.
 */
export function traceOf(error: unknown): readonly string[] {
  const frames: string[] = []
  for (let cause = error; cause instanceof Error && frames.length < 200; cause = cause.cause) {
    frames.push(
      cause.name,
      ...(cause.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)),
    )
  }
  return frames
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'A value that is not an Error was thrown.'
  // A server error as drivers report it: its message may quote row values.
  if ('severity' in error && 'code' in error)
    return `The server answered with ${String(error.code)}.`
  return `${error.name}: ${error.message}`
}
