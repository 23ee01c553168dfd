import { databaseFailures } from '../database/index.ts'
import { type FailureSpecs, type Raise, raiserOf } from '../kernel/index.ts'

/** What ends a deploy or a rollback. */
export const deployFailures = {
  'DEPLOY.LOCKED': { title: 'Another deploy holds the lock of the database' },
  'DEPLOY.DRIFT': { title: 'The database is not what its history should have produced', exit: 4 },
  'DEPLOY.CONSENT_NEEDED': { title: 'A protected database needs consent by its name' },
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
    title: 'A half-applied migration was edited in the part that was applied',
    exit: 6,
  },
  'DEPLOY.STOPPED': { title: 'Stopped by a signal, cleanly', exit: 130 },
  'DEPLOY.VERIFY_FAILED': {
    title: 'The database after the deploy is not what the migrations should give',
    exit: 4,
  },
} as const satisfies FailureSpecs

export const raise: Raise<typeof deployFailures> = raiserOf(deployFailures)

/** For what the database room declares and only a deploy can know. */
export const raiseDatabase: Raise<typeof databaseFailures> = raiserOf(databaseFailures)
