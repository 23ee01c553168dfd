import { type FailureSpecs, type Raise, raiserOf } from '../kernel/index.ts'

/** What ends a rollback before or after it ran. */
export const rollbackFailures = {
  'ROLLBACK.NOTHING': { title: 'No migration is there to be rolled back' },
  'ROLLBACK.UNKNOWN_MIGRATION': { title: 'The migration to go back to is not applied' },
  'ROLLBACK.NOT_APPLIED_HERE': { title: 'The file of an applied migration is not in the project' },
  'ROLLBACK.DOWN_FAILS': {
    title: 'The down migration fails when it is tested on a shadow database',
    exit: 4,
  },
  'ROLLBACK.DOWN_INCOMPLETE': {
    title: 'The down migration does not bring the schema back',
    exit: 4,
  },
  'ROLLBACK.NOT_RESTORED': {
    title: 'After the rollback the database is not what its history should give',
    exit: 4,
  },
  'ROLLBACK.SQUASHED': {
    title: 'A squash was recorded here in place of migrations that ran one by one',
  },
} as const satisfies FailureSpecs

export const raise: Raise<typeof rollbackFailures> = raiserOf(rollbackFailures)
