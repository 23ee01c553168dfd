import { type FailureSpecs, type Raise, raiserOf } from '../kernel/index.ts'

/** What ends work on what is kept. */
export const safekeepingFailures = {
  'SAFEKEEPING.UNKNOWN': { title: 'Nothing is kept under this number' },
  'SAFEKEEPING.NO_PLACE': { title: 'What is kept has no table or column to go back to' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof safekeepingFailures> = raiserOf(safekeepingFailures)
