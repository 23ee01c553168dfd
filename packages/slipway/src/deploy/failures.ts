import { databaseFailures } from '../database/index.ts'
import { executionFailures } from '../execution/index.ts'
import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** The failures of deploys and rollbacks. */
export const deployFailures = {
  'DEPLOY.LOCKED': { title: 'Another deploy holds the deploy lock' },
  'DEPLOY.LOCK_NOT_RELEASED': {
    title:
      'Everything was done and recorded, but the deploy lock was lost or could not be released',
    exit: 4,
  },
  'DEPLOY.DRIFT': {
    title: 'The database differs from the schema that its history produces',
    exit: 4,
  },
  'DEPLOY.PRE_CHECK_FAILED': {
    title: 'Rows of the database would make a pending statement fail',
    exit: 4,
  },
  'DEPLOY.HAZARDS': {
    title: 'Hazards on a protected database were not accepted',
    exit: 4,
  },
  'DEPLOY.PLAN_CHANGED': { title: 'The current plan differs from the given one', exit: 4 },
  'DEPLOY.PLAN_EXPIRED': {
    title: 'The plan is older than a day, or its time is in the future',
    exit: 4,
  },
  'DEPLOY.PLAN_UNREADABLE': { title: 'The file is not a plan that `slipway plan` wrote' },
  'DEPLOY.CONSENT_NEEDED': { title: 'Destroying data on a protected database must be confirmed' },
  'DEPLOY.UNANNOUNCED': {
    title: 'A migration would have destroyed data that its text does not show',
    exit: 4,
  },
  'DEPLOY.OTHER_ENVIRONMENT': { title: 'The database belongs to a stricter environment' },
  'DEPLOY.DECLINED': { title: 'You declined', exit: 3 },
  'DEPLOY.FOREIGN_OBJECT': {
    title: 'A down migration changes an object that does not belong to the project',
    exit: 4,
  },
  ...executionFailures,
  'DEPLOY.VERIFY_FAILED': {
    title: 'The database after the deploy does not match the migrations, or could not be verified',
    exit: 4,
  },
} as const satisfies FailureSpecs

export const raise: Raise<typeof deployFailures> = createRaise(deployFailures)

/** Raises failures that the database module declares but only a deploy can detect. */
export const raiseDatabase: Raise<typeof databaseFailures> = createRaise(databaseFailures)
