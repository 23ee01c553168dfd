import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** The failures of a repair, a baseline or a reset. */
export const repairFailures = {
  'REPAIR.NOT_OFFERED': {
    title: 'The decision is not possible in this state of the database',
    exit: 4,
  },
  'REPAIR.EDIT_MATTERS': { title: 'An edited migration differs in more than comments', exit: 4 },
  'REPAIR.NOT_RESTORED': {
    title: 'After the repair, the database is not in the expected state',
    exit: 4,
  },
  'REPAIR.STATEMENT_FAILED': { title: 'A statement of the repair failed', exit: 6 },
  'REPAIR.HISTORY_EXISTS': { title: 'A database with a history needs no baseline' },
  'REPAIR.NO_BASELINE': {
    title: 'The database does not match any part of the history',
    exit: 4,
  },
  'REPAIR.NO_MIGRATIONS': { title: 'The project has no migration to record' },
  'REPAIR.UNKNOWN_MIGRATION': { title: 'The project has no migration with that name' },
  'REPAIR.RESET_REFUSED': {
    title: 'Slipway resets only development, testing and embedded databases',
  },
  'REPAIR.RESET_NOT_CONFIRMED': { title: 'A reset must be confirmed with the database name' },
  'REPAIR.RESET_DECLINED': { title: 'You declined the reset', exit: 3 },
} as const satisfies FailureSpecs

export const raise: Raise<typeof repairFailures> = createRaise(repairFailures)
