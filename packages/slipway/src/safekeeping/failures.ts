import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** Failures of commands on kept data. */
export const safekeepingFailures = {
  'SAFEKEEPING.UNKNOWN': { title: 'There is no kept data with this number' },
  'SAFEKEEPING.TABLE_UNCERTAIN': {
    title: 'It is not certain which table the kept data belongs to',
  },
  'SAFEKEEPING.NO_PLACE': { title: 'The table or column to restore into does not exist' },
  'SAFEKEEPING.REFERRED': { title: 'Newer rows refer to a value that a restore would replace' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof safekeepingFailures> = createRaise(safekeepingFailures)
