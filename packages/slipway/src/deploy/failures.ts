import { databaseFailures } from '../database/index.ts'
import { advice, command, type FailureSpecs, type Raise, raiserOf } from '../kernel/index.ts'

/** What ends a deploy or a rollback. */
export const deployFailures = {
  'DEPLOY.LOCKED': { title: 'Another deploy holds the lock of the database' },
  'DEPLOY.DRIFT': { title: 'The database differs from what its history gives', exit: 4 },
  'DEPLOY.PRE_CHECK_FAILED': {
    title: 'Rows of the database would make a pending statement fail',
    exit: 4,
  },
  'DEPLOY.HAZARDS': {
    title: 'Hazards on a protected database are not accepted',
    exit: 4,
  },
  'DEPLOY.PLAN_CHANGED': { title: 'The current plan differs from the given one', exit: 4 },
  'DEPLOY.PLAN_EXPIRED': { title: 'The plan is older than a day', exit: 4 },
  'DEPLOY.PLAN_UNREADABLE': { title: 'The file is not a plan that `slipway plan` wrote' },
  'DEPLOY.CONSENT_NEEDED': { title: 'A protected database needs consent by name' },
  'DEPLOY.DECLINED': { title: 'The person declined', exit: 3 },
  'DEPLOY.LOCK_TIMEOUT': { title: 'Other sessions held a table until the deadline', exit: 5 },
  'DEPLOY.STATEMENT_TIMEOUT': { title: 'A statement ran longer than allowed', exit: 5 },
  'DEPLOY.STATEMENT_FAILED': {
    title: 'A statement failed, and its migration left nothing behind',
    exit: 5,
  },
  'DEPLOY.INCOMPLETE': {
    title: 'A migration that runs step by step stopped in the middle',
    exit: 6,
  },
  'DEPLOY.JOURNAL_MISMATCH': {
    title: 'A half-applied migration was edited in a part that has run',
    exit: 6,
  },
  'DEPLOY.STOPPED': { title: 'A signal stopped the deploy cleanly', exit: 130 },
  'DEPLOY.VERIFY_FAILED': {
    title: 'The database after the deploy does not match the migrations, or could not be verified',
    exit: 4,
  },
} as const satisfies FailureSpecs

export const raise: Raise<typeof deployFailures> = raiserOf(deployFailures)

/** For what the database module declares and only a deploy can know. */
export const raiseDatabase: Raise<typeof databaseFailures> = raiserOf(databaseFailures)

/** Raises what a command ends with that a signal stopped where it was safe. */
export function raiseStopped(message: string, cause?: unknown): never {
  raise('DEPLOY.STOPPED', {
    message,
    why: 'What the server was running was undone; what was finished before stands.',
    nextActions: [
      advice('Run the same command again: it goes on from here.'),
      command(['status'], 'see the state of the database'),
    ],
    cause,
  })
}
