import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** Failures of the command line, and interruptions of a command from the terminal. */
export const cliFailures = {
  'CLI.COMMAND_MISSING': { title: 'No command was given' },
  'CLI.UNKNOWN_COMMAND': { title: 'There is no such command' },
  'CLI.UNKNOWN_FLAG': { title: 'The command has no such flag' },
  'CLI.FLAG_VALUE': { title: 'A flag has no value, or an invalid one' },
  'CLI.FLAG_CONFLICT': { title: 'Two flags cannot be used together' },
  'CLI.ARGUMENT_MISSING': { title: 'The command needs an argument' },
  'CLI.ARGUMENT_UNEXPECTED': { title: 'The command does not accept the argument' },
  'CLI.CONNECTION_STRING': { title: 'A connection string was given where none is expected' },
  'CLI.FOLDER_NOT_FOUND': { title: 'The folder of `--cwd` does not exist' },
  'CLI.NOT_INTERACTIVE': { title: 'A prompt is needed, but cannot be shown' },
  'CLI.NOT_A_TERMINAL': { title: 'The output is not a terminal' },
  'CLI.DECLINED': { title: 'You declined', exit: 3 },
  'CLI.INTERRUPTED': { title: 'Stopped by Ctrl-C (SIGINT)', exit: 130 },
  'CLI.TERMINATED': { title: 'Stopped by SIGTERM', exit: 143 },
  'CLI.BUG': { title: 'A bug in Slipway' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof cliFailures> = createRaise(cliFailures)
