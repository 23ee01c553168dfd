import { type FailureSpecs, type Raise, createRaise } from '../kernel/index.ts'

/** The failures of judging migrations. */
export const hazardFailures = {
  'HAZARDS.DUPLICATE_RULE': { title: 'Two rules have the same id' },
} as const satisfies FailureSpecs

export const raise: Raise<typeof hazardFailures> = createRaise(hazardFailures)
