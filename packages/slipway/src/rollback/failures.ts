import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** The failures of a rollback, before or after its run. */
export const rollbackFailures = {
  'ROLLBACK.NOTHING': { title: 'There is no migration to roll back' },
  'ROLLBACK.TOO_MANY_STEPS': { title: '`--steps` exceeds the number of applied migrations' },
  'ROLLBACK.UNKNOWN_MIGRATION': { title: 'The migration to roll back to is not applied' },
  'ROLLBACK.NOT_APPLIED_HERE': { title: 'The file of an applied migration is not in the project' },
  'ROLLBACK.DOWN_FAILS': {
    title: 'The down migration fails on a shadow database',
    exit: 4,
  },
  'ROLLBACK.DOWN_INCOMPLETE': {
    title: 'The down migration does not restore the schema',
    exit: 4,
  },
  'ROLLBACK.NOT_RESTORED': {
    title: 'After the rollback, the database differs from the schema that its history produces',
    exit: 4,
  },
  'ROLLBACK.STILL_KEPT': {
    title: 'After the rollback, data that the migration destroyed is still kept',
    exit: 4,
  },
  'ROLLBACK.VALUE_NEEDED': {
    title: 'Rows written after the deploy have no value for a column that becomes NOT NULL again',
    exit: 5,
  },
  'ROLLBACK.UNLIKE_KEPT': {
    title: 'The restored rows or values would differ from the kept ones',
    exit: 5,
  },
  'ROLLBACK.FILL_FORM': { title: '`--fill` does not have the form table.column=value' },
  'ROLLBACK.NO_BOOKMARK': {
    title: 'There is no Time Travel bookmark from before the last migration',
  },
  'ROLLBACK.SQUASHED': {
    title: 'A squash was recorded here without running',
  },
} as const satisfies FailureSpecs

export const raise: Raise<typeof rollbackFailures> = createRaise(rollbackFailures)
