import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** The failures of adopting drift as a migration. */
export const driftFailures = {
  'DRIFT.NOTHING': { title: 'The database matches its history: there is no drift to adopt' },
  'DRIFT.UNKNOWN': { title: 'The database cannot be compared with its history' },
  'DRIFT.NOT_ADOPTABLE': {
    title: 'No migration could be written from the drift',
    exit: 4,
  },
} as const satisfies FailureSpecs

export const raise: Raise<typeof driftFailures> = createRaise(driftFailures)
