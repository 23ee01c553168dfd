import {
  advice,
  command,
  type Failure,
  failureFrom,
  type FailureSpecs,
  type Raise,
  createRaise,
} from '../kernel/index.ts'

/** The failures of executing a migration on a target. They have the codes of a deploy, because they are part of one. */
export const executionFailures = {
  'DEPLOY.LOCK_TIMEOUT': { title: 'Other sessions held a table until the deadline', exit: 5 },
  'DEPLOY.STATEMENT_TIMEOUT': { title: 'A statement ran longer than allowed', exit: 5 },
  'DEPLOY.STATEMENT_FAILED': {
    title: 'A statement failed, and its migration left nothing behind',
    exit: 5,
  },
  'DEPLOY.CONNECTION_LOST': {
    title: 'The connection was lost while a migration ran as one transaction',
    exit: 5,
  },
  'DEPLOY.INCOMPLETE': {
    title: 'A migration that runs step by step stopped in the middle',
    exit: 6,
  },
  'DEPLOY.JOURNAL_MISMATCH': {
    title: 'A partially applied migration was edited in a part that has already run',
    exit: 6,
  },
  'DEPLOY.OUTCOME_UNKNOWN': {
    title: 'Code with its own COMMIT was interrupted: it may have run, fully or in part',
    exit: 6,
  },
  'DEPLOY.STOPPED': { title: 'A signal stopped the deploy cleanly', exit: 130 },
} as const satisfies FailureSpecs

export const raise: Raise<typeof executionFailures> = createRaise(executionFailures)

/** The failure of a command that a signal stopped at a safe point. */
export function stoppedFailure(message: string): Failure {
  return failureFrom('DEPLOY.STOPPED', {
    message,
    why: 'The statement that was running was rolled back; completed work remains.',
    nextActions: [
      advice('Run the same command again: it continues from here.'),
      command(['status'], 'see the state of the database'),
    ],
  })
}
